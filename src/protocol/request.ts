/** The longest id, in characters (Unicode code points). */
const MAX_ID_CHARACTERS = 256;

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

/** Spec 1.1. Unknown further fields are dropped, nothing is coerced. */
export interface BalanceRequest {
  readonly request_id: string;
  readonly timestamp: number;
  readonly session_id: string;
  readonly player_id: string;
}

/** What is wrong with each field, in the order in which they are looked at; `undefined` if nothing is. */
const PROBLEMS = [
  ["request_id", idProblem],
  ["timestamp", timestampProblem],
  ["session_id", idProblem],
  ["player_id", idProblem],
] as const;

function idProblem(value: unknown): string | undefined {
  if (value === undefined) return "missing";
  if (typeof value !== "string") return "expected a string";
  return isId(value) ? undefined : `expected ${ID_RULE}`;
}

function timestampProblem(value: unknown): string | undefined {
  if (value === undefined) return "missing";
  if (typeof value !== "number") return "expected a number";
  if (!Number.isFinite(value)) return "expected a finite number";
  return value >= 0 ? undefined : "expected a number that is not negative";
}

function isIdField(value: unknown): value is string {
  return idProblem(value) === undefined;
}

function isTimestamp(value: unknown): value is number {
  return timestampProblem(value) === undefined;
}

export type ParsedRequest =
  | { readonly valid: true; readonly request: BalanceRequest }
  | { readonly valid: false; readonly problem: string; readonly known?: KnownFields };

/** What a body says right, whatever else is wrong with it: whose call it is, and when it was made. */
type KnownFields = { readonly [field in keyof BalanceRequest]?: BalanceRequest[field] | undefined };

// A byte-order mark is not part of JSON (RFC 8259, section 8.1); kept, it makes the parser refuse the body.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a body. The problem names the field and the rule, never a value. By hand: there is one for each call, and a
 * schema's description of what is right costs more than reading the JSON does.
 */
export function parseRequest(body: Uint8Array): ParsedRequest {
  const json = parseJson(body);
  if (!json.valid) return json;
  const fields = fieldsOf(json.value);
  if (fields === undefined) return { valid: false, problem: "expected a JSON object" };
  const { request_id, timestamp, session_id, player_id } = fields;
  if (isIdField(request_id) && isTimestamp(timestamp) && isIdField(session_id) && isIdField(player_id)) {
    return { valid: true, request: { request_id, timestamp, session_id, player_id } };
  }
  return { valid: false, problem: firstProblem(fields), known: knownFields(fields) };
}

/** What is sound in a body that is another's to judge. */
export function looseRequest(body: Uint8Array): KnownFields {
  const json = parseJson(body);
  return knownFields((json.valid ? fieldsOf(json.value) : undefined) ?? {});
}

type Fields = { readonly [field in keyof BalanceRequest]?: unknown };

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? value : undefined;
}

function firstProblem(fields: Fields): string {
  const problems = PROBLEMS.map(([field, problemOf]) => [field, problemOf(fields[field])]);
  return problems.find(([, problem]) => problem !== undefined)?.join(": ") ?? "";
}

function knownFields({ request_id, timestamp, session_id, player_id }: Fields): KnownFields {
  return {
    request_id: isIdField(request_id) ? request_id : undefined,
    timestamp: isTimestamp(timestamp) ? timestamp : undefined,
    session_id: isIdField(session_id) ? session_id : undefined,
    player_id: isIdField(player_id) ? player_id : undefined,
  };
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
