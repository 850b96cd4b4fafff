import { describe, expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openLog } from "../../src/observe/log.ts";
import type { LookupResult, Source } from "../../src/plugin.ts";
import { knownCurrencies } from "../../src/protocol/currency.ts";
import { signingKey } from "../../src/protocol/signature.ts";
import { DEFAULT_STATUS_CODES } from "../../src/protocol/status.ts";
import type { Endpoint } from "../../src/answer/endpoint.ts";
import { AUTHENTICATE, BALANCE } from "../../src/answer/endpoints.ts";
import { handleCall } from "../../src/answer/handler.ts";
import type { Service } from "../../src/answer/service.ts";
import { trimmedSecrets } from "../../src/answer/trimmed-secrets.ts";
import { guard } from "../../src/source/guard.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const SECRET = "the first secret";
const OLD_SECRET = "the second secret";
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const folder = temporaryFolder();

function hmac(secret: string, body: string | Uint8Array): string {
  return createHmac("sha256", secret).update(body).digest("hex");
}

const nowSeconds = () => Math.floor(Date.now() / 1000);

function balanceRequest(playerId: string, others: object = {}): string {
  return JSON.stringify({
    request_id: "req-1",
    timestamp: nowSeconds(),
    session_id: "ses-1",
    player_id: playerId,
    ...others,
  });
}

/** Players by what becomes of them. */
const answers: Readonly<Record<string, () => LookupResult | Promise<LookupResult>>> = {
  rich: () => ({ balanceMinor: 9_223_372_036_854_775_807n, exponent: 2 }),
  plain: () => ({ balance: "30.00" }),
  slow: () => Bun.sleep(5).then(() => ({ balance: "31" })),
  blocked: () => ({ refused: "ERR_PLAYER_BLOCKED" }),
  hanging: () => new Promise(() => {}),
  throwing: () => {
    throw new Error("the core is down");
  },
  nonsense: () => ({ balance: "4242424242x" }),
  injecting: () => ({ refused: '","balance":"4242424242' }),
};

const source: Source = {
  lookup: ({ playerId }) => (Object.hasOwn(answers, playerId) ? (answers[playerId]?.() ?? null) : null),
};

type Parts = Omit<Service, "log">;

function service(changes: Partial<Parts> = {}): Parts {
  return {
    keys: [signingKey(SECRET), signingKey(OLD_SECRET)],
    source: guard(source, { timeoutMs: 500, maxInFlight: 10 }),
    trimmedSecrets: [],
    sourceName: "players",
    timeoutMs: 500,
    forwarder: undefined,
    currency: undefined,
    exponentOf: knownCurrencies({ USDT: 6 }),
    statusCodes: DEFAULT_STATUS_CODES,
    maxBodyBytes: 1024,
    maxClockSkewSeconds: undefined,
    allowedIps: undefined,
    trustedProxies: undefined,
    metrics: undefined,
    recorder: undefined,
    secretIds: [],
    ...changes,
  };
}

let logs = 0;

/** One call, from the request to the reply's bytes and the log's lines. */
async function call(
  request: Request,
  used: Parts = service(),
  level: "info" | "warn" = "info",
  endpoint: Endpoint = BALANCE,
) {
  logs += 1;
  const file = join(folder, `${logs}.log`);
  const descriptor = openSync(file, "w");
  const log = openLog({ level, format: "json" }, { fileDescriptor: descriptor });
  const response = await handleCall(
    endpoint,
    request,
    performance.now(),
    { callerOf: () => ({ address: "203.0.113.7" }), isEnding: () => false },
    () => ({ ...used, log }),
  );
  await log.flush();
  closeSync(descriptor);
  return {
    status: response.status,
    contentType: response.headers.get("Content-Type"),
    signature: response.headers.get("X-Signature"),
    body: await response.text(),
    log: readFileSync(file, "utf8"),
  };
}

function post(
  body: string | Uint8Array<ArrayBuffer>,
  signature?: string | null,
  headers: Record<string, string> = {},
): Request {
  const given = signature === undefined ? hmac(SECRET, body) : signature;
  return new Request("http://localhost/balance", {
    method: "POST",
    body,
    headers: { ...(given === null ? {} : { "X-Signature": given }), ...headers },
  });
}

function headersBug(): never {
  throw new Error("a bug with the headers");
}

