import * as v from "valibot";

const count = "expected an integer from 0 to 1000000";
const everyNth = v.optional(
  v.pipe(v.number(count), v.integer(count), v.minValue(0, count), v.maxValue(1_000_000, count)),
  0,
);
const delay = "expected an integer from 0 to 600000";

const NO_TABLE = 'expected a table such as { "12001" = "30" }';
const NO_TEXT = 'expected a balance as text, such as "30"';

/**
 * Balances by player id: exact decimals as text, so that no digit passes through a float. A Map, because an
 * object would answer for `constructor`; valibot's own record would drop a player of that name.
 */
export const playersSchema = v.pipe(
  v.custom<Readonly<Record<string, unknown>>>(
    (input) => typeof input === "object" && input !== null && !Array.isArray(input),
    NO_TABLE,
  ),
  v.rawTransform(({ dataset, addIssue }): ReadonlyMap<string, string> => {
    const players = new Map<string, string>();
    for (const [key, value] of Object.entries(dataset.value)) {
      if (typeof value === "string") players.set(key, value);
      else {
        const input = { ...dataset.value };
        addIssue({ message: NO_TEXT, path: [{ type: "object", origin: "value", input, key, value }] });
      }
    }
    return players;
  }),
);

export const optionsSchema = v.pipe(
  v.strictObject(
    {
      players: v.optional(playersSchema),
      file: v.optional(
        v.pipe(v.string("expected the path of a JSON file"), v.nonEmpty("expected the path of a JSON file")),
      ),
      delay_ms: v.optional(
        v.pipe(v.number(delay), v.integer(delay), v.minValue(0, delay), v.maxValue(600_000, delay)),
        0,
      ),
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
