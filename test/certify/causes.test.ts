import { expect, test } from "bun:test";
import { likelyCauses } from "../../src/certify/causes.ts";
import { CASES } from "../../src/certify/cases.ts";
import { certify } from "../../src/certify/certify.ts";
import { endpointOf } from "../../src/certify/endpoint-address.ts";
import type { parseRequest } from "../../src/protocol/request.ts";
import { PLAYER, SECRET, serveSteps, signatureOf, signedResponse, type Steps } from "./reference.ts";

async function causesOf(changes: Partial<Steps>): Promise<readonly string[]> {
  const server = serveSteps(changes);
  const endpoint = endpointOf(server.url);
  if (endpoint === undefined) throw new Error("no endpoint");
  const target = { endpoint, secret: SECRET, player: PLAYER, timeoutMs: 5000, samples: 0, keepsGoing: false };
  const report = await certify(target, CASES);
  await server.stop();
  if ("unreachable" in report) throw new Error(report.unreachable);
  return likelyCauses(report.results).map(({ advice }) => advice);
}

/** Takes whatever has a player. */
function lenient(body: Uint8Array): ReturnType<typeof parseRequest> {
  const text = Buffer.from(body).toString();
  const id = /"player_id": *"([^"]*)"/.exec(text)?.[1] ?? "";
  const request = { request_id: "r", session_id: "s", timestamp: 0, player_id: id };
  return { valid: true, request };
}

test("a correct endpoint has none", async () => {
  expect(await causesOf({})).toEqual([]);
});

test.each([
  ["does not verify", { verify: () => true }, "requests without a right signature are answered"],
  ["validates nothing", { parse: lenient }, "the body is not validated"],
  [
    "signs no refusal",
    {
      respond: (reply, status) =>
        signedResponse(reply, status, reply.includes("OK") ? signatureOf(reply) : undefined),
    },
    "replies are not signed over the exact bytes",
  ],
  [
    "tells by the HTTP status",
    {
      respond: (reply, status) =>
        signedResponse(reply, reply.includes("OK") ? status : 400, signatureOf(reply)),
    },
    "the HTTP status tells what happened",
  ],
  [
    "breaks on what is not hex",
    {
      verify: (body, header) => {
        if (header !== null && !/^[0-9a-f]*$/i.test(header)) throw new Error("not hex");
        return header?.toLowerCase() === signatureOf(body);
      },
    },
    "the endpoint breaks on some calls",
  ],
] satisfies readonly (readonly [string, Partial<Steps>, string])[])(
  "an endpoint that %s is told so first",
  async (_, changes, advice) => {
    const [first] = await causesOf(changes);
    expect(first).toStartWith(advice);
  },
);
