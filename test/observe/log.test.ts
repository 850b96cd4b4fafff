import { expect, test } from "bun:test";
import { openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type LogFormat, type LogLevel, openLog } from "../../src/observe/log.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const folder = temporaryFolder();
let files = 0;

function open(level: LogLevel, format: LogFormat = "json") {
  files += 1;
  const path = join(folder, String(files));
  const log = openLog({ level, format }, { fileDescriptor: openSync(path, "w") });
  return {
    log,
    lines: async () => {
      await log.flush();
      const text = readFileSync(path, "utf8");
      return text.split("\n").filter((line) => line !== "");
    },
  };
}

test.each([
  ["debug", ["debug", "info", "warn", "error"]],
  ["info", ["info", "warn", "error"]],
  ["warn", ["warn", "error"]],
  ["error", ["error"]],
] as const)("at %s, %p are written", async (level, expected) => {
  const { log, lines } = open(level);
  for (const each of ["debug", "info", "warn", "error"] as const) {
    log[each](each);
    expect(log.has(each)).toBe(expected.some((name) => name === each));
  }
  const written = (await lines()).map((line): unknown => JSON.parse(line));
  expect(written).toEqual(expected.map((name) => expect.objectContaining({ level: name, msg: name })));
});

test("what is always said is said at any level", async () => {
  const { log, lines } = open("error");
  log.always("listening", { url: "http://x" });
  expect(JSON.parse((await lines())[0] ?? "")).toMatchObject({
    level: "info",
    msg: "listening",
    url: "http://x",
  });
});

test("a line of JSON begins with time, level and msg", async () => {
  const { log, lines } = open("info");
  log.warn('the "message"\nof two lines', { count: 1, yes: true, text: "a\u2028b" });
  const [line = "", ...others] = await lines();
  expect(others).toEqual([]);
  expect(line).toMatch(
    /^\{"time":"[^"]+","level":"warn","msg":"the \\"message\\"\\nof two lines","count":1,"yes":true,/,
  );
});

test("for people: one line too, whatever the text", async () => {
  const { log, lines } = open("info", "pretty");
  log.info("listening", { url: "http://x/balance", text: 'a "b"\nc', count: 2 });
  const written = await lines();
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} info {2}listening url=http:\/\/x\/balance text="a \\"b\\"\\nc" count=2$/,
  );
});

test("a message of two lines cannot forge a line for people", async () => {
  const { log, lines } = open("info", "pretty");
  log.error("first\n12:00:00.000 info  forged\u001b[2J", { player_id: "\u009b2J" });
  const written = await lines();
  expect(written).toHaveLength(1);
  expect(written[0]).toContain("forged\\u001b[2J");
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(written[0]).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
});

test("level and format change while it runs", async () => {
  const { log, lines } = open("error");
  log.info("not yet");
  log.configure({ level: "debug", format: "pretty" });
  log.debug("now");
  const written = await lines();
  expect(written).toHaveLength(1);
  expect(written[0]).toContain("debug now");
});

test("a field stands in for none of the line's own, and a line has an end", async () => {
  const { log, lines } = open("info");
  const hostile = { time: "never", level: "error", msg: "balance", reason: "ok" };
  log.info("x".repeat(3_000_000), { ...hostile, text: "y".repeat(3_000_000) });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a plugin in JavaScript may pass
  log.info("plain", { balance: 3000n } as unknown as Record<string, number>);
  const [long = "", plain = ""] = await lines();
  expect(long.length).toBeLessThan(10_000);
  expect(JSON.parse(long)).toMatchObject({ level: "info", reason: "ok" });
  expect(JSON.parse(long).msg).toStartWith("xxx");
  expect(JSON.parse(plain)).toMatchObject({ msg: "plain", balance: "3000" });
});
