import type { RedisClient } from "bun";
import type { Host } from "../shared/lanes/host.ts";
import { HostProblem } from "../shared/lanes/lane.ts";
import { type Address, clientOf } from "./client.ts";

/** How long to wait for one of the sentinels. */
const PATIENCE_MS = 500;

/** The master, by the first sentinel that answers. They are asked in the order of the options. */
export async function masterBySentinels(
  sentinels: readonly Host[],
  master: string,
  reach: (host: Host) => Pick<Address, "host" | "tls">,
): Promise<Host> {
  const problems: string[] = [];
  for (const sentinel of sentinels) {
    const client = clientOf({ ...reach(sentinel), user: undefined, password: undefined });
    try {
      const answer = await withinPatience(client, askFor(client, master));
      if (Array.isArray(answer) && typeof answer[0] === "string") {
        const [hostname, port] = answer;
        return { name: `${hostname}:${port} (${master})`, hostname, port: Number(port), socket: undefined };
      }
      problems.push(`the sentinel ${sentinel.name} knows no master ${JSON.stringify(master)}`);
    } catch {
      problems.push(`the sentinel ${sentinel.name} does not answer`);
    } finally {
      client.close();
    }
  }
  throw new HostProblem(problems.join("; "), { mayPass: true });
}

async function askFor(client: RedisClient, master: string): Promise<unknown> {
  await client.connect();
  return await client.send("SENTINEL", ["GET-MASTER-ADDR-BY-NAME", master]);
}

async function withinPatience<Result>(client: RedisClient, step: Promise<Result>): Promise<Result> {
  const timer = setTimeout(() => client.close(), PATIENCE_MS);
  try {
    return await step;
  } finally {
    clearTimeout(timer);
  }
}
