import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
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
  expect(await ask(source, "12001")).toEqual({ balanceMinor: 1n, exponent: 2, currency: "EUR" });
  renameSync(subject().path("restored.db"), subject().path("balances.db"));
  await eventually(() => logged(subject(), "open again") > 0);
  expect(await ask(source, "12001")).toEqual({ balanceMinor: 2n, exponent: 2, currency: "EUR" });
  using writer = new Database(subject().path("balances.db"), { readwrite: true });
  writer.run("UPDATE players SET balance_minor = 3");
  expect(await ask(source, "12001")).toEqual({ balanceMinor: 3n, exponent: 2, currency: "EUR" });
});

/** As a flood of calls does: no timer runs meanwhile. */
function holdEventLoop(): void {
  Bun.sleepSync(50);
}

test("a replaced file is noticed by the read itself, which waits for the new one", async () => {
  await make("balances.db", 1n);
  await make("restored.db", 2n);
  const source = await subject().open({ file: "balances.db" });
  renameSync(subject().path("restored.db"), subject().path("balances.db"));
  holdEventLoop();
  expect(await ask(source, "12001")).toEqual({ balanceMinor: 2n, exponent: 2, currency: "EUR" });
});

test("a deleted file is noticed by the read itself", async () => {
  await make("balances.db", 1n);
  const source = await subject().open({ file: "balances.db" });
  renameSync(subject().path("balances.db"), subject().path("aside.db"));
  holdEventLoop();
  expect(await failure(() => ask(source, "12001"))).toContain("is gone or out of reach: put it back");
});

/** Another process: within one, SQLite's connections share what they have open. Holds the file open until disposed. */
async function otherProgram(balanceMinor: bigint): Promise<AsyncDisposable> {
  const program = `
    const database = new (require("bun:sqlite").Database)(process.argv[1], { readwrite: true });
    database.run("UPDATE players SET balance_minor = ${balanceMinor}");
    console.log("committed");
    for await (const _line of console) break;
    database.close(true);
  `;
  const command = [process.execPath, "-e", program, subject().path("balances.db")];
  const child = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  const { value } = await child.stdout.getReader().read();
  expect(value?.length).toBeGreaterThan(0);
  return {
    async [Symbol.asyncDispose]() {
      await child.stdin.write("\n");
      await child.stdin.end();
      await child.exited;
    },
  };
}

test.each([[["balances.db-wal", "balances.db-shm"]], [["balances.db-shm"]], [["balances.db-wal"]]])(
  "another program's commits are seen after somebody has removed %j from beside the open file",
  async (names) => {
    await make("balances.db", 1n);
    const source = await subject().open({ file: "balances.db" });
    for (const name of names) rmSync(subject().path(name));
    {
      await using _program = await otherProgram(5n);
      holdEventLoop();
      expect(await ask(source, "12001")).toEqual({ balanceMinor: 5n, exponent: 2, currency: "EUR" });
    }
    {
      await using _program = await otherProgram(6n);
      expect(await ask(source, "12001")).toEqual({ balanceMinor: 6n, exponent: 2, currency: "EUR" });
    }
    expect(logged(subject(), "never remove them while it is in use")).toBe(1);
    await source.close?.();
    expect(subject().files()).toEqual(["balances.db"]);
    expect(isSound("balances.db")).toBeTrue();
  },
);

test("what is committed by another log than the open one is not lost with it", async () => {
  await make("balances.db", 1n);
  const source = await subject().open({ file: "balances.db" });
  write(2n);
  for (const suffix of ["-wal", "-shm"]) rmSync(subject().path(`balances.db${suffix}`));
  {
    await using _program = await otherProgram(7n);
    holdEventLoop();
    expect(await ask(source, "12001")).toEqual({ balanceMinor: 7n, exponent: 2, currency: "EUR" });
  }
  await source.close?.();
  const again = await subject().open({ file: "balances.db" });
  expect(await ask(again, "12001")).toEqual({ balanceMinor: 7n, exponent: 2, currency: "EUR" });
  expect(isSound("balances.db")).toBeTrue();
});

