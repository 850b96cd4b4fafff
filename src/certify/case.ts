import type { HttpRequest } from "./http-request.ts";
import type { TestedEndpoint } from "./signed-request.ts";
import type { ReplyOrNone } from "./connection.ts";

/** What is wrong, in one line; `undefined` if nothing is. Never a secret, a signature or a balance. */
export type Complaint = string | undefined;

/** What a reply is held against. */
export interface Expectation {
  /** Set if only an answered balance can meet it. It is not worth trying if a plain good call gets none. */
  readonly needsKnownPlayer: boolean;
  readonly problem: (received: ReplyOrNone, tested: TestedEndpoint) => Complaint;
}

interface CaseDescription {
  /** Stable: users name it in `--only` and `--skip`. */
  readonly id: string;
  /** The section of the protocol that says so. */
  readonly section: "1.1" | "1.2" | "1.3" | "1.4" | "1.5" | "1.6";
  /** A `must` that fails is a failed run; a `should` is advice. */
  readonly level: "must" | "should";
  /** What is expected and why, in one sentence. */
  readonly about: string;
}

/** One call and what its reply is held against. */
interface RequestCase extends CaseDescription {
  readonly send: (tested: TestedEndpoint) => HttpRequest;
  readonly expect: Expectation;
}

/** A case of several calls, or one that needs the connection in its own hands. */
interface StagedCase extends CaseDescription {
  readonly needsKnownPlayer: boolean;
  readonly run: (tested: TestedEndpoint) => Promise<Complaint>;
  /** What the user would have to give for this case to make sense. */
  readonly lacks?: (tested: TestedEndpoint) => string | undefined;
}

export type Case = RequestCase | StagedCase;
