import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { open, post } from "../raw-http.ts";
import { run } from "../server-process.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import {
  call,
  callBytes,
  childrenOf,
  configOf,
  ENDLESS_SOURCE,
  eventually,
  OK,
  operate,
  SECRET,
  STATIC,
  writeEndless,
} from "./operated.ts";

const folder = temporaryFolder();

/** The most that a process is granted in a test. */
const FEW_HANDLES = 128;

/** Names of spec 5, and those of the lifecycle. */
const NAMES = [
  'klas_balance_requests_total{status_code="OK",reason="ok",endpoint="balance"}',
  'klas_balance_request_duration_seconds_count{endpoint="balance"}',
  'klas_balance_source_duration_seconds_count{source="players",outcome="ok"}',
  "klas_balance_clock_skew_seconds",
  "klas_balance_in_flight",
  "klas_balance_source_up",
  "klas_balance_last_reload_successful",
  "klas_balance_worker_restarts_total",
  "process_resident_memory_bytes",
  "process_cpu_seconds_total",
  "process_open_fds",
];

/** What a caller could try in order to make a series of its own. */
function hostile(index: number): readonly Buffer[] {
  return [
    callBytes({ player: `player-${index}` }),
    callBytes({ secret: `secret-${index}` }),
    callBytes({ target: `/balance?x=${index}` }),
    callBytes({ target: `/balance/${index}` }),
    callBytes({ player: "" }),
    callBytes(
      {},
      `traceparent: 00-${index}-x-01`,
      `X-Forwarded-For: 10.0.0.${index}`,
      `User-Agent: ${index}`,
    ),
    post(`not json ${index}`, []),
    Buffer.from(`GET /balance HTTP/1.1\r\nHost: host-${index}\r\n\r\n`),
  ];
}

setDefaultTimeout(30_000);