interface Scenario {
  readonly request: () => Request;
  readonly service?: Partial<Service>;
  readonly status?: number;
  readonly body: string;
  /** Who signs the reply; the first secret if it is not said. */
  readonly signedWith?: string;
  readonly logged: Readonly<Record<string, unknown>>;
  readonly neverLogged?: readonly string[];
}

const overloaded = guard(source, { timeoutMs: 50, maxInFlight: 1 });

const rejected = '{"status_code":"ERR_INTEGRITY_CHECK_FAILED"}';
const invalid = '{"status_code":"ERR_INVALID_BODY"}';
const unknown = '{"status_code":"ERR_UNKNOWN"}';

const scenarios: Readonly<Record<string, Scenario>> = {
  "ok, in minor units": {
    request: () => post(balanceRequest("rich")),
    body: '{"balance":"92233720368547758.07","status_code":"OK"}',
    logged: { level: "info", reason: "ok", status_code: "OK", request_id: "req-1", player_id: "rich" },
    neverLogged: ["92233720368547758"],
  },
  "ok, in major units": {
    request: () => post(balanceRequest("plain")),
    body: '{"balance":"30","status_code":"OK"}',
    logged: { reason: "ok" },
    neverLogged: ['"30"'],
  },
  "ok, by a promise": {
    request: () => post(balanceRequest("slow")),
    body: '{"balance":"31","status_code":"OK"}',
    logged: { reason: "ok" },
  },
  "ok, signed in upper case": {
    request: () => {
      const body = balanceRequest("plain");
      return post(body, hmac(SECRET, body).toUpperCase());
    },
    body: '{"balance":"30","status_code":"OK"}',
    logged: { reason: "ok" },
  },
  "ok, with the second secret: it signs the reply too": {
    request: () => {
      const body = balanceRequest("plain");
      return post(body, hmac(OLD_SECRET, body));
    },
    body: '{"balance":"30","status_code":"OK"}',
    signedWith: OLD_SECRET,
    logged: { reason: "ok" },
  },
  "ok, over the bytes as they came, not as they would be written": {
    request: () =>
      post(`{ "player_id" : "pl\\u0061in", "session_id":"s", "timestamp":1.0e9, "request_id":"r" }\n`),
    body: '{"balance":"30","status_code":"OK"}',
    logged: { reason: "ok", player_id: "plain" },
  },
  "ok, in a trace of the caller's": {
    request: () =>
      post(balanceRequest("plain"), undefined, { traceparent: `00-${TRACE}-b7ad6b7169203331-01` }),
    body: '{"balance":"30","status_code":"OK"}',
    logged: { trace_id: TRACE },
  },
  "bad_signature: missing": {
    request: () => post(balanceRequest("plain"), null),
    body: rejected,
    logged: { level: "warn", reason: "bad_signature", detail: "missing" },
    neverLogged: ["plain", "req-1"],
  },
  "bad_signature: malformed": {
    request: () => post(balanceRequest("plain"), `${"0".repeat(63)}z`),
    body: rejected,
    logged: { reason: "bad_signature", detail: "malformed" },
    neverLogged: ["plain"],
  },
  "bad_signature: twice": {
    request: () => {
      const request = post(balanceRequest("plain"));
      request.headers.append("X-Signature", request.headers.get("X-Signature") ?? "");
      return request;
    },
    body: rejected,
    logged: { reason: "bad_signature", detail: "malformed" },
  },
  "bad_signature: wrong": {
    request: () => post(balanceRequest("plain"), hmac("another", balanceRequest("plain"))),
    body: rejected,
    logged: {
      reason: "bad_signature",
      detail: "wrong",
      body_bytes: balanceRequest("plain").length,
    },
    neverLogged: ["plain", hmac("another", balanceRequest("plain"))],
  },
  "bad_signature comes before an invalid body": {
    request: () => post("{", null),
    body: rejected,
    logged: {
      reason: "bad_signature",
      body_bytes: 1,
      body_sha256: createHash("sha256").update("{").digest("hex"),
    },
  },
  "stale_timestamp: behind": {
    request: () => post(balanceRequest("plain", { timestamp: nowSeconds() - 3600 })),
    service: { maxClockSkewSeconds: 300 },
    body: rejected,
    logged: {
      level: "warn",
      reason: "stale_timestamp",
      player_id: "plain",
      detail: expect.stringContaining("-36"),
    },
  },
  "stale_timestamp: ahead, in milliseconds": {
    request: () => post(balanceRequest("plain", { timestamp: Date.now() + 3_600_000 })),
    service: { maxClockSkewSeconds: 300 },
    body: rejected,
    logged: { reason: "stale_timestamp", detail: expect.stringMatching(/3[56]\d\d\.\d{3} s/) },
  },
  "a fresh timestamp, in milliseconds": {
    request: () => post(balanceRequest("plain", { timestamp: Date.now() })),
    service: { maxClockSkewSeconds: 300 },
    body: '{"balance":"30","status_code":"OK"}',
    logged: { reason: "ok" },
  },
  "any timestamp if no skew is configured": {
    request: () => post(balanceRequest("plain", { timestamp: 0 })),
    body: '{"balance":"30","status_code":"OK"}',
    logged: { reason: "ok" },
  },
  "invalid_body: no JSON": {
    request: () => post("{"),
    body: invalid,
    logged: { level: "warn", reason: "invalid_body", detail: "not JSON" },
  },
  "invalid_body: no UTF-8": {
    request: () => post(Uint8Array.of(0xff)),
    body: invalid,
    logged: { reason: "invalid_body", detail: "not UTF-8" },
  },
  "invalid_body: empty": {
    request: () => post(""),
    body: invalid,
    logged: { reason: "invalid_body" },
  },
  "invalid_body: a number for an id; the value is not shown": {
    request: () => post(balanceRequest("plain", { player_id: 424_242 })),
    body: invalid,
    logged: { reason: "invalid_body", detail: "player_id: expected a string" },
    neverLogged: ["424242"],
  },
  "invalid_body: a field is missing; whose call it was is logged all the same": {
    request: () => post(JSON.stringify({ request_id: "r-7", session_id: "s", player_id: "plain" })),
    body: invalid,
    logged: {
      reason: "invalid_body",
      request_id: "r-7",
      player_id: "plain",
      detail: "timestamp: missing",
    },
  },
  "invalid_body: an id that is none is not logged": {
    request: () => post(balanceRequest("plain", { request_id: "r\u0007" })),
    body: invalid,
    logged: { reason: "invalid_body", player_id: "plain" },
    neverLogged: ['"request_id"', "r\\u0007"],
  },
  "invalid_body, found with the second secret": {
    request: () => post("{", hmac(OLD_SECRET, "{")),
    body: invalid,
    signedWith: OLD_SECRET,
    logged: { reason: "invalid_body" },
  },
  "invalid_body: longer than is read": {
    request: () => post(balanceRequest("x".repeat(2000)), undefined, { "Content-Length": "2100" }),
    status: 413,
    body: invalid,
    logged: { reason: "invalid_body", detail: "more than 1024 bytes" },
  },
  "invalid_body: longer than is read, its length not announced": {
    request: () => post(balanceRequest("x".repeat(2000))),
    status: 413,
    body: invalid,
    logged: { reason: "invalid_body", detail: "more than 1024 bytes" },
  },
  player_not_found: {
    request: () => post(balanceRequest("nobody")),
    body: '{"status_code":"ERR_PLAYER_NOT_FOUND"}',
    logged: { level: "info", reason: "player_not_found", player_id: "nobody" },
  },
  "player_not_found, with a code of the operator's": {
    request: () => post(balanceRequest("nobody")),
    service: { statusCodes: { ...DEFAULT_STATUS_CODES, player_not_found: "ERR_INVALID_PLAYER_ID" } },
    body: '{"status_code":"ERR_INVALID_PLAYER_ID"}',
    logged: { reason: "player_not_found", status_code: "ERR_INVALID_PLAYER_ID" },
  },
  "player_not_found for constructor": {
    request: () => post(balanceRequest("constructor")),
    body: '{"status_code":"ERR_PLAYER_NOT_FOUND"}',
    logged: { reason: "player_not_found" },
  },
  refused: {
    request: () => post(balanceRequest("blocked")),
    body: '{"status_code":"ERR_PLAYER_BLOCKED"}',
    logged: { reason: "refused", status_code: "ERR_PLAYER_BLOCKED" },
  },
  source_timeout: {
    request: () => post(balanceRequest("hanging")),
    body: '{"status_code":"ERR_TIMEOUT"}',
    logged: { level: "error", reason: "source_timeout" },
  },
  "source_failed: it throws": {
    request: () => post(balanceRequest("throwing")),
    body: unknown,
    logged: { level: "error", reason: "source_failed", detail: "the core is down" },
  },
  "source_failed: no balance": {
    request: () => post(balanceRequest("nonsense")),
    body: unknown,
    logged: { reason: "source_failed" },
    neverLogged: ["4242424242"],
  },
  "source_failed: a refusal that would write the reply": {
    request: () => post(balanceRequest("injecting")),
    body: unknown,
    logged: { reason: "source_failed" },
    neverLogged: ["4242424242"],
  },
  overloaded: {
    request: () => {
      void overloaded.lookup({
        playerId: "hanging",
        sessionId: "",
        requestId: "",
        timestamp: 0,
        traceparent: "",
      });
      return post(balanceRequest("plain"));
    },
    service: { source: overloaded },
    body: unknown,
    logged: { level: "error", reason: "overloaded" },
  },
  "a bug": {
    request: () => post(balanceRequest("plain")),
    service: {
      source: {
        ...guard(source, { timeoutMs: 50, maxInFlight: 1 }),
        lookup: () => {
          throw new Error("a bug in the host");
        },
      },
    },
    body: unknown,
    logged: { level: "error", stack: expect.stringContaining("a bug in the host") },
  },
  "a bug before the body is read": {
    request: () => Object.defineProperty(post(""), "headers", { value: { get: headersBug } }),
    body: unknown,
    logged: { level: "error", stack: expect.stringContaining("a bug with the headers") },
  },
};

