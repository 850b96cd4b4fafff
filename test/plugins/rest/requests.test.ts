import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import * as fc from "fast-check";
import * as v from "valibot";
import { optionsSchema } from "../../../plugins/rest/options.ts";
import { requestBuilder } from "../../../plugins/rest/request.ts";
import { withCurrency } from "../../../src/answer/authenticate.ts";
import type { LookupResult } from "../../../src/plugin.ts";
import { knownCurrencies } from "../../../src/protocol/currency.ts";
import { guard } from "../../../src/source/guard.ts";
import { answering, startCore } from "./core.ts";
import { failure, openSource, QUERY, type Input } from "./source.ts";

const URL_TEMPLATE = "http://core.example/players/{player_id}/balance?session={session_id}";

function build(input: Partial<Input>) {
  return requestBuilder(v.parse(optionsSchema, { url: URL_TEMPLATE, balance: "/balance", ...input }));
}

/** Ids as the host lets them through: 1 to 256 characters, well-formed, no control characters. */
const id = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  // oxlint-disable-next-line no-control-regex -- control characters are what is left out
  .filter((text) => text.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(text));
const hostileId = fc.oneof(
  id,
  fc.constantFrom(
    "../",
    "a/../../b",
    "%2e%2e",
    "%2F",
    "?x=1",
    "#",
    "&session=2",
    '"',
    "\\",
    "constructor",
    "{player_id}",
  ),
);

describe("templates", () => {
  const request = build({
    method: "POST",
    body: { ids: ["{player_id}", "s-{session_id}"], "{literal}": 1, on: true },
  });

  test("an id arrives as it was, in path, query and body, and changes nothing else", () => {
    fc.assert(
      fc.property(hostileId, hostileId, (playerId, sessionId) => {
        // Some a path cannot carry: see "what a carrier cannot carry".
        fc.pre(!/^(?:\.{0,2}[/\\].*|\.{1,2})$|[/\\]\.{0,2}(?:[/\\]|$)/.test(playerId));
        const { path, body = "" } = request({ ...QUERY, playerId, sessionId });
        const parsed = new URL(`http://core.example${path}`);
        expect(parsed.pathname.split("/").map(decodeURIComponent)).toEqual([
          "",
          "players",
          playerId,
          "balance",
        ]);
        expect(new URLSearchParams(parsed.search.replaceAll("+", "%2B")).getAll("session")).toEqual([
          sessionId,
        ]);
        expect(parsed.hash).toBe("");
        expect(JSON.parse(body)).toEqual({ ids: [playerId, `s-${sessionId}`], "{literal}": 1, on: true });
      }),
    );
  });

  test.each([".", ".."])("an id that a URL parser would swallow is refused: %s", (playerId) => {
    expect(() => request({ ...QUERY, playerId })).toThrow("the path of the address cannot carry this id");
    expect(request({ ...QUERY, sessionId: playerId }).path).toEndWith(`?session=${playerId}`);
  });

  test("doubled braces are literal ones", () => {
    const { headers } = build({ headers: { "X-Shape": "{{{player_id}}}" } })(QUERY);
    expect(headers["x-shape"]).toBe("{12001}");
  });

  test.each(["漢", "a\r\nX-Evil: 1", "\u0000", "\u0085"])(
    "a header refuses an id that it cannot carry: %p",
    (playerId) => {
      const withHeader = build({ headers: { "X-Player": "p-{player_id}" } });
      expect(withHeader({ ...QUERY, playerId: "Zoë" }).headers["x-player"]).toBe("p-Zoë");
      expect(() => withHeader({ ...QUERY, playerId })).toThrow("header x-player cannot carry this id");
    },
  );

  test.each([
    ["a 1", "a 1"],
    ["é 1", "%C3%A9%201"],
    [" 1", "%201"],
  ])("a request id never fails the lookup: %p goes out as %p", (requestId, header) => {
    expect(build({})({ ...QUERY, requestId }).headers["x-request-id"]).toBe(header);
  });
});

test("tracestate goes where traceparent goes, if there is one", () => {
  expect(build({})({ ...QUERY, tracestate: "congo=1" }).headers).toMatchObject({
    traceparent: QUERY.traceparent,
    tracestate: "congo=1",
  });
  expect(build({})(QUERY).headers).not.toHaveProperty("tracestate");
});

