import type { RedisClient } from "bun";
import type { Host } from "../shared/lanes/host.ts";
import { HostProblem } from "../shared/lanes/lane.ts";
import { type Address, clientOf } from "./client.ts";
import { wantsPassword } from "./diagnose.ts";

/** How long to wait for one of the sentinels. */
const PATIENCE_MS = 500;

const WANTS_PASSWORD = "wants a password, and there is no option for one: let it answer without";

/** The master, by the first sentinel that answers. They are asked in the order of the options. */
export async function masterBySentinels(
  sentinels: readonly Host[],
  master: string,
  reach: (host: Host) => Pick<Address, "host" | "tls">,
): Promise<Host> {
  const problems: string[] = [];
  for (const sentinel of sentinels) {
    const address = reach(sentinel);
    const client = clientOf({ ...address, user: undefined, password: undefined });
    const giveUpMs = performance.now() + PATIENCE_MS;
    try {
      const answer = await withinPatience(client, askFor(client, master));
      if (Array.isArray(answer) && typeof answer[0] === "string") {
        const [hostname, port] = answer;
        return { name: `${hostname}:${port} (${master})`, hostname, port: Number(port), socket: undefined };
      }
      problems.push(`the sentinel ${sentinel.name} knows no master ${JSON.stringify(master)}`);
    } catch {
      // One that was silent is not waited for again: the next one is needed now.
      const isLocked = performance.now() < giveUpMs && (await wantsPassword(address));
      problems.push(`the sentinel ${sentinel.name} ${isLocked ? WANTS_PASSWORD : "does not answer"}`);
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