describe.each(Object.entries(scenarios))("%s", (_what, scenario) => {
  test("is answered, signed and logged", async () => {
    const { status = 200, signedWith = SECRET, neverLogged = [] } = scenario;
    const result = await call(scenario.request(), service(scenario.service));
    expect(result.body).toBe(scenario.body);
    expect(result.status).toBe(status);
    expect(result.contentType).toBe("application/json");
    expect(result.signature).toBe(hmac(signedWith, result.body));

    const [line = ""] = result.log.split("\n");
    expect(JSON.parse(line)).toMatchObject(scenario.logged);
    const secrets = [SECRET, OLD_SECRET, String(result.signature), "ses-1", ...neverLogged];
    for (const part of secrets) expect(result.log).not.toContain(part);
  });
});

test("the log's line has the fields of spec 5, in a line", async () => {
  const { log } = await call(post(balanceRequest("plain")));
  const lines = log.trimEnd().split("\n");
  expect(lines).toHaveLength(1);
  const record: unknown = JSON.parse(log);
  expect(record).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    level: "info",
    msg: "balance",
    endpoint: "balance",
    request_id: "req-1",
    player_id: "plain",
    status_code: "OK",
    reason: "ok",
    duration_ms: expect.any(Number),
    source: "players",
    remote: "203.0.113.7",
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
});

