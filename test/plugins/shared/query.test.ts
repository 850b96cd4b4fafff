import { describe, expect, test } from "bun:test";
import { array, assert, constantFrom, oneof, property, string } from "fast-check";
import { balanceColumns } from "../../../plugins/shared/query/columns.ts";
import { type Dialect, MYSQL, POSTGRES, SQLITE } from "../../../plugins/shared/query/dialect.ts";
import { parseQuery } from "../../../plugins/shared/query/parameters.ts";

function rendered(text: string, dialect: Dialect): string {
  return parseQuery(text, dialect).render((parameter) => `<${parameter}>`);
}

function problem(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("expected a problem");
}

describe.each([
  ["PostgreSQL", POSTGRES],
  ["MySQL", MYSQL],
  ["SQLite", SQLITE],
] as const)("the parameters of a query for %s", (_name, dialect) => {
  test.each([
    ["x = :player_id", "x = <player_id>"],
    ["x = :player_id AND s=:session_id;\n", "x = <player_id> AND s=<session_id>"],
    ["x = ':player_id' OR x=:player_id", "x = ':player_id' OR x=<player_id>"],
    ["x = 'it''s :player_id' OR x=:player_id", "x = 'it''s :player_id' OR x=<player_id>"],
    ['":player_id" = :player_id', '":player_id" = <player_id>'],
    ["-- :player_id\nx = :player_id -- ; :nonsense", "-- :player_id\nx = <player_id> -- ; :nonsense"],
    ["/* :player_id ; */ x = :player_id", "/* :player_id ; */ x = <player_id>"],
    ["x = :player_id ; -- the end; really", "x = <player_id>"],
    ["x = :player_id /* never closed :nonsense", "x = <player_id> /* never closed :nonsense"],
  ])("%j", (text, expected) => {
    expect(rendered(text, dialect)).toBe(expected);
  });

  test.each([
    ["SELECT 1", "`query` does not use :player_id"],
    ["SELECT ':player_id'", "`query` does not use :player_id"],
    ["x = :playerid", "has the parameter :playerid: expected :player_id"],
    ["x = :player_id AND s = :sesion_id", "has the parameter :sesion_id"],
    ["x = :player_id2", "has the parameter :player_id2"],
    ["x = :player_id; DELETE FROM wallets", "`query` is not one SELECT"],
    ["x = :player_id;; SELECT :player_id", "`query` is not one SELECT"],
  ])("%j is refused", (text, expected) => {
    expect(problem(() => parseQuery(text, dialect))).toContain(expected);
  });

  test("whatever the text, it is left as it is, or refused in one line", () => {
    const piece = oneof(
      constantFrom(
        ":player_id",
        "'",
        '"',
        "`",
        "--",
        "/*",
        "*/",
        "$",
        "$$",
        "$a$",
        "\\",
        "::",
        ";",
        "\n",
        "#",
        "?",
      ),
      string({ maxLength: 4 }),
    );
    assert(
      property(array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        let query;
        try {
          query = parseQuery(text, dialect);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          return;
        }
        const same = query.render((parameter) => `:${parameter}`);
        expect(text.startsWith(same)).toBeTrue();
      }),
      { numRuns: 2000 },
    );
  });
});

test.each([
  ["x::text = :player_id", "x::text = <player_id>"],
  ["E'\\' :player_id' = :player_id", "E'\\' :player_id' = <player_id>"],
  ["$$ :player_id $$ = :player_id", "$$ :player_id $$ = <player_id>"],
  ["$a$ :player_id $$ $b$ $a$ = :player_id", "$a$ :player_id $$ $b$ $a$ = <player_id>"],
  ["a$b$:player_id", "a$b$<player_id>"],
  ["/* a /* :player_id */ :player_id */ :player_id", "/* a /* :player_id */ :player_id */ <player_id>"],
  ["name'\\' = :player_id", "name'\\' = <player_id>"],
  ["tags[1:2] ? 'a' AND x = :player_id", "tags[1:2] ? 'a' AND x = <player_id>"],
])("PostgreSQL's own: %j", (text, expected) => {
  expect(rendered(text, POSTGRES)).toBe(expected);
});

test("PostgreSQL's own parameters are refused", () => {
  expect(problem(() => parseQuery("a = :player_id AND x = $1", POSTGRES))).toContain("has the parameter $1");
});

test.each([
  ["'\\' :player_id' = :player_id", "'\\' :player_id' = <player_id>"],
  ["# :player_id\n :player_id", "# :player_id\n <player_id>"],
  ["`:player_id` = :player_id", "`:player_id` = <player_id>"],
  ["1--:player_id", "1--<player_id>"],
  ["@a:=:player_id", "@a:=<player_id>"],
])("MySQL's own: %j", (text, expected) => {
  expect(rendered(text, MYSQL)).toBe(expected);
});

test("MySQL's own parameters are refused", () => {
  expect(problem(() => parseQuery("a = :player_id AND x = ?", MYSQL))).toContain("has the parameter ?");
});

test.each([
  ["[:player_id] = :player_id", "[:player_id] = <player_id>"],
  ["`:player_id` = :player_id", "`:player_id` = <player_id>"],
  ["'\\' = :player_id", "'\\' = <player_id>"],
  ["a$b = :player_id AND j->>'$.x' = 1", "a$b = <player_id> AND j->>'$.x' = 1"],
  ["/* a /* */ x = :player_id", "/* a /* */ x = <player_id>"],
])("SQLite's own: %j", (text, expected) => {
  expect(rendered(text, SQLITE)).toBe(expected);
});

test.each(["?", "?1", "@name", "$name", "$ns::name"])("SQLite's own parameter %s is refused", (parameter) => {
  expect(problem(() => parseQuery(`a = :player_id AND x = ${parameter}`, SQLITE))).toContain(
    `has the parameter ${parameter}:`,
  );
});

describe("the columns of a query", () => {
  test("go by their names, in whatever case and order", () => {
    expect([...balanceColumns(["CURRENCY", "Player_Id", "Balance"])]).toEqual([
      ["currency", 0],
      ["player_id", 1],
      ["balance", 2],
    ]);
  });

  test.each([
    [["balance", "balance"], "yields balance twice"],
    [["balance", "BALANCE"], "yields balance twice"],
    [["balance", "currency", "Currency"], "yields currency twice"],
    [["balance", "balance_minor"], "yields both balance and balance_minor"],
    [["balance", "exponent"], "yields exponent without balance_minor"],
    [["balance", "bonus"], "yields the column bonus (balance, bonus): expected only balance"],
    [["balance_minor", "expnent"], 'the column expnent, did you mean "exponent"? (balance_minor, expnent)'],
    [
      ["id", "ballance"],
      "yields id, ballance: expected a column balance or balance_minor, for example by … AS balance, did you mean",
    ],
    [["currency"], "yields currency: expected a column balance or balance_minor"],
    [[], "expected a column balance or balance_minor"],
  ])("%j are refused", (names, expected) => {
    expect(problem(() => balanceColumns(names))).toContain(expected);
  });
});
