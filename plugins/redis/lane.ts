import type { RedisClient } from "bun";
import type { Host } from "../shared/lanes/host.ts";
import { type Connect, HostProblem, type Lane, LaneLost } from "../shared/lanes/lane.ts";
import { nextTag } from "../shared/lanes/tag.ts";
import { type Address, clientOf, CONNECT_MS } from "./client.ts";
import { diagnose } from "./diagnose.ts";
import type { Lookups } from "./lookup.ts";
import { type Command, pipeline } from "./pipeline.ts";

interface LaneOptions {
  /** Where a host of the options is now. For a master, its sentinels know. */
  readonly locate: (host: Host) => Promise<Address>;
  readonly lookups: Lookups;
}

/** What the server says when another one, or the same a little later, may answer. */
const PASSING = /^(?:LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|READONLY)\b/;

const REPLICA = "is a replica, which may show a balance from before a bet: name the master";

/** Lanes to Redis, each a client of one connection. A lost connection is never reopened. */
export function redisLanes({ locate, lookups }: LaneOptions): Connect {
  return async (host, { signal, onClosed }) => {
    const address = await locate(host);
    const client = clientOf(address);
    const lane = laneOver(client, address.host.name, host, lookups);
    const giveUp = () => client.close();
    const timer = setTimeout(giveUp, CONNECT_MS);
    signal.addEventListener("abort", giveUp);
    try {
      await connect(client, address);
      // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the client has this alone
      client.onclose = onClosed;
      await lane.probe();
      return lane;
    } catch (error) {
      client.close();
      if (error instanceof HostProblem) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new HostProblem(`${address.host.name} ${message}`, { mayPass: error instanceof LaneLost });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
    }
  };
}

async function connect(client: RedisClient, address: Address): Promise<void> {
  try {
    await client.connect();
  } catch {
    const [words, mayPass] = await diagnose(address);
    throw new HostProblem(`${address.host.name} ${words}`, { mayPass });
  }
}

function laneOver(client: RedisClient, name: string, host: Host, lookups: Lookups): Lane {
  async function ask(queries: Parameters<Lane["ask"]>[0]): ReturnType<Lane["ask"]> {
    const tag = nextTag();
    const [role, ...replies] = await sent([["ROLE"], ...lookups.commands(tag, queries)]);
    if (role instanceof Error) throw refused(role);
    if (Array.isArray(role) && role[0] !== "master") throw new LaneLost(REPLICA);
    const closing = replies.at(-1);
    if (closing instanceof Error) throw refused(closing);
    return lookups.answers(replies, tag, queries);
  }

  async function sent(commands: readonly Command[]): Promise<readonly unknown[]> {
    try {
      return await pipeline(client, commands);
    } catch (error) {
      throw new LaneLost(`${name} closed the connection`, { cause: error });
    }
  }

  return {
    host,
    ask,
    probe: async () => void (await ask([])),
    close: () => client.close(),
  };
}

/** The server's reply to a command that every batch needs and that it refused. */
function refused(error: Error): Error {
  if (PASSING.test(error.message)) return new LaneLost(error.message);
  return new Error(`refuses the command: ${error.message}`);
}
