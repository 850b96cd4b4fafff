import type { Reading } from "../config/load.ts";
import type { Rehearsal } from "../server/rehearse.ts";
import { startWorkerProcess } from "./child.ts";
import { START_MS } from "./slot.ts";

/**
 * Tries a configuration out in a process of its own, which is ended after that: what an operator's plugin does at its
 * import, in its schema or in `open` reaches no process that serves. Throws if it does not come to an end, or ends the process.
 */
export async function rehearseApart(reading: Reading): Promise<Rehearsal> {
  const worker = startWorkerProcess();
  try {
    const { rehearsal = {} } = await worker.load({ type: "rehearse", reading }, START_MS);
    return rehearsal;
  } finally {
    worker.kill();
    await worker.exited;
  }
}