test("ids cannot break out of the log's line", async () => {
  const hostile = 'x","reason":"forged\u2028\u2029\u0085';
  const { log } = await call(post(balanceRequest(hostile, { request_id: hostile })));
  expect(log.trimEnd().split("\n")).toHaveLength(1);
  expect(JSON.parse(log)).toMatchObject({
    player_id: hostile,
    request_id: hostile,
    reason: "player_not_found",
  });
});

test("below the level nothing is written, and the answer is the same", async () => {
  const { log, body } = await call(post(balanceRequest("plain")), service(), "warn");
  expect(log).toBe("");
  expect(body).toBe('{"balance":"30","status_code":"OK"}');
});

test("nothing of the request is echoed", async () => {
  const marker = "echo-marker";
  for (const playerId of [marker, "plain"]) {
    const body = balanceRequest(playerId, { request_id: marker, session_id: marker, [marker]: marker });
    for (const signature of [undefined, null, marker]) {
      expect((await call(post(body, signature, { [marker]: marker }))).body).not.toContain(marker);
    }
  }
});

test("a retry of the same request is answered again", async () => {
  const body = balanceRequest("plain");
  const used = service();
  const [first, second] = [await call(post(body), used), await call(post(body), used)];
  expect(second.body).toBe(first.body);
  expect(second.signature).toBe(first.signature);
});

