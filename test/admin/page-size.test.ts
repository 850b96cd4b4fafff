import { expect, test } from "bun:test";
import { bundlePage } from "../../src/admin/page-assets.ts";

const MAX_BYTES = 60_000;

// It is opened over a slow line at night, and lies in the binary for everybody who never opens it.
test("the page is small: with its libraries below 60 kB, compressed", async () => {
  const { files } = await bundlePage();
  const sizes = Array.from(files, ([name, bytes]) => [name, Bun.gzipSync(bytes).length] as const);
  expect(sizes.map(([name]) => name).toSorted()).toEqual(["icon.svg", "index.html", "main.js", "style.css"]);
  expect(sizes.reduce((sum, [, bytes]) => sum + bytes, 0)).toBeWithin(10_000, MAX_BYTES);
});
