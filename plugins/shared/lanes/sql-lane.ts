import { SQL } from "bun";
import type { BalanceQuery } from "../../../src/plugin.ts";
import type { Host } from "./host.ts";
import { type LaneAnswer, type Connect, HostProblem, type Lane, LaneLost } from "./lane.ts";
import { nextTag } from "./tag.ts";

/** How long connecting may take, in seconds, as the runtime's client wants it. */
export const CONNECT_SECONDS = 5;

/** How long it may take until the connection has been found fit, and its host has been prepared, too. */
const CONNECT_MS = 6000;

/** The server gives up a little later than we do. Nobody listens to what it says then. */
export const GRACE_MS = 100;

/** A session in which players can be looked up. What its methods throw is judged by `isLost` and `explain`. */
export interface Asking {
  /** `tag` differs from that of any other batch, and comes back with each row. */
  ask(tag: string, queries: readonly BalanceQuery[]): Promise<readonly LaneAnswer[]>;
  /** Asks for no player. */
  probe(): Promise<void>;
}

/** Has something done once, at the end of a lane; at once, if that is past already. */
export type AtEnd = (done: () => void) => void;

/** What differs from engine to engine. */
interface Engine {
  client(host: Host, onClosed: () => void): SQL;
  /**
   * Tells a session what it is for, and finds out whether the server is fit. What it gives to `atEnd` is done once, when
   * the lane is closed, or if none comes of it.
   */
  begin(session: SQL, host: Host, atEnd: AtEnd): Promise<Asking>;
  /** Whether this connection is of no further use, while another one, or the same host a little later, may be. */
  isLost(error: unknown): boolean;
  /** What the server said about a statement, as text. */
  explain(error: unknown): string;
  explainConnecting(error: unknown, host: Host): Promise<HostProblem>;
}

/**
 * Lanes over the runtime's clients, each with one connection. A lost connection is never reopened. Opening one settles in
 * any case: the others wait for an attempt that is under way.
 */
export function sqlLanes(engine: Engine): Connect {
  return async (host, { signal, onClosed }) => {
    const client = engine.client(host, onClosed);
    const ends = new DisposableStack();
    const atEnd: AtEnd = (done) => (ends.disposed ? done() : ends.defer(done));
    atEnd(() => closeNow(client));
    const given = Promise.withResolvers<never>();
    const giveUp = (words: string) => given.reject(new HostProblem(words, { mayPass: true }));
    const onAbort = () => giveUp(`the connection to ${host.name} is not needed any more`);
    const timer = setTimeout(giveUp, CONNECT_MS, `${host.name} ${SILENT}`);
    signal.addEventListener("abort", onAbort);
    async function begin(): Promise<Asking> {
      const session = await client.reserve();
      const asking = await engine.begin(session, host, atEnd);
      await asking.probe();
      return asking;
    }
    try {
      return laneOver(host, await Promise.race([given.promise, begin()]), ends, engine);
    } catch (error) {
      ends.dispose();
      throw await engine.explainConnecting(error, host);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  };
}

const SILENT = "does not answer in time: it hangs or, if it is a pooler, cannot reach its server";

function laneOver(host: Host, asking: Asking, ends: DisposableStack, engine: Engine): Lane {
  async function inWords<Result>(step: Promise<Result>): Promise<Result> {
    try {
      return await step;
    } catch (error) {
      if (!(error instanceof SQL.SQLError)) throw error;
      if (engine.isLost(error)) throw new LaneLost(`${host.name} closed the connection`, { cause: error });
      throw new Error(engine.explain(error), { cause: error });
    }
  }
  return {
    host,
    ask(queries) {
      return inWords(asking.ask(nextTag(), queries));
    },
    probe: () => inWords(asking.probe()),
    close: () => ends.dispose(),
  };
}

/** Ends the connection at once, whatever is under way. */
export function closeNow(client: SQL): void {
  client.close({ timeout: 0 }).catch(() => {});
}
