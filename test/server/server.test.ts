import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import { openLog } from "../../src/observe/log.ts";
import { startServer } from "../../src/server/server.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const folder = temporaryFolder();

function configOf(source: string) {
  const file = join(folder, "config.toml");
  const server = '[server]\nhost = "127.0.0.1"\nport = 0\n[webhook]\nsecrets = ["a secret of the tests"]\n';
  writeFileSync(file, `${server}[sources.players]\n${source}`);
  return loadConfig(file, {});
}

test("what a source says that was replaced meanwhile is not said of the new one", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  using core = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch() {
      asked.resolve();
      return answer.promise;
    },
  });
  const down = `plugin = "rest"\nurl = "${core.url.href}{player_id}"\nbalance = "/b"\nhealth_url = "${core.url.href}"`;
  const log = openLog({ level: "error", format: "json" });
  const serving = await startServer(await configOf(down), { log, sharesPort: false });
  const asking = serving.notReady();
  await asked.promise;
  const sound = await configOf('plugin = "static"\nplayers = { "12001" = "30" }');
  await (await serving.prepare(sound)).commit();
  answer.resolve(new Response(null, { status: 500 }));
  expect((await asking).join()).toContain("status 500");
  expect(await serving.notReady()).toEqual([]);
  await serving.stop();
});
