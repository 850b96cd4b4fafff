import { describe, expect, test } from "bun:test";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import staticSource from "../../../plugins/static/index.ts";
import type { LogFields, Source } from "../../../src/plugin.ts";
import { validate } from "../../../src/config/validate.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { knownCurrencies } from "../../../src/protocol/currency.ts";

const directory = temporaryFolder();

async function open(table: Readonly<Record<string, unknown>>) {
  const lines: string[] = [];
  const note = (message: string, fields: LogFields = {}) =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  const result = await validate(staticSource.options, table);
  if (!result.valid) throw new Error(JSON.stringify(result.problems));
  const log = { debug: note, info: note, warn: note, error: note };
  const source: Source = await staticSource.open(result.value, {
    log,
    count() {},
    directory,
    exponentOf: knownCurrencies({}),
    timeoutMs: 1000,
    isRehearsal: false,
  });
  return { source, lines };
}

function ask(source: Source, playerId: string, signal = new AbortController().signal) {
  return source.lookup({ playerId, sessionId: "s", requestId: "r", timestamp: 0, traceparent: "" }, signal);
}

/** Whether it is so, soon: a fixture is looked at several times a second. */
async function soon(isSo: () => boolean): Promise<boolean> {
  for (let attempt = 0; attempt < 200 && !isSo(); attempt += 1) await Bun.sleep(25);
  return isSo();
}

describe("players in the configuration", () => {
  test("answers at once, for the table's own players alone", async () => {
    const { source } = await open({ players: { "12001": "30.00", constructor: "1" } });
    expect(ask(source, "12001")).toEqual({ balance: "30.00" });
    expect(ask(source, "constructor")).toEqual({ balance: "1" });
    for (const nobody of ["12002", "__proto__", "toString", "", "12001 "])
      expect(ask(source, nobody)).toBeNull();
  });

  test("a player may be called __proto__", async () => {
    const { source } = await open({ players: JSON.parse('{"__proto__":"5"}') });
    expect(ask(source, "__proto__")).toEqual({ balance: "5" });
  });
});

describe("players in a file", () => {
  test("an edit is picked up; a broken one, or none, keeps the last good one and is logged", async () => {
    const file = join(directory, "fixture.json");
    const edit = (text: string) => {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
    };
    edit('{"12001":"30"}');
    const { source, lines } = await open({ file: "fixture.json" });
    expect(ask(source, "12001")).toEqual({ balance: "30" });

    edit('{"12001":"31.5","12002":"1"}');
    expect(await soon(() => JSON.stringify(ask(source, "12001")) === '{"balance":"31.5"}')).toBe(true);
    expect(ask(source, "12002")).toEqual({ balance: "1" });

    const faults = ['{"12001":"424242"', '{"12001":424242}', '["424242"]', ""];
    for (const [index, text] of faults.entries()) {
      edit(text);
      expect(await soon(() => lines.filter((line) => line.includes("stays as it was")).length > index)).toBe(
        true,
      );
      expect(ask(source, "12001")).toEqual({ balance: "31.5" });
    }
    rmSync(file);
    expect(
      await soon(() => lines.filter((line) => line.includes("stays as it was")).length > faults.length),
    ).toBe(true);
    expect(ask(source, "12001")).toEqual({ balance: "31.5" });
    edit('{"12001":"32"}');
    expect(await soon(() => JSON.stringify(ask(source, "12001")) === '{"balance":"32"}')).toBe(true);
    expect(lines.join("\n")).not.toMatch(/424242|Error:/);
    await source.close?.();
  });

  test.each([
    ["missing", undefined],
    ["no JSON", "{"],
    ["a balance as a number", '{"12001":30}'],
    ["a list", '["30"]'],
    ["no amount", '{"12001":"30","12002":"3o"}'],
  ])("does not open: %s", async (what, text) => {
    const name = `broken-${what.replaceAll(" ", "-")}.json`;
    if (text !== undefined) writeFileSync(join(directory, name), text);
    const failure = await open({ file: name }).then(
      () => "",
      (error: unknown) => String(error),
    );
    expect(failure).toContain(name);
    expect(failure).not.toContain("\n");
  });
});

describe("a balance that is no amount is refused before anybody asks for it", () => {
  const nothing = [
    "",
    "abc",
    "NaN",
    "1,5",
    "1e3",
    "+1",
    " 1",
    "1.",
    ".5",
    "0x1",
    "1".repeat(39),
    `0.${"1".repeat(39)}`,
  ];

  test.each(nothing)("%j", async (balance) => {
    const failure = await open({ players: { "12001": balance } }).catch(String);
    expect(failure).toContain('"path":["players","12001"],"message":"expected a decimal as text');
  });

  test.each(["-2", "0", "30.00", "007", "9".repeat(38), `0.${"9".repeat(37)}`])(
    "%j is one",
    async (balance) => {
      const { source } = await open({ players: { "12001": balance } });
      expect(ask(source, "12001")).toEqual({ balance });
    },
  );

  test("a file's are all named, up to a number", async () => {
    const file = join(directory, "none.json");
    writeFileSync(file, '{"a":"1","b":"x","c":2,"d":"2","e.f":null}');
    expect(await open({ file: "none.json" }).catch(String)).toBe(
      `Error: ${file}: "b", "c", "e.f": expected a decimal as text, such as "30" or "30.50", of at most 38 digits`,
    );
    const many = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`p${index}`, "x"]));
    writeFileSync(file, JSON.stringify(many));
    expect(await open({ file: "none.json" }).catch(String)).toContain(
      '"p18", "p19" and 199980 more: expected',
    );
  });
});

describe("faults on demand", () => {
  const players = { "12001": "30" };

  test("every n-th lookup fails", async () => {
    const { source } = await open({ players, fail_every: 3 });
    const outcomes = Array.from({ length: 6 }, () => {
      try {
        return ask(source, "12001") === null ? "null" : "balance";
      } catch (error) {
        return String(error);
      }
    });
    expect(outcomes.map((outcome) => outcome.includes("on purpose"))).toEqual([
      false,
      false,
      true,
      false,
      false,
      true,
    ]);
  });

  test("every n-th lookup hangs until its signal", async () => {
    const { source } = await open({ players, hang_every: 2 });
    expect(ask(source, "12001")).toEqual({ balance: "30" });
    const controller = new AbortController();
    let ended = "not";
    const hung = Promise.resolve(ask(source, "12001", controller.signal)).catch(() => (ended = "rejected"));
    await Bun.sleep(30);
    expect(ended).toBe("not");
    controller.abort();
    await hung;
    expect(ended).toBe("rejected");
  });

  test("a delay is kept, and ends with the signal", async () => {
    const { source } = await open({ players, delay_ms: 30 });
    const startedMs = performance.now();
    expect(await ask(source, "12001")).toEqual({ balance: "30" });
    expect(performance.now() - startedMs).toBeGreaterThan(25);
    const { source: slow } = await open({ players, delay_ms: 600_000 });
    const ended = await Promise.resolve(ask(slow, "12001", AbortSignal.timeout(10))).catch(() => "ended");
    expect(ended).toBe("ended");
  });
});
