import { describe, expect, test } from "bun:test";
import { type Dialect, MYSQL, POSTGRES, SQLITE } from "../../../plugins/shared/query/dialect.ts";
import { looseComparison } from "../../../plugins/shared/query/loose.ts";
import { parseQuery } from "../../../plugins/shared/query/parameters.ts";

function looseBy(condition: string, dialect: Dialect): string | undefined {
  return parseQuery(`SELECT balance FROM wallet WHERE ${condition}`, dialect).looseBy;
}

describe.each([
  ["PostgreSQL", POSTGRES],
  ["MySQL", MYSQL],
  ["SQLite", SQLITE],
] as const)("a query for %s that takes one id for another", (_name, dialect) => {
  test.each([
    ["id LIKE :player_id", "LIKE"],
    ["id like :player_id", "LIKE"],
    ["id NOT LIKE :player_id", "LIKE"],
    [":player_id LIKE id", "LIKE"],
    ["id LIKE CONCAT(:player_id, '%')", "LIKE"],
    ["lower(id) = lower(:player_id)", "lower()"],
    ["UPPER (w.id) = :player_id", "upper()"],
    ["id = lower(:player_id)", "lower()"],
    ["id = trim(both ' ' from :player_id)", "trim()"],
    ["(status = 'open' AND (id = substr(:player_id, 3)))", "substr()"],
    ["lower(id) IN (:player_id)", "lower()"],
    ["lower(id) = (SELECT lower(:player_id))", "lower()"],
    ["id IN (SELECT id FROM names WHERE lower(name) = lower(:player_id))", "lower()"],
    ["EXISTS (SELECT 1 FROM names n WHERE n.id = wallet.id AND n.name LIKE :player_id)", "LIKE"],
    ["lower(id) IS NOT DISTINCT FROM lower(:player_id)", "lower()"],
    ["(lower(id), brand) = (lower(:player_id), 'x')", "lower()"],
    ["CAST(id AS integer) = CAST(:player_id AS integer)", "CAST to integer"],
    ["id = CAST(:player_id AS decimal(20, 0))", "CAST to decimal"],
    ["id = CAST(:player_id AS char(5))", "CAST to char"],
    ["id = :player_id /* exactly */ COLLATE NOCASE", "COLLATE NOCASE"],
    ["id >= :player_id ORDER BY id LIMIT 1", ">="],
    ["id <> :player_id", "<>"],
    ["id BETWEEN :player_id AND 'zzz'", "BETWEEN"],
    ["id = :player_id OR lower(id) = lower(:player_id)", "lower()"],
    ["id = :player_id AND lower(b.id) = lower(:player_id)", "lower()"],
    ["NOT id = :player_id AND lower(id) = lower(:player_id)", "lower()"],
    ["id = lpad(:player_id, 10, '0')", "lpad()"],
    ["id = printf('%08d', :player_id)", "printf()"],
    ["id = round(:player_id)", "round()"],
    ["id = :player_id + 0", "+"],
    ["id = 1*:player_id", "*"],
    ["id = (:player_id - 0)", "-"],
  ])("%s", (condition, by) => {
    expect(looseBy(condition, dialect)).toBe(by);
  });

  test.each([
    "id = :player_id",
    "id=:player_id",
    ":player_id = id AND session = :session_id",
    "id = :player_id AND status LIKE 'open%' AND lower(brand) = 'x'",
    "lower(status) = 'open' AND (id = :player_id OR upper(:session_id) = 'X')",
    "id IN (SELECT id FROM names WHERE name = :player_id AND lower(kind) = 'login')",
    "lower(id) = lower(:player_id) AND id = :player_id",
    "CAST(id AS char) = :player_id",
    "id = 'lower(id) LIKE ' || :player_id",
    "id = :player_id -- LIKE\n AND 1 = 1 /* lower(id) = :player_id */",
    "id = :player_id ORDER BY lower(id) LIMIT 1",
    "like_id = :player_id",
    "id = :player_id AND length(:player_id) < 40 AND :player_id <> ''",
    "id = :player_id AND id >= :player_id",
    "balance > (SELECT least FROM limits WHERE id = :player_id) AND id = :player_id",
  ])("but not %s", (condition) => {
    expect(looseBy(condition, dialect)).toBeUndefined();
  });

  test("a condition on something else, and the columns, are none of its matters", () => {
    const query = `SELECT CAST(balance AS decimal(20, 4)) AS balance, upper(currency) AS currency
      FROM wallet w JOIN brands b ON lower(b.name) = lower(w.brand) LEFT JOIN tiers t ON t.id = w.tier
      WHERE w.id = :player_id GROUP BY lower(w.id)`;
    expect(parseQuery(query, dialect).looseBy).toBeUndefined();
  });
});

