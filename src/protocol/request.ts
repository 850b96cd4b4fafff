import * as v from "valibot";

/** The longest id, in characters (Unicode code points). */
const MAX_ID_CHARACTERS = 256;

/** From here on a timestamp is in milliseconds; as seconds it would be the year 5138. */
const FIRST_MILLISECONDS = 1e11;

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/;

/** What an id is (spec 1.1), in words. */
export const ID_RULE = "1 to 256 well-formed characters, none of them a control character";

/** Whether a text can be an id of a request: what cannot is an id that no call could ask for. */
export function isId(text: string): boolean {
  return (
    text !== "" &&
    (text.length <= MAX_ID_CHARACTERS || hasAtMostCodePoints(text, MAX_ID_CHARACTERS)) &&
    text.isWellFormed() &&
    !CONTROL_CHARACTER.test(text)
  );
}

function hasAtMostCodePoints(text: string, limit: number): boolean {
  // A code point is at most two UTF-16 units, so a longer text need not be counted.
  return text.length <= 2 * limit && Array.from(text).length <= limit;
}

const idSchema = v.pipe(v.string("expected a string"), v.check(isId, `expected ${ID_RULE}`));

const requestSchema = v.object({
  request_id: idSchema,
  timestamp: v.pipe(
    v.number("expected a number"),
    v.finite("expected a finite number"),
    v.minValue(0, "expected a number that is not negative"),
  ),
  session_id: idSchema,
  player_id: idSchema,
});

/** What a wrong request says right: whose call it was, for the log. */
const knownIdsSchema = v.object({
  request_id: v.fallback(v.optional(idSchema), undefined),
  player_id: v.fallback(v.optional(idSchema), undefined),
});

/** Spec 1.1. Unknown further fields are dropped, nothing is coerced. */
export type BalanceRequest = v.InferOutput<typeof requestSchema>;

export type ParsedRequest =
  | { readonly valid: true; readonly request: BalanceRequest }
  | { readonly valid: false; readonly problem: string; readonly known?: KnownIds };

type KnownIds = v.InferOutput<typeof knownIdsSchema>;

// A byte-order mark is not part of JSON (RFC 8259, section 8.1); kept, it makes the parser refuse the body.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a body. The problem names the field and the rule, never a value. */
export function parseRequest(body: Uint8Array): ParsedRequest {
  const json = parseJson(body);
  if (!json.valid) return json;
  const result = v.safeParse(requestSchema, json.value, { abortEarly: true });
  if (result.success) return { valid: true, request: result.output };
  const [issue] = result.issues;
  const field = v.getDotPath(issue);
  if (field === null) return { valid: false, problem: "expected a JSON object" };
  return {
    valid: false,
    // JSON has no `undefined`: if it was found, there was no such field.
    problem: `${field}: ${issue.received === "undefined" ? "missing" : issue.message}`,
    known: v.parse(knownIdsSchema, json.value),
  };
}

const looseRequestSchema = v.object({
  ...knownIdsSchema.entries,
  timestamp: v.fallback(v.optional(requestSchema.entries.timestamp), undefined),
});

/** What is sound in a body that is another's to judge: whose call it is, and when it was made. */
export function looseRequest(body: Uint8Array): v.InferOutput<typeof looseRequestSchema> {
  const json = parseJson(body);
  const result = v.safeParse(looseRequestSchema, json.valid ? json.value : {});
  return result.success ? result.output : {};
}

type Json =
  | { readonly valid: true; readonly value: unknown }
  | { readonly valid: false; readonly problem: string };

function parseJson(body: Uint8Array): Json {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    return { valid: false, problem: "not UTF-8" };
  }
  try {
    const value: unknown = JSON.parse(text);
    return { valid: true, value };
  } catch {
    return { valid: false, problem: "not JSON" };
  }
}

/** How far the request's clock is from ours, in seconds; negative if it is behind. */
export function clockSkewSeconds(timestamp: number, nowMs: number): number {
  const timestampMs = timestamp >= FIRST_MILLISECONDS ? timestamp : timestamp * 1000;
  return (timestampMs - nowMs) / 1000;
}
