import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { signatureOf } from "../raw-http.ts";
import { call, childrenOf, eventually, OK, operate, type Operated } from "./operated.ts";

setDefaultTimeout(60_000);

const FIXTURE = 'plugin = "static"\nfile = "players.json"';
const PLAYERS = '{"12001":"30"}';
const DOWN = '{"status_code":"ERR_CORE"}';
const UNKNOWN = '{"status_code":"ERR_UNKNOWN"}';

function failedStarts(server: Operated): number {
  return server.lines().filter(({ msg }) => msg === "a worker does not start").length;
}

describe.concurrent("a reload while no worker is up", () => {
  test("is checked all the same, and a good one ends the wait of the back-off", async () => {
    await using server = await operate({ source: FIXTURE }, (folder) =>
      writeFileSync(join(folder, "players.json"), PLAYERS),
    );
    rmSync(join(server.folder, "players.json"));
    process.kill(childrenOf(server.process.pid)[0] ?? 0, "SIGKILL");
    // From here on it waits for longer than any start takes: 100 ms, 200 ms, … 12.8 s.
    await eventually("seven failed starts", () => Promise.resolve(failedStarts(server) >= 7), 40_000);

    const source = 'plugin = "sqlite"\nfile = "no/where.db"';
    expect(await server.change({ source })).toMatchObject({
      msg: expect.stringContaining("the reload failed"),
      problem: expect.stringContaining("there is no folder"),
    });
    expect(await server.metric('klas_balance_reloads_total{result="failed"}')).toBe(1);
    expect((await server.readyz()).warnings.join()).toContain("there is no folder");

    expect(await server.change({})).toMatchObject({ msg: "reloaded" });
    await eventually("a worker", async () => (await server.readyz()).ready, 8000);
    expect(await server.balance()).toBe(OK);
    expect(failedStarts(server)).toBeLessThan(9);
  });
});

function coreOn(port: number): Bun.Server<undefined> {
  return Bun.serve({ hostname: "127.0.0.1", port, fetch: () => Response.json({ balance: 30 }) });
}

function rest(port: number, more = ""): string {
  return `plugin = "rest"\nurl = "http://127.0.0.1:${port}/{player_id}"\nbalance = "/balance"\nretries = 0\n${more}`;
}

describe.concurrent.each([{}, { admin: false as const }, { server: "workers = 2" }])(
  "with %j, while the core is down,",
  (tables) => {
    test("a rotated secret, codes and the log's level are taken up, and it is said what is not ready", async () => {
      using core = coreOn(0);
      const source = rest(core.port ?? 0);
      await using server = await operate({
        ...tables,
        source,
        webhook: 'secrets = ["the-old-secret-of-klas"]',
      });
      expect(await server.balance({ secret: "the-old-secret-of-klas" })).toBe(OK);
      const { port = 0 } = core;
      await core.stop(true);
      const rotated = 'secrets = ["the-new-secret-of-klas"]\nstatus_codes = { source_failed = "ERR_CORE" }';
      const changed = { ...tables, source, webhook: rotated, log: 'level = "debug"' };
      expect(await server.change(changed)).toMatchObject({ msg: "reloaded" });
      expect(await server.line(({ msg }) => msg.includes("is not ready, nor was it before"))).toMatchObject({
        level: "warn",
      });
      const reply = await call(server.process.port, { secret: "the-new-secret-of-klas" });
      expect(reply?.body.toString()).toBe(DOWN);
      expect(reply?.headers.get("x-signature")).toBe(signatureOf("the-new-secret-of-klas", DOWN));
      using _back = coreOn(port);
      await eventually(
        "the core",
        async () => (await server.balance({ secret: "the-new-secret-of-klas" })) === OK,
      );
    });

    test("another core is taken up; while it is up, one that does not answer is refused", async () => {
      using first = coreOn(0);
      using gone = coreOn(0);
      using second = coreOn(0);
      const nowhere = rest(gone.port ?? 0);
      await gone.stop(true);
      await using server = await operate({ ...tables, source: rest(first.port ?? 0) });
      expect(await server.change({ ...tables, source: nowhere })).toMatchObject({
        msg: expect.stringContaining("the reload failed"),
      });
      expect(await server.balance()).toBe(OK);
      await first.stop(true);
      expect(await server.change({ ...tables, source: nowhere })).toMatchObject({ msg: "reloaded" });
      expect(await server.balance()).toBe(UNKNOWN);
      expect(await server.change({ ...tables, source: rest(second.port ?? 0) })).toMatchObject({
        msg: "reloaded",
      });
      expect(await server.balance()).toBe(OK);
    });

    test("a source that cannot be opened again stays, if it is the same, and the rest is taken up", async () => {
      const source = 'plugin = "./once.ts"';
      const once = `import { existsSync } from "node:fs";
export default { apiVersion: 1, open() {
  if (existsSync(import.meta.dir + "/closed")) throw new Error("not again");
  return { lookup: () => ({ balance: "30" }) };
} };`;
      await using server = await operate({ ...tables, source }, (folder) =>
        writeFileSync(join(folder, "once.ts"), once),
      );
      server.write("closed", "");
      const rotated = { ...tables, webhook: 'secrets = ["the-new-secret-of-klas"]' };
      expect(await server.change({ ...rotated, source })).toMatchObject({ msg: "reloaded" });
      expect(
        await server.line(({ level, msg }) => level === "warn" && msg.includes("opened before")),
      ).toMatchObject({
        msg: 'the source "players" (./once.ts) cannot be opened: once.ts: not again; it is used as it was opened before',
      });
      expect(await server.balance({ secret: "the-new-secret-of-klas" })).toBe(OK);
      // Another one cannot be had from it.
      const other = await server.change({ ...rotated, source: `${source}\nother = true` });
      expect(other["problem"]).toContain("not again");
      expect(await server.balance({ secret: "the-new-secret-of-klas" })).toBe(OK);
    });
  },
);
