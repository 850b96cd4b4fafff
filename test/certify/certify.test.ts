import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { createServer } from "node:net";
import { CASES } from "../../src/certify/cases.ts";
import { certify } from "../../src/certify/certify.ts";
import { endpointOf } from "../../src/certify/endpoint-address.ts";
import { conforms, type Report } from "../../src/certify/report.ts";
import { selectCases } from "../../src/certify/select-cases.ts";
import { SIGNATURE_HEADER } from "../../src/protocol/signature.ts";
import {
  BALANCE,
  correct,
  PLAYER,
  SECRET,
  serveSteps,
  signatureOf,
  signedResponse,
  type Steps,
} from "./reference.ts";

interface Run {
  readonly only?: readonly string[];
  readonly timeoutMs?: number;
  readonly player?: string;
}

async function certified(changes: Partial<Steps>, run: Run = {}): Promise<Report> {
  const server = serveSteps(changes);
  try {
    return await certifiedAt(server.url, run);
  } finally {
    await server.stop();
  }
}

async function certifiedAt(url: string, { only = [], timeoutMs = 5000, player = PLAYER }: Run = {}) {
  const endpoint = endpointOf(url);
  const selection = selectCases(CASES, only, []);
  if (endpoint === undefined || !selection.valid) throw new Error("the test names no endpoint or no case");
  const target = {
    endpoint,
    secret: SECRET,
    player,
    balance: BALANCE,
    timeoutMs,
    samples: 20,
    keepsGoing: true,
  };
  const report = await certify(target, selection.cases);
  if ("unreachable" in report) throw new Error(report.unreachable);
  return report;
}

function idsOf(report: Report, result: "failed" | "skipped"): string[] {
  return report.results.filter((one) => one.result === result).map((one) => one.case.id);
}

/** Reads JSON and writes it again; what is not JSON in UTF-8 stays as it is. */
function rewritten(body: Uint8Array): string | Uint8Array {
  try {
    return JSON.stringify(
      JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body)),
    );
  } catch {
    return body;
  }
}

function withNumbersAsText(body: Uint8Array): Uint8Array {
  // Latin-1 keeps every byte.
  const text = Buffer.from(body).toString("latin1");
  const coerced = text
    .replace(/"(request_id|session_id|player_id)":(\d+)/g, '"$1":"$2"')
    .replace(/"timestamp":"(\d+)"/, '"timestamp":$1');
  return Buffer.from(coerced, "latin1");
}

function hang(): Promise<Response> {
  const { promise, resolve } = Promise.withResolvers<Response>();
  setTimeout(() => resolve(new Response()), 30_000).unref();
  return promise;
}

const REPLY_SIGNED = ["ok", "bad-signature", "invalid-body", "unknown-player", "oversized"].map(
  (kind) => `reply-signed-${kind}`,
);

const HOSTILE_IDS = [
  "player-constructor",
  "player-proto",
  "player-sql",
  "player-sql-wildcard",
  "player-path",
  "player-template",
  "player-padded",
];

interface BrokenServer {
  readonly mistake: string;
  readonly changes: Partial<Steps>;
  readonly failing: readonly string[];
}

