import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { requestWriter } from "../../../../plugins/shared/http/request-bytes.ts";

const origin = new URL("http://core.example:8080");
const write = requestWriter({ origin, isKeepAlive: true });

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

describe("a request", () => {
  test("by GET has no length, and its lines end as HTTP wants it", () => {
    expect(text(write({ method: "GET", path: "/a?b=%20", headers: { "x-name": "Zo\u00eb" } }))).toBe(
      "GET /a?b=%20 HTTP/1.1\r\nhost: core.example:8080\r\nx-name: Zo\u00eb\r\nconnection: keep-alive\r\n\r\n",
    );
  });

  test.each<[string | Uint8Array | undefined, string]>([
    [undefined, "content-length: 0\r\n\r\n"],
    ["", "content-length: 0\r\n\r\n"],
    ["\u6f22", "content-length: 3\r\n\r\n\u00e6\u00bc\u00a2"],
    [new Uint8Array([0, 255]), "content-length: 2\r\n\r\n\u0000\u00ff"],
  ])("by POST has the length of what is sent: %p", (body, end) => {
    const request = { method: "POST", path: "/", headers: {} } as const;
    expect(text(write(body === undefined ? request : { ...request, body }))).toEndWith(end);
  });

  test("leaves out a port that is the scheme's own, and takes another host if it is told one", () => {
    const request = { method: "GET", path: "/", headers: {} } as const;
    const hostOf = (url: string, headers = {}) =>
      /^host: (.*)\r$/m.exec(
        text(requestWriter({ origin: new URL(url), isKeepAlive: false })({ ...request, headers })),
      )?.[1];
    expect(hostOf("https://core.example:443")).toBe("core.example");
    expect(hostOf("http://[::1]:80")).toBe("[::1]");
    expect(hostOf("http://[::1]:81")).toBe("[::1]:81");
    expect(hostOf("http://core.example", { host: "tenant.example" })).toBe("tenant.example");
  });

  test("to a proxy names the whole address, and the credentials are the proxy's", () => {
    const proxy = new URL("http://us%40er:p%3Ass@proxy.example:3128");
    const request = requestWriter({ origin, isKeepAlive: false, proxy })({
      method: "GET",
      path: "/a",
      headers: {},
    });
    const credentials = Buffer.from("us@er:p:ss").toString("base64");
    expect(text(request)).toBe(
      `GET http://core.example:8080/a HTTP/1.1\r\nhost: core.example:8080\r\nproxy-authorization: Basic ${credentials}\r\nconnection: close\r\n\r\n`,
    );
  });

  test("holds one line per header, whatever is in them, or is not written at all", () => {
    const hostile = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "a\r\nb: c",
        "a\nb",
        "a\rb",
        "a\u0000b",
        "\r\n\r\nGET / HTTP/1.1",
        "\u010d\u010a",
        "\u6f22",
      ),
    );
    const sound = /^[\t\x20-\x7e\x80-\xff]*$/;
    fc.assert(
      fc.property(hostile, hostile, hostile, (path, name, value) => {
        const request = { method: "GET", path: `/${path}`, headers: { [`x${name}`]: value } } as const;
        const isSound = /^[!-~]*$/.test(path) && /^[\w!#$%&'*+.^`|~-]*$/.test(name) && sound.test(value);
        if (!isSound) {
          expect(() => write(request)).toThrow("cannot carry");
          return;
        }
        expect(text(write(request)).split("\r\n")).toEqual([
          `GET /${path} HTTP/1.1`,
          "host: core.example:8080",
          `x${name}: ${value}`,
          "connection: keep-alive",
          "",
          "",
        ]);
      }),
      { numRuns: 2000 },
    );
  });
});
