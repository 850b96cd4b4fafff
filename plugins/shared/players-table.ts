/** A player as klas-balance's own database keeps them. */
export interface Player {
  readonly playerId: string;
  readonly currency: string;
  readonly balanceMinor: bigint;
}

/**
 * What a command may do. Only `make` creates a missing database. `read` and `rehearse` change nothing; for `rehearse`
 * a database that is not there yet is an empty one.
 */
export type PlayersAccess = "read" | "rehearse" | "change" | "make";

/**
 * A plugin's door for the `players` commands: opens klas-balance's own table, which the source's options name, for as
 * long as `use` takes. A problem of the database is thrown as a plain `Error` of one line that says what to do; what
 * `use` itself throws comes through unchanged.
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

/** klas-balance's own table `players`. A change is committed when its promise resolves. */
export interface PlayersTable {
  /** `undefined` if there is no such player. */
  get(playerId: string): Promise<Player | undefined>;
  /**
   * Every player from an id on, in the byte order of ids, as of one moment. They are streamed, so a million of them
   * need no memory.
   */
  list(fromId?: string): AsyncIterable<Player>;
  /** The number of characters of the longest id, 0 if there are no players. */
  longestIdLength(): Promise<number>;
  /** Adds the player, or replaces what is there. */
  put(player: Player): Promise<void>;
  /** `false` if there was no such player. */
  remove(playerId: string): Promise<boolean>;
  /** Begins an import, one each time the table is opened. With `read` access it cannot be published. */
  stage(): Promise<Staging>;
}

/**
 * Where imported rows wait until all of them are known to be good. It is outside of the table, so that no lock is
 * held while they are read, however slowly they come. Unless published, it is gone when the table is closed.
 */
export interface Staging {
  /** Takes rows. Returns those whose player came before; they are not taken. */
  add(rows: readonly StagedRow[]): Promise<readonly RepeatedRow[]>;
  /** Each player that was taken, with what the table holds for them, as of one moment. */
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
