import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "../../commands/run-program.ts";
import { freePort } from "../../engines/free-port.ts";
import { type PostgresServer, sharedPostgres, startPostgres } from "../../engines/postgres-server.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { type Certificates, makeCertificates } from "../rest/certificates.ts";
import { ownPlayers } from "./own-players.ts";
import { ask, failure, open, optionsFor } from "./subject.ts";

const DATABASE = "connecting";
const THIRTY = { balanceMinor: 3000n, exponent: 2, currency: "EUR" };
const SELECT = "SELECT player_id, balance FROM players WHERE player_id = :player_id";
const OFF = { mode: "off" } as const;
const folder = temporaryFolder();

const SLOW_MS = 60_000;

// Here, because a start may take longer than a test.
const shared = await sharedPostgres();

async function options(server = shared) {
  await ownPlayers(server, DATABASE, { "12001": 3000n });
  return optionsFor(server, DATABASE);
}

describe("what stands in the way is said in plain words", () => {
  test("a user that does not exist", async () => {
    expect(await failure(open({ ...(await options()), user: "nobody" }))).toMatch(
      /^127\.0\.0\.1:\d+ does not let the user "nobody" in: role "nobody" does not exist: correct user, or its pg_hba\.conf$/,
    );
  });

  test("a database that does not exist", async () => {
    expect(await failure(open({ ...(await options()), database: "casinoo" }))).toMatch(
      /^127\.0\.0\.1:\d+ has no database "casinoo": correct database$/,
    );
  });

  test(
    "a wrong password, which is not shown, and the right one",
    async () => {
      const server = await startPostgres();
      const given = await options(server);
      await server.run("ALTER ROLE klas PASSWORD 'correct horse'");
      const rules = join(server.folder, "pg_hba.conf");
      server.put("pg_hba.conf", `host all klas 127.0.0.1/32 scram-sha-256\n${readFileSync(rules, "utf8")}`);
      await server.run("SELECT pg_reload_conf()");
      const message = await failure(open({ ...given, password: "wrong horse" }));
      expect(message).toMatch(/^127\.0\.0\.1:\d+ refuses the password of the user "klas": correct password$/);
      process.env["PGPASSWORD"] = "correct horse";
      expect(await failure(open(given))).toContain('wants a password of the user "klas": set password');
      delete process.env["PGPASSWORD"];
      const { source } = await open({ ...given, password: "correct horse" });
      expect(await ask(source, "12001")).toEqual(THIRTY);
    },
    SLOW_MS,
  );

  test("nothing that listens, which `serve` waits for and `check` does not", async () => {
    const port = freePort();
    const given = { ...(await options()), hosts: [`127.0.0.1:${port}`] };
    const expected = `127.0.0.1:${port} cannot be reached: nothing listens on port ${port}, or there is no route`;
    expect(await failure(open(given, { isRehearsal: true }))).toBe(expected);
    const { source, messages } = await open(given);
    expect(messages).toEqual([`error ${expected}`]);
    expect(await failure(Promise.resolve(source.check?.(AbortSignal.timeout(1000))))).toBe(expected);
  });

  test(
    "something else that listens there, which `serve` waits for as for a host that is switched off",
    async () => {
      using silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
      using web = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("") });
      const expected =
        "does not answer: it hangs, a firewall drops what is sent there, or something else listens there";
      for (const { port } of [silent, web]) {
        const { messages } = await open({ ...(await options()), hosts: [`127.0.0.1:${port}`] });
        expect(messages).toEqual([`error 127.0.0.1:${port} ${expected}`]);
      }
    },
    SLOW_MS,
  );

  test("a database that the user may not enter", async () => {
    await shared.database("closed");
    await shared.run("REVOKE CONNECT ON DATABASE closed FROM PUBLIC; CREATE ROLE visitor LOGIN");
    expect(await failure(open({ ...optionsFor(shared, "closed"), user: "visitor", query: SELECT }))).toMatch(
      /does not let the user "visitor" into the database "closed": GRANT CONNECT on it$/,
    );
  });

  test.each([
    [SELECT, 'knows no such column: column "balance" does not exist'],
    [SELECT.replace("players", "nowhere"), 'knows no such table: relation "nowhere" does not exist'],
    [
      SELECT.replace("balance", "balance_of(player_id) AS balance"),
      "knows no such function: function balance_of(text) does not exist: correct its name or",
    ],
    [
      SELECT.replace("FROM players", "FROM vault.players"),
      "does not let this user read: permission denied for schema vault: GRANT SELECT on what the query reads, and USAGE on its schema",
    ],
    [SELECT.replace("balance", "1/0 AS balance"), "cannot run the query (SQLSTATE 22012)"],
  ])("a query that the server cannot run: %s", async (query, expected) => {
    const given = await options();
    await shared.run(
      "CREATE SCHEMA IF NOT EXISTS vault; CREATE TABLE IF NOT EXISTS vault.players (player_id text, balance int)",
      DATABASE,
    );
    const message = await failure(open({ ...given, query }));
    expect(message).toStartWith(`127.0.0.1:${shared.port} ${expected}`);
  });

  test("a name that is not known", async () => {
    const given = { ...(await options()), hosts: ["no-such-host.invalid"], tls: OFF };
    expect(await failure(open(given, { isRehearsal: true }))).toBe(
      "no-such-host.invalid has a name that does not resolve: correct hosts, or the DNS",
    );
  });

  test("a server without TLS where TLS is asked for", async () => {
    expect(await failure(open({ ...(await options()), tls: { mode: "require" } }))).toMatch(
      /offers no TLS: switch it on there, or set tls = \{ mode = "off" \} for plain text$/,
    );
  });

  test("plain text to another machine is a warning", async () => {
    const given = { ...(await options()), tls: OFF };
    const { messages } = await open({
      ...given,
      hosts: [`127.0.0.1:${shared.port}`, "no-such-host.invalid"],
    });
    expect(messages).toContain(
      'warn tls.mode = "off": everything to and from no-such-host.invalid travels in plain text',
    );
  });
});

