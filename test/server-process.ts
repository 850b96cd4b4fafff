import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { binary } from "./binary.ts";

// Building it takes longer on a busy machine than a test may.
binary();

/** How long a process may take to start or to end on a machine that does other things, too. */
const PATIENCE_MS = 15_000;

export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command says and how it ends. Its environment is empty but for what is given. */
export async function run(
  command: readonly string[],
  {
    cwd,
    env = {},
    stdin = "",
    before = [],
  }: {
    readonly cwd: string;
    readonly env?: Record<string, string>;
    readonly stdin?: string;
    /** Words that come before the command, such as those of a shell. */
    readonly before?: readonly string[];
  },
): Promise<Finished> {
  const child = Bun.spawn([...before, binary(), ...command], {
    cwd,
    env,
    stdin: Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  clearTimeout(timer);
  return { exitCode: child.exitCode, stdout, stderr };
}

/** Cuts what a process writes to a file after so many blocks of 512 bytes, as a full disk does, without one. */
export function limitedFiles(blocks: number): readonly string[] {
  return ["sh", "-c", `trap '' XFSZ; ulimit -S -f ${blocks}; exec "$@"`, "sh"];
}

export interface ServerProcess {
  readonly pid: number;
  readonly port: number;
  /** Of the admin listener, if there is one. */
  readonly adminPort: number | undefined;
  /** What it has written so far. */
  log(): string;
  signal(signal: NodeJS.Signals): void;
  /** Resolves with the exit status, `null` if it had to be killed. */
  readonly exited: Promise<number | null>;
}

/** Writes `config.toml` into a folder and serves it, on a port of the system's choice unless `options` say otherwise. */
export async function serve(
  cwd: string,
  config: string,
  {
    env = {},
    options = ["--host", "127.0.0.1", "--port", "0"],
  }: { readonly env?: Record<string, string>; readonly options?: readonly string[] } = {},
): Promise<ServerProcess> {
  writeFileSync(join(cwd, "config.toml"), config);
  const command = [binary(), "serve", ...options];
  const child = Bun.spawn(command, { cwd, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  let log = "";
  const reading = gather(child.stdout, (text) => (log += text));
  const readingErrors = gather(child.stderr, (text) => (log += text));
  const port = await portOf(
    () => log,
    () => child.exitCode !== null,
  );
  if (port === undefined) {
    child.kill("SIGKILL");
    throw new Error(`the server did not start: ${log}`);
  }
  return {
    pid: child.pid,
    port,
    adminPort: portIn(log, "admin"),
    log: () => log,
    signal: (signal) => child.kill(signal),
    exited: child.exited.then(async () => {
      await Promise.all([reading, readingErrors]);
      return child.exitCode;
    }),
  };
}

async function gather(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}

async function portOf(log: () => string, hasEnded: () => boolean): Promise<number | undefined> {
  const giveUpMs = performance.now() + PATIENCE_MS;
  while (performance.now() < giveUpMs && !hasEnded()) {
    const port = portIn(log(), "url");
    if (port !== undefined) return port;
    await Bun.sleep(5);
  }
  return undefined;
}

/** The port of an address in the line that says where the server listens. */
function portIn(log: string, field: "url" | "admin"): number | undefined {
  const port = new RegExp(`"${field}":"https?://[^"]*:(\\d+)/`).exec(log)?.[1];
  return port === undefined ? undefined : Number(port);
}
