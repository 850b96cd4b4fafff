import type { BalanceQuery, LookupResult } from "../../../src/plugin.ts";

/** A lookup that has not been answered yet. */
export interface Ticket {
  readonly query: BalanceQuery;
  /** The host that was asked last. */
  asked: string | undefined;
  /** It is on its way, and does not wait for a connection. */
  isSent: boolean;
  /** How often it was sent. */
  tries: number;
  /** It was part of a batch that failed as a whole, so it is sent alone the next time. */
  goesAlone: boolean;
  readonly isSettled: boolean;
  resolve(result: LookupResult): void;
  reject(error: unknown): void;
}

/** Lookups that wait to be sent, in order of arrival. */
export interface Waiting {
  readonly isEmpty: boolean;
  /** Includes those whose time is up but that have not been dropped yet. */
  readonly size: number;
  /** A lookup joins the queue; its promise rejects when the signal aborts: at the deadline, with how far it had got. */
  join(query: BalanceQuery, signal: AbortSignal): Promise<LookupResult>;
  /** Puts lookups that were sent and not answered in front. */
  rejoin(tickets: readonly Ticket[]): void;
  /**
   * Takes the lookups that share the next round trip. All of them have been asked by now and none joins later, so
   * each reads what was committed when it was asked.
   */
  takeBatch(maxLookups: number): readonly Ticket[];
  /** Rejects all of them, and whatever joins from then on. */
  end(error: Error): void;
}

/** `whatKeeps` says what a lookup whose time is up was waiting for. */
export function waitingLookups(whatKeeps: (ticket: Ticket) => string): Waiting {
  let queue: Ticket[] = [];
  let ended: Error | undefined;

  function dropSettled(): void {
    while (queue[0]?.isSettled === true) queue.shift();
  }

  return {
    get isEmpty() {
      dropSettled();
      return queue.length === 0;
    },
    get size() {
      return queue.length;
    },
    join(query, signal) {
      return new Promise((resolve, reject) => {
        if (ended !== undefined) return reject(ended);
        if (signal.aborted) return reject(signal.reason);
        queue.push(ticketFor(query, signal, whatKeeps, resolve, reject));
      });
    },
    rejoin(tickets) {
      for (const ticket of tickets) ticket.isSent = false;
      if (ended === undefined) queue = [...tickets.filter(({ isSettled }) => !isSettled), ...queue];
      else for (const ticket of tickets) ticket.reject(ended);
    },
    takeBatch(maxLookups) {
      const batch: Ticket[] = [];
      while (batch.length < maxLookups) {
        dropSettled();
        const [next] = queue;
        if (next === undefined || (next.goesAlone && batch.length > 0)) break;
        queue.shift();
        batch.push(next);
        if (next.goesAlone) break;
      }
      return batch;
    },
    end(error) {
      ended = error;
      for (const ticket of queue) ticket.reject(error);
      queue = [];
    },
  };
}

function ticketFor(
  query: BalanceQuery,
  signal: AbortSignal,
  whatKeeps: (ticket: Ticket) => string,
  resolve: (result: LookupResult) => void,
  reject: (error: unknown) => void,
): Ticket {
  let isSettled = false;
  function settle(): boolean {
    if (isSettled) return false;
    isSettled = true;
    signal.removeEventListener("abort", abort);
    return true;
  }
  function abort(): void {
    if (settle())
      reject(isLate(signal) ? new Error(whatKeeps(ticket), { cause: signal.reason }) : signal.reason);
  }
  signal.addEventListener("abort", abort);
  const ticket: Ticket = {
    query,
    asked: undefined,
    isSent: false,
    tries: 0,
    goesAlone: false,
    get isSettled() {
      return isSettled;
    },
    resolve: (result) => void (settle() && resolve(result)),
    reject: (error) => void (settle() && reject(error)),
  };
  return ticket;
}

function isLate({ reason }: AbortSignal): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}
