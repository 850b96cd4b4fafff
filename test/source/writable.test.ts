import { expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, serve } from "../server-process.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const root = temporaryFolder();
const isRoot = process.getuid?.() === 0;

const CONFIG = `[server]
host = "127.0.0.1"
port = 0
[webhook]
secrets = ["a secret of the tests"]
[sources.players]
plugin = "core"
`;

function folderWith(name: string): { readonly folder: string; readonly plugin: string } {
  const folder = join(root, name);
  mkdirSync(join(folder, "plugins"), { recursive: true });
  const plugin = join(folder, "plugins/core.ts");
  writeFileSync(
    plugin,
    'export default { apiVersion: 1, open: () => ({ lookup: () => ({ balance: "30" }) }) };',
  );
  writeFileSync(join(folder, "config.toml"), CONFIG);
  chmodSync(plugin, 0o644);
  chmodSync(join(folder, "plugins"), 0o755);
  return { folder, plugin };
}

async function warnings(folder: string): Promise<readonly unknown[]> {
  const { stdout } = await run(["check"], { cwd: folder });
  return stdout.split("\n").filter((line) => line.startsWith("warning") && line.includes("runs as root"));
}

/** Who is not root runs nothing as root: for him there is nothing to warn of. */
function warned(...paths: readonly string[]): readonly unknown[] {
  return isRoot ? paths.map((path) => expect.stringContaining(`${path} can be changed by others`)) : [];
}

test("root is warned of a plugin that others may change, and of its folder", async () => {
  const { folder, plugin } = folderWith("modes");
  expect(await warnings(folder)).toEqual([]);
  chmodSync(plugin, 0o666);
  expect(await warnings(folder)).toEqual(warned("plugins/core.ts"));
  chmodSync(join(folder, "plugins"), 0o775);
  expect(await warnings(folder)).toEqual(warned("plugins/core.ts", "plugins"));
  chmodSync(plugin, 0o644);
  chmodSync(join(folder, "plugins"), 0o1777);
  expect(await warnings(folder)).toEqual([]);
});

test("and of one that is somebody else's; serve says it, too", async () => {
  const { folder, plugin } = folderWith("owners");
  if (isRoot) chownSync(plugin, 65_534, 65_534);
  expect(await warnings(folder)).toEqual(warned("plugins/core.ts"));
  const server = await serve(folder, CONFIG);
  server.signal("SIGTERM");
  expect(await server.exited).toBe(0);
  expect(server.log().includes("core.ts can be changed by others")).toBe(isRoot);
});
