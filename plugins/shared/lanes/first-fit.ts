import type { Host } from "./host.ts";
import { type Connect, HostProblem, type Lane } from "./lane.ts";

/** How long to wait for a host before the next one is tried as well: a server that hangs does not refuse. */
const HEAD_START_MS = 200;

/**
 * Opens a lane to the first host that is fit. A slow host is still tried beside the next one, and lanes that come too
 * late are closed. Rejects with a `HostProblem` that names the problem of every host.
 */
export function firstFit(
  hosts: readonly Host[],
  connect: (host: Host, signal: AbortSignal) => ReturnType<Connect>,
  signal: AbortSignal,
): Promise<Lane> {
  const decided = new AbortController();
  const ends = AbortSignal.any([decided.signal, signal]);
  return new Promise((resolve, reject) => {
    const problems: unknown[] = [];
    let begun = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;

    function beginNext(): void {
      clearTimeout(timer);
      const host = hosts[begun];
      if (host === undefined) return;
      begun += 1;
      timer = setTimeout(beginNext, HEAD_START_MS);
      connect(host, ends).then(take, giveUp);
    }

    function take(lane: Lane): void {
      if (ends.aborted) lane.close();
      if (decided.signal.aborted) return;
      clearTimeout(timer);
      decided.abort();
      if (signal.aborted) reject(notNeeded());
      else resolve(lane);
    }

    function giveUp(problem: unknown): void {
      if (decided.signal.aborted) return;
      problems.push(problem);
      if (problems.length < hosts.length && !signal.aborted) return beginNext();
      clearTimeout(timer);
      decided.abort();
      reject(all(problems));
    }

    if (signal.aborted) reject(notNeeded());
    else beginNext();
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