test.each([
  ["id ILIKE :player_id", "ILIKE"],
  ["id ~* :player_id", "~*"],
  ["id !~~* :player_id", "!~~*"],
  ["id SIMILAR TO :player_id", "SIMILAR"],
  ["id = :player_id::bigint", "::bigint"],
  ["id::numeric = :player_id::numeric", "::numeric"],
  ["id = :player_id::varchar(8)", "::varchar"],
  ["id = :player_id::character varying(8)", "::character"],
  ["id = ANY(ARRAY[lower(:player_id)])", "lower()"],
  ['id = "left"(:player_id, 4)', "left()"],
  ["id::text = :player_id", undefined],
  ["id = :player_id::character varying", undefined],
  ["document->>'id' = :player_id", undefined],
  ['id = :player_id COLLATE "C"', undefined],
])("PostgreSQL's own: %s", (condition, by) => {
  expect(looseBy(condition, POSTGRES)).toBe(by);
});

test.each([
  ["(lower(w.id) = lower(klas_balance_asked.klas_balance_player_id))", "lower()"],
  ["(w.id ~~ klas_balance_asked.klas_balance_player_id)", "~~"],
  [
    "((lower(w.id) = lower(klas_balance_asked.klas_balance_player_id)) AND (w.id = klas_balance_asked.klas_balance_player_id))",
    undefined,
  ],
  [
    "((lower(w.status) = 'x'::text) AND ((w.id)::text = klas_balance_asked.klas_balance_player_id))",
    undefined,
  ],
  ["(w.id = (klas_balance_asked.klas_balance_player_id)::bigint)", "::bigint"],
])("a condition of PostgreSQL's plan: %s", (condition, by) => {
  expect(looseComparison(condition, "klas_balance_player_id", POSTGRES)).toBe(by);
});

test.each([
  ["id REGEXP :player_id", "REGEXP"],
  ["id SOUNDS LIKE :player_id", "SOUNDS"],
  ["id = CONVERT(:player_id, SIGNED)", "CONVERT to SIGNED"],
  ["id = :player_id COLLATE utf8mb4_general_ci", "COLLATE utf8mb4_general_ci"],
  ["`lower`(id) = :player_id", "lower()"],
  ["id COLLATE utf8mb4_bin = :player_id", "COLLATE utf8mb4_bin"],
  ["id = CONVERT(:player_id USING utf8mb4)", "CONVERT to utf8mb4"],
  ["id = CONVERT(:player_id, CHAR)", "CONVERT to CHAR"],
  ["id = CAST(CONCAT(:player_id, '') AS CHAR)", "CAST to CHAR"],
  ["id = CAST(:player_id AS CHAR) AND id = :player_id", undefined],
  ["FIND_IN_SET(id, :player_id) > 0", "find_in_set()"],
  ["FIND_IN_SET(:player_id, id)", "find_in_set()"],
  ["REGEXP_LIKE(id, :player_id) AND id = 1", "regexp_like()"],
  ["BINARY id = :player_id", undefined],
  ["id = CAST(:player_id AS BINARY)", undefined],
  ["CONVERT(id USING utf8mb4) = :player_id", undefined],
  ["CONCAT('u-', id) = CONCAT('u-', :player_id)", undefined],
])("MySQL's own: %s", (condition, by) => {
  expect(looseBy(condition, MYSQL)).toBe(by);
});

test.each([
  ["id GLOB :player_id", "GLOB"],
  ["id = :player_id COLLATE rtrim", "COLLATE rtrim"],
  ["[id] = :player_id", undefined],
  ["id = :player_id AND balance - held > -5", undefined],
  ["id = :player_id + 0 AND id = :player_id", undefined],
  ["id = 'u-' || :player_id", undefined],
  ["data->>'id' = :player_id", undefined],
  ["id = (SELECT w.id FROM w WHERE w.n = :player_id) AND (SELECT count(*) FROM b) * 2 > 1", undefined],
])("SQLite's own: %s", (condition, by) => {
  expect(looseBy(condition, SQLITE)).toBe(by);
});
