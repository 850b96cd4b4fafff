import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { exchange, post, type Reply, signatureOf } from "../raw-http.ts";
import { serve, type ServerProcess } from "../server-process.ts";

export const SECRET = "operations-secret";
export const OK = '{"balance":"30","status_code":"OK"}';
export const STATIC = 'plugin = "static"\nplayers = { "12001" = "30" }';

export const ENDLESS_SOURCE = 'plugin = "./endless.ts"';

/** A plugin that writes the file `busy` and then never gives its thread back. */
export function writeEndless(path: string): void {
  const lookup = 'lookup() { writeFileSync(`${import.meta.dir}/busy`, ""); for (;;); }';
  const text = `import { writeFileSync } from "node:fs";
export default { apiVersion: 1, open: () => ({ ${lookup} }) };
`;
  writeFileSync(join(path, "endless.ts"), text);
}

/** The tables of a configuration; each is the text below its heading. */
export interface Tables {
  readonly server?: string;
  readonly webhook?: string;
  readonly source?: string;
  /** `false`: no such table. */
  readonly admin?: string | false;
  readonly log?: string;
  /** `server.host` */
  readonly host?: string;
}

export function configOf({
  server = "",
  webhook = `secrets = ["${SECRET}"]`,
  source = STATIC,
  admin = "port = 0",
  log = "",
  host = "127.0.0.1",
}: Tables = {}): string {
  return [
    `[server]\nhost = "${host}"\nport = 0\n${server}`,
    `[webhook]\n${webhook}`,
    `[sources.players]\n${source}`,
    ...(admin === false ? [] : [`[admin]\n${admin}`]),
    `[log]\n${log}\n`,
  ].join("\n");
}

const logLine = v.looseObject({ level: v.string(), msg: v.string() });

export type LogLine = v.InferOutput<typeof logLine>;

function isReloadsEnd({ msg }: LogLine): boolean {
  return msg === "reloaded" || msg.startsWith("the reload failed");
}

/** The compiled binary in a folder of its own, as its operator handles it. */
export interface Operated extends AsyncDisposable {
  readonly process: ServerProcess;
  readonly folder: string;
  write(file: string, text: string): void;
  lines(): readonly LogLine[];
  /** The first line of the log that fits, now or soon. */
  line(fits: (line: LogLine) => boolean): Promise<LogLine>;
  /** Signals SIGHUP and waits for what the log says of it. */
  reload(withinMs?: number): Promise<LogLine>;
  /** Writes another configuration and reloads. */
  change(tables: Tables): Promise<LogLine>;
  /** What a call is answered. */
  balance(options?: CallOptions): Promise<string | undefined>;
  admin(path: string, headers?: Record<string, string>): Promise<Response>;
  readyz(): Promise<Readiness>;
  /** The value of a series, written as in the text format: `name{label="value"}`. */
  metric(series: string): Promise<number | undefined>;
}

export interface CallOptions {
  readonly secret?: string;
  readonly target?: string;
  readonly player?: string;
}

const readiness = v.strictObject({
  ready: v.boolean(),
  not_ready: v.array(v.string()),
  warnings: v.array(v.string()),
});

export interface Readiness extends v.InferOutput<typeof readiness> {
  readonly status: number;
}

export async function operate(
  tables: Tables = {},
  prepare: (folder: string) => void | Promise<void> = () => {},
  { env = {} }: { readonly env?: Record<string, string> } = {},
): Promise<Operated> {
  const folder = mkdtempSync(join(tmpdir(), "klas-balance-operations-"));
  await prepare(folder);
  const process = await serve(folder, configOf(tables), { env, options: [] });
  const lines = () => parseLines(process.log());

  async function admin(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return await fetch(`http://127.0.0.1:${process.adminPort}${path}`, { headers });
  }

  function write(file: string, text: string): void {
    writeFileSync(join(folder, file), text);
  }

  async function reload(withinMs?: number): Promise<LogLine> {
    const before = lines().filter(isReloadsEnd).length;
    process.signal("SIGHUP");
    return await eventually(
      "the end of the reload",
      () => Promise.resolve(lines().filter(isReloadsEnd)[before]),
      withinMs,
    );
  }

  return {
    process,
    folder,
    write,
    reload,
    async change(changed) {
      write("config.toml", configOf(changed));
      return await reload();
    },
    lines,
    line: async (fits) => await eventually("a line in the log", () => Promise.resolve(lines().find(fits))),
    balance: async (options) => (await call(process.port, options))?.body.toString(),
    admin,
    async readyz() {
      const response = await admin("/readyz");
      return { status: response.status, ...v.parse(readiness, await response.json()) };
    },
    async metric(series) {
      const text = await (await admin("/metrics")).text();
      const line = text.split("\n").find((each) => each.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length + 1));
    },
    async [Symbol.asyncDispose]() {
      process.signal("SIGKILL");
      await process.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function body(player = "12001"): string {
  return JSON.stringify({
    request_id: "r-1",
    timestamp: 1_710_000_000,
    session_id: "s-1",
    player_id: player,
  });
}

/** The bytes of a signed call. */
export function callBytes(
  { secret = SECRET, target, player }: CallOptions = {},
  ...headers: string[]
): Buffer {
  const text = body(player);
  return post(text, [`X-Signature: ${signatureOf(secret, text)}`, ...headers], target);
}

/** A signed call on a connection of its own. */
export async function call(
  port: number,
  options?: CallOptions,
  ...headers: string[]
): Promise<Reply | undefined> {
  return await exchange(port, callBytes(options, ...headers));
}

const PATIENCE_MS = 20_000;

/** What `look` gives as soon as it gives something. */
export async function eventually<Value>(
  what: string,
  look: () => Promise<Value | undefined | false>,
  withinMs = PATIENCE_MS,
): Promise<Value> {
  const giveUpMs = performance.now() + withinMs;
  while (performance.now() < giveUpMs) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await Bun.sleep(10);
  }
  throw new Error(`waited in vain for ${what}`);
}

/** Without what is still being written. Not every line is JSON: a runtime that breaks down prints its own. */
function parseLines(log: string): readonly LogLine[] {
  return log
    .slice(0, log.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => v.parse(logLine, JSON.parse(line)));
}

/** The processes that a process has started and that live. */
export function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

/** What a process and its children hold. */
export interface Footprint {
  readonly residentMib: number;
  readonly handles: number;
}

export function footprint(pid: number): Footprint {
  const all = [pid, ...childrenOf(pid)];
  const kib = all.map(
    (each) => /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${each}/status`, "utf8"))?.[1],
  );
  return {
    residentMib: Math.round(sum(kib.map(Number)) / 102.4) / 10,
    handles: sum(all.map((each) => readdirSync(`/proc/${each}/fd`).length)),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

export function isAlive(pid: number): boolean {
  try {
    // A zombie is dead; the one that inherited it has not looked yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