test("a deleted file answers nothing until it is back, and each is logged once", async () => {
  await make("balances.db", 1n);
  const source = await subject().open({ file: "balances.db" });
  renameSync(subject().path("balances.db"), subject().path("aside.db"));
  await eventually(() => logged(subject(), "is gone") > 0);
  expect(await failure(() => ask(source, "12001"))).toContain("is gone or out of reach: put it back");
  expect(await failure(() => source.check?.(AbortSignal.timeout(1000)))).toContain("is gone");
  await Bun.sleep(1500);
  expect(subject().files()).not.toContain("balances.db");
  renameSync(subject().path("aside.db"), subject().path("balances.db"));
  await eventually(() => logged(subject(), "open again") > 0);
  expect(await ask(source, "12001")).toEqual({ balanceMinor: 1n, exponent: 2, currency: "EUR" });
  expect(logged(subject(), "is gone")).toBe(1);
  expect(logged(subject(), "open again")).toBe(1);
  rmSync(subject().path("balances.db"));
  await eventually(() => logged(subject(), "is gone") === 2);
});

test("a file out of reach answers nothing until it is back, whatever is in its way", async () => {
  mkdirSync(subject().path("data"));
  await make("data/balances.db", 1n);
  const source = await subject().open({ file: "data/balances.db" });
  renameSync(subject().path("data"), subject().path("aside"));
  const obstacles = [
    () => writeFileSync(subject().path("data"), "a file where the folder was"),
    () => symlinkSync("data", subject().path("data")),
  ];
  for (const [index, put] of obstacles.entries()) {
    put();
    await eventually(() => logged(subject(), "out of reach") === index + 1);
    expect(await failure(() => ask(source, "12001"))).toContain("out of reach");
    rmSync(subject().path("data"));
    renameSync(subject().path("aside"), subject().path("data"));
    await eventually(() => logged(subject(), "open again") === index + 1);
    expect(await ask(source, "12001")).toEqual({ balanceMinor: 1n, exponent: 2, currency: "EUR" });
    renameSync(subject().path("data"), subject().path("aside"));
  }
});

test("a file cut short answers nothing, and is not made again", async () => {
  await make("balances.db", 1n);
  const source = await subject().open({ file: "balances.db" });
  copyFileSync(subject().path("balances.db"), subject().path("backup.db"));
  truncateSync(subject().path("balances.db"), 0);
  await eventually(() => logged(subject(), "holds no players table") > 0);
  expect(await failure(() => ask(source, "12001"))).toContain("holds no players table");
  copyFileSync(subject().path("backup.db"), subject().path("balances.db"));
  await eventually(() => logged(subject(), "open again") > 0);
  expect(await ask(source, "12001")).toEqual({ balanceMinor: 1n, exponent: 2, currency: "EUR" });
});

/** A database whose content has several hundred pages: another number than that of the file it replaces. */
async function makeLarge(name: string, balanceMinor: bigint): Promise<void> {
  await make(name, balanceMinor);
  using database = new Database(subject().path(name), { readwrite: true });
  database.run(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) " +
      "INSERT INTO players (player_id, currency, balance_minor) SELECT 'p' || i, 'EUR', ? FROM n",
    [balanceMinor],
  );
}

function isSound(name: string): boolean {
  using database = new Database(subject().path(name), { readwrite: true });
  const row = database.prepare<{ integrity_check: string }, []>("PRAGMA integrity_check").get();
  return row?.integrity_check === "ok";
}

