import { expect, test } from "bun:test";
import { isErrorCode } from "../../plugins/shared/status-code.ts";
import { DEFAULT_STATUS_CODES, type Outcome, statusCodeOf } from "../../src/protocol/status.ts";

/** The table of spec 1.3. */
const TABLE: readonly (readonly [Outcome, string])[] = [
  [{ reason: "ok", balance: "30" }, "OK"],
  [{ reason: "bad_signature" }, "ERR_INTEGRITY_CHECK_FAILED"],
  [{ reason: "stale_timestamp" }, "ERR_INTEGRITY_CHECK_FAILED"],
  [{ reason: "invalid_body" }, "ERR_INVALID_BODY"],
  [{ reason: "player_not_found" }, "ERR_PLAYER_NOT_FOUND"],
  [{ reason: "refused", statusCode: "ERR_PLAYER_BLOCKED" }, "ERR_PLAYER_BLOCKED"],
  [{ reason: "source_timeout" }, "ERR_TIMEOUT"],
  [{ reason: "source_failed" }, "ERR_UNKNOWN"],
  [{ reason: "overloaded" }, "ERR_UNKNOWN"],
];

test.each(TABLE)("%p is answered with %s", (outcome, statusCode) => {
  expect(statusCodeOf(outcome, DEFAULT_STATUS_CODES)).toBe(statusCode);
});

test("an override counts for its reason alone", () => {
  const codes = { ...DEFAULT_STATUS_CODES, player_not_found: "ERR_INVALID_PLAYER_ID" };
  expect(statusCodeOf({ reason: "player_not_found" }, codes)).toBe("ERR_INVALID_PLAYER_ID");
  expect(statusCodeOf({ reason: "source_failed" }, codes)).toBe("ERR_UNKNOWN");
});

test.each(["ERR_UNKNOWN", "A1", "ERR_", "NOT_OK", `A${"B".repeat(63)}`])("%p may be a refusal", (code) => {
  expect(isErrorCode(code)).toBe(true);
});

test.each([
  "",
  "A",
  "OK",
  "err_unknown",
  "1ERR",
  "_ERR",
  "ERR UNKNOWN",
  'ERR","balance":"9',
  "ERR\n",
  "ERR-1",
  "\u0415RR",
  `A${"B".repeat(64)}`,
])("%p may not", (code) => {
  expect(isErrorCode(code)).toBe(false);
});
