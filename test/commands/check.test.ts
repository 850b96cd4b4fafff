import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { startCore } from "../forward/counting-core.ts";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../temporary-folder.ts";
import { runProgram } from "./run-program.ts";

const PLAYERS = 'plugin = "static"\nplayers = { "12001" = "30.50" }';

function folderWith(source: string, webhook = ""): string {
  const cwd = temporaryFolder();
  const text = `[webhook]\nsecrets = ["a secret that is long enough"]\n${webhook}\n[sources.players]\n${source}\n`;
  writeFileSync(join(cwd, "config.toml"), text);
  return cwd;
}

async function check(cwd: string, ...options: readonly string[]) {
  return await runProgram(["check", ...options], { cwd });
}

test("without a player it says that none was looked up, and how to", async () => {
  const { stdout, exitCode } = await check(folderWith(PLAYERS));
  expect(stdout).toContain('warning no real player was looked up: "check --player ID" does it');
  expect(exitCode).toBe(0);
});

test("a source that cannot be opened is said once, with the page about it", async () => {
  const table = 'plugin = "postgres"\nhosts = ["db.invalid"]\ndatabase = "casino"\nuser = "klas"';
  const { stdout, stderr, exitCode } = await check(folderWith(table));
  expect(stdout).toContain("cannot be opened: db.invalid has a name that does not resolve");
  expect(stdout).toContain('see "klas-balance help postgres"');
  expect(stderr).toBe("");
  expect(exitCode).toBe(1);
});

test.each([
  ["--player", "", ["--player", "12001"]],
  ["webhook.probe_player", 'probe_player = "12001"', []],
  ["--player before webhook.probe_player", 'probe_player = "nobody"', ["--player", "12001"]],
])("%s: what a caller would get is printed", async (_, webhook, options) => {
  const { stdout, exitCode } = await check(folderWith(PLAYERS, webhook), ...options);
  expect(stdout).toContain('ok      player "12001" gets {"balance":"30.5","status_code":"OK"} after ');
  expect(stdout).not.toContain("no real player");
  expect(exitCode).toBe(0);
});

test("a player whom the source does not know is a failure, with the code that a caller would get", async () => {
  const webhook = 'probe_player = "nobody"\nstatus_codes = { player_not_found = "ERR_NOBODY" }';
  const { stdout, exitCode } = await check(folderWith(PLAYERS, webhook));
  expect(stdout).toContain('error   player "nobody" gets {"status_code":"ERR_NOBODY"} after ');
  expect(stdout).toContain("there is no such player (is the id right?");
  expect(exitCode).toBe(1);
});

test.each([
  ["a path that answers 404 to everybody", 404, "", "there is no such player"],
  ["a pointer to something else", 200, '{"balance":"30","name":"Ada"}', "/name"],
])("REST: %s is green until a real player is looked up", async (_, status, body, problem) => {
  using core = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    // As cores do, it knows nobody by the made-up name that is asked for by the source's own check.
    fetch: ({ url }) =>
      url.endsWith("12001") ? new Response(body, { status }) : new Response("", { status: 404 }),
  });
  const url = `${core.url.href}wallet/{player_id}`;
  const cwd = folderWith(`plugin = "rest"\nurl = "${url}"\nbalance = "/name"\nretries = 0`);
  expect((await check(cwd)).exitCode).toBe(0);
  const { stdout, exitCode } = await check(cwd, "--player", "12001");
  expect(stdout).toContain('error   player "12001" gets {"status_code":"ERR_');
  expect(stdout).toContain(problem);
  expect(exitCode).toBe(1);
});

const MINOR = 'unit = "minor"';

function rest(options: string): string {
  return `plugin = "rest"\nurl = "http://127.0.0.1:1/{player_id}"\nbalance = "/b"\nretries = 0\n${options}`;
}

function select(columns: string): string {
  const query = `SELECT ${columns} FROM sqlite_schema WHERE name = :player_id`;
  return `plugin = "sqlite"\nfile = "core.db"\nquery = "${query}"`;
}

