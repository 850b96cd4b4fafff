import { realpathSync } from "node:fs";
import * as v from "valibot";
import { callsSchema, type ShownCall, type Status, statusSchema } from "../admin/shapes.ts";
import type { Config } from "../config/load.ts";
import { type AdminAnswer, adminClient } from "./admin-client.ts";

/** What a running server says of itself; `"closed"` if it wants another token, `undefined` if none answers. */
export async function statusOfRunning(config: Config): Promise<Status | "closed" | undefined> {
  const answer = await ask(config, "/api/status");
  if (answer?.status === 401) return "closed";
  return read(statusSchema, answer);
}

/** Whether that server was started with this configuration, by whichever of its names. */
export function isItsOwn(config: Config, status: Status): boolean {
  return realPath(status.config_file) === realPath(config.file);
}

/** A path without symbolic links; as it is if it leads nowhere. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * What to tell of a server that listens on another port than its configuration says by now. It does not tell whether that
 * was edited, or `serve --port` put another in its place.
 */
export function portProblem({ server }: Config, status: Status): string | undefined {
  const itsPort = portOf(status);
  return server.port === 0 || server.port === itsPort
    ? undefined
    : `the running server listens on port ${itsPort}, not on server.port, ${server.port}: was it started with --port, or is there a change that needs a restart?`;
}

/** The port on which a running server answers calls. */
export function portOf({ url }: Status): number {
  const { port, protocol } = new URL(url);
  return Number(port || (protocol === "https:" ? 443 : 80));
}

/** What the running server's log has of a call; `undefined` if that cannot be asked, or it was another server's. */
export async function recordOfCall(config: Config, requestId: string): Promise<ShownCall | undefined> {
  // The first question may have come while the workers were being asked another one's.
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const answer = read(callsSchema, await ask(config, "/api/calls"));
    const call = answer?.calls.findLast(({ request_id }) => request_id === requestId);
    if (call !== undefined || answer === undefined) return call;
  }
  return undefined;
}

async function ask(config: Config, path: string): Promise<AdminAnswer | undefined> {
  const isThere = config.admin !== undefined && config.admin.port !== 0;
  return isThere ? await adminClient(config).reach(path) : undefined;
}

/** Another program may have that port, and answer anything. */
function read<Schema extends v.GenericSchema>(
  schema: Schema,
  answer: AdminAnswer | undefined,
): v.InferOutput<Schema> | undefined {
  const result = v.safeParse(schema, answer?.content);
  return answer?.status === 200 && result.success ? result.output : undefined;
}