async function sent(options: Partial<Input>): Promise<string> {
  await using core = await answering(200, '{"balance":1}');
  const source = await openSource({ url: `${core.url}/b/{player_id}`, balance: "/balance", ...options });
  expect(await source.lookup()).toEqual({ balance: "1" });
  return core.requests.join("\n");
}

function hmac(body: string): string {
  return createHmac("sha256", "s3cret").update(body).digest("hex");
}

describe("on the wire", () => {
  test("a GET carries request id, trace and what is asked for, and nothing of the caller's signature or body", async () => {
    const request = await sent({ headers: { "X-Tenant": "t1", Accept: "application/vnd.core+json" } });
    expect(request).toStartWith("GET /b/12001 HTTP/1.1\r\n");
    expect(request).toContain(`x-request-id: ${QUERY.requestId}\r\n`);
    expect(request).toContain(`traceparent: ${QUERY.traceparent}\r\n`);
    expect(request.toLowerCase()).toContain("x-tenant: t1\r\n");
    expect(request.toLowerCase()).toContain("accept: application/vnd.core+json\r\n");
    expect(request).not.toContain("application/json");
    expect(request).not.toMatch(/signature/i);
    expect(request).toEndWith("\r\n\r\n");
  });

  test("a POST carries the body as JSON", async () => {
    const request = await sent({
      method: "POST",
      body: { player: "{player_id}", deep: { list: ["{request_id}", 2] } },
    });
    expect(request.toLowerCase()).toContain("content-type: application/json\r\n");
    expect(request).toEndWith('\r\n\r\n{"player":"12001","deep":{"list":["request-1",2]}}');
  });

  test("bearer and basic", async () => {
    expect(await sent({ auth: { bearer: "abc.def" } })).toMatch(/\r\nauthorization: Bearer abc\.def\r\n/i);
    const basic = Buffer.from("klas:pä:ss").toString("base64");
    expect(await sent({ auth: { basic: { user: "klas", password: "pä:ss" } } })).toInclude(
      `Basic ${basic}\r\n`,
    );
  });

  test("hmac signs the body that is sent, and the empty one of a GET", async () => {
    const auth = { hmac: { secret: "s3cret", header: "X-Core-Signature" } };
    const post = await sent({ method: "POST", body: { player: "{player_id}" }, auth });
    expect(post).toContain(`x-core-signature: ${hmac('{"player":"12001"}')}\r\n`);
    expect(await sent({ auth })).toContain(`x-core-signature: ${hmac("")}\r\n`);
  });
});

/** What a proxy that decodes slashes and cleans up makes of a path, as nginx does. */
function cleanedUp(path: string): string {
  return new URL(`http://core${path.replaceAll(/%2f|%5c/gi, "/")}`).pathname.replaceAll(/\/+/g, "/");
}

