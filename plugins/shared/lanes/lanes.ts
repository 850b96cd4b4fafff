import type { OpenContext, Source } from "../../../src/plugin.ts";
import { fleet } from "./fleet.ts";
import type { Host } from "./host.ts";
import {
  type LaneAnswer,
  type Connect,
  ForeignAnswer,
  type HostProblem,
  type Lane,
  LaneLost,
} from "./lane.ts";
import { type Ticket, waitingLookups } from "./waiting.ts";

/** A lookup whose connection broke is sent once more. */
const MAX_TRIES = 2;

export interface Lanes extends Required<Source> {
  /** Settles with the first lane or, once all hosts have been tried, with the problem. */
  begin(): Promise<HostProblem | undefined>;
}

interface LanesOptions {
  readonly hosts: readonly Host[];
  readonly connect: Connect;
  readonly connections: number;
  /** How many lookups share a round trip; 1 if they must not. */
  readonly maxBatch: number;
}

/** A batch on its way. */
interface Flight {
  readonly lane: Lane;
  readonly batch: readonly Ticket[];
  readonly sentMs: number;
  watch: ReturnType<typeof setTimeout> | undefined;
  isOver: boolean;
}

/**
 * A source over connections to the first host that is fit. A connection that breaks, or is silent for half of a
 * lookup's time, is replaced, if need be by one to another host. What it had not answered is sent once more.
 */
export function lanes(
  { maxBatch, ...options }: LanesOptions,
  { log, count, timeoutMs }: Pick<OpenContext, "log" | "count" | "timeoutMs">,
): Lanes {
  const waiting = waitingLookups(whatKeeps);
  const patienceMs = timeoutMs / 2;
  const ships = fleet({ ...options, patienceMs, onFree: pump }, { log, count });
  let gathering: NodeJS.Immediate | undefined;

  function whatKeeps({ asked, isSent }: Ticket): string {
    if (isSent) return `still waiting for ${asked} to answer`;
    if (ships.trouble !== undefined) return `no host can be used: ${ships.trouble.message}`;
    if (asked !== undefined) return `${asked} did not answer; still waiting for another connection`;
    return ships.isConnected
      ? "still in the queue for a connection (connections)"
      : `still connecting to ${options.hosts.map(({ name }) => name).join(", ")}`;
  }

  function pump(): void {
    clearImmediate(gathering);
    gathering = undefined;
    while (!waiting.isEmpty) {
      const lane = ships.take();
      if (lane === undefined) return;
      send(lane, waiting.takeBatch(maxBatch));
    }
  }

  /** Lookups of one turn of the event loop go together, but a full batch does not wait. */
  function gather(): void {
    if (waiting.size >= maxBatch) return pump();
    gathering ??= setImmediate(pump);
  }

  function send(lane: Lane, batch: readonly Ticket[]): void {
    const flight: Flight = { lane, batch, sentMs: performance.now(), watch: undefined, isOver: false };
    flight.watch = setTimeout(() => onSilence(flight), patienceMs);
    for (const ticket of batch) {
      ticket.tries += 1;
      ticket.asked = lane.host.name;
      ticket.isSent = true;
    }
    if (batch.length > 1) count("batch");
    void fly(flight);
  }

  async function fly(flight: Flight): Promise<void> {
    const { lane, batch } = flight;
    try {
      const answers = await lane.ask(batch.map(({ query }) => query));
      if (!end(flight)) return;
      for (const [index, ticket] of batch.entries()) settle(ticket, answers[index]);
      ships.putBack(lane);
    } catch (error) {
      if (end(flight)) fail(flight, error);
    }
  }

  function fail({ lane, batch }: Flight, error: unknown): void {
    if (error instanceof LaneLost) {
      for (const ticket of batch) if (ticket.tries >= MAX_TRIES) ticket.reject(error);
      resend(batch);
      ships.lost(lane);
    } else if (error instanceof ForeignAnswer) {
      count("foreign_answer");
      log.error(`${lane.host.name}: ${error.message}: the connection is given up`);
      for (const ticket of batch) ticket.reject(error);
      ships.discard(lane);
    } else {
      // The server may have failed over one player's row; the others are still answered.
      if (batch.length === 1) batch[0]?.reject(error);
      for (const ticket of batch) ticket.goesAlone = true;
      waiting.rejoin(batch);
      ships.putBack(lane);
    }
    pump();
  }

  function resend(batch: readonly Ticket[]): void {
    const again = batch.filter(({ isSettled, tries }) => !isSettled && tries < MAX_TRIES);
    if (again.length > 0) count("retry");
    waiting.rejoin(again);
  }

  /** A slow statement is not held against a host that answers others meanwhile, and has all of its time. */
  function onSilence(flight: Flight): void {
    const { lane, sentMs } = flight;
    const leftMs = sentMs + timeoutMs - performance.now();
    if (leftMs > 0 && ships.hasSpokenSince(lane.host, sentMs)) {
      flight.watch = setTimeout(() => onSilence(flight), leftMs);
      return;
    }
    if (!end(flight)) return;
    count("silent_connection");
    ships.suspect(lane.host, sentMs);
    // What was sent a second time is left to its deadline, which is near.
    resend(flight.batch);
    ships.discard(lane);
    pump();
  }

  return {
    lookup(query, signal) {
      const answer = waiting.join(query, signal);
      gather();
      return answer;
    },
    begin: () => ships.begin(),
    async check() {
      if (ships.trouble !== undefined) throw ships.trouble;
      const lane = ships.take();
      // All lanes are busy, or the first one is being opened.
      if (lane !== undefined) await ships.probe(lane);
    },
    state: () => ({ ...ships.state(), lookups_waiting: waiting.size }),
    close() {
      waiting.end(new Error("the source is closed"));
      ships.close();
    },
  };
}

function settle(ticket: Ticket, answer: LaneAnswer | undefined): void {
  if (answer !== undefined && "result" in answer) ticket.resolve(answer.result);
  else ticket.reject(new Error(answer?.problem ?? "the server left a lookup out"));
}

/** False if it has been given up before. */
function end(flight: Flight): boolean {
  if (flight.isOver) return false;
  flight.isOver = true;
  clearTimeout(flight.watch);
  return true;
}