describe("the old file's log is not taken for the new one's", () => {
  test.each([
    ["small", make, 0],
    ["large", makeLarge, 0],
    ["small", make, 1500],
    ["large", makeLarge, 1500],
  ])("when a %s one comes, written to before (%#)", async (_size, makeNew, pauseMs) => {
    await make("balances.db", 1n);
    await makeNew("restored.db", 2n);
    const source = await subject().open({ file: "balances.db" });
    using writer = new Database(subject().path("balances.db"), { readwrite: true });
    writer.run("UPDATE players SET balance_minor = 99");
    linkSync(subject().path("balances.db"), subject().path("aside.db"));
    await Bun.sleep(pauseMs);
    renameSync(subject().path("restored.db"), subject().path("balances.db"));
    await eventually(() => logged(subject(), "open again") > 0);
    expect(await ask(source, "12001")).toEqual({ balanceMinor: 2n, exponent: 2, currency: "EUR" });
    writer.close(true);
    await source.close?.();
    expect(subject().files()).toEqual(["aside.db", "balances.db"]);
    expect(isSound("balances.db")).toBeTrue();
    // What was written before the exchange is in the file that it was written to.
    using aside = new Database(subject().path("aside.db"), { readonly: true });
    expect(aside.prepare("SELECT balance_minor FROM players").values()).toEqual([[99]]);
  });

  test("when the source is closed before it has noticed", async () => {
    await make("balances.db", 1n);
    await makeLarge("restored.db", 2n);
    const source = await subject().open({ file: "balances.db" });
    using writer = new Database(subject().path("balances.db"), { readwrite: true });
    writer.run("UPDATE players SET balance_minor = 99");
    renameSync(subject().path("restored.db"), subject().path("balances.db"));
    await source.close?.();
    const again = await subject().open({ file: "balances.db" });
    expect(await ask(again, "12001")).toEqual({ balanceMinor: 2n, exponent: 2, currency: "EUR" });
    expect(await ask(again, "p20000")).toEqual({ balanceMinor: 2n, exponent: 2, currency: "EUR" });
    expect(isSound("balances.db")).toBeTrue();
  });

  test("by several sources that notice one after the other", async () => {
    await make("balances.db", 1n);
    await makeLarge("restored.db", 2n);
    const sources = [
      await subject().open({ file: "balances.db" }),
      await subject().open({ file: "balances.db" }),
    ];
    write(99n);
    renameSync(subject().path("restored.db"), subject().path("balances.db"));
    // It looks at the file, notices, and is the first to open the new one.
    await sources[1]?.check?.(AbortSignal.timeout(1000));
    expect(logged(subject(), "open again")).toBe(1);
    write(3n);
    await eventually(() => logged(subject(), "open again") > 1);
    for (const source of sources) {
      expect(await ask(source, "12001")).toEqual({ balanceMinor: 3n, exponent: 2, currency: "EUR" });
      expect(await ask(source, "p20000")).toEqual({ balanceMinor: 3n, exponent: 2, currency: "EUR" });
    }
    expect(isSound("balances.db")).toBeTrue();
  });

  test("if nothing may empty it: lookups fail until it is removed", async () => {
    await make("balances.db", 1n);
    await make("restored.db", 2n);
    const source = await subject().open({ file: "balances.db" });
    using writer = new Database(subject().path("balances.db"), { readwrite: true });
    // One that reads on keeps what it reads in the log.
    using reader = new Database(subject().path("balances.db"), { readonly: true });
    reader.run("BEGIN");
    reader.prepare("SELECT * FROM players").get();
    writer.run("UPDATE players SET balance_minor = 99");
    renameSync(subject().path("restored.db"), subject().path("balances.db"));
    await eventually(() => logged(subject(), "belongs to the old file") > 0);
    expect(await failure(() => ask(source, "12001"))).toContain("remove");
    rmSync(subject().path("balances.db-wal"));
    rmSync(subject().path("balances.db-shm"));
    await eventually(() => logged(subject(), "open again") > 0);
    expect(await ask(source, "12001")).toEqual({ balanceMinor: 2n, exponent: 2, currency: "EUR" });
  });
});

function write(balanceMinor: bigint): void {
  using database = new Database(subject().path("balances.db"), { readwrite: true });
  database.run("UPDATE players SET balance_minor = ?", [balanceMinor]);
}

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