describe("what a carrier cannot carry", () => {
  const HOSTILE_IDS = [
    " 12001",
    "12001 ",
    "\u00a012001",
    "12001\u2003",
    " ",
    ".",
    "..",
    "../12001",
    "x/../12001",
    "12001/",
    "/12001",
    "12001/.",
    "x//12001",
    "..\\12001",
    "x/12001",
    "%2e%2e",
    "%2F12001",
    "12001?",
    "12001#x",
    "12001&player=12002",
    "12001;x",
    "12001+",
    "12001%20",
    "12001%00",
    "12001,12002",
    '12001"',
    "12001\\",
    "Zoë",
    "漢字",
    "\u{1f600}",
    "\u0085",
    "\u2028",
    "\ufeff12001",
    "{player_id}",
    "12'001",
    "x".repeat(256),
  ];
  const REFUSED = {
    path: [
      ".",
      "..",
      "../12001",
      "x/../12001",
      "12001/",
      "/12001",
      "12001/.",
      "x//12001",
      "..\\12001",
      "12001\\",
    ],
    query: [],
    header: [
      " 12001",
      "12001 ",
      "\u00a012001",
      "12001\u2003",
      " ",
      "漢字",
      "\u{1f600}",
      "\u0085",
      "\u2028",
      "\ufeff12001",
    ],
    body: [],
  };
  test.each(["path", "query", "header", "body"] as const)(
    "in the %s the core receives exactly the id, or nothing at all",
    async (carrier) => {
      const received: string[] = [];
      const core = createServer(async (request, response) => {
        const { pathname, searchParams } = new URL(request.url ?? "", "http://core");
        const body = await new Response(Readable.toWeb(request)).text();
        const [, first = "", second] = pathname.split("/");
        if (carrier === "path") received.push(decodeURIComponent(first));
        if (carrier === "query") received.push(searchParams.get("player") ?? "");
        if (carrier === "header") received.push(String(request.headers["x-player"]));
        if (carrier === "body") received.push(JSON.parse(body).player);
        if (carrier === "path") {
          expect(second).toBe("balance");
          expect(decodeURIComponent(cleanedUp(pathname))).toBe(
            `/${received.at(-1)?.replaceAll("\\", "/")}/balance`,
          );
        }
        response.end('{"balance":1}');
      });
      core.listen(0, "127.0.0.1");
      await once(core, "listening");
      const { port } = v.parse(v.object({ port: v.number() }), core.address());
      const url = `http://127.0.0.1:${port}`;
      const options = {
        path: { url: `${url}/{player_id}/balance` },
        query: { url: `${url}/?player={player_id}` },
        header: { url, headers: { "X-Player": "{player_id}" } },
        body: { url, method: "POST", body: { player: "{player_id}" } },
      } satisfies Record<typeof carrier, Input>;
      const source = await openSource({ ...options[carrier], balance: "/balance" });
      const refused: string[] = [];
      for (const playerId of HOSTILE_IDS) {
        received.length = 0;
        const message = await source.lookup({ playerId }).then(
          () => undefined,
          (error: Error) => error.message,
        );
        if (message === undefined) expect(received).toEqual([playerId]);
        else {
          expect(message).toMatch(/cannot carry this id$/);
          expect(received).toEqual([]);
          refused.push(playerId);
        }
      }
      core.close();
      core.closeAllConnections();
      expect(refused).toEqual(REFUSED[carrier]);
    },
  );
});

