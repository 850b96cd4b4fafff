import { expect, test } from "bun:test";
import { openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LogFormat, LogLevel, RequestRecord } from "../../src/observe/line.ts";
import { openLog } from "../../src/observe/log.ts";
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

const RECORD: RequestRecord = {
  endpoint: "balance",
  request_id: "r-1",
  player_id: "12001",
  status_code: "OK",
  reason: "ok",
  duration_ms: 0.412,
  source: "players",
  remote: "203.0.113.7",
  trace_id: "0af7651916cd43dd8448eb211c80319c",
  detail: undefined,
};

test("a call as JSON has its fields in one order, and reads back as what it was", async () => {
  const { log, lines } = open("info");
  log.request("info", RECORD);
  const hostile = { ...RECORD, request_id: 'a"\\b\u0085\u202ec', player_id: undefined, detail: "x\ny" };
  log.request("error", { ...hostile, body_bytes: 3, body_sha256: "ab", unreadable_hop: "?" });
  const [first = "", second = ""] = await lines();
  expect(first.replace(/"time":"[^"]+"/, '"time":""')).toBe(
    `{"time":"","level":"info","msg":"balance","endpoint":"balance","request_id":"r-1","player_id":"12001","status_code":"OK","reason":"ok","duration_ms":0.412,"source":"players","remote":"203.0.113.7","trace_id":"0af7651916cd43dd8448eb211c80319c"}`,
  );
  const { player_id: _, ...expected } = { ...hostile, body_bytes: 3, body_sha256: "ab", unreadable_hop: "?" };
  expect(JSON.parse(second)).toEqual({
    time: expect.any(String),
    level: "error",
    msg: "balance",
    ...expected,
  });
});

test("for people a call is what differs from call to call, and why it failed", async () => {
  const { log, lines } = open("info", "pretty");
  log.request("info", RECORD);
  const failed = {
    ...RECORD,
    status_code: "ERR_UNKNOWN",
    reason: "source_failed",
    detail: "core: refused",
  } as const;
  log.request("error", { ...failed, player_id: "two words", remote: "" });
  log.request("warn", {
    ...failed,
    reason: "bad_signature",
    detail: "wrong",
    body_bytes: 3,
    body_sha256: "ab",
  });
  const written = await lines();
  expect(written.map((line) => line.slice(13))).toEqual([
    "info  OK balance 12001 0.412 ms 203.0.113.7 r-1",
    'error ERR_UNKNOWN balance "two words" 0.412 ms - r-1 source_failed: core: refused',
    "warn  ERR_UNKNOWN balance 12001 0.412 ms 203.0.113.7 r-1 bad_signature: wrong body_bytes=3 body_sha256=ab",
  ]);
});

test.each(["json", "pretty"] as const)(
  "what steers a terminal or turns text around is escaped, in a caller's id and elsewhere: %s",
  async (format) => {
    const { log, lines } = open("info", format);
    const steering = "\u0085\u009b2J\u202e\u2066\u200f\u061c\u2028";
    log.request("info", { ...RECORD, request_id: steering, player_id: steering, detail: steering });
    log.warn(steering, { text: steering });
    const written = await lines();
    expect(written).toHaveLength(2);
    for (const line of written) {
      expect(line).toMatch(/^[ -~]*$/);
      expect(line).toContain("\\u202e");
    }
  },
);
