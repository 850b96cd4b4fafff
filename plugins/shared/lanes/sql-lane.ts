import { SQL } from "bun";
import type { BalanceQuery } from "../../../src/plugin.ts";
import type { Host } from "./host.ts";
import { type LaneAnswer, type Connect, type HostProblem, type Lane, LaneLost } from "./lane.ts";
import { nextTag } from "./tag.ts";

/** How long a connection may take to be made, in seconds, as the runtime's client wants it. */
export const CONNECT_SECONDS = 5;

/** How long it may take until it is found fit, too. */
const CONNECT_MS = 6000;

/** The server gives up a little later than we do: what it says then nobody hears. */
export const GRACE_MS = 100;

/** A session in which players can be asked for. What its methods throw, `isLost` and `explain` are asked about. */
export interface Asking {
  /** `tag` is unlike that of any other batch, and comes back with each row. */
  ask(tag: string, queries: readonly BalanceQuery[]): Promise<readonly LaneAnswer[]>;
  /** Asks for nobody. */
  probe(): Promise<void>;
}

/** What an engine brings of its own. */
interface Engine {
  client(host: Host, onClosed: () => void): SQL;
  /** Tells a session what it is for, and finds out whether the server is fit. */
  begin(session: SQL, host: Host): Promise<Asking>;
  /** Whether the connection is of no use any more, and another one, or the same host a little later, may be. */
  isLost(error: unknown): boolean;
  /** What the server said of a statement. */
  explain(error: unknown): string;
  explainConnecting(error: unknown, host: Host): Promise<HostProblem>;
}

/** Lanes over clients of the runtime that have one connection each; one that was lost is never made again. */
export function sqlLanes(engine: Engine): Connect {
  return async (host, { signal, onClosed }) => {
    const client = engine.client(host, onClosed);
    const giveUp = () => closeNow(client);
    const timer = setTimeout(giveUp, CONNECT_MS);
    signal.addEventListener("abort", giveUp);
    try {
      const session = await client.reserve();
      const asking = await engine.begin(session, host);
      await asking.probe();
      return laneOver(client, host, asking, engine);
    } catch (error) {
      closeNow(client);
      throw await engine.explainConnecting(error, host);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
    }
  };
}

function laneOver(client: SQL, host: Host, asking: Asking, engine: Engine): Lane {
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
    close: () => closeNow(client),
  };
}

/** Ends it at once, whatever is under way. */
export function closeNow(client: SQL): void {
  client.close({ timeout: 0 }).catch(() => {});
}