describe("amounts", () => {
  test.each<[Partial<Input>, string, LookupResult]>([
    [{}, '{"balance":3.05e1}', { balance: "30.5" }],
    [{}, '{"balance":"-0.07"}', { balance: "-0.07" }],
    [{}, '{"balance":12345678901234567.89}', { balance: "12345678901234567.89" }],
    [{ unit: "minor" }, '{"balance":3050}', { balanceMinor: 3050n, exponent: 2 }],
    [{ unit: "minor", exponent: 3 }, '{"balance":3.05e3}', { balanceMinor: 3050n, exponent: 3 }],
    [
      { unit: "minor" },
      '{"balance":9007199254740993.0}',
      { balanceMinor: 9_007_199_254_740_993n, exponent: 2 },
    ],
    [{ format: "xml", balance: "/r/b" }, "<r><b> 30.50 </b></r>", { balance: "30.50" }],
    [{ format: "text" }, " 30.50\r\n", { balance: "30.50" }],
    [{ balance: "" }, "30.50", { balance: "30.50" }],
    [{ currency: "/c" }, '{"balance":1,"c":" EUR"}', { balance: "1", currency: "EUR" }],
    [
      { currency: "/c", unit: "minor" },
      '{"balance":1,"c":"EUR"}',
      { balanceMinor: 1n, exponent: 2, currency: "EUR" },
    ],
    [
      { currency: "/c", unit: "minor", exponent: 2 },
      '{"balance":3000,"c":"KWD"}',
      { balanceMinor: 3000n, exponent: 2, currency: "KWD" },
    ],
    [
      { currency: "/c", unit: "minor", exponent: 3 },
      '{"balance":3000,"c":"KWD"}',
      { balanceMinor: 3000n, exponent: 3, currency: "KWD" },
    ],
    [{ currency: "/c" }, '{"balance":3000,"c":"JPY"}', { balance: "3000", currency: "JPY" }],
    [{ currency: "/c" }, '{"balance":1}', { balance: "1" }],
    [{ currency: "/c" }, '{"balance":1,"c":null}', { balance: "1" }],
    [{ currency: "/w/c" }, '{"balance":1,"w":null}', { balance: "1" }],
    [{ format: "xml", balance: "/r/b", currency: "/r/c" }, "<r><b>1</b></r>", { balance: "1" }],
    [{ format: "xml", balance: "/r/b", currency: "/r/b/@c" }, "<r><b>1</b></r>", { balance: "1" }],
  ])("%j reads %s", async (options, body, result) => {
    await using core = await answering(200, body);
    const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance", ...options });
    expect(await source.lookup()).toEqual(result);
  });

  test.each<[Partial<Input>, string, string]>([
    // 3000 fils of Kuwait are 3 dinars, not 30.
    [
      { currency: "/c", unit: "minor" },
      '{"balance":3000,"c":"KWD"}',
      "KWD has 3 decimals, and exponent is not set: say exponent = 3 if that is so of every player",
    ],
    [{}, '{"balance":"NaN"}', "200, but a text that is not an amount at /balance"],
    [{}, '{"balance":"30,50"}', "200, but a text with a comma at /balance"],
    [{}, '{"balance":" "}', "200, but an empty text at /balance"],
    [{}, '{"balance":null}', "200, but no number at /balance; the document has: /balance"],
    [{}, '{"balance":1e999}', "200, but a number of too many digits at /balance"],
    [{}, '{"balance":true}', "200, but a text that is not an amount at /balance"],
    [{}, "{}", "200, but no number at /balance; the document is empty"],
    [{}, "", "200, but no body"],
    [{ unit: "minor" }, '{"balance":30.50}', "200, but the minor units at /balance are not an integer"],
    [{ format: "text" }, "thirty", "200, but a text that is not an amount"],
    [{ format: "xml", balance: "/r" }, "<r>30", "200, but not xml"],
    [
      {},
      `${"[".repeat(30_000)}${"]".repeat(30_000)}`,
      "200, but no number at /balance; the document has: /0/0/0/0/0/0/0/0",
    ],
  ])("%j refuses %.40s", async (options, body, message) => {
    await using core = await answering(200, body);
    const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance", ...options });
    expect(await failure(source.lookup())).toBe(message);
  });

  const XML = { format: "xml", balance: "/r/balance" } as const;
  test.each<[Partial<Input>, string, string]>([
    [{ currency: "/c" }, '{"balance":1,"c":{"code":"USD"}}', "/balance, /c/code"],
    [{ currency: "/c" }, '{"balance":1,"c":["USD"]}', "/balance, /c/0"],
    [{ currency: "/c" }, '{"balance":1,"c":[]}', "/balance"],
    [
      { ...XML, currency: "/r/c" },
      "<r><balance>1</balance><c>USD</c><c>EUR</c></r>",
      "/r/balance, /r/c/0, /r/c/1",
    ],
    [{ ...XML, currency: "/r/c" }, '<r><balance>1</balance><c code="USD"/></r>', "/r/balance, /r/c/@code"],
    [
      { ...XML, currency: "/r/c/#text" },
      '<r><balance>1</balance><c code="USD"/></r>',
      "/r/balance, /r/c/@code",
    ],
    [{ ...XML, currency: "/r/c" }, "<r><balance>1</balance><c>U<!-- -->SD</c></r>", "/r/balance, /r/c"],
    [
      { ...XML, currency: "/r/c/@code" },
      '<r><balance>1</balance><c code="USD"/><c/></r>',
      "/r/balance, /r/c/0/@code, /r/c/1",
    ],
    [
      { ...XML, currency: "/r/w/c" },
      "<r><balance>1</balance><w><c>USD</c></w><w/></r>",
      "/r/balance, /r/w/0/c, /r/w/1",
    ],
  ])("%j takes no currency from %s, and authenticate signs none", async (options, body, names) => {
    await using core = await answering(200, body);
    const input = { url: `${core.url}/{player_id}`, balance: "/balance", ...options };
    const { source } = await openSource(input);
    const outcome = await guard(source, { timeoutMs: 1000, maxInFlight: 1 }).lookup(QUERY);
    expect(withCurrency(outcome, { currency: "EUR", exponentOf: knownCurrencies({}) })).toEqual({
      reason: "source_failed",
      detail: `200, but no text at ${options.currency} (currency); the document has: ${names}`,
    });
  });

  test("not_found by pointer counts whatever the status, and takes numbers", async () => {
    await using core = await answering(400, '{"error":1404}');
    const not_found = { pointer: "/error", equals: [1404] };
    const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance", not_found });
    expect(await source.lookup()).toBeNull();
  });

  test.each<[number | string, string, boolean]>([
    [1, '{"e":1.0,"b":0}', true],
    [1, '{"e":10e-1,"b":0}', true],
    [1, '{"e":"1","b":0}', true],
    [0, '{"e":-0.0,"b":0}', true],
    [100, '{"e":1e2,"b":0}', true],
    [-0.5, '{"e":-0.50,"b":0}', true],
    [1e21, '{"e":1000000000000000000000,"b":0}', true],
    [1, '{"e":-1,"b":0}', false],
    [1, '{"e":10,"b":0}', false],
    [1, '{"e":1.01,"b":0}', false],
    [1, '{"e":true,"b":0}', false],
    ["1", '{"e":1,"b":0}', true],
    ["1.0", '{"e":1,"b":0}', false],
  ])("not_found.equals = [%j] in %s: %p", async (value, body, isNotFound) => {
    await using core = await answering(200, body);
    const not_found = { pointer: "/e", equals: [value] };
    const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/b", not_found });
    expect(await source.lookup()).toEqual(isNotFound ? null : { balance: "0" });
  });

  test("status_map goes before not_found and before retries", async () => {
    await using core = await answering(503);
    const status_map = { "503": "ERR_MAINTENANCE" };
    const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance", status_map });
    expect(await source.lookup()).toEqual({ refused: "ERR_MAINTENANCE" });
    expect(core.requests).toHaveLength(1);
  });
});

