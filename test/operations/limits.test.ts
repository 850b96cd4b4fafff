import { describe, expect, test } from "bun:test";
import { open, signatureOf } from "../raw-http.ts";
import { OK, operate, SECRET } from "./operated.ts";

const INVALID = '{"status_code":"ERR_INVALID_BODY"}';
const HEAD = "POST /balance HTTP/1.1\r\nHost: localhost\r\n";

describe.concurrent("limits", () => {
  test.each([
    ["nothing more comes", `${HEAD}Content-Length: 100\r\n\r\n{`, ""],
    ["a byte comes now and then", `${HEAD}Content-Length: 100\r\n\r\n{`, " "],
    ["a chunk comes now and then", `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`, "1\r\n \r\n"],
  ])(
    "a body that is not complete after 10 s is answered, signed, and its connection ends: %s",
    async (_what, start, drip) => {
      await using server = await operate();
      const connection = await open(server.process.port);
      connection.send(start);
      const dripping = setInterval(() => connection.send(drip), 500);
      const reply = await connection.next();
      clearInterval(dripping);
      expect(reply?.status).toBe(200);
      expect(reply?.body.toString()).toBe(INVALID);
      expect(reply?.headers.get("x-signature")).toBe(signatureOf(SECRET, INVALID));
      expect(reply?.headers.get("connection")).toBe("close");
      expect(await connection.next()).toBeUndefined();
      const line = await server.line(({ msg }) => msg === "balance");
      expect(line).toMatchObject({
        reason: "invalid_body",
        detail: "the body was not complete after 10000 ms",
      });
      expect(line["duration_ms"]).toBeGreaterThanOrEqual(10_000);
      expect(await server.balance()).toBe(OK);
      expect(server.process.log()).not.toContain("a bug");
    },
    30_000,
  );
});
