import { signatureOf } from "../raw-http.ts";

/**
 * Spec 1 once more, in the plainest words and by other means than `src`: what a request must be answered.
 */

export const SECRETS = ["fuzz-secret-one", "fuzz-secret-two"] as const;
export const MAX_BODY_BYTES = 16_384;

export const BALANCES: ReadonlyMap<string, string> = new Map([
  ["12001", "30"],
  ["rich", "92233720368547758.07"],
  ["poor", "-0.01"],
  ["nothing", "0"],
  ["constructor", "7"],
  ["\u{1f600}", "0.5"],
]);

export interface Expected {
  readonly status: number;
  readonly body: string;
  /** The secret that signs the reply. */
  readonly secret: string;
}

/** `headers` are the values of the `X-Signature` lines, as bytes in Latin-1. */
export function expectedReply(body: Buffer, headers: readonly string[]): Expected {
  const [first] = SECRETS;
  if (body.length > MAX_BODY_BYTES) return { status: 413, body: error("ERR_INVALID_BODY"), secret: first };
  const [header = "", ...others] = headers.map((value) => value.replace(/^[ \t]+|[ \t]+$/g, ""));
  const secret =
    others.length === 0
      ? SECRETS.find((each) => header.toLowerCase() === signatureOf(each, body))
      : undefined;
  if (secret === undefined) return { status: 200, body: error("ERR_INTEGRITY_CHECK_FAILED"), secret: first };
  const playerId = playerOf(body);
  if (playerId === undefined) return { status: 200, body: error("ERR_INVALID_BODY"), secret };
  const balance = BALANCES.get(playerId);
  if (balance === undefined) return { status: 200, body: error("ERR_PLAYER_NOT_FOUND"), secret };
  return { status: 200, body: `{"balance":"${balance}","status_code":"OK"}`, secret };
}

function error(statusCode: string): string {
  return `{"status_code":"${statusCode}"}`;
}

/** The player of a valid request, else `undefined`. */
export function playerOf(body: Uint8Array): string | undefined {
  const bytes = Buffer.from(body);
  const text = bytes.toString("utf8");
  // What was not UTF-8 does not come back as the same bytes.
  if (!Buffer.from(text, "utf8").equals(bytes)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const timestamp = fields.get("timestamp");
  if (typeof timestamp !== "number" || !(timestamp >= 0 && timestamp < Infinity)) return undefined;
  const isValid = ["request_id", "session_id", "player_id"].every((name) => isId(fields.get(name)));
  return isValid ? String(fields.get("player_id")) : undefined;
}

function isId(value: unknown): boolean {
  if (typeof value !== "string") return false;
  const points = Array.from(value, (character) => character.codePointAt(0) ?? 0);
  return points.length >= 1 && points.length <= 256 && points.every(isAllowed);
}

function isAllowed(point: number): boolean {
  return point > 0x1f && point !== 0x7f && !(point >= 0xd800 && point <= 0xdfff);
}
