import { expect, test } from "bun:test";
import { beginTrace, continueTrace } from "../../src/protocol/trace.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";

test.each([
  ["sampled", `00-${TRACE}-${PARENT}-01`, "01"],
  ["not sampled", `00-${TRACE}-${PARENT}-00`, "00"],
  ["flags that version 00 does not know", `00-${TRACE}-${PARENT}-ff`, "ff"],
  ["a later version", `cc-${TRACE}-${PARENT}-01`, "01"],
  ["a later version with more behind it", `cc-${TRACE}-${PARENT}-01-what-the-future-holds`, "01"],
])("is passed on: %s", (_what, header, flags) => {
  expect(continueTrace(header, null)).toEqual({
    traceId: TRACE,
    traceparent: `00-${TRACE}-${PARENT}-${flags}`,
  });
});

// The cases of the W3C's own test suite for version 00 and for what no version allows.
test.each([
  ["empty", ""],
  ["version 00 with more behind it", `00-${TRACE}-${PARENT}-01-more`],
  ["version 00 with rubbish behind it", `00-${TRACE}-${PARENT}-01.`],
  ["a later version with rubbish behind it", `cc-${TRACE}-${PARENT}-01.more`],
  ["version ff", `ff-${TRACE}-${PARENT}-01`],
  ["all zeros for the trace", `00-${"0".repeat(32)}-${PARENT}-01`],
  ["all zeros for the parent", `00-${TRACE}-${"0".repeat(16)}-01`],
  ["upper case", `00-${TRACE.toUpperCase()}-${PARENT}-01`],
  ["too short", `00-${TRACE.slice(1)}-${PARENT}-01`],
  ["too long", `00-${TRACE}a-${PARENT}-01`],
  ["no flags", `00-${TRACE}-${PARENT}`],
  ["twice", `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
  ["a newline", `00-${TRACE}-${PARENT}-01\n`],
])("is not passed on: %s", (_what, header) => {
  expect(continueTrace(header, "congo=1")).toBeUndefined();
});

test("begins out of random digits, and is passed on as it began", () => {
  const trace = beginTrace(`${TRACE}${PARENT}`);
  expect(trace).toEqual({ traceId: TRACE, traceparent: `00-${TRACE}-${PARENT}-00` });
  expect(continueTrace(trace.traceparent, null)).toEqual(trace);
});

test.each<[string, string | null, string | undefined]>([
  ["one system's", "congo=t61rcWkgMzE", "congo=t61rcWkgMzE"],
  ["two headers, joined", "rojo=1,\tcongo=2, ", "rojo=1,\tcongo=2, "],
  ["none", null, undefined],
  ["nothing in it", " , ", undefined],
  ["what is no ASCII", "congo=\u00e9", undefined],
  ["longer than any", `congo=${"x".repeat(2048)}`, undefined],
])("tracestate goes with it: %s", (_what, state, passedOn) => {
  expect(continueTrace(`00-${TRACE}-${PARENT}-01`, state)?.tracestate).toBe(passedOn);
});
