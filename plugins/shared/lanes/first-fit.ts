import type { Host } from "./host.ts";
import { type Connect, HostProblem, type Lane } from "./lane.ts";

/** How long to wait for a host before the next one is tried as well: a server that hangs does not refuse. */
const HEAD_START_MS = 200;

/** How often hosts that refused are asked again while others are silent: what was down may be up by then. */
const AGAIN_MS = 250;

/**
 * Opens a lane to the first host that is fit. A slow host is still tried beside the next one, and lanes that come too
 * late are closed. A host that refused is asked again for as long as another one has yet to answer its first attempt.
 * Rejects with a `HostProblem` that names the latest problem of every host.
 */
export function firstFit(
  hosts: readonly Host[],
  connect: (host: Host, signal: AbortSignal) => ReturnType<Connect>,
  signal: AbortSignal,
): Promise<Lane> {
  const decided = new AbortController();
  const ends = AbortSignal.any([decided.signal, signal]);
  return new Promise((resolve, reject) => {
    const problems = new Map<Host, unknown>();
    /** Those whose problem may pass, and that are not being asked again yet. */
    const refusing = new Set<Host>();
    const again = setInterval(askAgain, AGAIN_MS);
    let begun = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;

    function beginNext(): void {
      clearTimeout(timer);
      const host = hosts[begun];
      if (host === undefined) return;
      begun += 1;
      timer = setTimeout(beginNext, HEAD_START_MS);
      begin(host);
    }

    function begin(host: Host): void {
      connect(host, ends).then(take, (problem: unknown) => giveUp(host, problem));
    }

    function askAgain(): void {
      if (signal.aborted) return;
      for (const host of refusing) {
        refusing.delete(host);
        begin(host);
      }
    }

    function decide(): void {
      clearTimeout(timer);
      clearInterval(again);
      decided.abort();
    }

    function take(lane: Lane): void {
      if (ends.aborted) lane.close();
      if (decided.signal.aborted) return;
      decide();
      if (signal.aborted) reject(notNeeded());
      else resolve(lane);
    }

    function giveUp(host: Host, problem: unknown): void {
      if (decided.signal.aborted) return;
      const isFirst = !problems.has(host);
      problems.set(host, problem);
      if (problem instanceof HostProblem && problem.mayPass) refusing.add(host);
      // An attempt to ask again does not keep this one going: whoever wants a lane begins anew, with all hosts.
      if (problems.size === hosts.length || signal.aborted) {
        decide();
        reject(all([...problems.values()]));
      } else if (isFirst) beginNext();
    }

    if (!signal.aborted) return beginNext();
    decide();
    reject(notNeeded());
  });
}

function notNeeded(): HostProblem {
  return new HostProblem("the connection is not needed any more", { mayPass: true });
}

function all(problems: readonly unknown[]): HostProblem {
  const messages = problems.map((problem) => (problem instanceof Error ? problem.message : String(problem)));
  const mayPass = problems.every((problem) => problem instanceof HostProblem && problem.mayPass);
  return new HostProblem([...new Set(messages)].join("; "), { mayPass });
}
