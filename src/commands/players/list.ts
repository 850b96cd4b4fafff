import type { Database } from "bun:sqlite";
import type { ExponentOf } from "../../protocol/currency.ts";
import { type Entry, formatEntry } from "./entry.ts";
import { eachPlayer } from "./store.ts";

/** The columns of a table hold at least their titles. */
const TITLES: Entry = { player_id: "PLAYER", currency: "CURRENCY", balance: "BALANCE" };

/** A table with one line a player. */
export function* tableLines(entries: Iterable<Entry>, playerIdWidth: number): IterableIterator<string> {
  const width = Math.max(playerIdWidth, TITLES.player_id.length);
  const line = ({ player_id, currency, balance }: Entry): string =>
    `${player_id.padEnd(width)}  ${currency.padEnd(TITLES.currency.length)}  ${balance}\n`;
  yield line(TITLES);
  for (const entry of entries) yield line(entry);
}

/** A JSON array with one line a player. */
function* jsonLines(entries: Iterable<Entry>): IterableIterator<string> {
  let before = "[\n";
  for (const entry of entries) {
    yield `${before}${JSON.stringify(entry)}`;
    before = ",\n";
  }
  yield before === "[\n" ? "[]\n" : "\n]\n";
}

export function* eachEntry(database: Database, exponentOf: ExponentOf): IterableIterator<Entry> {
  for (const player of eachPlayer(database)) yield formatEntry(player, exponentOf);
}

/** The lines of `players list`. */
export function listLines(
  database: Database,
  exponentOf: ExponentOf,
  { json }: { readonly json: boolean },
): Iterable<string> {
  const entries = eachEntry(database, exponentOf);
  return json ? jsonLines(entries) : tableLines(entries, longestPlayerId(database));
}

function longestPlayerId(database: Database): number {
  const row = database
    .prepare<{ longest: bigint | null }, []>("SELECT max(length(player_id)) AS longest FROM players")
    .get();
  return Number(row?.longest ?? 0);
}
