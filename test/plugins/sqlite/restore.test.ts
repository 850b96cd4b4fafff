import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { renameSync } from "node:fs";
import type { LookupResult, Source } from "../../../src/plugin.ts";
import { ask, eventually, question, subjects } from "./subject.ts";

const subject = subjects();

function yen(balanceMinor: bigint): LookupResult {
  return { balanceMinor, exponent: 0, currency: "JPY" };
}

async function makeServed(): Promise<Source> {
  const source = await subject().open({ file: "balances.db" });
  using database = new Database(subject().path("balances.db"), { readwrite: true });
  database.run("INSERT INTO players (player_id, currency, balance_minor) VALUES ('12001', 'JPY', 1)");
  return source;
}

/** The ways of a backup that the manual names. None of them gives the copy the journal mode of the original. */
const COPIES: readonly (readonly [way: string, copy: (database: Database, file: string) => void])[] = [
  ["VACUUM INTO", (database, file) => database.run("VACUUM INTO ?", [file])],
  [
    "its SQL, as by .dump and .recover",
    (database, file) => {
      using copy = new Database(file);
      const schema = database.prepare<{ sql: string }, []>(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL",
      );
      for (const { sql } of schema.all()) if (!sql.includes("sqlite_sequence")) copy.run(sql);
      copy.run("ATTACH ? AS original", [subject().path("balances.db")]);
      for (const table of ["players", "klas_balance_migrations"]) {
        copy.run(`INSERT INTO main.${table} SELECT * FROM original.${table}`);
      }
    },
  ],
];

function copyServed(copy: (database: Database, file: string) => void): void {
  using database = new Database(subject().path("balances.db"), { readwrite: true });
  copy(database, subject().path("restored.db"));
  using restored = new Database(subject().path("restored.db"), { readwrite: true });
  expect(restored.prepare("PRAGMA journal_mode").values()).toEqual([["delete"]]);
  restored.run("UPDATE players SET balance_minor = 2");
}

/** A lookup that waits for a lock would be a promise here. */
function expectNoWaiting(source: Source): void {
  using writer = new Database(subject().path("balances.db"), { readwrite: true });
  const before = source.lookup(question("12001"), AbortSignal.timeout(1000));
  writer.run("BEGIN EXCLUSIVE");
  writer.run("UPDATE players SET balance_minor = 3");
  expect(source.lookup(question("12001"), AbortSignal.timeout(1000))).toEqual(before);
  writer.run("COMMIT");
  expect(source.lookup(question("12001"), AbortSignal.timeout(1000))).toEqual(yen(3n));
}

test.each(COPIES)(
  "a database restored from %s is in WAL mode again, while it is served",
  async (_way, copy) => {
    const source = await makeServed();
    copyServed(copy);
    renameSync(subject().path("restored.db"), subject().path("balances.db"));
    Bun.sleepSync(50);
    expect(await ask(source, "12001")).toEqual(yen(2n));
    expectNoWaiting(source);
  },
);

test.each(COPIES)(
  "a database restored from %s is in WAL mode again, when it is next served",
  async (_way, copy) => {
    const first = await makeServed();
    copyServed(copy);
    await first.close?.();
    renameSync(subject().path("restored.db"), subject().path("balances.db"));
    const source = await subject().open({ file: "balances.db" });
    expect(await ask(source, "12001")).toEqual(yen(2n));
    expectNoWaiting(source);
  },
);

test("that a restored database cannot be put into WAL mode is said, and done as soon as it can be", async () => {
  const source = await makeServed();
  copyServed((database, file) => database.run("VACUUM INTO ?", [file]));
  using other = new Database(subject().path("restored.db"), { readonly: true });
  other.run("BEGIN");
  other.prepare("SELECT * FROM players").all();
  renameSync(subject().path("restored.db"), subject().path("balances.db"));
  const said = (text: string) => subject().messages.some((message) => message.includes(text));
  await eventually(() => said("is not in WAL mode and cannot be put into it now"));
  expect(await ask(source, "12001")).toEqual(yen(2n));
  other.run("COMMIT");
  await eventually(() => said("is in WAL mode now"));
  expectNoWaiting(source);
});
