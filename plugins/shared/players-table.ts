/** A player as a database of klas-balance's own keeps one. */
export interface Player {
  readonly playerId: string;
  readonly currency: string;
  readonly balanceMinor: bigint;
}

/**
 * What a command may do: only `make` makes a database if there is none. `read` and `rehearse` change nothing;
 * for `rehearse` a database that is not there yet is an empty one.
 */
export type PlayersAccess = "read" | "rehearse" | "change" | "make";

/**
 * The door of a source's plugin for the `players` commands: opens klas-balance's own table at the place that the
 * source's options name, for as long as `use` takes. Throws a plain `Error`, one line that says what to do, for
 * whatever the database says; what `use` throws of its own comes through as it is.
 */
export type WithPlayers = <Result>(
  place: PlayersPlace,
  access: PlayersAccess,
  use: (players: PlayersTable) => Promise<Result>,
) => Promise<Result>;

export interface PlayersPlace {
  /** The source's table in the configuration as it is written, without `query`; the plugin's schema takes it. */
  readonly options: unknown;
  /** The folder of the configuration file: relative paths start there. */
  readonly directory: string;
}

/** klas-balance's own table `players`. Whatever is changed is committed when its promise resolves. */
export interface PlayersTable {
  /** `undefined` if there is no such player. */
  get(playerId: string): Promise<Player | undefined>;
  /**
   * Every player in the order of their ids, byte by byte, as of one moment, from an id on; a million of them need no
   * memory.
   */
  list(fromId?: string): AsyncIterable<Player>;
  /** The number of characters of the longest id, 0 if there are no players. */
  longestIdLength(): Promise<number>;
  /** Adds the player, or replaces what is there. */
  put(player: Player): Promise<void>;
  /** `false` if there was no such player. */
  remove(playerId: string): Promise<boolean>;
  /** Begins an import: one per opening of the table, also with `read` access, if it is not published. */
  stage(): Promise<Staging>;
}

/**
 * Where imported rows wait until all of them are known to be good: outside of the table, so that no lock is held
 * while they are read, however slowly they come. Gone with the opening of the table unless they are published.
 */
export interface Staging {
  /** Takes rows, and returns those whose player came before, which are not taken. */
  add(rows: readonly StagedRow[]): Promise<readonly RepeatedRow[]>;
  /** Each player that was taken beside what the table holds, as of one moment. */
  compared(): AsyncIterable<ComparedPlayer>;
  /** Puts all of them into the table, in one transaction. */
  publish(): Promise<void>;
}

export interface ComparedPlayer {
  /** `undefined`: there is no such player yet. */
  readonly before: Pick<Player, "currency" | "balanceMinor"> | undefined;
  readonly after: Player;
}

export interface StagedRow {
  readonly player: Player;
  /** The line of the file that it came from. */
  readonly line: number;
}

export interface RepeatedRow {
  readonly line: number;
  /** The line that its player had before. */
  readonly earlierLine: number;
}
