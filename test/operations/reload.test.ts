import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openToWrite } from "../../plugins/sqlite/own/open.ts";
import { signatureOf } from "../raw-http.ts";
import {
  call,
  childrenOf,
  configOf,
  ENDLESS_SOURCE,
  eventually,
  OK,
  operate,
  type Operated,
  SECRET,
  STATIC,
  writeEndless,
} from "./operated.ts";

const REJECTED = '{"status_code":"ERR_INTEGRITY_CHECK_FAILED"}';

async function makeDatabase(file: string, minorUnits: bigint): Promise<void> {
  using database = await openToWrite(file);
  database.run("INSERT INTO players (player_id, currency, balance_minor) VALUES ('12001', 'EUR', ?)", [
    minorUnits,
  ]);
}

/** How many handles the worker has on a file whose name begins so. */
function handlesOn({ process: { pid } }: Operated, name: string): number {
  const [worker = 0] = childrenOf(pid);
  const folder = `/proc/${worker}/fd`;
  return readdirSync(folder).filter((handle) => {
    try {
      return readlinkSync(join(folder, handle)).includes(`/${name}`);
    } catch {
      return false;
    }
  }).length;
}

function isWarning({ msg }: { readonly msg: string }): boolean {
  return msg === "a change needs a restart to take effect";
}

setDefaultTimeout(30_000);

