import { existsSync, readFileSync } from "node:fs";

/** Signals the processes that a process has started, and not itself. */
export function signalChildren(pid: number, signal: NodeJS.Signals): void {
  for (const child of childrenOf(pid)) signalOne(child, signal);
}

/** A thread that runs on another processor stops a little later than the signal is sent. */
const STOPPING_MS = 100;

/** Stops a process and those that it has started where they are; resolves when none of them runs any more. */
export async function freeze(pid: number): Promise<void> {
  signalAll(pid, "SIGSTOP");
  await Bun.sleep(STOPPING_MS);
}

/** Signals a process first, so that it starts no others meanwhile, and then those that it has started. */
export function signalAll(pid: number, signal: NodeJS.Signals): void {
  signalOne(pid, signal);
  signalChildren(pid, signal);
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself meanwhile.
  }
}

function childrenOf(pid: number): readonly number[] {
  const listed =
    process.platform === "linux"
      ? listedByTheKernel(pid)
      : Bun.spawnSync(["pgrep", "-P", String(pid)]).stdout.toString();
  return listed.split(/\s+/).filter(Boolean).map(Number);
}

/** Nothing of a process that has ended. */
function listedByTheKernel(pid: number): string {
  const file = `/proc/${pid}/task/${pid}/children`;
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
