import type { IdType } from "./engine-options.ts";

const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const MAX_BIGINT = 2n ** 63n - 1n;

/**
 * A player's id as a key of the engine's type, in the one form in which the engine writes it back. `undefined` if it
 * is not one: `"042"`, `"42abc"` and `"4e1"` are nobody, although an engine left to itself would read a number.
 */
export function playerKey(idType: IdType, playerId: string): string | undefined {
  if (idType === "text") return playerId;
  if (idType === "bigint") return isBigint(playerId) ? playerId : undefined;
  return UUID.test(playerId) ? playerId.toLowerCase() : undefined;
}

function isBigint(text: string): boolean {
  if (!INTEGER.test(text)) return false;
  const value = BigInt(text);
  return value <= MAX_BIGINT && value >= -MAX_BIGINT - 1n;
}