describe("webhook.currency has other decimals than minor units without an exponent", () => {
  test.each([
    ["rest", rest(MINOR), 1],
    ["rest with the exponent", rest(`${MINOR}\nexponent = 2`), 0],
    ["rest in major units", rest(""), 0],
    ["redis", `plugin = "redis"\nhosts = ["127.0.0.1:1"]\n${MINOR}`, 1],
    ["a query", select("3000 AS balance_minor"), 1],
    ["a query with the exponent", select("3000 AS balance_minor, 0 AS exponent"), 0],
    ["a query in major units", select("30 AS balance"), 0],
  ])("%s", async (_, source, times) => {
    const cwd = folderWith(source, 'currency = "JPY"');
    using database = new Database(join(cwd, "core.db"));
    database.run("CREATE TABLE wallet (id TEXT)");
    const { stdout } = await check(cwd);
    const said = stdout.split("\n").filter((line) => line.includes("webhook.currency"));
    expect(said.map((line) => line.replace(/: (?:say|let) .*/, ""))).toEqual(
      Array.from(
        { length: times },
        () =>
          'warning source "players": webhook.currency does not fit the balances: JPY has 0 decimals, and exponent is not set',
      ),
    );
  });
});

test.each([
  ["timeout_ms = 2001", ["webhook.timeout_ms (2001)"]],
  ["timeout_ms = 2000", []],
  ['forward = { url = "http://127.0.0.1:1/" }', ["webhook.forward.timeout_ms (10000)"]],
  ['forward = { url = "http://127.0.0.1:1/", timeout_ms = 2000 }', []],
])("a stop waits for calls, or is said to cut them off: %s", async (webhook, said) => {
  const cwd = folderWith(PLAYERS, `${webhook}\n[server]\ndrain_seconds = 2`);
  const { stdout, exitCode } = await check(cwd);
  const warnings = stdout
    .split("\n")
    .filter((line) => line.includes("server.drain_seconds (2): on a stop, "));
  expect(warnings.map((line) => line.replace(/ is longer than .*/, ""))).toEqual(
    said.map((key) => `warning ${key}`),
  );
  expect(exitCode).toBe(0);
});

test.each([
  [400, ": set health_url, or say in not_found what the core answers for an unknown player"],
  [401, ": see auth, or set health_url"],
  [403, ": see auth, or set health_url"],
])(
  "REST: a core that answers the made-up player with %d is asked for the real one, too",
  async (status, hint) => {
    using core = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ url }) =>
        url.endsWith("12001") ? new Response('{"balance":"30"}') : new Response("", { status }),
    });
    const table = `plugin = "rest"\nurl = "${core.url.href}{player_id}"\nbalance = "/balance"\nretries = 0`;
    const { stdout, exitCode } = await check(folderWith(table), "--player", "12001");
    expect(stdout).toContain(
      `error   source "players" is not ready: status ${status} (lookup of the made-up player klas-balance-check)${hint}\n`,
    );
    expect(stdout).toContain('ok      player "12001" gets {"balance":"30","status_code":"OK"}');
    expect(exitCode).toBe(1);
  },
);

test("a database that is not there yet is not said to answer", async () => {
  const { stdout, exitCode } = await check(folderWith('plugin = "sqlite"\nfile = "nothere.db"'));
  expect(stdout).toContain("nothere.db does not exist yet: `serve` makes it");
  expect(stdout).not.toContain("opens and answers");
  expect(exitCode).toBe(0);
  const asked = await check(folderWith('plugin = "sqlite"\nfile = "nothere.db"'), "--player", "12001");
  expect(asked.stdout).toMatch(/player "12001" gets .*: there is no such player\n/);
  expect(asked.exitCode).toBe(1);
});

test("what a source logs as an error is a warning of the command's, and not a line of the log", async () => {
  const cwd = folderWith('plugin = "./core.ts"');
  writeFileSync(
    join(cwd, "core.ts"),
    `export default { apiVersion: 1, open: (_, { log }) => {
      log.error("the first half is missing");
      log.debug("nobody wants to know");
      return { lookup: () => null, check() { log.error("no core"); throw new Error("no core"); } };
    } };`,
  );
  const { stdout, stderr } = await check(cwd);
  expect(stdout).toContain('warning source "players": the first half is missing\n');
  expect(stdout.match(/no core/g)).toHaveLength(1);
  expect(stdout + stderr).not.toContain("nobody");
  expect(stderr).toBe("");
});

test("a player id that no call can carry is a wrong use", async () => {
  const { stderr, exitCode } = await check(folderWith(PLAYERS), "--player", "a\nb");
  expect(stderr).toContain("Expected ");
  expect(exitCode).toBe(2);
});

