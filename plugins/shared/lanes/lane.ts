import type { BalanceQuery, LookupResult } from "../../../src/plugin.ts";
import type { Host } from "./host.ts";

/** What one lookup of a batch came to. A problem is that lookup's alone, in words for the log. */
export type LaneAnswer = { readonly result: LookupResult } | { readonly problem: string };

/** One connection to one server. It is given up, not mended: what its session was told is lost with it. */
export interface Lane {
  readonly host: Host;
  /**
   * Asks for several players in one round trip. Each answer is checked against the query that it is for. Rejects
   * with `LaneLost` or `ForeignAnswer`, after which the lane is not to be used, or with what the server said
   * of the statement.
   */
  ask(queries: readonly BalanceQuery[]): Promise<readonly LaneAnswer[]>;
  /** Asks for nobody. Rejects, in words for the operator, if the server could not answer a lookup. */
  probe(): Promise<void>;
  /** Ends the connection at once, even if the server is silent; what was under way rejects. */
  close(): void;
}

/** What a connection is made with. */
export interface Connecting {
  /** Ends an attempt that is not needed any more. */
  readonly signal: AbortSignal;
  /** Called once, when the connection has ended by whatever it was. */
  readonly onClosed: () => void;
}

/** Makes a lane that can answer. Rejects with a `HostProblem`, and has closed what it opened. */
export type Connect = (host: Host, connecting: Connecting) => Promise<Lane>;

/** The connection broke, or leads to a server that must not answer; another one may do. */
export class LaneLost extends Error {}

/** What came was not the answer to what was asked: somebody else's row, or an older one. */
export class ForeignAnswer extends Error {}

/** Why a host cannot be used, in words that start with its name. */
export class HostProblem extends Error {
  /** Whether it may pass by itself, as a restart does. What the options have to be changed for does not. */
  readonly mayPass: boolean;

  constructor(message: string, { mayPass }: { readonly mayPass: boolean }) {
    super(message);
    this.mayPass = mayPass;
  }
}
