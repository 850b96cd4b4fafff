import type { Reason } from "../protocol/status.ts";

/**
 * What became of somebody: calls in a row that failed for one reason, or, with the reason `ok`, the first answer to a
 * player after that.
 */
export interface RunOfCalls {
  readonly reason: Reason;
  readonly endpoint: string;
  /** `undefined` if a call did not get as far; then the caller is all that is known. */
  readonly player_id: string | undefined;
  readonly remote: string | undefined;
  readonly calls: number;
  readonly since_ms: number;
  readonly latest_ms: number;
  /** Of the latest; cut. */
  readonly detail: string | undefined;
}

/** A player whose calls to an endpoint fail, until one after `latest_ms` is answered. */
export interface FailingPlayer {
  readonly endpoint: string;
  readonly player_id: string;
  readonly latest_ms: number;
}

/** Whose calls failed in this process, and who of them, or of those who failed elsewhere, was answered. */
export interface Outcomes {
  failed(call: FailedCall): void;
  /** Returns whether the player's calls failed before. */
  answered(timeMs: number, endpoint: string, playerId: string): boolean;
  /** Follows these players, too. Some of them may have been answered here already. */
  follow(players: readonly FailingPlayer[]): void;
  take(): readonly RunOfCalls[];
}

interface FailedCall {
  readonly time_ms: number;
  readonly endpoint: string;
  readonly reason: Reason;
  readonly player_id?: string | undefined;
  readonly remote?: string | undefined;
  readonly detail?: string | undefined;
}

/** If more players and callers fail before anybody asks, the calls of the rest are counted by reason only. */
const MAX_OUTCOMES = 1000;
/** Players whose next answer matters: all that are remembered of all reasons have room. */
const MAX_FOLLOWED = 2000;
/** The call's own line in the log has it whole. */
const MAX_DETAIL_CHARACTERS = 300;

type OpenRun = { -readonly [Key in keyof RunOfCalls]: RunOfCalls[Key] };

export function openOutcomes(hasSiblings: boolean): Outcomes {
  const latest = hasSiblings ? latestAnswers() : undefined;
  /** The endpoints at which a player's calls fail. */
  const followed = new Map<string, Set<string>>();
  let outcomes: RunOfCalls[] = [];
  /** The failures in a row that are not over, by whose they are. */
  let open = new Map<string, Map<Reason, OpenRun>>();

  function followPlayer(playerId: string, endpoint: string): void {
    const endpoints = followed.get(playerId) ?? new Set();
    followed.delete(playerId);
    followed.set(playerId, endpoints.add(endpoint));
    const [oldest] = followed.size > MAX_FOLLOWED ? followed.keys() : [];
    if (oldest !== undefined) followed.delete(oldest);
  }

  function mended(endpoint: string, playerId: string, timeMs: number): void {
    open.delete(`${endpoint} player ${playerId}`);
    outcomes.push({
      reason: "ok",
      endpoint,
      player_id: playerId,
      remote: undefined,
      calls: 1,
      since_ms: timeMs,
      latest_ms: timeMs,
      detail: undefined,
    });
  }

  return {
    failed({ time_ms: timeMs, endpoint, reason, player_id, remote, detail }) {
      if (player_id !== undefined) followPlayer(player_id, endpoint);
      const who = `${endpoint} ${player_id === undefined ? `caller ${remote}` : `player ${player_id}`}`;
      const ofThem = open.get(who) ?? new Map<Reason, OpenRun>();
      let run = ofThem.get(reason);
      if (run === undefined) {
        if (outcomes.length >= MAX_OUTCOMES) return;
        const caller = player_id === undefined ? remote : undefined;
        run = {
          reason,
          endpoint,
          player_id,
          remote: caller,
          calls: 0,
          since_ms: timeMs,
          latest_ms: timeMs,
          detail,
        };
        open.set(who, ofThem.set(reason, run));
        outcomes.push(run);
      }
      run.calls += 1;
      run.latest_ms = timeMs;
      run.detail = detail?.slice(0, MAX_DETAIL_CHARACTERS) ?? run.detail;
    },
    answered(timeMs, endpoint, playerId) {
      latest?.add(timeMs, endpoint, playerId);
      // If too much is waiting to be fetched, an answer after that is soon enough.
      if (followed.size === 0 || outcomes.length >= 2 * MAX_OUTCOMES) return false;
      const endpoints = followed.get(playerId);
      if (endpoints === undefined || !endpoints.delete(endpoint)) return false;
      if (endpoints.size === 0) followed.delete(playerId);
      mended(endpoint, playerId, timeMs);
      return true;
    },
    follow(players) {
      const unknown = players.filter((each) => followed.get(each.player_id)?.has(each.endpoint) !== true);
      const answers = latest?.find(unknown);
      for (const player of players) {
        const answeredMs = answers?.get(player);
        if (answeredMs === undefined) followPlayer(player.player_id, player.endpoint);
        else mended(player.endpoint, player.player_id, answeredMs);
      }
    },
    take() {
      const taken = outcomes;
      outcomes = [];
      open = new Map();
      return taken;
    },
  };
}

/** More than a process answers until it is told that a player failed elsewhere. A power of two. */
const MAX_LATEST = 65_536;

/**
 * The latest answers. A player who fails in one process is often answered by another one right away, which learns only
 * then that this was worth telling.
 */
function latestAnswers() {
  const players = Array<string>(MAX_LATEST).fill("");
  const endpoints = Array<string>(MAX_LATEST).fill("");
  const timesMs = new Float64Array(MAX_LATEST);
  let next = 0;
  return {
    add(timeMs: number, endpoint: string, playerId: string): void {
      players[next] = playerId;
      endpoints[next] = endpoint;
      timesMs[next] = timeMs;
      next = (next + 1) & (MAX_LATEST - 1);
    },
    /** When each of the players was answered first after the failure, as far as is known. */
    find(failing: readonly FailingPlayer[]): ReadonlyMap<FailingPlayer, number> {
      const found = new Map<FailingPlayer, number>();
      if (failing.length === 0) return found;
      const sought = Map.groupBy(failing, ({ player_id }) => player_id);
      for (let step = 0; step < MAX_LATEST; step += 1) {
        const index = (next + step) & (MAX_LATEST - 1);
        const timeMs = timesMs[index] ?? 0;
        for (const each of sought.get(players[index] ?? "") ?? []) {
          if (each.endpoint === endpoints[index] && timeMs > each.latest_ms && !found.has(each))
            found.set(each, timeMs);
        }
      }
      return found;
    },
  };
}
