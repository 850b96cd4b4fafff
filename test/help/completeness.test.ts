import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { lateness } from "../../plugins/rest/failure.ts";
import { isTable } from "../../src/config/interpolate.ts";
import { topics } from "../../src/help/topics.ts";
import { DEFAULT_STATUS_CODES, type Reason } from "../../src/protocol/status.ts";

const root = join(import.meta.dir, "../..");
const manual = topics.map(({ text }) => text).join("\n");

function page(name: string): string {
  return topics.find((topic) => topic.name === name)?.text ?? "";
}

/** The code in the first column of the tables whose header begins with this word. */
function firstColumn(markdown: string, header: string): readonly string[] {
  const tables = Array.from(markdown.matchAll(/^\|.*\n(?:\|.*\n)*/gm), ([table]) => table);
  return tables
    .filter((table) => table.startsWith(`| ${header} |`))
    .flatMap((table) => table.split("\n").slice(2))
    .flatMap((row) =>
      Array.from((row.split(" | ")[0] ?? "").matchAll(/`([^`]+)`/g), ([, code = ""]) => code),
    );
}

function sources(...patterns: readonly string[]): string {
  const files = patterns.flatMap((pattern) => Array.from(new Bun.Glob(pattern).scanSync({ cwd: root })));
  return files.map((file) => readFileSync(join(root, file), "utf8")).join("\n");
}

function unique(names: Iterable<string>): string[] {
  return [...new Set(names)].toSorted();
}

/** The keys below a table, tables in tables by a dot: `tls.cert`. */
function keys(table: unknown, prefix = ""): readonly string[] {
  if (!isTable(table)) return [];
  return Object.entries(table).flatMap(([key, value]) => {
    const below = prefix === "tls." || prefix === "" ? keys(value, `${prefix}${key}.`) : [];
    return key === "tls" && below.length > 0 ? below : [`${prefix}${key}`];
  });
}

function section(heading: string): string {
  return (
    page("config")
      .split(/^#+ /m)
      .find((text) => text.startsWith(`\`[${heading}]\``)) ?? ""
  );
}

