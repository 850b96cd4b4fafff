import type { Host } from "../shared/lanes/host.ts";
import { HostProblem } from "../shared/lanes/lane.ts";

/** What a server must be to answer. */
export interface Fitness {
  /** As an SQL condition. Its variables must be ones that the server knows. */
  readonly isFit: string;
  /** What is wrong with others, worded to follow their name. */
  readonly unfit: string;
  /** Whether another server may be there a little later. */
  readonly mayPass: boolean;
}

/** Has a server say, with whatever it is asked, whether it may answer. */
export interface Judge {
  /** An SQL expression for what the server says. */
  readonly verdict: string;
  /** Why a server that says so must not answer; `undefined` if it may. */
  problemOf(said: unknown): HostProblem | undefined;
}

const FIT = "fit";

/** A server is fit if it meets every condition. One that is NULL is not met. */
export function judgeOf(host: Host, conditions: readonly Fitness[]): Judge {
  const cases = conditions.map(({ isFit }, place) => `WHEN (${isFit}) IS NOT TRUE THEN '${place}'`);
  return {
    verdict: cases.length === 0 ? `'${FIT}'` : `CASE ${cases.join(" ")} ELSE '${FIT}' END`,
    problemOf(said) {
      if (said === FIT) return undefined;
      const { unfit, mayPass } = conditions[Number(said)] ?? SAYS_NOTHING;
      return new HostProblem(`${host.name} ${unfit}`, { mayPass });
    },
  };
}

const SAYS_NOTHING = { unfit: "does not say whether it may answer", mayPass: true } as const;