const BROKEN_SERVERS: readonly BrokenServer[] = [
  {
    mistake: "verifies re-serialized JSON",
    changes: { verify: (body, header) => header?.toLowerCase() === signatureOf(rewritten(body)) },
    failing: [
      "signature-of-reserialized-body",
      "signature-of-trimmed-body",
      "body-white-space",
      "body-trailing-newline",
      "body-escaped",
    ],
  },
  {
    mistake: "compares hex by case",
    changes: { verify: (body, header) => header === signatureOf(body) },
    failing: ["signature-upper-case"],
  },
  {
    mistake: "throws on a non-ASCII signature",
    changes: {
      verify: (body, header) => {
        if (header !== null && /[^\0-\u007f]/.test(header)) throw new RangeError("unequal lengths");
        return correct.verify(body, header);
      },
    },
    failing: ["signature-latin1-byte", "signature-utf8-bytes"],
  },
  {
    mistake: "decodes hex without checking it",
    changes: {
      verify: (body, header) => {
        const claimed = Buffer.from(header ?? "", "hex");
        return (
          claimed.length > 0 &&
          Buffer.from(signatureOf(body), "hex").subarray(0, claimed.length).equals(claimed)
        );
      },
    },
    failing: [
      "signature-duplicated",
      "signature-63-digits",
      "signature-65-digits",
      "signature-hex-prefix",
      "signature-latin1-byte",
      "signature-utf8-bytes",
    ],
  },
  {
    mistake: "ignores the signature",
    changes: { verify: () => true },
    failing: CASES.map(({ id }) => id).filter(
      (id) => id.startsWith("signature-") && id !== "signature-upper-case" && id !== "signature-header-case",
    ),
  },
  {
    mistake: "signs nothing",
    changes: { respond: (reply, status) => signedResponse(reply, status, undefined) },
    failing: REPLY_SIGNED,
  },
  {
    mistake: "signs another serialization",
    changes: {
      respond: (reply, status) =>
        signedResponse(reply, status, signatureOf(JSON.stringify(JSON.parse(reply), null, 2))),
    },
    failing: REPLY_SIGNED,
  },
  {
    mistake: "signs in upper case",
    changes: { respond: (reply, status) => signedResponse(reply, status, signatureOf(reply).toUpperCase()) },
    failing: ["reply-signature-lower-case"],
  },
  {
    mistake: "answers 401 to a bad signature",
    changes: {
      respond: (reply, status) =>
        signedResponse(reply, reply.includes("INTEGRITY") ? 401 : status, signatureOf(reply)),
    },
    failing: ["reply-status-bad-signature"],
  },
  {
    mistake: "answers a number",
    changes: {
      reply: (code, balance) =>
        correct.reply(code, balance, new Uint8Array()).replace(/"balance":"(.*?)"/, '"balance":$1'),
    },
    failing: ["balance-is-text"],
  },
  {
    mistake: "rounds through a float",
    changes: { lookup: (playerId) => (playerId === PLAYER ? String(Number(BALANCE)) : null) },
    failing: ["balance-exact"],
  },
  {
    mistake: "writes needless zeros",
    changes: { reply: (code, balance) => correct.reply(code, balance && `${balance}0`, new Uint8Array()) },
    failing: ["balance-canonical"],
  },
  {
    mistake: "echoes the request",
    changes: {
      reply: (code, balance, body) => {
        const echo = /"request_id":"[^"]*"/.exec(Buffer.from(body).toString())?.[0];
        return correct.reply(code, balance, body).replace("}", echo === undefined ? "}" : `,${echo}}`);
      },
    },
    failing: [
      ...["ok", "bad-signature", "unknown-player"].map((kind) => `reply-fields-${kind}`),
      "reply-echo-ok",
      "reply-echo-refused",
      "reply-echo-invalid",
    ],
  },
  {
    mistake: "coerces types",
    changes: { parse: (body) => correct.parse(withNumbersAsText(body)) },
    failing: ["request-id-as-number", "session-id-as-number", "player-id-as-number", "timestamp-as-text"],
  },
  {
    mistake: 'answers "0" for unknown players',
    changes: { lookup: (playerId) => correct.lookup(playerId) ?? "0" },
    failing: ["unknown-player", ...HOSTILE_IDS],
  },
  {
    mistake: "looks players up in a plain object",
    changes: {
      lookup: (playerId) => {
        const players: Record<string, unknown> = { [PLAYER]: BALANCE };
        const found = players[playerId];
        return found === undefined ? null : typeof found === "string" ? found : "0";
      },
    },
    failing: ["player-constructor", "player-proto"],
  },
  {
    mistake: "drops keep-alive",
    changes: {
      respond: async (reply, status) => {
        const response = await correct.respond(reply, status);
        response.headers.set("Connection", "close");
        return response;
      },
    },
    failing: ["keep-alive", "keep-alive-after-refusal"],
  },
];

test("a correct endpoint passes every case", async () => {
  const report = await certified({});
  expect(idsOf(report, "failed")).toEqual([]);
  expect(idsOf(report, "skipped")).toEqual([]);
  expect(conforms(report)).toBe(true);
  expect(report.latency?.samples).toBe(20);
});

