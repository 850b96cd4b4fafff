import { expect, test } from "bun:test";
import { replyBody } from "../../src/protocol/reply.ts";

test("the bytes of spec 1.3 and 1.5: this order of keys, no white space", () => {
  expect(replyBody("OK", "30")).toBe('{"balance":"30","status_code":"OK"}');
  expect(replyBody("OK", "30", "EUR")).toBe('{"currency":"EUR","balance":"30","status_code":"OK"}');
  expect(replyBody("ERR_UNKNOWN")).toBe('{"status_code":"ERR_UNKNOWN"}');
});