describe("names the page of the manual that helps", () => {
  test.each([
    ["about a configuration that is not sound", "[server]\nprot = 1\n", "config"],
    [
      "about a source that does not answer",
      '[webhook]\nsecrets = ["0123456789abcdef"]\n[sources.players]\nplugin = "rest"\nurl = "http://127.0.0.1:1/"\nbalance = "/b"\n',
      "rest",
    ],
    [
      "about a trial secret",
      '[webhook]\nsecrets = ["trial-0123456789abcdef"]\n[sources.players]\nplugin = "static"\nplayers = { "12001" = "30" }\n',
      "rotation",
    ],
  ])("%s", async (_what, text, topic) => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, "config.toml"), text);
    const { stdout } = await runProgram(["check"], { cwd });
    expect(stdout).toEndWith(`see "klas-balance help ${topic}"\n`);
    const { stdout: json } = await runProgram(["check", "--json"], { cwd });
    expect(json).not.toContain("klas-balance help");
  });
});

test("authenticate: a player without a currency is a failure before the first call", async () => {
  const webhook = "authenticate = true";
  const unknown = await check(folderWith(PLAYERS, webhook));
  expect(unknown.stdout).toContain("ok      would answer POST /authenticate");
  expect(unknown.stdout).toContain("warning webhook.currency is not set");
  const without = await check(folderWith(PLAYERS, webhook), "--player", "12001");
  expect(without.stdout).toContain(
    'error   authenticate: player "12001" gets {"status_code":"ERR_UNKNOWN"}: source_failed: the source names no currency, and webhook.currency is not set',
  );
  expect(without.exitCode).toBe(1);
  const { stdout, exitCode } = await check(
    folderWith(PLAYERS, `${webhook}\ncurrency = "EUR"`),
    "--player",
    "12001",
  );
  expect(stdout).toContain(
    'ok      authenticate: player "12001" gets {"currency":"EUR","balance":"30.5","status_code":"OK"}\n',
  );
  expect(stdout).not.toContain("webhook.currency");
  expect(exitCode).toBe(0);
});

test.each([
  ["/balance", true],
  ["/klas/balance/", true],
  ["/klas", false],
  ["/balances", false],
])("a path of %s: whether it warns of /balance twice", async (path, warns) => {
  const { stdout, exitCode } = await check(folderWith(PLAYERS, `path = "${path}"`));
  expect(stdout.includes("warning webhook.path ends with /balance")).toBe(warns);
  expect(exitCode).toBe(0);
});

function forwardTo(url: string, more = ""): string {
  return `authenticate = true\n[webhook.forward]\nurl = "${url}"\n${more}`;
}

test("forward: it says what is passed on where, and whether it goes unencrypted", async () => {
  const local = await check(folderWith(PLAYERS, forwardTo("http://127.0.0.1:9/klas")));
  expect(local.stdout).toContain(
    "ok      would pass bet, credit, refund, terminate on to http://127.0.0.1:9, each call at most once",
  );
  expect(local.stdout).toContain(
    "warning webhook.forward: the core at 127.0.0.1:9 cannot be reached: connection refused",
  );
  expect(local.stdout).not.toContain("not encrypted");
  const remote = await check(folderWith(PLAYERS, forwardTo("http://core.example/klas")));
  expect(remote.stdout).toContain(
    "warning webhook.forward.url: what is passed on to core.example is not encrypted",
  );
});

test("forward: a core that is there is connected to and asked nothing, be it behind TLS or not", async () => {
  await using core = await startCore(() => {});
  const plain = await check(folderWith(PLAYERS, forwardTo(core.url)));
  expect(plain.stdout).toMatch(
    /^ok {6}the core at 127\.0\.0\.1:\d+ takes connections; it was asked nothing$/m,
  );
  expect(plain.exitCode).toBe(0);
  const secure = await check(
    folderWith(PLAYERS, forwardTo(core.url.replace("http:", "https:"), "timeout_ms = 500")),
  );
  expect(secure.stdout).toMatch(
    /^warning webhook\.forward: the core at \S+ cannot be reached: no connection within 500 ms$/m,
  );
  expect([core.connections, core.seen]).toEqual([2, []]);
});

test("forward: nobody waits for the connection as long as a call may take", async () => {
  await using core = await startCore(() => {});
  const url = core.url.replace("http:", "https:");
  const { stdout } = await check(folderWith(PLAYERS, forwardTo(url, "timeout_ms = 60_000")));
  expect(stdout).toContain("cannot be reached: no connection within 5000 ms");
}, 20_000);