test("a socket is a host, too", async () => {
  const { source } = await open({
    ...(await options()),
    hosts: [join(shared.folder, `.s.PGSQL.${shared.port}`)],
  });
  expect(await ask(source, "12001")).toEqual(THIRTY);
});

describe("TLS", () => {
  test(
    "the server's certificate and its name are verified",
    async () => {
      await using certificates = await makeCertificates();
      const server = await withTls(certificates);
      const given = await options(server);
      const { port } = server;
      const trusted = { mode: "verify-full", ca: join(certificates.directory, "ca.pem") } as const;
      const { source } = await open({ ...given, hosts: [`localhost:${port}`], tls: trusted });
      expect(await ask(source, "12001")).toEqual(THIRTY);
      expect(
        await server.run(
          "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'klas'",
        ),
      ).toEqual([{ ssl: true }]);
      expect(await failure(open({ ...given, tls: trusted }))).toContain(
        "has a certificate for another name: write the name in hosts as the certificate has it, or set tls.server_name",
      );
      expect(await failure(open({ ...given, hosts: [`localhost:${port}`], tls: {} }))).toContain(
        "has a certificate of an authority that is not known here: give the authority's file as tls.ca",
      );
      const named = await open({ ...given, tls: { ...trusted, server_name: "localhost" } });
      expect(await ask(named.source, "12001")).toEqual(THIRTY);
      const unverified = await open({ ...given, tls: { mode: "require" } });
      expect(await ask(unverified.source, "12001")).toEqual(THIRTY);
    },
    SLOW_MS,
  );
});

test("no variable of the environment changes where it connects to, or how", async () => {
  await options();
  writeFileSync(
    join(folder, "config.toml"),
    `[webhook]\nsecrets = ["a secret that is long enough"]\nsource = "own"\n[sources.own]\nplugin = "postgres"
hosts = ["127.0.0.1:${shared.port}"]\ndatabase = "${DATABASE}"\nuser = "klas"\n`,
  );
  const elsewhere = "postgres://other:secret@127.0.0.1:1/elsewhere?sslmode=require";
  const urls = [
    "DATABASE_URL",
    "POSTGRES_URL",
    "PGURL",
    "PG_URL",
    "TLS_DATABASE_URL",
    "TLS_POSTGRES_DATABASE_URL",
  ];
  const environment = {
    ...Object.fromEntries(urls.map((name) => [name, elsewhere])),
    PGHOST: "127.0.0.2",
    PGPORT: "1",
    PGUSER: "other",
    PGUSERNAME: "other",
    PGPASSWORD: "secret",
    PGDATABASE: "elsewhere",
    PGSSLMODE: "require",
    PGAPPNAME: "other",
    PGOPTIONS: "-c search_path=elsewhere",
    USER: "other",
  };
  const { stdout, exitCode } = await runProgram(["check", "--player", "12001"], { cwd: folder, environment });
  expect(stdout).toContain('"30"');
  expect(exitCode).toBe(0);
});

async function withTls(certificates: Certificates): Promise<PostgresServer> {
  const server = await startPostgres();
  await certificates.issue("server", "DNS:localhost");
  server.put("server.crt", await certificates.read("server.pem"));
  server.put("server.key", await certificates.read("server.key"));
  await server.run("ALTER SYSTEM SET ssl = on");
  await server.run("SELECT pg_reload_conf()");
  return server;
}
