import { expect, test } from "bun:test";
import { replyBody } from "../../src/protocol/reply.ts";

test("the bytes of spec 1.3: this order of keys, no white space", () => {
  expect(replyBody("OK", "30")).toBe('{"balance":"30","status_code":"OK"}');
  expect(replyBody("ERR_UNKNOWN")).toBe('{"status_code":"ERR_UNKNOWN"}');
});
