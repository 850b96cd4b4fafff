import { readFile, stat } from "node:fs/promises";
import * as v from "valibot";
import type { SourceLog } from "../../src/plugin.ts";
import { balancesSchema, NO_AMOUNT } from "./options.ts";

/** How often the file is looked at. */
const RECHECK_MS = 250;
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const MAX_NAMED_PLAYERS = 20;
const NO_OBJECT = 'expected an object such as {"12001":"30"}';

export interface Fixture {
  readonly players: ReadonlyMap<string, string>;
  close(): void;
}

/**
 * Reads a JSON object of balances, and reads it again whenever the file changes. Throws if the first read fails.
 * Later, a broken edit is logged and the last good content stays in use.
 */
export async function openFixture(file: string, log: SourceLog): Promise<Fixture> {
  let version = await versionOf(file);
  let players = await readPlayers(file);

  async function refresh(): Promise<void> {
    const latest = await versionOf(file);
    if (latest === version) return;
    version = latest;
    try {
      players = await readPlayers(file);
      log.info("the fixture was read again", { file, players: players.size });
    } catch (error) {
      log.error("the fixture stays as it was", {
        file,
        problem: error instanceof Error ? error.message : String(error),
      });
    }
  }

  let timer = setTimeout(recheck, RECHECK_MS).unref();
  let isClosed = false;
  async function recheck(): Promise<void> {
    await refresh();
    if (!isClosed) timer = setTimeout(recheck, RECHECK_MS).unref();
  }

  return {
    get players() {
      return players;
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

/** A text that changes whenever the file does. */
async function versionOf(file: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return "unreadable";
  }
}

async function readPlayers(file: string): Promise<ReadonlyMap<string, string>> {
  if (Bun.file(file).size > MAX_FILE_BYTES) throw new Error(`${file} has more than ${MAX_FILE_BYTES} bytes`);
  const result = v.safeParse(balancesSchema, parseJson(file, await readFile(file, "utf8")));
  if (result.success) return result.output;
  const players = result.issues.flatMap((issue) => v.getDotPath(issue) ?? []);
  throw new Error(`${file}: ${players.length === 0 ? NO_OBJECT : `${named(players)}: ${NO_AMOUNT}`}`);
}

/** The first players, and the number of the others: there may be a million. */
function named(players: readonly string[]): string {
  const first = players.slice(0, MAX_NAMED_PLAYERS).map((player) => JSON.stringify(player));
  const further = players.length - first.length;
  return `${first.join(", ")}${further > 0 ? ` and ${further} more` : ""}`;
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message would quote the text, balances included.
    throw new Error(`${file}: not JSON`);
  }
}