test("a signature made with a secret without its white space is still wrong, and the log says why", async () => {
  const padded = ["a sound secret", `${SECRET}\n`] as const;
  const used = service({
    keys: [signingKey(padded[0]), signingKey(padded[1])],
    trimmedSecrets: trimmedSecrets(padded),
  });
  const { body, log } = await call(post(balanceRequest("plain")), used);
  expect(body).toBe(rejected);
  expect(JSON.parse(log)).toMatchObject({
    reason: "bad_signature",
    detail: "wrong: made with secret 2 without the white space at its ends",
  });
  const forged = await call(post(balanceRequest("plain"), "0".repeat(64)), used);
  expect(JSON.parse(forged.log)).toMatchObject({ detail: "wrong" });
  expect(log).not.toContain(SECRET);
});

describe("authenticate", () => {
  const OTHERS = { plain: "30.00", euros: "30", tethers: "1.5", slow: "2", withdrawn: "3" };
  const CURRENCIES: Readonly<Record<string, string>> = {
    euros: "EUR",
    tethers: "USDT",
    slow: "JPY",
    withdrawn: "BGN",
  };
  const players = new Map(Object.entries(OTHERS));
  const withCurrencies: Source = {
    lookup({ playerId }) {
      const balance = players.get(playerId);
      const answer = balance === undefined ? null : { balance, currency: CURRENCIES[playerId] };
      return playerId === "slow" ? Bun.sleep(5).then(() => answer) : answer;
    },
  };

  async function authenticate(playerId: string, currency?: string) {
    const used = service({ source: guard(withCurrencies, { timeoutMs: 500, maxInFlight: 10 }), currency });
    return await call(post(balanceRequest(playerId)), used, "info", AUTHENTICATE);
  }

  test.each([
    ["euros", undefined, '{"currency":"EUR","balance":"30","status_code":"OK"}'],
    ["slow", "EUR", '{"currency":"JPY","balance":"2","status_code":"OK"}'],
    ["tethers", undefined, '{"currency":"USDT","balance":"1.5","status_code":"OK"}'],
    ["plain", "CHF", '{"currency":"CHF","balance":"30","status_code":"OK"}'],
    ["nobody", "CHF", '{"status_code":"ERR_PLAYER_NOT_FOUND"}'],
  ])("%s, by default %p: %s", async (playerId, currency, expected) => {
    const { body, signature, log } = await authenticate(playerId, currency);
    expect(body).toBe(expected);
    expect(signature).toBe(hmac(SECRET, expected));
    expect(JSON.parse(log)).toMatchObject({ msg: "authenticate", endpoint: "authenticate" });
  });

  test.each([
    ["plain", undefined, "the source names no currency, and webhook.currency is not set"],
    ["withdrawn", "EUR", "the currency BGN is neither in ISO 4217 nor in [currencies]"],
  ])("%s, by default %p: source_failed", async (playerId, currency, detail) => {
    const { body, log } = await authenticate(playerId, currency);
    expect(body).toBe('{"status_code":"ERR_UNKNOWN"}');
    expect(JSON.parse(log)).toMatchObject({ reason: "source_failed", detail });
  });

  test("its signature rules are those of balance, and balance shows no currency", async () => {
    const forged = post(balanceRequest("euros"), "0".repeat(64));
    const used = service({ source: guard(withCurrencies, { timeoutMs: 500, maxInFlight: 10 }) });
    expect((await call(forged, used, "info", AUTHENTICATE)).body).toBe(rejected);
    expect((await call(post(balanceRequest("euros")), used)).body).toBe(
      '{"balance":"30","status_code":"OK"}',
    );
  });
});

// They are made from headers that all of them share.
test("replies of which none is sent yet keep their own signature, and only the ending one ends its connection", async () => {
  const log = openLog({ level: "error", format: "json" });
  const bodies = ["plain", "rich"].map((player) => balanceRequest(player));
  const replies = await Promise.all(
    bodies.map((text, index) =>
      handleCall(
        BALANCE,
        post(text),
        performance.now(),
        { callerOf: () => ({ address: "" }), isEnding: () => index === 0 },
        () => ({ ...service(), log }),
      ),
    ),
  );
  const texts = await Promise.all(replies.map((reply) => reply.clone().text()));
  expect(new Set(texts).size).toBe(2);
  for (const [index, reply] of replies.entries()) {
    expect(reply.headers.get("X-Signature")).toBe(hmac(SECRET, texts[index] ?? ""));
  }
  expect(replies.map((reply) => reply.headers.get("Connection"))).toEqual(["close", null]);
});
