import * as v from "valibot";

/** An integer of the configuration; the message gives its bounds. Its unit is the last word of the option's name. */
export function integer(minimum: number, maximum: number) {
  const message = `expected an integer from ${minimum} to ${maximum}`;
  return v.pipe(
    v.number(({ input }) =>
      typeof input === "string" && /^\d+$/.test(input) ? `${message}, without quotation marks` : message,
    ),
    v.check((value) => Number.isInteger(value) && value >= minimum && value <= maximum, message),
  );
}
