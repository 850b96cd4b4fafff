import { signatureOf } from "../raw-http.ts";
import { BALANCES, type Expected, expectedReply, MAX_BODY_BYTES, SECRETS } from "./oracle.ts";
import type { Random } from "./random.ts";

/** A request as it goes over the wire, and what it must be answered. */
export interface FuzzedRequest {
  readonly bytes: Buffer;
  readonly expected: Expected;
}

const STRANGE_TEXTS = [
  "",
  "12001 ",
  "12002",
  "__proto__",
  "toString",
  "' OR 1=1 --",
  "../../etc/passwd",
  "x".repeat(256),
  "x".repeat(257),
  "\u{1f600}".repeat(256),
  "\u{1f600}".repeat(257),
  "a\u0000b",
  "\n",
  "\u007f",
  "\u0080",
  "\ufeff12001",
  "\ud800",
  "\udc00\ud800",
  '","balance":"9',
  "1".repeat(5000),
] as const;

/** JSON, as text, for any field. */
const STRANGE_VALUES = [
  "null",
  "true",
  "0",
  "-0",
  "-1",
  "1e11",
  "1e308",
  "1e309",
  "-1e309",
  "1.5",
  "12001",
  '"1710000000"',
  "[]",
  "{}",
  '["12001"]',
  '{"player_id":"12001"}',
  "NaN",
  "01",
  "1.",
  '"\\ud800"',
  '"\\ud83d\\ude00"',
  '"\\u0031200\\u0031"',
  '"\\x31"',
] as const;

const STRANGE_BYTES = [
  Buffer.from([0xff]),
  Buffer.from([0xc0, 0xaf]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xef, 0xbb, 0xbf]),
  Buffer.from([0xe2, 0x82]),
  Buffer.from([0]),
  Buffer.from("\r\n\r\n"),
  Buffer.from('"'),
  Buffer.from("}"),
  Buffer.from(","),
  Buffer.from("\\"),
] as const;

/** A request that is good more often than not in each of its parts, so that every depth is reached. */
export function fuzzedRequest(random: Random): FuzzedRequest {
  const signedBody = random.chance(0.5) ? mutatedBytes(random, goodBody(random)) : goodBody(random);
  const headers = signatureHeaders(random, signedBody);
  const sentBody = random.chance(0.1) ? mutatedBytes(random, signedBody) : signedBody;
  return { bytes: onTheWire(random, sentBody, headers), expected: expectedReply(sentBody, headers) };
}

/** JSON with the four fields, some of them strange, in any order. */
function goodBody(random: Random): Buffer {
  const players = [...BALANCES.keys()];
  const fields: [string, string][] = [
    ["request_id", JSON.stringify(random.bytes(8).toString("hex"))],
    ["timestamp", random.pick(["1710000000", "1710000000123", "1.71e9", "0"])],
    ["session_id", JSON.stringify(random.bytes(4).toString("hex"))],
    ["player_id", JSON.stringify(players[random.below(players.length)])],
  ];
  if (random.chance(0.2)) {
    const field = fields[random.below(4)];
    if (field !== undefined) {
      field[1] = random.chance(0.5)
        ? JSON.stringify(random.pick(STRANGE_TEXTS))
        : random.pick(STRANGE_VALUES);
    }
  }
  if (random.chance(0.05)) fields.splice(random.below(4), 1);
  if (random.chance(0.1)) fields.push(["player_id", JSON.stringify(random.pick(STRANGE_TEXTS))]);
  if (random.chance(0.1))
    fields.push([random.pick(["currency", "__proto__", "constructor"]), random.pick(STRANGE_VALUES)]);
  if (random.chance(0.03)) fields.push(["pad", `"${"x".repeat(MAX_BODY_BYTES - 200 + random.below(400))}"`]);
  if (random.chance(0.3)) fields.reverse();
  const space = random.pick(["", "", " ", "\n\t"]);
  const members = fields.map(([name, value]) => `${JSON.stringify(name)}${space}:${space}${value}`);
  return Buffer.from(`${space}{${members.join(`,${space}`)}}${space}`);
}

function mutatedBytes(random: Random, original: Buffer): Buffer {
  let bytes: Buffer = original;
  for (let rounds = 1 + random.below(3); rounds > 0; rounds -= 1) {
    const at = random.below(bytes.length + 1);
    const to = at + random.below(Math.min(64, bytes.length - at + 1));
    const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
    bytes = random.pick([
      () => Buffer.concat([before, Buffer.from(middle.map((byte) => byte ^ (1 << random.below(8)))), after]),
      () => Buffer.concat([before, after]),
      () => Buffer.concat([before, random.pick(STRANGE_BYTES), middle, after]),
      () => Buffer.concat([before, random.bytes(1 + random.below(8)), after]),
      () => Buffer.concat([before, middle, middle, after]),
      () => before,
      () => Buffer.concat([before, Buffer.from("[".repeat(random.below(9000))), middle, after]),
    ])();
  }
  return bytes;
}

/** The values of the `X-Signature` lines. None of them breaks a line. */
function signatureHeaders(random: Random, body: Buffer): readonly string[] {
  const good = signatureOf(random.pick(SECRETS), body);
  if (random.chance(0.7)) return [good];
  return random.pick<() => readonly string[]>([
    () => [],
    () => [""],
    () => [good, good],
    () => [good, "0".repeat(64)],
    () => [good.toUpperCase()],
    () => [`  ${good}\t`],
    () => [good.slice(random.below(3) - 2)],
    () => [good.slice(0, random.below(64))],
    () => [`${good}${random.pick(["0", "00", "zz", "=", ", "])}`],
    () => [`sha256=${good}`],
    () => [`${good.slice(0, 63)}${random.pick(["g", "\u00e9", "\u00ff", " ", "\u0080"])}`],
    () => [signatureOf("another secret", body)],
    () => [random.bytes(32).toString("hex")],
    () => [Buffer.from(good, "hex").toString("base64")],
  ])();
}

function onTheWire(random: Random, body: Buffer, signatures: readonly string[]): Buffer {
  const name = random.pick(["X-Signature", "x-signature", "X-SIGNATURE"]);
  const lines = [
    "POST /balance HTTP/1.1",
    "Host: localhost",
    ...signatures.map((value) => `${name}: ${value}`),
    ...(random.chance(0.2) ? [`X-Noise: ${random.bytes(20).toString("base64")}`] : []),
    ...(random.chance(0.2) ? [`traceparent: ${random.bytes(28).toString("hex")}`] : []),
  ];
  if (random.chance(0.8)) {
    const head = [...lines, `Content-Length: ${body.length}`, "", ""].join("\r\n");
    return Buffer.concat([Buffer.from(head, "latin1"), body]);
  }
  const parts: Buffer[] = [
    Buffer.from([...lines, "Transfer-Encoding: chunked", "", ""].join("\r\n"), "latin1"),
  ];
  for (let at = 0; at < body.length;) {
    const chunk = body.subarray(at, at + 1 + random.below(random.pick([16, 400, 20_000])));
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n"));
    at += chunk.length;
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}
