import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CASES } from "../../src/certify/cases.ts";
import { COLUMNS, renderMarkdown } from "../../src/help/render.ts";
import { topics } from "../../src/help/topics.ts";

const root = join(import.meta.dir, "../..");
const manual = topics.map(({ text }) => text).join("\n");

/** A page without its blocks of code. */
function proseOf(markdown: string): string {
  return markdown.replaceAll(/^```.*?^```$/gms, "");
}

/** Code in a line of text, which a reader may want to copy or look for. */
function codeSpans(markdown: string): readonly string[] {
  return Array.from(proseOf(markdown).matchAll(/`([^`\n]+)`/g), ([, code = ""]) => code);
}

test("every page in the folder is a topic", () => {
  const files = Array.from(new Bun.Glob("*.md").scanSync({ cwd: join(root, "src/help") }));
  expect(topics.map(({ name }) => `${name}.md`).toSorted()).toEqual(files.toSorted());
});

describe.each(topics)("the page $name", ({ text, title, ...page }) => {
  const shown = renderMarkdown(text, false);

  test("has a title that says what it is about", () => {
    expect(title).toMatch(/^\S.{5,59}$/);
    expect(proseOf(text).match(/^# /gm)).toHaveLength(1);
    // Its line in the manual page, whose linter takes 80 bytes.
    expect(`klas\\-balance\\-${page.name} \\- ${title}`.length).toBeLessThanOrEqual(COLUMNS);
  });

  test("fits a terminal of 80 columns", () => {
    const lines = shown.split("\n");
    expect(lines.filter((line) => line.length > COLUMNS)).toEqual([]);
  });

  test("leaves words of code in one piece", () => {
    const words = codeSpans(text)
      .flatMap((code) => code.split(" "))
      .filter((word) => word.length > 12)
      .map((word) => word.replaceAll(String.raw`\|`, "|"));
    expect(words.filter((word) => !shown.includes(word))).toEqual([]);
  });

  test("refers to topics that exist", () => {
    const named = Array.from(text.matchAll(/klas-balance help ([a-z]+)/g), ([, name = ""]) => name);
    const known = new Set(topics.map((topic) => topic.name));
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});

test("a command stands by itself, ready to be copied", () => {
  expect(renderMarkdown("Do:\n\n```sh\nrun this\n  and that\n```\n\nThen wait.\n", false)).toBe(
    "Do:\n\n    run this\n      and that\n\nThen wait.\n",
  );
});

describe("the rules of the protocol", () => {
  const page = topics.find(({ name }) => name === "protocol")?.text ?? "";
  const sections = new Set(
    Array.from(page.matchAll(/^##+ (\d(?:\.\d)?)\.? /gm), ([, number = ""]) => number),
  );

  test("that the code cites are all in the manual", () => {
    const cited: string[] = [];
    for (const file of new Bun.Glob("{src,plugins,test}/**/*.ts").scanSync({ cwd: root })) {
      const text = readFileSync(join(root, file), "utf8");
      for (const [, number = ""] of text.matchAll(/\b[Ss]pec (\d(?:\.\d)?)\b/g)) {
        cited.push(`${file}: ${number}`);
      }
    }
    expect(cited.length).toBeGreaterThan(20);
    expect(cited.filter((citation) => !sections.has(citation.split(": ")[1] ?? ""))).toEqual([]);
  });

  test("that certify cites are all in the manual", () => {
    expect(CASES.filter(({ section }) => !sections.has(section)).map(({ id }) => id)).toEqual([]);
  });
});

test("the manual speaks of no other documentation", () => {
  expect(manual).not.toMatch(/README|\.\.\/shared/);
});

test("messages of the program name topics that exist", () => {
  const known = new Set(topics.map(({ name }) => name));
  const named: string[] = [];
  for (const file of new Bun.Glob("{src,plugins}/**/*.ts").scanSync({ cwd: root })) {
    const text = readFileSync(join(root, file), "utf8");
    for (const [, name = ""] of text.matchAll(/klas-balance help ([a-z]+)/g)) named.push(name);
  }
  expect(named).not.toBeEmpty();
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test("a line of Markdown that ends within code ends no line of its own", () => {
  const shown = renderMarkdown("Read `klas-balance help\nrotation`, and then\ngo on.\n", false);
  expect(shown).toBe("Read klas-balance help rotation, and then go on.\n");
});
