import { explainSignature } from "../explain/explain.ts";
import type { FailedBody } from "../observe/recorder.ts";
import { printable } from "../printable.ts";
import type { Latest, Numbered } from "./recent.ts";
import type { ShownFailure } from "./shapes.ts";

/** How much of a body the page shows; the download has all of it. */
const SHOWN_BYTES = 2048;

/** The bodies whose signature failed, the newest first, each with what `explain` finds. */
export async function describeFailed(
  failed: Latest<FailedBody>,
  secrets: readonly string[],
): Promise<readonly ShownFailure[]> {
  const shown: ShownFailure[] = [];
  for (const body of failed.after(0).toReversed()) {
    shown.push(describe(body, secrets));
    // Hundreds of digests were tried: whatever else waits has its turn now.
    await new Promise(setImmediate);
  }
  return shown;
}

function describe(failed: Numbered<FailedBody>, secrets: readonly string[]): ShownFailure {
  const { number, time_ms, endpoint, remote, problem, body } = failed;
  const start = body.subarray(0, SHOWN_BYTES);
  return {
    number,
    time_ms,
    endpoint,
    remote,
    problem,
    body_bytes: body.length,
    body_sha256: Bun.SHA256.hash(body, "hex"),
    text: printable(new TextDecoder().decode(start)),
    hex: Buffer.from(start).toString("hex"),
    findings: findings(failed, secrets),
  };
}

function findings({ signature, body }: FailedBody, secrets: readonly string[]): readonly string[] {
  if (signature === null) return ["the request has no X-Signature header"];
  const { fits, secret, mistakes, notes } = explainSignature(body, signature, secrets);
  if (fits) return ["it fits a secret that is configured now: the secret was added after this call"];
  const which = secret === undefined || secrets.length === 1 ? [] : [`it was made with secret ${secret}`];
  if (mistakes.length > 0) return [...mistakes.map(({ message }) => message), ...which];
  return ["no known mistake leads to it: it was made with another secret, or over another body", ...notes];
}
