import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { canonicalAmount } from "../src/protocol/amount.ts";
import { replyBody } from "../src/protocol/reply.ts";
import { parseRequest } from "../src/protocol/request.ts";
import { sign, signingKey, verify } from "../src/protocol/signature.ts";
import { DEFAULT_STATUS_CODES } from "../src/protocol/status.ts";

const vector = { name: v.string(), secret: v.string(), body_base64: v.string() };

const signatures = read(
  "signatures.json",
  v.object({
    vectors: v.array(
      v.object({
        ...vector,
        x_signature: v.nullable(v.string()),
        valid: v.boolean(),
        problem: v.nullable(v.picklist(["missing", "malformed", "wrong"])),
      }),
    ),
  }),
);

const exchanges = read(
  "exchanges.json",
  v.object({
    players: v.record(v.string(), v.string()),
    vectors: v.array(
      v.object({
        ...vector,
        x_signature: v.string(),
        reply_base64: v.string(),
        reply_x_signature: v.string(),
      }),
    ),
  }),
);

function read<Schema extends v.GenericSchema>(file: string, schema: Schema): v.InferOutput<Schema> {
  return v.parse(schema, JSON.parse(readFileSync(join(import.meta.dir, "vectors", file), "utf8")));
}

const players = new Map(Object.entries(exchanges.players));

test.each(signatures.vectors)(
  "the signature vector $name",
  ({ secret, body_base64, x_signature, valid, problem }) => {
    const verification = verify(Buffer.from(body_base64, "base64"), x_signature, [signingKey(secret)]);
    expect(verification.valid).toBe(valid);
    expect(verification.valid ? null : verification.problem).toBe(problem);
  },
);

test.each(exchanges.vectors)("the exchange vector $name", (exchange) => {
  const key = signingKey(exchange.secret);
  const reply = answer(Buffer.from(exchange.body_base64, "base64"), exchange.x_signature, exchange.secret);
  expect(reply).toBe(Buffer.from(exchange.reply_base64, "base64").toString());
  expect(sign(reply, key)).toBe(exchange.reply_x_signature);
});

/** The protocol's steps in their order, over the vectors' players. */
function answer(body: Uint8Array, header: string, secret: string): string {
  if (!verify(body, header, [signingKey(secret)]).valid) return replyBody(DEFAULT_STATUS_CODES.bad_signature);
  const parsed = parseRequest(body);
  if (!parsed.valid) return replyBody(DEFAULT_STATUS_CODES.invalid_body);
  const balance = players.get(parsed.request.player_id);
  if (balance === undefined) return replyBody(DEFAULT_STATUS_CODES.player_not_found);
  return replyBody("OK", canonicalAmount(balance));
}
