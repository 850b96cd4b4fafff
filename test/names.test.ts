import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..");

/** Which part of the program a name is for: a plugin's names are its own, all others are everybody's. */
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
  const shared = Array.from(files).filter(([, places]) => {
    const rooms = new Set(places.map(roomOf));
    return places.length > rooms.size || (rooms.size > 1 && rooms.has(""));
  });
  expect(shared).toEqual([]);
});
