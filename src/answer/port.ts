import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Config } from "../config/load.ts";
import { Failure } from "../failure.ts";

/** Where to listen, and the table of the configuration that says so. */
export interface Place {
  readonly table: "server" | "admin";
  readonly host: string;
  readonly port: number;
}

/** Opens a listener. What keeps it from opening becomes a line that says what to do. */
export function serveOrExplain<Server>(place: Place, open: () => Server): Server {
  try {
    return open();
  } catch (error) {
    const options = { host: `${place.table}.host`, port: `${place.table}.port` };
    const problem = listenProblem(error, place.port, options);
    throw new Failure(`cannot listen on ${place.host} port ${place.port}: ${problem}`, 2);
  }
}

/** What the runtime says of an address that does not even look like one. */
const NO_ADDRESS = /^Failed to listen at|^(?:EINVAL|ENOENT): .*, listen$/;

/** Why a port cannot be listened on, and which option would change that. */
export function listenProblem(
  error: unknown,
  port: number,
  options: { readonly host: string; readonly port: string },
): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") {
    const user = userOf(port);
    const who = user === undefined ? "" : ` (${user})`;
    return `another program uses it${who}; choose another ${options.port}`;
  }
  if (code === "EACCES") return `port ${port} needs more rights; choose one from 1024 on in ${options.port}`;
  const message = error instanceof Error ? error.message : String(error);
  if (code === "EADDRNOTAVAIL" || NO_ADDRESS.test(message)) {
    return `this machine has no such address; check ${options.host}`;
  }
  return message;
}

/** What keeps a listener from opening now, in words. */
export interface ListenProblem {
  readonly message: string;
  /** It may be different when `serve` starts: the port is in use, or another user has more rights. */
  readonly mayPass: boolean;
}

/** Opens a listener and closes it at once; `undefined` if that works. */
export function tryToListen({ table, host, port }: Place): ListenProblem | undefined {
  try {
    Bun.listen({ hostname: host, port, socket: { data() {} } }).stop(true);
    return undefined;
  } catch (error) {
    const problem = listenProblem(error, port, { host: `${table}.host`, port: `${table}.port` });
    const message = `cannot listen on ${host} port ${port}: ${problem}`;
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return { message, mayPass: code === "EADDRINUSE" || code === "EACCES" };
  }
}

/** Listeners that share a port would silently share it with another program's, too. */
export function assertPortIsFree({ server: { host, port } }: Config): void {
  const problem = tryToListen({ table: "server", host, port });
  if (problem !== undefined) throw new Failure(problem.message, 2);
}

/** The state of a listening socket in `/proc/net/tcp`. */
const LISTENING = "0A";

/** Which process listens on a port: `nginx, pid 123`. `undefined` if the system does not say, or not to this user. */
function userOf(port: number): string | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  try {
    const sockets = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) =>
      readFileSync(table, "utf8")
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .filter(([, local = "", , state]) => local.endsWith(suffix) && state === LISTENING)
        .map((fields) => `socket:[${fields[9]}]`),
    );
    const pid = readdirSync("/proc").find((name) => /^\d+$/.test(name) && holdsOneOf(name, sockets));
    return pid && `${readFileSync(`/proc/${pid}/comm`, "utf8").trim()}, pid ${pid}`;
  } catch {
    return undefined;
  }
}

function holdsOneOf(pid: string, sockets: readonly string[]): boolean {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((handle) => sockets.includes(readlinkSync(`${folder}/${handle}`)));
  } catch {
    // It has ended, or is another user's.
    return false;
  }
}
