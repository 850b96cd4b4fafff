import * as v from "valibot";
import { didYouMean } from "./near-name.ts";

/** A table of options that refuses what it does not know, and says what was probably meant. */
export function strictTable<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.strictObject(entries, (issue) => {
    if (issue.expected === "never") {
      return `unknown option${didYouMean(String(issue.path?.at(-1)?.key), Object.keys(entries))}`;
    }
    return issue.path === undefined ? "expected a table" : "expected a value: this option is required";
  });
}
