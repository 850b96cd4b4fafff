import { didYouMean } from "../../../plugins/shared/near-name.ts";
import { ENTRY_FIELDS, type Entry } from "../../players/entry.ts";

/** Where in a row each field is, and how many columns the file has. */
export type Columns = Readonly<Record<keyof Entry | "count", number>>;

const MAX_SHOWN_CHARACTERS = 60;

/** `Player ID`, `PLAYER_ID` and `playerId` are one name. */
function plainName(title: string): string {
  return title.toLowerCase().replaceAll(/[\s_-]/g, "");
}

/** The columns by their titles, in any order and among others; or the problem. */
export function columnsOf(titles: readonly string[]): Columns | { readonly problem: string } {
  const names = titles.map(plainName);
  const indexes = ENTRY_FIELDS.map((field) => [field, names.indexOf(plainName(field))] as const);
  const doubled = ENTRY_FIELDS.find((field) => names.filter((name) => name === plainName(field)).length > 1);
  if (doubled !== undefined) return { problem: `the column ${doubled} appears twice` };
  const missing = indexes.filter(([, index]) => index === -1).map(([field]) => field);
  if (missing.length > 0) {
    // Then the line need not be a header: it may hold somebody's balance, or a secret.
    if (missing.length === ENTRY_FIELDS.length) {
      return { problem: `is this the header? Expected ${ENTRY_FIELDS.join(", ")}` };
    }
    const near = missing.length === 1 ? didYouMean(missing[0] ?? "", titles) : "";
    return {
      problem: `the header has no column ${missing.join(", no ")}${near}: expected ${ENTRY_FIELDS.join(", ")}, found ${shown(titles)}`,
    };
  }
  const [player_id = 0, currency = 0, balance = 0] = indexes.map(([, index]) => index);
  return { player_id, currency, balance, count: titles.length };
}

function shown(titles: readonly string[]): string {
  const text = titles.join(",");
  return JSON.stringify(
    text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text,
  );
}
