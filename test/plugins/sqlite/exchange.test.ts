import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { copyFileSync, renameSync, rmSync, truncateSync } from "node:fs";
import { ask, eventually, failure, type Subject, subjects } from "./subject.ts";

const subject = subjects();

/** A database of klas-balance's own with one player, closed. */
async function make(name: string, balanceMinor: bigint): Promise<void> {
  const source = await subject().open({ file: name });
  using database = new Database(subject().path(name), { readwrite: true });
  database.run("INSERT INTO players (player_id, currency, balance_minor) VALUES ('12001', 'EUR', ?)", [
    balanceMinor,
  ]);
  await source.close?.();
}

function logged({ messages }: Subject, text: string): number {
  return messages.filter((message) => message.includes(text)).length;
}

test("a replaced file is opened again, and its balances are answered", async () => {
  await make("balances.db", 1n);
  await make("restored.db", 2n);
  const source = await subject().open({ file: "balances.db" });
  expect(await ask(source, "12001")).toEqual({ balanceMinor: 1n, exponent: 2 });
  renameSync(subject().path("restored.db"), subject().path("balances.db"));
  await eventually(() => logged(subject(), "open again") > 0);
  expect(await ask(source, "12001")).toEqual({ balanceMinor: 2n, exponent: 2 });
  using writer = new Database(subject().path("balances.db"), { readwrite: true });
  writer.run("UPDATE players SET balance_minor = 3");
  expect(await ask(source, "12001")).toEqual({ balanceMinor: 3n, exponent: 2 });
});

test("a deleted file answers nothing until it is back, and each is logged once", async () => {
  await make("balances.db", 1n);
  const source = await subject().open({ file: "balances.db" });
  renameSync(subject().path("balances.db"), subject().path("aside.db"));
  await eventually(() => logged(subject(), "is gone") > 0);
  expect(await failure(() => ask(source, "12001"))).toContain("is gone: put it back");
  expect(await failure(() => source.check?.(AbortSignal.timeout(1000)))).toContain("is gone");
  await Bun.sleep(1500);
  expect(subject().files()).not.toContain("balances.db");
  renameSync(subject().path("aside.db"), subject().path("balances.db"));
  await eventually(() => logged(subject(), "open again") > 0);
  expect(await ask(source, "12001")).toEqual({ balanceMinor: 1n, exponent: 2 });
  expect(logged(subject(), "is gone")).toBe(1);
  expect(logged(subject(), "open again")).toBe(1);
  rmSync(subject().path("balances.db"));
  await eventually(() => logged(subject(), "is gone") === 2);
});

test("a file cut short answers nothing, and is not made anew", async () => {
  await make("balances.db", 1n);
  const source = await subject().open({ file: "balances.db" });
  copyFileSync(subject().path("balances.db"), subject().path("backup.db"));
  truncateSync(subject().path("balances.db"), 0);
  await eventually(() => logged(subject(), "holds no players table") > 0);
  expect(await failure(() => ask(source, "12001"))).toContain("holds no players table");
  copyFileSync(subject().path("backup.db"), subject().path("balances.db"));
  await eventually(() => logged(subject(), "open again") > 0);
  expect(await ask(source, "12001")).toEqual({ balanceMinor: 1n, exponent: 2 });
});

test("the old file's log is not taken for the new one's", async () => {
  await make("balances.db", 1n);
  await make("restored.db", 2n);
  const source = await subject().open({ file: "balances.db" });
  using writer = new Database(subject().path("balances.db"), { readwrite: true });
  writer.run("UPDATE players SET balance_minor = 99");
  // So that the log is known to be the old file's.
  await source.check?.(AbortSignal.timeout(1000));
  renameSync(subject().path("restored.db"), subject().path("balances.db"));
  await eventually(() => logged(subject(), "belongs to the old file") > 0);
  expect(await failure(() => ask(source, "12001"))).toContain("remove");
  rmSync(subject().path("balances.db-wal"));
  rmSync(subject().path("balances.db-shm"));
  await eventually(() => logged(subject(), "open again") > 0);
  expect(await ask(source, "12001")).toEqual({ balanceMinor: 2n, exponent: 2 });
});

test("the operator's own database is followed as well", async () => {
  const makeCore = (name: string, balance: number): void => {
    using database = new Database(subject().path(name));
    database.run("CREATE TABLE wallet (id TEXT, balance INTEGER)");
    database.run("INSERT INTO wallet VALUES ('12001', ?)", [balance]);
  };
  makeCore("core.db", 1);
  const query = "SELECT balance FROM wallet WHERE id = :player_id";
  const source = await subject().open({ file: "core.db", query });
  expect(await ask(source, "12001")).toEqual({ balance: "1" });
  rmSync(subject().path("core.db"));
  await eventually(() => logged(subject(), "is gone") > 0);
  expect(await failure(() => ask(source, "12001"))).toContain("is gone");
  makeCore("core.db", 2);
  await eventually(() => logged(subject(), "open again") > 0);
  expect(await ask(source, "12001")).toEqual({ balance: "2" });
});