describe.concurrent("SIGHUP", () => {
  test("a trial secret is warned of in log and readiness until a reload finds another", async () => {
    const webhook = 'secrets = ["${file:secret}"]';
    await using server = await operate({ webhook }, (folder) =>
      writeFileSync(join(folder, "secret"), "trial-0123456789\n"),
    );
    const warning = "the secret is a trial one, which Klas Gaming does not know";
    await server.line(({ level, msg }) => level === "warn" && msg.startsWith(warning));
    expect((await server.readyz()).warnings.join()).toStartWith(warning);

    server.write("secret", "issued-0123456789\n");
    await server.reload();
    expect(await server.readyz()).toMatchObject({ status: 200, warnings: [] });
  });

  test("a probe player whom the source does not know is not ready, and refuses a reload", async () => {
    const webhook = `secrets = ["${SECRET}"]\nprobe_player = "12001"`;
    const source = 'plugin = "static"\nfile = "players.json"';
    await using server = await operate({ webhook, source }, (folder) =>
      writeFileSync(join(folder, "players.json"), JSON.stringify({ "12001": "30" })),
    );
    expect(await server.readyz()).toMatchObject({ status: 200 });
    const elsewhere = 'plugin = "static"\nplayers = { another = "30" }';
    const refused = await server.change({ webhook, source: elsewhere });
    expect(refused).toMatchObject({ msg: expect.stringContaining("the reload failed") });
    expect(refused["problem"]).toContain("webhook.probe_player gets no balance: there is no such player");
    server.write("config.toml", configOf({ webhook, source }));

    server.write("players.json", JSON.stringify({ another: "30" }));
    const { not_ready } = await eventually("not ready", async () => {
      const now = await server.readyz();
      return now.ready ? undefined : now;
    });
    expect(not_ready).toEqual([
      'the source "players": webhook.probe_player gets no balance: there is no such player',
    ]);
    expect(await server.balance({ player: "another" })).toBe(OK);
    // It was so before: then a reload changes what there is to be changed, and says it.
    expect(await server.reload()).toMatchObject({ msg: "reloaded" });
    expect(await server.line(({ msg }) => msg.includes("is not ready, nor was it before"))).toMatchObject({
      level: "warn",
    });
  });

  test.each([1, 2])(
    "secrets, files behind references, limits, codes, path, source and log level follow: workers = %i",
    async (workers) => {
      const webhook = 'secrets = ["${file:secret}"]';
      await using server = await operate({ webhook, server: `workers = ${workers}` }, (folder) =>
        writeFileSync(join(folder, "secret"), "the-first\n"),
      );
      expect(await server.balance({ secret: "the-first" })).toBe(OK);

      server.write("secret", "the-second\n");
      expect(await server.balance({ secret: "the-second" })).toBe(REJECTED);
      expect(await server.reload()).toMatchObject({ msg: "reloaded", source: "players", plugin: "static" });
      expect(await server.balance({ secret: "the-second" })).toBe(OK);
      expect(await server.balance({ secret: "the-first" })).toBe(REJECTED);

      await server.change({
        server: `workers = ${workers}\nmax_body_bytes = 300`,
        webhook: `${webhook}\npath = "/moved"\nstatus_codes = { player_not_found = "ERR_NOBODY" }`,
        source: 'plugin = "static"\nplayers = { "12001" = "31.5" }',
        log: 'level = "debug"',
      });
      const moved = { secret: "the-second", target: "/moved/balance" };
      expect(await server.balance(moved)).toBe('{"balance":"31.5","status_code":"OK"}');
      expect(await server.balance({ ...moved, player: "nobody" })).toBe('{"status_code":"ERR_NOBODY"}');
      expect((await call(server.process.port, { ...moved, player: "x".repeat(300) }))?.status).toBe(413);
      expect((await call(server.process.port, { secret: "the-second" }))?.status).toBe(404);

      await server.change({ server: `workers = ${workers}`, webhook, log: 'level = "error"' });
      const before = server.lines().length;
      expect(await server.balance({ secret: "the-second" })).toBe(OK);
      await Bun.sleep(300);
      expect(server.lines()).toHaveLength(before);

      expect(await server.metric('klas_balance_reloads_total{result="succeeded"}')).toBe(3);
      expect(server.process.log()).not.toContain("the-second");
    },
  );

  const broken: readonly (readonly [string, string, string])[] = [
    ["no TOML", "[webhook", "not TOML"],
    [
      "an unknown key",
      configOf({ webhook: `secrets = ["${SECRET}"]\ntimeout = 1` }),
      "webhook.timeout: unknown key",
    ],
    ["an unset variable", configOf({ webhook: 'secrets = ["${NOT_SET}"]' }), "NOT_SET is not set"],
    ["a missing file", configOf({ webhook: 'secrets = ["${file:gone}"]' }), "gone"],
    [
      "a source that cannot be opened",
      configOf({ source: 'plugin = "sqlite"\nfile = "no/where.db"' }),
      "there is no folder",
    ],
    [
      "a source whose check fails",
      configOf({
        source:
          'plugin = "rest"\nurl = "http://127.0.0.1:1/{player_id}"\nbalance = "/x"\nhealth_url = "http://127.0.0.1:1/"\nretries = 0',
      }),
      'the source "players"',
    ],
    [
      "TLS, which needs a restart",
      configOf({ server: 'tls = { cert = "config.toml", key = "config.toml" }' }),
      "needs a restart",
    ],
  ];

  test("a plugin of one's own does not get into the only process by a reload", async () => {
    await using server = await operate({ admin: false }, writeEndless);
    expect(await server.balance()).toBe(OK);
    server.write("config.toml", configOf({ source: ENDLESS_SOURCE, admin: false }));
    expect(await server.reload()).toMatchObject({
      level: "error",
      problem: expect.stringContaining("sources.players.plugin: a file of your own needs a restart"),
    });
    expect(await server.balance()).toBe(OK);
  });

  test.each([1, 2])(
    "what is broken changes nothing and says why, in the log, a metric and /readyz: workers = %i",
    async (workers) => {
      const tables = { server: `workers = ${workers}`, source: 'plugin = "sqlite"\nfile = "balances.db"' };
      await using server = await operate(tables, (folder) =>
        makeDatabase(join(folder, "balances.db"), 3000n),
      );
      // What an earlier reload prepared is in use, and must not be closed with what a later one drops.
      expect(await server.reload()).toMatchObject({ msg: "reloaded" });
      for (const [index, [what, text, says]] of broken.entries()) {
        server.write("config.toml", text);
        const line = await server.reload();
        expect(line, what).toMatchObject({
          level: "error",
          msg: "the reload failed; the configuration before it stays in use",
        });
        expect(line["problem"], what).toContain(says);
        for (let calls = 0; calls < 2 * workers; calls += 1) expect(await server.balance(), what).toBe(OK);
        expect(await server.metric('klas_balance_reloads_total{result="failed"}')).toBe(index + 1);
        expect(await server.metric("klas_balance_last_reload_successful")).toBe(0);
        const { status, ready, warnings } = await server.readyz();
        expect({ status, ready }).toEqual({ status: 200, ready: true });
        expect(warnings.join()).toContain(says);
      }
      expect(await server.change(tables)).toMatchObject({ msg: "reloaded" });
      expect(await server.metric("klas_balance_last_reload_successful")).toBe(1);
      expect((await server.readyz()).warnings).toEqual([]);
      expect(await server.balance()).toBe(OK);
      expect(server.process.log()).not.toContain(SECRET);
      expect(server.process.log()).not.toContain("    at ");
    },
  );

  test("what only a restart can change is named, for as long as it is not done", async () => {
    await using server = await operate();
    await server.change({
      server: 'host = "0.0.0.0"\nport = 1\nworkers = 3'.replace(/^host.*\nport.*\n/, ""),
      admin: 'port = 0\ntoken = "t"',
    });
    expect(await server.line(isWarning)).toMatchObject({ level: "warn", keys: "server.workers, admin" });
    expect(await server.balance()).toBe(OK);
    expect((await server.readyz()).status).toBe(200);

    server.write("config.toml", configOf().replace("port = 0", "port = 1").replace("127.0.0.1", "127.0.0.2"));
    await server.reload();
    expect(server.lines().findLast(isWarning)).toMatchObject({ keys: "server.host, server.port" });
    expect(await server.balance()).toBe(OK);

    await server.change({});
    expect(server.lines().filter(isWarning)).toHaveLength(2);
  });

  test("the source before is closed when its last lookup has ended, and not earlier", async () => {
    const query = "SELECT balance FROM accounts WHERE id = :player_id";
    const source = (file: string) => `plugin = "sqlite"\nfile = "${file}"\nquery = "${query}"`;
    const webhook = `secrets = ["${SECRET}"]\ntimeout_ms = 10000`;
    await using server = await operate({ webhook, source: source("old.db") }, (folder) => {
      for (const [file, balance] of [
        ["old.db", 30],
        ["new.db", 40],
      ] as const) {
        using database = new Database(join(folder, file));
        database.run("CREATE TABLE accounts (id TEXT PRIMARY KEY, balance INTEGER)");
        database.run("INSERT INTO accounts VALUES ('12001', ?)", [balance]);
      }
    });
    using writer = new Database(join(server.folder, "old.db"));
    writer.run("BEGIN EXCLUSIVE");
    const waiting = server.balance();
    await eventually("the lookup", async () => (await server.metric("klas_balance_in_flight")) === 1);

    server.write("config.toml", configOf({ webhook, source: source("new.db") }));
    await server.reload();
    expect(await server.balance()).toBe('{"balance":"40","status_code":"OK"}');
    expect(handlesOn(server, "old.db")).toBeGreaterThan(0);

    writer.run("ROLLBACK");
    expect(await waiting).toBe(OK);
    await eventually("the old file to be closed", () => Promise.resolve(handlesOn(server, "old.db") === 0));
    expect(handlesOn(server, "new.db")).toBeGreaterThan(0);
  });

  test("signals in a row are all heard, and the last state of the file counts", async () => {
    await using server = await operate();
    for (let count = 1; count <= 20; count += 1) {
      server.write(
        "config.toml",
        configOf({ source: `plugin = "static"\nplayers = { "12001" = "${count}" }` }),
      );
      server.process.signal("SIGHUP");
    }
    await eventually(
      "the last balance",
      async () => (await server.balance()) === '{"balance":"20","status_code":"OK"}',
    );
    expect(await server.metric('klas_balance_reloads_total{result="failed"}')).toBeUndefined();
  });

  test("a reply is signed by the secret that verified, with several of them", async () => {
    await using server = await operate({ webhook: 'secrets = ["new", "old"]' });
    for (const secret of ["new", "old"]) {
      const reply = await call(server.process.port, { secret });
      expect(reply?.headers.get("x-signature")).toBe(signatureOf(secret, OK));
    }
    await server.change({ webhook: 'secrets = ["new"]', source: STATIC });
    const reply = await call(server.process.port, { secret: "old" });
    expect(reply?.body.toString()).toBe(REJECTED);
    expect(reply?.headers.get("x-signature")).toBe(signatureOf("new", REJECTED));
  });
});
