import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { topics } from "../../src/help/topics.ts";
import { runProgram } from "../commands/run-program.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const root = join(import.meta.dir, "../..");
const documents = ["README.md", "src/README.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md"];
const topicNames = new Set(topics.map(({ name }) => name));

/** As a forge makes it of a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-");
}

test.each(documents)("the links of %s lead somewhere", (document) => {
  const text = readFileSync(join(root, document), "utf8");
  const anchors = new Set(
    Array.from(text.matchAll(/^#+ (.+)$/gm), ([, heading = ""]) => `#${anchor(heading)}`),
  );
  const targets = Array.from(text.matchAll(/\]\(([^)]+)\)/g), ([, target = ""]) => target);
  const dead = targets.filter((target) =>
    target.startsWith("#") ? !anchors.has(target) : !existsSync(join(root, dirname(document), target)),
  );
  expect(dead).toEqual([]);
});

test.each(documents)("the topics and files that %s names exist", (document) => {
  const text = readFileSync(join(root, document), "utf8");
  const named = Array.from(text.matchAll(/klas-balance help ([a-z]+)/g), ([, name = ""]) => name);
  expect(named.filter((name) => !topicNames.has(name))).toEqual([]);
  const files = Array.from(text.matchAll(/`([\w./-]+\.ts)`/g), ([, file = ""]) => file);
  const places = [".", "src", "src/answer"];
  const isThere = (file: string) => places.some((place) => existsSync(join(root, place, file)));
  expect(files.filter((file) => !file.includes("NAME") && !file.includes("acme") && !isThere(file))).toEqual(
    [],
  );
});

test("the README has a table of contents that is whole", () => {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const headings = Array.from(text.matchAll(/^## (.+)$/gm), ([, heading = ""]) => heading);
  for (const heading of headings) expect(text).toContain(`[${heading}](#${anchor(heading)})`);
  expect(text.split("\n").length).toBeLessThan(206);
});

test("the README starts on a machine that has only npm", () => {
  const text = readFileSync(join(root, "README.md"), "utf8");
  expect(text).toContain("npx --yes bun@1.4.5 run start\n");
  expect(text).toContain("npx --yes bun@1.4.5 run test\n");
});

test("the sources that the README shows are one sound configuration", async () => {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const blocks = Array.from(text.matchAll(/^```toml\n(.*?)^```$/gms), ([, block = ""]) => block);
  expect(blocks).toHaveLength(1);
  const file = join(temporaryFolder(), "config.toml");
  writeFileSync(file, `[webhook]\nsecrets = ["a-secret-of-24-characters"]\n${blocks.join("\n")}`);
  const environment = { CORE_TOKEN: "a-token" };
  const { exitCode, stdout } = await runProgram(["check", "--config", file], { environment });
  expect(exitCode).toBe(0);
  for (const name of ["players", "casino", "core", "database"]) {
    expect(stdout).toMatch(new RegExp(`^ok +source "${name}" \\(\\w+\\) is configured well`, "m"));
  }
});

test("the architecture page has every room of src, and no other", () => {
  const text = readFileSync(join(root, "src/README.md"), "utf8");
  const table = text.slice(text.indexOf("| folder |"), text.indexOf("Imports point"));
  const named = Array.from(table.matchAll(/^\| (.+?) \|/gm), ([, cell = ""]) => cell).join(" ");
  const shown = Array.from(named.matchAll(/`([a-z]+)\/`/g), ([, room = ""]) => room);
  const rooms = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  expect(shown.toSorted()).toEqual(rooms.map(({ name }) => name).toSorted());
});
