import { expect, test } from "bun:test";
import { CASES_BY_ENDPOINT } from "../../src/certify/cases.ts";
import { certify } from "../../src/certify/certify.ts";
import { startStandInCore } from "../../src/certify/stand-in-core.ts";
import { besides, endpointOf } from "../../src/certify/endpoint-address.ts";
import { SIGNATURE_HEADER } from "../../src/protocol/signature.ts";
import { SECRET, signatureOf, signedResponse } from "./reference.ts";

/** How an endpoint that passes calls on may do it wrong. */
interface Ways {
  readonly verifies?: boolean;
  readonly attempts?: number;
  readonly signs?: boolean;
  readonly rewrites?: boolean;
  readonly trustsCore?: boolean;
  readonly passesAnything?: boolean;
}

const UNKNOWN = '{"status_code":"ERR_UNKNOWN"}';

function serveForwarder(corePort: number, ways: Ways) {
  const { verifies = true, attempts = 1, signs = true, rewrites = false, trustsCore = false } = ways;
  const reply = (text: string) => signedResponse(text, 200, signs ? signatureOf(text) : undefined);
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname !== "/bet") return new Response(null, { status: 404 });
      const bytes = await request.bytes();
      const signature = request.headers.get(SIGNATURE_HEADER);
      if (verifies && signature !== signatureOf(bytes)) {
        return reply('{"status_code":"ERR_INTEGRITY_CHECK_FAILED"}');
      }
      const body = rewrites ? JSON.stringify(await new Response(bytes).json()) : bytes;
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        const answer = await fetch(`http://127.0.0.1:${corePort}/klas/bet`, {
          method: "POST",
          body,
          headers: { [SIGNATURE_HEADER]: signature ?? "" },
          keepalive: false,
        }).catch(() => undefined);
        const text = await answer?.text().catch(() => undefined);
        if (answer?.ok !== true || text === undefined) continue;
        if (ways.passesAnything !== true && !text.includes('"status_code"')) continue;
        if (trustsCore)
          return signedResponse(text, 200, answer.headers.get(SIGNATURE_HEADER) ?? signatureOf(text));
        return reply(text);
      }
      return reply(UNKNOWN);
    },
  });
}

async function failedWith(ways: Ways, isReachable = true): Promise<readonly string[]> {
  await using core = await startStandInCore("127.0.0.1", 0);
  using server = serveForwarder(isReachable ? core.port : 1, ways);
  const balance = endpointOf(server.url.href);
  if (balance === undefined) throw new Error("no endpoint");
  const endpoint = besides(balance, "bet");
  const target = {
    endpoint,
    secret: SECRET,
    player: "",
    timeoutMs: 5000,
    samples: 0,
    keepsGoing: false,
    core,
  };
  const report = await certify(target, CASES_BY_ENDPOINT.forward);
  if ("unreachable" in report) throw new Error(report.unreachable);
  return report.results.filter(({ result }) => result === "failed").map((one) => one.case.id);
}

test.each([
  ["does it right", {}, []],
  ["passes bad signatures on", { verifies: false }, ["forward-wrong-signature", "forward-no-signature"]],
  [
    "sends again",
    { attempts: 2 },
    [
      "forward-core-closes",
      "forward-core-cut-short",
      "forward-core-503",
      "forward-core-html",
      "forward-core-no-status-code",
    ],
  ],
  ["writes the JSON again", { rewrites: true }, ["forward-unchanged"]],
  ["believes the core's signature", { trustsCore: true }, ["forward-core-signature"]],
  ["passes anything on", { passesAnything: true }, ["forward-core-html", "forward-core-no-status-code"]],
] satisfies readonly (readonly [string, Ways, readonly string[]])[])(
  "an endpoint that %s",
  async (_, ways, failed) => {
    expect(await failedWith(ways)).toEqual(failed);
  },
);

test("one that signs nothing fails whatever is answered", async () => {
  expect(await failedWith({ signs: false })).toHaveLength(9);
});

test("if nothing reaches the core, one case says so, and no other is run", async () => {
  expect(await failedWith({}, false)).toEqual(["forward-unchanged"]);
});
