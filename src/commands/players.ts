import { constants, getPriority, setPriority } from "node:os";
import { Command, Option } from "@commander-js/extra-typings";
import { Failure } from "../failure.ts";
import { csvLines, writeLines } from "./players/export.ts";
import { formatEntry, parseEntry } from "../players/entry.ts";
import type { Comparison } from "./players/comparison.ts";
import { ENCODINGS } from "./players/csv-text.ts";
import { importPlayers } from "./players/import.ts";
import { listLines, tableLines } from "./players/list.ts";
import { ownDatabase } from "../players/own-database.ts";
import { print } from "../standard-output.ts";
import { configOption, readConfig } from "./arguments.ts";
import { printLines } from "./players/lines.ts";

const { PRIORITY_BELOW_NORMAL } = constants.priority;

/**
 * `players …` (spec 4): the balances in klas-balance's own database, also while the server runs.
 * Misuse ends with status 2, what fails with 1.
 */
export function playersCommand() {
  return new Command("players")
    .description("shows and changes the players in klas-balance's own database, also while the server runs")
    .addHelpText("after", "\nExample:\n  klas-balance players set 12001 30.50 EUR")
    .addCommand(listCommand())
    .addCommand(getCommand())
    .addCommand(setCommand())
    .addCommand(removeCommand())
    .addCommand(importCommand())
    .addCommand(exportCommand());
}

function playersSubcommand(name: string, description: string) {
  return new Command(name).description(description).addOption(configOption());
}

function listCommand() {
  return playersSubcommand("list", "prints every player, in the order of their ids")
    .option("--json", "print an array of {player_id, currency, balance}")
    .addHelpText("after", "\nExample:\n  klas-balance players list --json")
    .action(async ({ config, json = false }) => {
      const { exponentOf, open } = await ownDatabase(await readConfig({ config }));
      await open("read", async (players) => printLines(await listLines(players, exponentOf, { json })));
    });
}

function getCommand() {
  return playersSubcommand("get", "prints one player; fails if there is no such player")
    .argument("<player>", "the player's id")
    .option("--json", "print {player_id, currency, balance}")
    .addHelpText("after", "\nExample:\n  klas-balance players get 12001")
    .action(async (playerId, { config, json }) => {
      const { exponentOf, open } = await ownDatabase(await readConfig({ config }));
      await open("read", async (players) => {
        const player = await players.get(playerId);
        if (player === undefined) throw new Failure(unknownPlayer(playerId), 1);
        const entry = formatEntry(player, exponentOf);
        if (json) print(`${JSON.stringify(entry)}\n`);
        else await printLines(tableLines([entry], playerId.length));
      });
    });
}

function setCommand() {
  return playersSubcommand("set", "adds a player, or replaces the player's balance")
    .argument("<player>", "the player's id")
    .argument("<amount>", "a decimal in major units, such as 30.50")
    .argument("<currency>", "an ISO 4217 code, such as EUR")
    .addHelpText("after", "\nExample:\n  klas-balance players set 12001 30.50 EUR")
    .addOption(allowNegativeOption())
    .action(async (playerId, balance, currency, { config, allowNegative = false }, command) => {
      const { exponentOf, open } = await ownDatabase(await readConfig({ config }));
      const rules = { exponentOf, allowsNegative: allowNegative };
      const parsed = parseEntry({ player_id: playerId, currency, balance }, rules);
      const player = parsed.player ?? command.error(`error: ${parsed.problem}`, { exitCode: 2 });
      await open("make", (players) => players.put(player));
      const entry = formatEntry(player, exponentOf);
      print(`${entry.player_id} has ${entry.balance} ${entry.currency}\n`);
    });
}

function removeCommand() {
  return playersSubcommand("remove", "removes a player; fails if there is no such player")
    .argument("<player>", "the player's id")
    .addHelpText("after", "\nExample:\n  klas-balance players remove 12001")
    .action(async (playerId, { config }) => {
      const { open } = await ownDatabase(await readConfig({ config }));
      await open("change", async (players) => {
        if (!(await players.remove(playerId))) throw new Failure(unknownPlayer(playerId), 1);
      });
      print(`${playerId} is removed\n`);
    });
}

function importCommand() {
  return playersSubcommand(
    "import",
    "adds or replaces the players of a CSV file with the columns player_id, currency and balance, in any order " +
      "and among others; players that it does not name stay as they are; on a bad row nothing is changed",
  )
    .summary("adds or replaces the players of a CSV file")
    .argument("<file>", "the CSV file, separated by commas, semicolons or tabs, or - for standard input")
    .option("--dry-run", "only say what is wrong with the file, or what it would change")
    .addOption(
      new Option("--encoding <name>", "the encoding of the file")
        .choices(ENCODINGS)
        .default("utf-8" as const),
    )
    .addOption(allowNegativeOption())
    .addHelpText("after", "\nExample:\n  klas-balance players import players.csv --dry-run")
    .action(async (csvFile, { config, dryRun = false, encoding, allowNegative = false }) => {
      giveWay();
      const { exponentOf, open } = await ownDatabase(await readConfig({ config }));
      const options = { exponentOf, encoding, allowsNegative: allowNegative, isRehearsal: dryRun };
      const comparison = await open(dryRun ? "rehearse" : "make", (table) =>
        importPlayers(table, csvFile, options),
      );
      print(`${[...importLines(comparison, { isRehearsal: dryRun })].join("\n")}\n`);
    });
}

/** Calls come first: a server on the same machine needs the processor more than a long import does. */
function giveWay(): void {
  try {
    if (getPriority() < PRIORITY_BELOW_NORMAL) setPriority(PRIORITY_BELOW_NORMAL);
  } catch {
    // A sandbox may forbid it; the import does not need it.
  }
}

function* importLines(
  { total, added, changed, unchanged, greatest }: Comparison,
  { isRehearsal }: { readonly isRehearsal: boolean },
): Iterable<string> {
  yield `${isRehearsal ? "would import" : "imported"} ${counted(total)}: ${added} new, ${changed} changed, ${unchanged} unchanged`;
  if (!isRehearsal || greatest.length === 0) return;
  yield "the greatest changes:";
  for (const change of greatest) yield `  ${change}`;
}

function counted(players: number): string {
  return players === 1 ? "1 player" : `${players} players`;
}

function allowNegativeOption() {
  return new Option("--allow-negative", "accept a negative balance");
}

function exportCommand() {
  return playersSubcommand("export", "writes every player as CSV, in the form that import reads")
    .argument(
      "[file]",
      "written in one step, readable by you alone; standard output if there is none, or for -",
    )
    .addHelpText("after", "\nExample:\n  klas-balance players export players.csv")
    .action(async (csvFile, { config }) => {
      const { exponentOf, open } = await ownDatabase(await readConfig({ config }));
      await open("read", async (players) => {
        const lines = csvLines(players, exponentOf);
        if (csvFile === undefined || csvFile === "-") return await printLines(lines);
        const count = await writeLines(csvFile, lines);
        // The header is none.
        print(`wrote ${counted(count - 1)} to ${csvFile}\n`);
      });
    });
}

function unknownPlayer(playerId: string): string {
  return `there is no player ${JSON.stringify(playerId)}`;
}