describe("the reasons", () => {
  const codes: Readonly<Record<Reason, string>> = { ok: "OK", refused: "", ...DEFAULT_STATUS_CODES };
  const reasons = Object.keys(codes);

  test.each([
    ["help protocol", page("protocol"), "reason"],
    ["the README", readFileSync(join(root, "README.md"), "utf8"), "`reason`"],
  ])("of %s are those of the code, with their status codes", (_where, text, header) => {
    expect(firstColumn(text, header)).toEqual(
      reasons.toSorted((a, b) => text.indexOf(`| \`${a}\``) - text.indexOf(`| \`${b}\``)),
    );
    for (const [reason, code] of Object.entries(codes)) {
      expect(text).toMatch(new RegExp(`^\\| \`${reason}\` \\|.*${code === "" ? "" : `\`${code}\``}`, "m"));
    }
  });

  test("are all explained, but for the good one, in help troubleshooting", () => {
    expect(firstColumn(page("troubleshooting"), "`reason`").toSorted()).toEqual(
      reasons.filter((reason) => reason !== "ok").toSorted(),
    );
  });
});

test("help troubleshooting says for each place where a late lookup can be what to turn", () => {
  const late = AbortSignal.abort(new DOMException("late", "TimeoutError"));
  const said = {
    queue: lateness("queue", "CORE", late),
    connect: lateness("connect", "CORE", late),
    wait: lateness("wait", "CORE", late),
    body: lateness("body", "CORE", late),
    pause: lateness("pause", "CORE", late),
  } satisfies Record<Parameters<typeof lateness>[0], unknown>;
  const texts = Object.values(said).map((error) =>
    String(error)
      .replace(/^Error: /, "")
      .replace(/ \(.*/, ""),
  );
  expect(firstColumn(page("troubleshooting"), "it says")).toEqual(expect.arrayContaining(texts));
});

describe("the metrics", () => {
  const code = sources("src/**/*.ts");
  const registered = Array.from(
    code.matchAll(/name: "(klas_balance_\w+)",\s+help: [^\n]+\n(?:\s+labelNames: \[([^\]]*)\])?/g),
    ([, name = "", labels = ""]) => `${name}{${labels.replaceAll(/[" ]/g, "")}}`.replace("{}", ""),
  );

  test("of help metrics are those of the code, with their labels", () => {
    const shown = Array.from(
      page("metrics").matchAll(/^- `(klas_balance_\w+(?:\{[\w,]+\})?)`/gm),
      ([, name = ""]) => name,
    );
    expect(shown.toSorted()).toEqual(registered.toSorted());
    expect(registered.length).toBeGreaterThan(8);
  });

  test("that the manual names anywhere exist", () => {
    // One is a table in PostgreSQL.
    const known = new Set(["klas_balance_migrations", ...registered.map((name) => name.split("{")[0] ?? "")]);
    const named = unique(Array.from(manual.matchAll(/klas_balance_\w+/g), ([name]) => name));
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  test("count the events of the built-in sources, which the manual lists", () => {
    const counted = Array.from(
      sources("plugins/**/*.ts").matchAll(/\bcount\("(\w+)"\)/g),
      ([, event = ""]) => event,
    );
    expect(firstColumn(page("metrics"), "event").toSorted()).toEqual(unique(counted));
  });
});

describe("the limits", () => {
  const serving = sources(
    "src/{admin,answer,config,observe,process,protocol,server,source,workers}/**/*.ts",
    "plugins/**/*.ts",
  );
  const shown = unique(
    Array.from(page("limits").matchAll(/`([A-Z_]+ = [\d_ *]+)`/g), ([, limit = ""]) => limit),
  );

  test("of help limits are in the code, with these values", () => {
    expect(shown.filter((limit) => !serving.includes(`const ${limit};`))).toEqual([]);
  });

  test("of the code are all in help limits", () => {
    const fixed = Array.from(serving.matchAll(/const (MAX_[A-Z_]+ = [\d_ *]+);/g), ([, limit = ""]) => limit);
    expect(fixed.filter((limit) => !shown.includes(limit))).toEqual([]);
    expect(fixed.length).toBeGreaterThan(20);
  });
});

describe("the keys of the configuration", () => {
  const example = readFileSync(join(root, "config.example.toml"), "utf8");
  const shown = parse(example.replaceAll(/^# (?=\[[a-z._]+\]|[a-z_.]+ = )/gm, ""));
  const { sources: sourceTables, ...host } = shown;

  test.each(["server", "webhook", "admin", "log"])("[%s] are those of help config", (name) => {
    const separate = new Set(["forward", "status_codes"]);
    const expected = keys(host[name]).filter((key) => !separate.has(key));
    expect(firstColumn(section(name), "key").toSorted()).toEqual(expected.toSorted());
  });

  test("[webhook.forward] are those of help config", () => {
    const { forward } = isTable(host["webhook"]) ? host["webhook"] : {};
    expect(firstColumn(section("webhook.forward"), "key").toSorted()).toEqual(
      isTable(forward) ? Object.keys(forward).toSorted() : [],
    );
  });

  const everyTable: readonly unknown[] = isTable(sourceTables) ? Object.values(sourceTables) : [];
  const builtInTables = everyTable.filter(isTable);
  const plugins = unique(builtInTables.map((table) => String(table["plugin"])));

  test.each(plugins)("of %s are those of its page", (plugin) => {
    const own = builtInTables.filter((table) => table["plugin"] === plugin);
    const expected = unique(own.flatMap((table) => Object.keys(table)).filter((key) => key !== "plugin"));
    expect(firstColumn(page(plugin), "option").toSorted()).toEqual(expected);
  });
});

test("the contract of a plugin is that of help plugins", () => {
  const contract = readFileSync(join(root, "src/plugin.ts"), "utf8");
  const members = (name: string) => {
    const [, body = ""] = new RegExp(`interface ${name}\\b[^{]*\\{(.*?)^\\}`, "ms").exec(contract) ?? [];
    const plain = body.replaceAll(/\/\*\*.*?\*\//gs, "");
    return Array.from(plain.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm), ([, member = ""]) => member);
  };
  const shown = firstColumn(page("plugins"), "member").map((member) => member.replace(/\(.*/, ""));
  expect(shown.toSorted()).toEqual([...members("SourcePlugin"), ...members("Source")].toSorted());
  const inside = [...members("BalanceQuery"), ...members("OpenContext")];
  expect(inside.length).toBeGreaterThan(10);
  expect(inside.filter((member) => !new RegExp(`\`${member}\\b`).test(page("plugins")))).toEqual([]);
});

test("the parts of the bench are those of help performance", async () => {
  const main = join(root, "test/bench/main.ts");
  const bench = Bun.spawn([process.execPath, main, "no-such-part"], { stdout: "ignore", stderr: "pipe" });
  const [, parts = ""] = /^no part "no-such-part": (.*)\n$/.exec(await bench.stderr.text()) ?? [];
  expect(await bench.exited).toBe(2);
  expect(firstColumn(page("performance"), "part")).toEqual(parts.split(", "));
});
