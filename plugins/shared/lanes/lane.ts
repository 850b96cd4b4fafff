import type { BalanceQuery, LookupResult } from "../../../src/plugin.ts";
import type { Host } from "./host.ts";

/** The result of one lookup of a batch. A problem concerns that lookup alone, and is text for the log. */
export type LaneAnswer = { readonly result: LookupResult } | { readonly problem: string };

/**
 * One connection to one server. It is given up rather than reconnected, because its session's settings would be lost.
 */
export interface Lane {
  readonly host: Host;
  /**
   * Asks for several players in one round trip. Each answer is checked against the query that it is for. Rejects
   * with `LaneLost` or `ForeignAnswer`, after which the lane is not to be used, or with what the server said
   * of the statement.
   */
  ask(queries: readonly BalanceQuery[]): Promise<readonly LaneAnswer[]>;
  /** Asks for no player. Rejects, with a message for the operator, if the server could not answer a lookup. */
  probe(): Promise<void>;
  /** Ends the connection at once, even if the server is silent; what was under way rejects. May be called again. */
  close(): void;
}

/** What a connection is made with. */
export interface Connecting {
  /** Ends an attempt that is not needed any more. */
  readonly signal: AbortSignal;
  /** Called once, when the connection has ended for whatever reason. */
  readonly onClosed: () => void;
}

/** Opens a lane that can answer. If it rejects, with a `HostProblem`, it has closed what it opened. */
export type Connect = (host: Host, connecting: Connecting) => Promise<Lane>;

/** The connection broke, or leads to a server that must not answer. Another one may work. */
export class LaneLost extends Error {}

/** What came back is not the answer to this question: somebody else's row, or an older one. */
export class ForeignAnswer extends Error {}

/** Why a host cannot be used, as text that starts with its name. */
export class HostProblem extends Error {
  /** Whether it may pass by itself, as a restart does, and not only by a change of the options. */
  readonly mayPass: boolean;

  constructor(message: string, { mayPass }: { readonly mayPass: boolean }) {
    super(message);
    this.mayPass = mayPass;
  }
}
