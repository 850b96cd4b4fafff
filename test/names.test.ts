import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..");

/** A plugin does not know the rest of the program, so its names are its own. All others are everybody's. */
function roomOf(file: string): string {
  const [, plugin = ""] = /^plugins\/(?!shared\/)(\w+)\//.exec(file) ?? [];
  return plugin;
}

test("what is exported under one name is one thing", () => {
  const files = new Map<string, string[]>();
  for (const file of new Bun.Glob("{src,plugins}/**/*.{ts,tsx}").scanSync({ cwd: root })) {
    const text = readFileSync(join(root, file), "utf8");
    const exported = text.matchAll(/^export (?:async )?(?:interface|type|function\*?|const) (\w+)/gm);
    for (const [, name = ""] of exported) files.set(name, [...(files.get(name) ?? []), file]);
  }
  expect(files.size).toBeGreaterThan(500);
  const shared = Array.from(files).filter(([, places]) => places.length > new Set(places.map(roomOf)).size);
  expect(shared).toEqual([]);
});
