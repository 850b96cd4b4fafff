import type { PlayersTable } from "../../../plugins/shared/players-table.ts";
import type { ExponentOf } from "../../protocol/currency.ts";
import { type Entry, formatEntry } from "../../players/entry.ts";

/** The columns of a table are at least as wide as their titles. */
const TITLES: Entry = { player_id: "PLAYER", currency: "CURRENCY", balance: "BALANCE" };

/** A table with one line per player. */
export async function* tableLines(
  entries: Iterable<Entry> | AsyncIterable<Entry>,
  playerIdWidth: number,
): AsyncGenerator<string> {
  const width = Math.max(playerIdWidth, TITLES.player_id.length);
  const line = ({ player_id, currency, balance }: Entry): string =>
    `${player_id.padEnd(width)}  ${currency.padEnd(TITLES.currency.length)}  ${balance}\n`;
  yield line(TITLES);
  for await (const entry of entries) yield line(entry);
}

/** A JSON array with one line per player. */
async function* jsonLines(entries: AsyncIterable<Entry>): AsyncGenerator<string> {
  let before = "[\n";
  for await (const entry of entries) {
    yield `${before}${JSON.stringify(entry)}`;
    before = ",\n";
  }
  yield before === "[\n" ? "[]\n" : "\n]\n";
}

export async function* eachEntry(players: PlayersTable, exponentOf: ExponentOf): AsyncGenerator<Entry> {
  for await (const player of players.list()) yield formatEntry(player, exponentOf);
}

/** The lines of `players list`. */
export async function listLines(
  players: PlayersTable,
  exponentOf: ExponentOf,
  { json }: { readonly json: boolean },
): Promise<AsyncIterable<string>> {
  const entries = eachEntry(players, exponentOf);
  return json ? jsonLines(entries) : tableLines(entries, await players.longestIdLength());
}