describe("a server that", () => {
  test.each(BROKEN_SERVERS)("$mistake is caught by the cases that name it, and no other", async (broken) => {
    const report = await certified(broken.changes);
    expect(idsOf(report, "failed").toSorted()).toEqual([...broken.failing].toSorted());
    expect(idsOf(report, "skipped")).toEqual([]);
  });

  test("hangs is caught by answers-in-time, and nothing else waits for it", async () => {
    const report = await certified({ respond: hang }, { timeoutMs: 150 });
    expect(idsOf(report, "failed")).toEqual(["answers-in-time"]);
    expect(idsOf(report, "skipped")).toHaveLength(CASES.length - 1);
    expect(report.incompleteBecause).toBe("a plain call gets no reply: no reply within 150 ms");
    expect(conforms(report)).toBe(false);
  });

  test("dies under a case is reported once, with the case", async () => {
    const server = serveSteps({
      lookup: (playerId) => {
        if (playerId === "__proto__") void server.stop();
        return correct.lookup(playerId);
      },
    });
    const report = await certifiedAt(server.url);
    expect(idsOf(report, "failed")).toEqual(["player-proto"]);
    expect(report.incompleteBecause).toBe("the endpoint went away after player-proto: connection refused");
    expect(conforms(report)).toBe(false);
  });
});

test("the reply's signature is explained if it can be", async () => {
  const report = await certified(
    { respond: (reply, status) => signedResponse(reply, status, signatureOf(`${reply}\n`)) },
    { only: ["reply-signed-ok"] },
  );
  expect(report.results[0]?.problem).toBe(
    "X-Signature is not that of the reply's bytes: it was made over the body with a trailing newline",
  );
});

// Python's http.server is such a one: its `rfile.read(length)` gives what has come.
test("an endpoint that answers what came of a body that was cut short is advised, not failed", async () => {
  const server = createServer((socket) => {
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      if (!received.endsWith("}")) return;
      const reply = correct.reply("OK", BALANCE, new Uint8Array());
      socket.end(
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${reply.length}\r\n` +
          `${SIGNATURE_HEADER}: ${signatureOf(reply)}\r\n\r\n${reply}`,
      );
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const report = await certifiedAt(`http://127.0.0.1:${address.port}`, { only: ["body-cut-short"] });
  server.close();
  expect(idsOf(report, "failed")).toEqual(["body-cut-short"]);
  expect(conforms(report)).toBe(true);
});

test("a player who is not known to the endpoint is one failure, not fifty", async () => {
  const report = await certified({}, { player: "nobody" });
  expect(idsOf(report, "failed")).toEqual(["good-call"]);
  expect(idsOf(report, "skipped")).toContain("signature-upper-case");
  expect(report.incompleteBecause).toContain(
    "a good call is not answered: expected OK; got ERR_PLAYER_NOT_FOUND",
  );
});

test("a case that could not run does not let the endpoint pass", async () => {
  const report = await certified({}, { player: "nobody", only: ["signature-upper-case"] });
  expect(idsOf(report, "failed")).toEqual([]);
  expect(conforms(report)).toBe(false);
});

test("replies are read in whatever framing they come", async () => {
  const chunked = await certified({
    respond: (reply, status) => {
      const stream = new ReadableStream({
        async start(controller) {
          controller.enqueue(Buffer.from(reply.slice(0, 5)));
          await Bun.sleep(1);
          controller.enqueue(Buffer.from(reply.slice(5)));
          controller.close();
        },
      });
      const headers = { "Content-Type": "application/json", [SIGNATURE_HEADER]: signatureOf(reply) };
      return new Response(stream, { status, headers });
    },
  });
  expect(idsOf(chunked, "failed")).toEqual([]);
});

function selectedIds(only: readonly string[], skip: readonly string[]) {
  const selection = selectCases(CASES, only, skip);
  return selection.valid ? selection.cases.map(({ id }) => id) : selection.problem;
}

describe("the cases", () => {
  test("have ids that are told apart, and say in a sentence what they expect", () => {
    expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length);
    expect(CASES.length).toBeGreaterThanOrEqual(45);
    for (const { id, about } of CASES) {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(about).toMatch(/\.$/);
    }
  });

  test("are selected by id and by pattern", () => {
    expect(selectedIds(["keep-alive"], [])).toEqual(["keep-alive"]);
    expect(selectedIds(["keep-alive*"], ["*-refusal"])).toEqual(["keep-alive"]);
    expect(selectedIds([], ["reply-*"])).toHaveLength(
      CASES.filter(({ id }) => !id.startsWith("reply-")).length,
    );
    expect(selectedIds(["keep-alife"], [])).toBe('no case is called keep-alife, did you mean "keep-alive"?');
    expect(selectedIds(["keep-alive"], ["keep-alive"])).toBe("--skip leaves no case to run");
  });
});
