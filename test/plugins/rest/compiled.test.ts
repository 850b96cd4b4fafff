import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { answering } from "./core.ts";

test("works in a compiled binary, in an empty folder", async () => {
  const directory = await mkdtemp(join(tmpdir(), "klas-balance-compiled-"));
  try {
    await using core = await answering(200, '{"balance":12345678901234567.89}');
    const plugin = JSON.stringify(resolve("plugins/rest/index.ts"));
    const valibot = JSON.stringify(Bun.resolveSync("valibot", import.meta.dir));
    await writeFile(
      join(directory, "main.ts"),
      `import rest from ${plugin};
       import * as v from ${valibot};
       const silent = () => {};
       const log = { debug: silent, info: silent, warn: silent, error: silent };
       const options = v.parse(rest.options, { url: process.argv[2] + "/{player_id}", balance: "/balance" });
       const source = await rest.open(options, { log, count: silent, directory: ".", timeoutMs: 1000, isRehearsal: false });
       const ids = { playerId: "1", sessionId: "2", requestId: "3", timestamp: 4, traceparent: "" };
       console.log((await source.lookup(ids, AbortSignal.timeout(1000))).balance);`,
    );
    const binary = join(directory, "proxy");
    const build = await Bun.build({
      entrypoints: [join(directory, "main.ts")],
      minify: true,
      compile: { outfile: binary },
    });
    expect(build.success).toBeTrue();
    const child = Bun.spawn([binary, core.url], { cwd: directory, stdout: "pipe" });
    expect(await child.stdout.text()).toBe("12345678901234567.89\n");
  } finally {
    await rm(directory, { recursive: true });
  }
});
