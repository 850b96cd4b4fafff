import { expect, test } from "bun:test";
import { CASES } from "../../src/certify/cases.ts";
import { certify } from "../../src/certify/certify.ts";
import { endpointOf } from "../../src/certify/endpoint-address.ts";
import { statusHint } from "../../src/certify/first-call.ts";
import { conforms } from "../../src/certify/report.ts";
import { sign, signingKey } from "../../src/protocol/signature.ts";
import { PLAYER, SECRET, serveSteps, signatureOf, signedResponse, type Steps } from "./reference.ts";

interface Run {
  readonly below?: string;
  readonly player?: string;
  readonly keepsGoing?: boolean;
}

async function certified(
  changes: Partial<Steps>,
  { below = "", player = PLAYER, keepsGoing = false }: Run = {},
) {
  const server = serveSteps(changes);
  const endpoint = endpointOf(server.url + below);
  if (endpoint === undefined) throw new Error("no endpoint");
  const heard: string[] = [];
  const target = { endpoint, secret: SECRET, player, timeoutMs: 5000, samples: 0, keepsGoing };
  const report = await certify(target, CASES, ({ case: { id } }) => heard.push(id));
  await server.stop();
  if ("unreachable" in report) throw new Error(report.unreachable);
  return { ...report, heard };
}

/** An endpoint that verifies and signs with other bytes as the key. */
function keyed(secret: string): Partial<Steps> {
  const key = signingKey(secret);
  return {
    verify: (body, header) => header === sign(body, key),
    respond: (reply, status) => signedResponse(reply, status, sign(reply, key)),
  };
}

const never: Partial<Steps> = { verify: () => false };

/** As Python's json.dumps writes what json.loads has read. */
function asPythonWrites(body: Uint8Array): string {
  const value: unknown = JSON.parse(Buffer.from(body).toString());
  return JSON.stringify(value, null, 1).replace(/,\n */g, ", ").replace(/\n */g, "");
}

test.each([
  [
    "has another secret",
    keyed("another secret"),
    {},
    "the endpoint has another secret: its reply is signed with one",
  ],
  [
    "keeps a newline with its secret",
    keyed(`${SECRET}\n`),
    {},
    "the endpoint takes another signature for the right one: the secret was used with a newline after it",
  ],
  [
    "verifies JSON that it writes again",
    { verify: (body, header) => header === signatureOf(asPythonWrites(body)) },
    {},
    "right one: it was made over re-serialized JSON (with a space after commas and colons, as Python's json.dumps",
  ],
  [
    "wants base64",
    { verify: (body, header) => header === Buffer.from(signatureOf(body), "hex").toString("base64") },
    {},
    "right one: the header must be base64",
  ],
  [
    "verifies what nobody can guess",
    never,
    {},
    "the endpoint has this secret, as the signature of its reply shows",
  ],
  [
    "refuses and does not sign that",
    { ...never, respond: (reply, status) => signedResponse(reply, status, undefined) },
    {},
    "the endpoint has another secret, or verifies something other than the bytes of the body",
  ],
  [
    "is asked for a player who is not there",
    {},
    { player: "nobody" },
    'the endpoint knows no player "nobody"',
  ],
  ["is named with /balance", {}, { below: "/balance" }, "--url ends in /balance already"],
  ["is named with another path", {}, { below: "/elsewhere" }, "is --url the WEBHOOK_URL, without /balance?"],
  [
    "redirects",
    { respond: () => new Response(null, { status: 301, headers: { Location: "https://other.example/" } }) },
    {},
    "it redirects to https://other.example/, and Klas Gaming does not follow",
  ],
] satisfies readonly (readonly [string, Partial<Steps>, Run, string])[])(
  "an endpoint that %s: the run stops with the cause",
  async (_, changes, run, cause) => {
    const report = await certified(changes, run);
    expect(report.cause).toContain(cause);
    expect(report.cause).not.toContain(SECRET);
    expect(report.heard).toEqual(["answers-in-time", "good-call"]);
    expect(conforms(report)).toBe(false);
  },
);

test.each([
  ["authenticate", "without /authenticate? And is /authenticate answered there?"],
  ["bet", "without /bet? And is /bet answered there?"],
])("an endpoint of another name that is not there: %s", (endpoint, hint) => {
  const reply = { status: 404, headers: [], body: Buffer.of() };
  expect(statusHint(reply, endpoint)).toEndWith(hint);
});

test("told to keep going, it runs what needs no answered balance", async () => {
  const { cause, results } = await certified(keyed("another secret"), { keepsGoing: true });
  expect(cause).toContain("another secret");
  const ran = results.filter(({ result }) => result !== "skipped").map((one) => one.case.id);
  expect(ran).toContain("signature-missing");
  expect(ran).not.toContain("signature-upper-case");
});
