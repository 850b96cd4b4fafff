import { explainSignature } from "../explain/explain.ts";
import type { FailedBody } from "../observe/recorder.ts";
import { printable } from "../printable.ts";
import type { Latest, Numbered } from "./recent.ts";
import type { ShownFailure } from "./shapes.ts";

/** How much of a body the page shows. The download has all of it. */
const SHOWN_BYTES = 2048;

/**
 * Real calls are smaller. The work grows with the body and the number of secrets, and anybody may send a body: 64 KiB would
 * keep this process, which also watches the workers, busy for minutes.
 */
const EXPLAINED_BYTES = 8192;

/**
 * What was found for a body, as long as the secrets stay the same: every open page asks for all bodies again and
 * again.
 */
const found = new WeakMap<
  Uint8Array,
  { readonly secrets: readonly string[]; readonly findings: readonly string[] }
>();

/** The bodies whose signature failed, the newest first, each with what `explain` finds. */
export async function describeFailed(
  failed: Latest<FailedBody>,
  secrets: readonly string[],
): Promise<readonly ShownFailure[]> {
  const shown: ShownFailure[] = [];
  for (const body of failed.after(0).toReversed()) {
    shown.push(describe(body, secrets));
    // That took hundreds of digests. Let whatever else is waiting have its turn.
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
    findings: findingsOnce(failed, secrets),
  };
}

function findingsOnce(failed: FailedBody, secrets: readonly string[]): readonly string[] {
  const known = found.get(failed.body);
  if (known?.secrets === secrets) return known.findings;
  const made = findings(failed, secrets);
  found.set(failed.body, { secrets, findings: made });
  return made;
}

function findings({ signature, body }: FailedBody, secrets: readonly string[]): readonly string[] {
  if (signature === null) return ["the request has no X-Signature header"];
  if (body.length > EXPLAINED_BYTES) {
    return [
      `the body has more than ${EXPLAINED_BYTES} bytes: download it, and give it to klas-balance explain`,
    ];
  }
  const { fits, secret, mistakes, notes } = explainSignature(body, signature, secrets);
  if (fits) return ["it fits a secret that is configured now: the secret was added after this call"];
  const which = secret === undefined || secrets.length === 1 ? [] : [`it was made with secret ${secret}`];
  if (mistakes.length > 0) return [...mistakes.map(({ message }) => message), ...which];
  return ["no known mistake leads to it: it was made with another secret, or over another body", ...notes];
}