describe("an answer that may have been cut off", () => {
  const unmarked = "200, but the answer's end is not marked (no Content-Length)";
  const nobody = { pointer: "", equals: [30] };

  test.each<[Partial<Input>, string]>([
    [{ format: "text" }, "\r\n30"],
    [{ format: "text" }, "transfer-encoding: identity\r\n\r\n30"],
    [{ balance: "" }, "\r\n30"],
    [{ balance: "", not_found: nobody }, "\r\n30"],
  ])("%j refuses %j", async (options, end) => {
    await using core = await startCore((socket) => void socket.end(`HTTP/1.1 200 OK\r\n${end}`));
    const source = await openSource({ url: `${core.url}/{player_id}`, ...options });
    expect(await failure(source.lookup())).toBe(unmarked);
  });

  test.each<[Partial<Input>, string]>([
    [{ format: "text" }, "content-length: 2\r\n\r\n30"],
    [{ format: "text" }, "transfer-encoding: chunked\r\n\r\n2\r\n30\r\n0\r\n\r\n"],
    [{ balance: "/b" }, '\r\n{"b":30}'],
    [{ balance: "" }, '\r\n"30"'],
    [{ format: "xml", balance: "/b" }, "\r\n<b>30</b>"],
  ])("%j takes %j, whose end is marked", async (options, end) => {
    await using core = await startCore((socket) => void socket.end(`HTTP/1.1 200 OK\r\n${end}`));
    const source = await openSource({ url: `${core.url}/{player_id}`, ...options });
    expect(await source.lookup()).toEqual({ balance: "30" });
  });
});

describe("a cache on the way", () => {
  test.each<[Partial<Input>, string]>([
    [{}, "no-cache"],
    [{ method: "POST" }, "no-cache"],
    [{ headers: { "Cache-Control": "no-store" } }, "no-store"],
  ])("is told by a lookup with %j: %s", async (options, directive) => {
    await using core = await answering(200, '{"balance":1}');
    const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance", ...options });
    expect(await source.lookup()).toEqual({ balance: "1" });
    expect(core.requests[0]?.match(/^cache-control: .*/gim)).toEqual([`cache-control: ${directive}`]);
  });

  test.each([
    [404, "1"],
    [200, "60, 0"],
  ])("gives no answer of its own: %d with Age: %s", async (status, age) => {
    await using core = await answering(status, '{"balance":1}', { age });
    const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance" });
    expect(await failure(source.lookup())).toStartWith("the answer is from a cache, ");
  });

  test.each(["0", "soon", ""])("has asked the core if it says Age: %p", async (age) => {
    await using core = await answering(200, '{"balance":1}', { age });
    const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance" });
    expect(await source.lookup()).toEqual({ balance: "1" });
  });
});
