import type { Reading } from "../config/load.ts";
import type { Rehearsal } from "../server/rehearse.ts";
import { startWorkerProcess } from "./child.ts";
import { START_MS } from "./restarting-worker.ts";

/**
 * Tries a configuration out in a separate process, which is killed afterwards: whatever an operator's plugin does at
 * import, in its schema or in `open`, no serving process is affected. Throws if it hangs or ends that process.
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
