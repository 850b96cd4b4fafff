import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import * as v from "valibot";
import { isTable } from "../../src/config/interpolate.ts";
import { loadConfig, readConfigFile } from "../../src/config/load.ts";
import { configSchema } from "../../src/config/schema.ts";
import { DEFAULT_STATUS_CODES } from "../../src/protocol/status.ts";
import { bindSources } from "../../src/source/bind-sources.ts";
import { builtIns } from "../../src/source/built-in.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const root = join(import.meta.dir, "../..");
const folder = temporaryFolder();
const example = readFileSync(join(root, "config.example.toml"), "utf8");

/** A table or an option that is commented out; prose is neither. */
const COMMENTED_OUT = /^# (?=\[[a-z._]+\]|[A-Za-z_.]+ = )/;
const uncommented = example
  .split("\n")
  .map((line) => line.replace(COMMENTED_OUT, ""))
  .join("\n");

/** One option of a schema, by its path in the table that the schema is for. */
interface Option {
  readonly path: readonly string[];
  readonly isRequired: boolean;
  readonly defaultValue: unknown;
  /** In a table that may be left out, and is then not in force. */
  readonly isOff: boolean;
}

const tableShape = v.looseObject({ entries: v.record(v.string(), v.unknown()) });
const optionalShape = v.looseObject({ type: v.literal("optional"), wrapped: v.unknown() });

/** Walks a valibot schema down to what is no table with known keys. */
function optionsOf(schema: unknown, path: readonly string[] = [], isOff = false): readonly Option[] {
  const isOptional = v.is(optionalShape, schema);
  const inner = isOptional ? schema.wrapped : schema;
  const defaultValue = isOptional ? schema["default"] : undefined;
  if (v.is(tableShape, inner)) {
    const isTableOff = isOff || (isOptional && defaultValue === undefined);
    return Object.entries(inner.entries).flatMap(([key, entry]) =>
      optionsOf(entry, [...path, key], isTableOff),
    );
  }
  return [{ path, isRequired: !isOptional && !isOff, defaultValue, isOff }];
}

function valueAt(table: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (isTable(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    table,
  );
}

/** The paths of all that is not a table with known keys. */
function shownPaths(
  table: unknown,
  options: readonly Option[],
  path: readonly string[] = [],
): readonly string[] {
  const isOption = options.some((option) => option.path.join(".") === path.join("."));
  if (isOption || !isTable(table)) return [path.join(".")];
  return Object.entries(table).flatMap(([key, value]) => shownPaths(value, options, [...path, key]));
}

function paths(options: readonly Option[]): string[] {
  return options.map((option) => option.path.join(".")).toSorted();
}

const shown = parse(uncommented);
const active = parse(example);
const { sources: _sources, ...hostEntries } = configSchema.entries;
// One core knows us in one way; the other two are shown with the rest source.
const hostOptions = optionsOf(v.object(hostEntries)).filter(
  ({ path }) => !/^webhook\.forward\.auth\.(?:basic|hmac)/.test(path.join(".")),
);
const { sources, ...shownHost } = shown;
const sourceTables: readonly unknown[] = isTable(sources) ? Object.values(sources) : [];

describe("the host's options", () => {
  test("nothing is missing and nothing is stale", () => {
    expect([...shownPaths(shownHost, hostOptions)].toSorted()).toEqual(paths(hostOptions));
    expect(hostOptions.length).toBeGreaterThan(15);
  });

  test("what is shown is the default, and is not commented out", () => {
    for (const { path, defaultValue, isOff } of hostOptions) {
      if (defaultValue === undefined) continue;
      expect([path, valueAt(isOff ? shown : active, path)]).toEqual([[...path], defaultValue]);
    }
  });

  test("what is required is there; what is off unless set is commented out", () => {
    for (const { path, isRequired, defaultValue } of hostOptions) {
      if (defaultValue !== undefined) continue;
      expect([path, valueAt(active, path) !== undefined]).toEqual([[...path], isRequired]);
    }
  });

  test("the status codes are those of spec 1.3", () => {
    expect(valueAt(shown, ["webhook", "status_codes"])).toEqual({ ...DEFAULT_STATUS_CODES });
  });
});

describe.each(Array.from(builtIns, ([name, { schema }]) => [name, schema] as const))(
  "the options of %s",
  (name, schema) => {
    const tables = sourceTables.filter(isTable).filter((table) => table["plugin"] === name);
    const options = optionsOf(schema);

    test("nothing is missing and nothing is stale", () => {
      const found = tables.flatMap(({ plugin: _plugin, ...table }) => shownPaths(table, options));
      expect([...new Set(found)].toSorted()).toEqual(paths(options));
    });

    test("what is shown is the default", () => {
      for (const { path, defaultValue } of options) {
        if (defaultValue === undefined) continue;
        // Further tables of the plugin show other ways to use it.
        const first = tables.map((table) => valueAt(table, path)).find((value) => value !== undefined);
        expect([path, first]).toEqual([[...path], defaultValue]);
      }
    });
  },
);

test("every option has a line of explanation", () => {
  const lines = uncommented.split("\n").filter((line) => /^[a-z_.]+ = /.test(line));
  expect(lines.filter((line) => !/ # \S.{3,}$/.test(line))).toEqual([]);
});

test.each([
  ["as it is", example],
  ["with every option", uncommented],
])("is valid %s", async (_how, text) => {
  const file = join(folder, "config.toml");
  writeFileSync(file, text);
  const reading = await readConfigFile(file, {
    KLAS_SECRET: "a secret",
    CORE_TOKEN: "t",
    CORE_SECRET: "s",
    CORE_PASSWORD: "p",
    ADMIN_TOKEN: "a",
  });
  expect(reading.valid || reading.problems).toBe(true);
  if (!reading.valid) return;
  // The files that it names are another matter.
  const { problems } = await bindSources(reading.config);
  expect(problems).toEqual([]);
  expect(reading.config.webhook.secrets).toEqual(["a secret"]);
});

test("says what a configuration of nothing but what is required says", async () => {
  const files = [join(folder, "example.toml"), join(folder, "least.toml")] as const;
  writeFileSync(files[0], example);
  const least = '[webhook]\nsecrets = ["s"]\n[sources.players]\nplugin = "sqlite"\nfile = "balances.db"\n';
  writeFileSync(files[1], least);
  const [shipped, bare] = await Promise.all(files.map((file) => loadConfig(file, { KLAS_SECRET: "s" })));
  const meaning = (config: typeof bare) =>
    JSON.stringify({ ...config, file: "", inserted: [], insertedFiles: [] });
  expect(meaning(shipped)).toBe(meaning(bare));
});
