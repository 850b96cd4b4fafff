import * as v from "valibot";
import { integer } from "../shared/integer.ts";

const everyNth = v.optional(integer(0, 1_000_000), 0);

const NO_TABLE = 'expected a table such as { "12001" = "30" }';
/** Of a player whose balance is none. */
export const NO_AMOUNT = 'expected a decimal as text, such as "30" or "30.50", of at most 38 digits';

/** What a balance on the wire may be (spec 1.4). */
const AMOUNT = /^-?(?=(?:\.?\d){1,38}$)\d+(?:\.\d+)?$/;

/**
 * Balances by player id: exact decimals as text, so that no digit passes through a float. It is a Map, because an
 * object would answer for `constructor`, and valibot's record would drop a player of that name.
 */
export const balancesSchema = v.pipe(
  v.custom<Readonly<Record<string, unknown>>>(
    (input) => typeof input === "object" && input !== null && !Array.isArray(input),
    NO_TABLE,
  ),
  v.rawTransform(({ dataset, addIssue }): ReadonlyMap<string, string> => {
    const players = new Map<string, string>();
    const input = { ...dataset.value };
    for (const [key, value] of Object.entries(dataset.value)) {
      if (typeof value === "string" && AMOUNT.test(value)) players.set(key, value);
      else addIssue({ message: NO_AMOUNT, path: [{ type: "object", origin: "value", input, key, value }] });
    }
    return players;
  }),
);

export const optionsSchema = v.pipe(
  v.strictObject(
    {
      players: v.optional(balancesSchema),
      file: v.optional(
        v.pipe(v.string("expected the path of a JSON file"), v.nonEmpty("expected the path of a JSON file")),
      ),
      delay_ms: v.optional(integer(0, 600_000), 0),
      fail_every: everyNth,
      hang_every: everyNth,
    },
    "expected a table",
  ),
  v.check(
    ({ players, file }) => (players === undefined) !== (file === undefined),
    "expected either players or file, and not both",
  ),
);

export type Options = v.InferOutput<typeof optionsSchema>;