function folderOfFiles(webhook: string, more = "") {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "secret"), "a secret that is long enough\n", { mode: 0o600 });
  const text = `[webhook]\n${webhook}\n[sources.players]\n${PLAYERS}\n${more}`;
  writeFileSync(join(cwd, "config.toml"), text, { mode: 0o600 });
  return cwd;
}

describe("where it would listen is tried", () => {
  test.each([
    ["free", "", "ok      would listen on 127.0.0.1 port PORT and answer POST /balance\n", 0],
    [
      "used by another program",
      "",
      "warning cannot listen on 127.0.0.1 port PORT: another program uses it",
      0,
    ],
    [
      "used by another program, with an admin listener",
      "[admin]\nport = 0",
      "warning cannot listen on 127.0.0.1 port PORT: another program uses it",
      0,
    ],
  ])("a port that is %s", async (what, admin, expected, status) => {
    using other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { port } = other;
    if (what === "free") other.stop(true);
    const cwd = folderWith(PLAYERS, `[server]\nhost = "127.0.0.1"\nport = ${port}\n${admin}`);
    const { stdout, exitCode } = await check(cwd);
    expect(stdout).toContain(expected.replace("PORT", String(port)));
    if (what !== "free") expect(stdout).not.toContain("would listen");
    expect(stdout.includes("own server")).toBe(what === "used by another program");
    expect(exitCode).toBe(status);
  });

  test.each([
    ["server", "8080"],
    ["admin", "9464"],
  ])("an address of another machine in %s.host is an error of the configuration", async (table, port) => {
    const tables = `[server]\nport = 0\nhost = "127.0.0.1"\n[admin]\nport = 0\ntoken = "0123456789abcdef"\n`;
    const text = tables.replace(`[${table}]\nport = 0`, `[${table}]\nport = ${port}`);
    const elsewhere = text.replace(
      new RegExp(`(\\[${table}\\]\n.*\n)(?:host.*\n)?`),
      '$1host = "192.0.2.1"\n',
    );
    const { stdout, exitCode } = await check(folderWith(PLAYERS, elsewhere));
    expect(stdout).toContain(
      `error   cannot listen on 192.0.2.1 port ${port}: this machine has no such address; check ${table}.host\n`,
    );
    expect(exitCode).toBe(2);
  });
});

describe("secrets that every user can read", () => {
  const BY_FILE = 'secrets = ["${file:secret}"]';

  test.each([
    ["a file of a secret", BY_FILE, "secret", "secret: chmod o= "],
    [
      "a configuration that holds one",
      'secrets = ["a secret that is long enough"]',
      "config.toml",
      "config.toml, and what webhook.secrets holds may be a secret: chmod o= ",
    ],
  ])("%s is warned of", async (_what, webhook, file, words) => {
    const cwd = folderOfFiles(webhook);
    expect((await check(cwd)).stdout).not.toContain("every user");
    chmodSync(join(cwd, file), 0o644);
    const { stdout, exitCode } = await check(cwd);
    expect(stdout).toContain(`warning every user of this machine can read ${cwd}/${words}${cwd}/${file}\n`);
    expect(exitCode).toBe(0);
  });

  test.each([
    ["", ""],
    [
      "[sources.core]",
      'plugin = "rest"\nurl = "http://core/{player_id}"\nbalance = "/b"\nauth = { basic = { user = "klas", password = "${file:secret}" } }',
    ],
  ])("a configuration that holds none itself is not: %s", async (heading, table) => {
    const cwd = folderOfFiles(BY_FILE, `${heading}\n${table}\n`);
    chmodSync(join(cwd, "config.toml"), 0o644);
    expect((await check(cwd)).stdout).not.toContain("every user");
  });

  test.each([
    ["headers", 'headers = { "X-Key" = "0123456789" }', "sources.core.headers.X-Key"],
    ["a URL", 'proxy = "http://klas:0123456789@proxy:3128"', "sources.core.proxy"],
  ])("a source's own in %s count", async (_where, option, place) => {
    const table = `[sources.core]\nplugin = "rest"\nurl = "http://core/{player_id}"\nbalance = "/b"\n${option}\n`;
    const cwd = folderOfFiles(BY_FILE, table);
    chmodSync(join(cwd, "config.toml"), 0o644);
    const { stdout } = await check(cwd);
    expect(stdout).toContain(`config.toml, and what ${place} holds may be a secret`);
    expect(stdout).not.toContain("0123456789");
  });
});