describe.concurrent("the admin listener", () => {
  test("is not there without its table, and then nothing of it is on the public port", async () => {
    await using server = await operate({ admin: false });
    expect(server.process.adminPort).toBeUndefined();
    for (const path of ["/metrics", "/readyz"]) {
      expect((await fetch(`http://127.0.0.1:${server.process.port}${path}`)).status).toBe(404);
    }
  });

  test("listens on loopback unless told otherwise", async () => {
    await using server = await operate();
    expect(server.process.log()).toContain(`"admin":"http://127.0.0.1:${server.process.adminPort}/"`);
    // Another address of this machine; a listener on all of them would answer there.
    const elsewhere = fetch(`http://127.0.0.2:${server.process.adminPort}/healthz`);
    expect(await elsewhere.catch(() => "refused")).toBe("refused");
  });

  test.each(["0.0.0.0", "::", "192.0.2.1"])("on %s it wants a token", async (host) => {
    writeFileSync(`${folder}/config.toml`, configOf({ admin: `host = "${host}"` }));
    const { exitCode, stderr } = await run(["serve"], { cwd: folder });
    expect(stderr).toBe(
      "error: config.toml: admin.token: expected a token, because admin.host is not a loopback address\n",
    );
    expect(exitCode).toBe(2);
  });

  test("with a token, nothing is told without it", async () => {
    await using server = await operate({ admin: 'host = "0.0.0.0"\nport = 0\ntoken = "sesame"' });
    for (const path of ["/healthz", "/readyz", "/metrics"]) {
      for (const value of [
        "",
        "Bearer",
        "Bearer sesam",
        "Bearer sesame1",
        "Basic sesame",
        "sesame",
        "Bearer é",
      ]) {
        const response = await server.admin(path, value === "" ? {} : { Authorization: value });
        expect(response.status).toBe(401);
        expect(response.headers.get("WWW-Authenticate")).toBe("Bearer");
        expect(await response.text()).toBe("");
      }
      expect((await server.admin(path, { Authorization: "Bearer sesame" })).status).toBe(200);
    }
    expect(server.process.log()).not.toContain("sesame");

    const short = "admin.token is shorter than 16 characters: it can be guessed";
    await server.line(({ level, msg }) => level === "warn" && msg === short);
    const ready = await server.admin("/readyz", { Authorization: "Bearer sesame" });
    expect(await ready.json()).toMatchObject({ ready: true, warnings: [short] });
    const { stdout } = await run(["check"], { cwd: server.folder });
    expect(stdout).toContain(short);
  });

  test("knows its paths, and takes no long body", async () => {
    await using server = await operate();
    const url = `http://127.0.0.1:${server.process.adminPort}`;
    expect((await fetch(`${url}/balance`, { method: "POST" })).status).toBe(404);
    const posted = await fetch(`${url}/metrics`, { method: "POST" });
    expect([posted.status, posted.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
    expect((await fetch(`${url}/metrics`, { method: "POST", body: "x".repeat(20_000) })).status).toBe(413);
  });

  test("shows the names that are promised, and callers make no series", async () => {
    await using server = await operate();
    await server.balance();
    const series = async () => {
      const text = await (await server.admin("/metrics")).text();
      return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    };
    const seriesNames = (await series()).map((line) => line.slice(0, line.lastIndexOf(" ")));
    for (const name of NAMES) expect(seriesNames).toContain(name);
    // Of Linux' "data" size, which the runtime sets aside by the gigabyte: no heap of anything.
    expect(seriesNames).not.toContain("process_heap_bytes");
    expect(
      seriesNames.some((name) => /^klas_balance_build_info\{version="[^"]+",revision="[^"]+"\}$/.test(name)),
    ).toBe(true);

    const askAll = async (from: number) => {
      const connection = await open(server.process.port);
      for (let index = from; index < from + 40; index += 1) {
        for (const bytes of hostile(index)) {
          connection.send(bytes);
          await connection.next();
        }
      }
      connection.destroy();
    };
    await askAll(0);
    const before = (await series()).length;
    await askAll(1000);
    expect(await series()).toHaveLength(before);
    expect((await series()).join("\n")).not.toContain("player-");
  });

  test("answers while the webhook is flooded", async () => {
    const server_ = `${STATIC}\nhang_every = 1`;
    const webhook = `secrets = ["${SECRET}"]\nmax_in_flight = 50\ntimeout_ms = 60000`;
    await using server = await operate({ source: server_, webhook, server: "drain_seconds = 0" });
    const connections = await Promise.all(Array.from({ length: 400 }, () => open(server.process.port)));
    const flood = connections.map(async (connection) => {
      do connection.send(callBytes());
      while ((await connection.next()) !== undefined);
    });
    await Bun.sleep(200);
    for (let asked = 0; asked < 5; asked += 1) {
      expect((await server.readyz()).status).toBe(200);
      expect(await server.metric("klas_balance_in_flight")).toBe(50);
      expect((await server.admin("/healthz")).status).toBe(200);
    }
    expect(
      await server.metric(
        'klas_balance_requests_total{status_code="ERR_UNKNOWN",reason="overloaded",endpoint="balance"}',
      ),
    ).toBeGreaterThan(350);
    for (const connection of connections) connection.destroy();
    await Promise.all(flood);
  });

  test("answers while callers hold every file handle that the system grants", async () => {
    await using server = await operate();
    const pids = [server.process.pid, ...childrenOf(server.process.pid)];
    expect(pids).toHaveLength(2);
    for (const pid of pids) {
      expect(Bun.spawnSync(["prlimit", "--pid", `${pid}`, `--nofile=${FEW_HANDLES}`]).exitCode).toBe(0);
    }
    const callers = Array.from({ length: 2 * FEW_HANDLES }, () => connect(server.process.port, "127.0.0.1"));
    for (const caller of callers) caller.on("error", () => {});
    const [, worker] = pids;
    await eventually("the last handle to be taken", () =>
      Promise.resolve(readdirSync(`/proc/${worker}/fd`).length === FEW_HANDLES),
    );
    let isAnswered = false;
    const late = call(server.process.port).then(() => (isAnswered = true));
    for (let asked = 0; asked < 5; asked += 1) {
      expect((await server.admin("/healthz")).status).toBe(200);
      expect(await server.metric("klas_balance_in_flight")).toBe(0);
      expect((await server.readyz()).status).toBe(200);
    }
    expect(isAnswered).toBe(false);
    for (const caller of callers) caller.destroy();
    expect(await late).toBe(true);
    expect(await server.balance()).toBe(OK);
  });

  test("answers while a plugin never gives its thread back", async () => {
    await using server = await operate({ source: ENDLESS_SOURCE }, writeEndless);
    const hung = call(server.process.port).catch(() => undefined);
    await eventually("the lookup", () => Promise.resolve(existsSync(join(server.folder, "busy"))));
    expect((await server.admin("/healthz")).status).toBe(200);
    const { status, not_ready } = await server.readyz();
    expect(status).toBe(503);
    expect(not_ready.join()).toContain("does not answer");
    expect(await hung).toBeUndefined();
    await server.line(({ msg }) => msg === "a worker was started again");
  });

  test("/readyz names what is not ready", async () => {
    const source =
      'plugin = "rest"\nurl = "http://127.0.0.1:1/{player_id}"\nbalance = "/b"\nhealth_url = "http://127.0.0.1:1/"';
    await using server = await operate({ source });
    const { status, ready, not_ready } = await server.readyz();
    expect({ status, ready }).toEqual({ status: 503, ready: false });
    expect(not_ready.join()).toContain('the source "players"');
    expect((await server.admin("/healthz")).status).toBe(200);
    expect((await call(server.process.port))?.body.toString()).toBe('{"status_code":"ERR_UNKNOWN"}');
  });

  test("/metrics is the text format: a HELP and a TYPE for each name, and each name once", async () => {
    await using server = await operate({ server: "workers = 2" });
    await server.balance({ secret: "wrong" });
    await server.reload();
    const lines = (await (await server.admin("/metrics")).text()).trimEnd().split("\n");
    const declared = lines.flatMap((line) => /^# TYPE (\w+) (\w+)$/.exec(line)?.slice(1, 2) ?? []);
    expect(new Set(declared).size).toBe(declared.length);
    for (const name of declared) expect(lines.some((line) => line.startsWith(`# HELP ${name} `))).toBe(true);
    for (const line of lines.filter((each) => each !== "" && !each.startsWith("#"))) {
      const name = /^(\w+?)(?:_bucket|_sum|_count)?(?:\{.*\})? \S+$/.exec(line)?.[1];
      expect(declared).toContain(name ?? line);
    }
  });
});

test.each([1, 2])("it tells which secret is used, and when it was last: workers = %i", async (workers) => {
  const webhook = 'secrets = ["the-new-secret-of-klas", "the-old-secret-of-klas"]';
  await using server = await operate({ webhook, server: `workers = ${workers}` });
  const used = async () => [
    await server.metric('klas_balance_secret_uses_total{position="1"}'),
    await server.metric('klas_balance_secret_uses_total{position="2"}'),
  ];
  expect(await used()).toEqual([0, 0]);
  const startedSeconds = Math.floor(Date.now() / 1000);
  for (let calls = 0; calls < 5; calls += 1) await server.balance({ secret: "the-old-secret-of-klas" });
  await server.balance({ secret: "the-new-secret-of-klas" });
  await server.balance({ secret: "no secret of ours" });
  expect(await used()).toEqual([1, 5]);
  const lastUse = 'klas_balance_secret_last_used_timestamp_seconds{position="2"}';
  expect(await server.metric(lastUse)).toBeGreaterThanOrEqual(startedSeconds);
  // Nobody uses the old one any more, and it goes; the new one keeps its count.
  await server.change({ webhook: 'secrets = ["the-new-secret-of-klas"]', server: `workers = ${workers}` });
  expect(await used()).toEqual([1, undefined]);
  expect(server.process.log()).not.toContain("the-old-secret");
});

test("it warns if nearly nobody is found, although the source answers soundly", async () => {
  await using server = await operate();
  for (let calls = 0; calls < 30; calls += 1) await server.balance({ player: `stranger-${calls}` });
  const warning =
    "100 % of the 30 calls of the last 3 minutes ended in player_not_found; there were hardly any before";
  // A look in between has seen some of the calls.
  await eventually("the warning of them all", async () => (await server.readyz()).warnings.includes(warning));
  expect((await server.readyz()).status).toBe(200);
  expect(await server.metric('klas_balance_failing_alike{reason="player_not_found"}')).toBe(1);
  expect(await server.metric('klas_balance_failing_alike{reason="source_failed"}')).toBe(0);
  for (let calls = 0; calls < 30; calls += 1) await server.balance();
  await eventually("the end of the warning", async () => {
    return (await server.metric('klas_balance_failing_alike{reason="player_not_found"}')) === 0;
  });
});
