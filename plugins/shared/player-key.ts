import type { IdType } from "./engine-options.ts";

const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const BITS = { smallint: 16, integer: 32, bigint: 64 } as const;

/** What a player's id can be. The narrower integers are what a query may cast it to. */
export type KeyType = IdType | keyof typeof BITS;

/**
 * A player's id as a key of the engine's type, in the one form in which the engine writes it back. `undefined` if it
 * is not one: `"042"`, `"42abc"` and `"4e1"` are nobody, although an engine left to itself would read a number.
 */
export function playerKey(type: KeyType, playerId: string): string | undefined {
  if (type === "text") return playerId;
  if (type === "uuid") return UUID.test(playerId) ? playerId.toLowerCase() : undefined;
  return isInteger(playerId, BITS[type]) ? playerId : undefined;
}

function isInteger(text: string, bits: number): boolean {
  if (!INTEGER.test(text)) return false;
  const value = BigInt(text);
  return BigInt.asIntN(bits, value) === value;
}
