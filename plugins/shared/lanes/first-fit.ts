import type { Host } from "./host.ts";
import { type Connect, HostProblem, type Lane } from "./lane.ts";

/** How long a host is waited for before the next one is tried beside it: a server that hangs refuses nothing. */
const HEAD_START_MS = 200;

/**
 * A lane to the first of the hosts that is fit. Those that are slow go on being tried beside the next; what
 * comes too late is closed. Rejects with a `HostProblem` that names every host's own.
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
      if (ends.aborted) return lane.close();
      clearTimeout(timer);
      decided.abort();
      resolve(lane);
    }

    function giveUp(problem: unknown): void {
      if (decided.signal.aborted) return;
      problems.push(problem);
      if (problems.length < hosts.length && !signal.aborted) return beginNext();
      clearTimeout(timer);
      decided.abort();
      reject(all(problems));
    }

    beginNext();
  });
}

function all(problems: readonly unknown[]): HostProblem {
  const messages = problems.map((problem) => (problem instanceof Error ? problem.message : String(problem)));
  const mayPass = problems.every((problem) => problem instanceof HostProblem && problem.mayPass);
  return new HostProblem(messages.join("; "), { mayPass });
}
