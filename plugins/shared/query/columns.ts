import { didYouMean } from "../near-name.ts";

const NAMES = ["balance", "balance_minor", "exponent", "currency", "status_code", "player_id"] as const;

type ColumnName = (typeof NAMES)[number];

/** The place of each of the query's columns in a row. */
export type BalanceColumns = ReadonlyMap<ColumnName, number>;

/**
 * The columns of a query by name, in upper or lower case. Throws, with a message for the operator, if they give no
 * balance, or if there are further ones or two of one name: nobody knows which one is meant.
 */
export function balanceColumns(given: readonly string[]): BalanceColumns {
  const columns = new Map<ColumnName, number>();
  const yielded = given.join(", ");
  for (const [index, name] of given.entries()) {
    const known = NAMES.find((each) => each === name.toLowerCase());
    if (known === undefined) continue;
    if (columns.has(known)) throw new Error(`\`query\` yields ${known} twice (${yielded}): expected it once`);
    columns.set(known, index);
  }
  const further = given.find((_, index) => ![...columns.values()].includes(index));
  if (further !== undefined && given.some(isAmount)) {
    throw new Error(
      `\`query\` yields the column ${further}${didYouMean(further.toLowerCase(), NAMES)} (${yielded}): expected only ${NAMES.join(", ")}`,
    );
  }
  if (columns.has("balance") && columns.has("balance_minor")) {
    throw new Error(`\`query\` yields both balance and balance_minor (${yielded}): expected one of them`);
  }
  if (!columns.has("balance") && !columns.has("balance_minor")) {
    const near = given.map((name) => didYouMean(name.toLowerCase(), ["balance", "balance_minor"]));
    throw new Error(
      `\`query\` yields ${yielded}: expected a column balance or balance_minor, for example by … AS balance${near.join("")}`,
    );
  }
  if (columns.has("exponent") && !columns.has("balance_minor")) {
    throw new Error(`\`query\` yields exponent without balance_minor (${yielded}): it is for minor units`);
  }
  return columns;
}

/** True if the query gives minor units but not how many decimals they have. */
export function lacksExponent(columns: BalanceColumns): boolean {
  return columns.has("balance_minor") && !columns.has("exponent");
}

function isAmount(name: string): boolean {
  return /^balance(?:_minor)?$/i.test(name);
}
