import * as v from "valibot";

const count = "expected an integer from 0 to 1000000";
const everyNth = v.optional(
  v.pipe(v.number(count), v.integer(count), v.minValue(0, count), v.maxValue(1_000_000, count)),
  0,
);
const delay = "expected an integer from 0 to 600000";

/** Balances by player id: exact decimals as text, so that no digit passes through a float. */
export const playersSchema = v.record(
  v.string(),
  v.string('expected a balance as text, such as "30"'),
  'expected a table such as { "12001" = "30" }',
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
