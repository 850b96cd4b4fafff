import { tmpdir } from "node:os";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Database } from "bun:sqlite";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { ACTION_HEADER } from "../../src/admin/access.ts";
import {
  callResultSchema,
  callsSchema,
  eventSchema,
  failedListSchema,
  playersSchema,
  problemSchema,
  seriesSchema,
  statusSchema,
  topicsSchema,
} from "../../src/admin/shapes.ts";
import { exchange, open, post, signatureOf } from "../raw-http.ts";
import { run } from "../server-process.ts";
import {
  body,
  call,
  callBytes,
  childrenOf,
  configOf,
  eventually,
  operate,
  type Operated,
  SECRET,
} from "./operated.ts";

setDefaultTimeout(30_000);

async function get<Schema extends v.GenericSchema>(
  server: Operated,
  path: string,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  return v.parse(schema, await (await server.admin(path)).json());
}

const status = (server: Operated) => get(server, "/api/status", statusSchema);
const calls = async (server: Operated) => (await get(server, "/api/calls", callsSchema)).calls;
const failed = async (server: Operated) => (await get(server, "/api/failed", failedListSchema)).failed;

function action(server: Operated, path: string, sent: string, headers: Record<string, string> = {}) {
  return fetch(`http://127.0.0.1:${server.process.adminPort}${path}`, {
    method: "POST",
    body: sent,
    headers: { [ACTION_HEADER]: "1", ...headers },
  });
}

const OLD = "the-secret-before-this-one";
const OWN = 'plugin = "sqlite"\nfile = "balances.db"';

/** Puts players into the database past our own commands, which would refuse what is wrong. */
function write({ folder }: Operated, values: string): void {
  using database = new Database(join(folder, "balances.db"));
  database.run(`INSERT INTO players (player_id, currency, balance_minor) VALUES ${values}`);
}

/** Makes calls over one connection, none of which waits for the one before. */
async function inARow(port: number, bytes: Buffer, count: number): Promise<void> {
  const connection = await open(port);
  for (let index = 0; index < count; index += 1) connection.send(bytes);
  for (let index = 0; index < count; index += 1) expect((await connection.next())?.status).toBe(200);
  connection.destroy();
}

describe.concurrent("the console's interface", () => {
  test.each([1, 2])("names the endpoint that a reload has moved: workers = %i", async (workers) => {
    await using server = await operate({ server: `workers = ${workers}` });
    const webhook = `path = "/klas"\nsecrets = ["${SECRET}"]`;
    await server.change({ server: `workers = ${workers}`, webhook });
    const moved = `http://127.0.0.1:${server.process.port}/klas/balance`;
    expect((await status(server)).url).toBe(moved);
    const tried = await action(server, "/api/call", '{"player_id":"12001"}');
    expect(v.parse(callResultSchema, await tried.json()).curl).toContain(moved);
  });

  test("tells what runs, and that it is ready", async () => {
    await using server = await operate();
    const now = await status(server);
    expect(now).toMatchObject({
      ready: true,
      not_ready: [],
      config_file: join(server.folder, "config.toml"),
      url: `http://127.0.0.1:${server.process.port}/balance`,
      source: { name: "players", plugin: "static" },
      in_flight: 0,
      max_in_flight: 1024,
      reload: null,
      has_players: false,
      capture_failed: 20,
    });
    expect(now.workers).toMatchObject([{ number: 1, up: true, failures: 0 }]);
    expect([now.last_minute, now.latest_call_ms]).toEqual([
      { calls: 0, ok: 0, p50_ms: null, p99_ms: null },
      null,
    ]);
    for (const player of ["12001", "nobody", "12001", "12001"]) await call(server.process.port, { player });
    const { last_minute, latest_call_ms } = await status(server);
    expect(last_minute).toEqual({ calls: 4, ok: 3, p50_ms: expect.any(Number), p99_ms: expect.any(Number) });
    expect(latest_call_ms).toBeWithin(now.time_ms - 1000, now.time_ms + 20_000);
    expect(childrenOf(server.process.pid)).toContain(now.workers[0]?.pid ?? 0);
  });

  test("lists calls with what happened, and never a balance, a secret or a signature", async () => {
    await using server = await operate({ webhook: `secrets = ["${SECRET}", "${OLD}"]` });
    await call(server.process.port);
    await call(server.process.port, { player: "nobody" });
    await call(server.process.port, { secret: "wrong" });
    const listed = await calls(server);
    expect(listed.map(({ number, reason, player_id }) => [number, reason, player_id])).toEqual([
      [1, "ok", "12001"],
      [2, "player_not_found", "nobody"],
      [3, "bad_signature", undefined],
    ]);
    expect(listed[0]).toMatchObject({
      endpoint: "balance",
      status_code: "OK",
      request_id: "r-1",
      remote: "127.0.0.1",
    });
    const { counts } = await eventually("the second of the calls to be over", async () => {
      const series = await get(server, "/api/series?step=second", seriesSchema);
      return Object.keys(series.counts).length === 3 && series;
    });
    expect(counts["ok"]?.reduce((sum, count) => sum + count)).toBe(1);
    for (const path of ["/api/status", "/api/calls", "/api/series", "/api/failed", "/api/help"]) {
      const text = await (await server.admin(path)).text();
      for (const hidden of [SECRET, OLD, signatureOf(SECRET, body()), signatureOf("wrong", body()), '"30"']) {
        expect(text).not.toContain(hidden);
      }
    }
  });

  test("tells which player's calls fail, since when and why, until one is answered", async () => {
    await using server = await operate({ source: OWN });
    write(server, "('12001', 'EUR', 3000), ('12042', 'XXQ', 3000)");
    const startedMs = Date.now();
    for (const player of ["12042", "12001", "12042", "nobody"]) await call(server.process.port, { player });
    await call(server.process.port, { secret: "wrong" });
    // The 1,000 latest calls reach back for a second of a busy server.
    for (let index = 0; index < 1100; index += 100) {
      await Promise.all(Array.from({ length: 100 }, () => call(server.process.port)));
    }
    const { failing } = await status(server);
    expect(failing.map(({ reason, calls: count, failing_now }) => [reason, count, failing_now])).toEqual([
      ["source_failed", 2, 1],
      ["bad_signature", 1, 1],
      ["player_not_found", 1, 1],
    ]);
    const [first] = failing[0]?.runs ?? [];
    expect(first).toMatchObject({ endpoint: "balance", player_id: "12042", calls: 2, is_over: false });
    expect(first?.detail).toContain("currency is neither in ISO 4217 nor in [currencies]");
    expect(first?.since_ms).toBeWithin(startedMs, first?.latest_ms ?? 0);
    expect(failing[1]?.runs).toMatchObject([{ player_id: null, remote: "127.0.0.1", detail: "wrong" }]);

    {
      using database = new Database(join(server.folder, "balances.db"));
      database.run("UPDATE players SET currency = 'EUR'");
    }
    await call(server.process.port, { player: "12042" });
    const [mended] = (await status(server)).failing;
    expect(mended).toMatchObject({ failing_now: 0, runs: [{ calls: 2, is_over: true }] });
    expect(mended?.runs[0]?.answered_ms).toBeGreaterThanOrEqual(first?.latest_ms ?? Infinity);
  });

  test("counts failures that come faster than calls are kept", async () => {
    await using server = await operate({ log: 'level = "error"' });
    await inARow(server.process.port, callBytes({ secret: "wrong" }), 4000);
    const { failing } = await status(server);
    expect(failing).toMatchObject([
      { reason: "bad_signature", calls: 4000, runs: [{ remote: "127.0.0.1", calls: 4000 }] },
    ]);
  });

  test("tells of each call, or counts it among those that are left out", async () => {
    await using server = await operate({ log: 'level = "error"' });
    const response = await server.admin("/api/events");
    const events = eventsOf(response);
    await events.next();
    await inARow(server.process.port, callBytes(), 4000);
    const told = { calls: 0, left_out: 0 };
    for await (const event of events) {
      told.calls += event.calls.length;
      told.left_out += event.left_out;
      if (told.calls + told.left_out >= 4000) break;
    }
    expect(told.calls + told.left_out).toBe(4000);
    expect(told.calls).toBeLessThanOrEqual(1000);
  });

  test("knows that another worker has answered a player, however busy that one is", async () => {
    await using server = await operate({ server: "workers = 2", source: 'plugin = "./two.ts"' }, (folder) =>
      // The worker that comes first never has the player.
      writeFileSync(
        join(folder, "two.ts"),
        `import { openSync } from "node:fs";
         const isFirst = () => { try { return openSync(import.meta.dir + "/first", "wx") > 0; } catch { return false; } };
         export default { apiVersion: 1, open: (_options, host) => {
           const fails = isFirst();
           return { lookup: ({ playerId }) => {
             if (playerId === "12042" && fails) throw new Error("not here");
             return { balance: "30" };
           } };
         } };`,
      ),
    );
    const seen = new Set<string>();
    for (let isAnswered = false; !isAnswered || seen.size < 2;) {
      // Answered calls beyond a thousand are not told of one by one.
      for (let connection = 0; connection < 4; connection += 1) {
        await inARow(server.process.port, callBytes(), 1000);
      }
      const answer = (await server.balance({ player: "12042" })) ?? "";
      seen.add(answer);
      isAnswered = answer.includes('"OK"');
    }
    const mended = await eventually("the end of the failing calls", async () => {
      const [first] = (await status(server)).failing;
      return first?.failing_now === 0 && first;
    });
    expect(mended).toMatchObject({ reason: "source_failed", runs: [{ player_id: "12042", is_over: true }] });
  });

  test("keeps bodies whose signature failed, says why, and hands their bytes out", async () => {
    await using server = await operate({ admin: "port = 0\ncapture_failed = 2" });
    const spaced = JSON.stringify(JSON.parse(body()), null, 2);
    const hostile = '{"request_id":"\u202e<script>alert(1)</script>\u0007"}';
    for (const [sent, signed] of [
      ["forgotten", "x"],
      [spaced, body()],
      [hostile, "x"],
    ] as const) {
      await exchange(server.process.port, post(sent, [`X-Signature: ${signatureOf(SECRET, signed)}`]));
    }
    const [latest, before, ...more] = await failed(server);
    expect(more).toEqual([]);
    expect(before?.findings.join()).toContain("re-serialized");
    expect(latest?.text).toContain(String.raw`\u0007`);
    expect(latest?.text).not.toContain("\u0007");
    const download = await server.admin(`/api/failed/${latest?.number}`);
    expect(await download.text()).toBe(hostile);
    // A browser saves it, and does not show it as a page.
    expect(download.headers.get("Content-Disposition")).toStartWith("attachment");
    expect(download.headers.get("Content-Type")).toBe("application/octet-stream");
    expect((await server.admin("/api/failed/999")).status).toBe(404);
  });

  test("captures nothing if it is told so", async () => {
    await using server = await operate({ admin: "port = 0\ncapture_failed = 0" });
    await call(server.process.port, { secret: "wrong" });
    expect((await calls(server)).length).toBe(1);
    expect(await failed(server)).toEqual([]);
  });

  test("tells when each secret was used last, also after it has moved", async () => {
    await using server = await operate({ webhook: `secrets = ["${OLD}"]` });
    await call(server.process.port, { secret: OLD });
    expect((await status(server)).secrets).toMatchObject([{ position: 1, uses: 1, characters: OLD.length }]);
    await server.change({ webhook: `secrets = ["${SECRET}", "${OLD}"]` });
    await call(server.process.port);
    await call(server.process.port);
    const { secrets, reload } = await status(server);
    expect(secrets).toMatchObject([
      { position: 1, uses: 2, is_trial: false },
      { position: 2, uses: 1 },
    ]);
    expect(secrets[0]?.last_used_ms).toBeGreaterThanOrEqual(secrets[1]?.last_used_ms ?? Infinity);
    expect(reload?.problem).toBeNull();
  });

  test("keeps what a worker told that is gone, and shows a reload that failed", async () => {
    await using server = await operate();
    await call(server.process.port);
    expect(await calls(server)).toHaveLength(1);
    const [worker] = childrenOf(server.process.pid);
    process.kill(worker ?? 0, "SIGKILL");
    await eventually(
      "another worker",
      async () => (await status(server)).workers[0]?.pid !== worker && (await server.readyz()).ready,
    );
    await call(server.process.port);
    expect((await calls(server)).map(({ number }) => number)).toEqual([1, 2]);
    await server.change({ webhook: "secrets = []" });
    const { reload, warnings } = await status(server);
    expect(reload?.problem).toContain("webhook.secrets: expected at least one secret");
    expect(warnings.join()).toContain("the latest reload failed");
  });

  test("streams an event a second, with the calls since the one before", async () => {
    await using server = await operate();
    await call(server.process.port);
    const response = await server.admin("/api/events");
    expect(response.headers.get("Content-Type")).toBe("text/event-stream");
    const seen: (string | undefined)[] = [];
    let isAsked = false;
    for await (const event of eventsOf(response)) {
      seen.push(...event.calls.map(({ player_id }) => player_id));
      if (seen.includes("nobody")) break;
      if (!isAsked) await call(server.process.port, { player: "nobody" });
      isAsked = true;
    }
    expect(seen).toEqual(["12001", "nobody"]);
  });

  test("makes a call as Klas Gaming does, for who sends the header that no form can", async () => {
    await using server = await operate();
    const answer = await action(server, "/api/call", '{"player_id":"12001"}');
    const result = v.parse(callResultSchema, await answer.json());
    expect(result).toMatchObject({ http_status: 200, status_code: "OK", balance: "30", signature: "valid" });
    expect(result.curl).toContain(`http://127.0.0.1:${server.process.port}/balance`);
    for (const sent of ["", "[]", '{"player_id":""}', `{"player_id":"${"x".repeat(257)}"}`]) {
      const refused = await action(server, "/api/call", sent);
      expect([refused.status, v.parse(problemSchema, await refused.json()).problem]).toEqual([
        400,
        "expected a player_id of 1 to 256 characters",
      ]);
    }
    const url = `http://127.0.0.1:${server.process.adminPort}/api/call`;
    expect((await fetch(url, { method: "POST", body: '{"player_id":"12001"}' })).status).toBe(403);
    expect((await fetch(url)).status).toBe(403);
    expect(await calls(server)).toHaveLength(1);
  });

  test("shows players of our own database, page by page, and changes nothing", async () => {
    await using server = await operate({ source: OWN });
    {
      using database = new Database(join(server.folder, "balances.db"));
      const insert = database.prepare(
        "INSERT INTO players (player_id, currency, balance_minor) VALUES (?, 'EUR', 3050)",
      );
      for (let index = 0; index < 60; index += 1) insert.run(`player-${String(index).padStart(2, "0")}`);
    }
    expect((await status(server)).has_players).toBeTrue();
    const first = await get(server, "/api/players", playersSchema);
    expect(first.players).toHaveLength(50);
    expect(first.players[0]).toEqual({ player_id: "player-00", currency: "EUR", balance: "30.5" });
    const second = await get(server, `/api/players?from=${first.next}`, playersSchema);
    expect(second.players.map(({ player_id }) => player_id)).toEqual(
      Array.from({ length: 10 }, (_, index) => `player-${50 + index}`),
    );
    expect(second.next).toBeNull();
    expect((await server.admin("/api/players?from=%27%20OR%201%3D1")).status).toBe(200);
    expect((await action(server, "/api/players", "{}")).status).toBe(405);
  });

  test("a player whose currency nobody knows hides no other player", async () => {
    await using server = await operate({ source: OWN });
    write(server, "('12001', 'EUR', 3000), ('12042', 'XXQ', 3000), ('12043', 'EUR', 3000)");
    const { players } = await get(server, "/api/players", playersSchema);
    expect(players.map(({ player_id, balance }) => [player_id, balance])).toEqual([
      ["12001", "30"],
      ["12042", null],
      ["12043", "30"],
    ]);
  });

  test("has the manual", async () => {
    await using server = await operate();
    const { topics } = await get(server, "/api/help", topicsSchema);
    expect(topics.map(({ name }) => name)).toContain("troubleshooting");
    for (const { name } of topics) {
      const html = await (await server.admin(`/api/help/${name}`)).text();
      expect(html).toStartWith("<h1");
      expect(html).not.toContain("<script");
    }
    expect((await server.admin("/api/help/nothing")).status).toBe(404);
    expect((await server.admin("/api/help/..%2F..%2Fetc%2Fpasswd")).status).toBe(404);
  });

  test("wants the token, and then everything is behind it but the page's own files", async () => {
    await using server = await operate({ admin: 'port = 0\ntoken = "sesame-sesame"' });
    for (const path of [
      "status",
      "series",
      "calls",
      "events",
      "failed",
      "failed/1",
      "players",
      "help",
      "help/start",
    ]) {
      expect([path, (await server.admin(`/api/${path}`)).status]).toEqual([path, 401]);
    }
    expect((await action(server, "/api/call", '{"player_id":"12001"}')).status).toBe(401);
    const login = await action(server, "/api/login", "sesame-sesame");
    const [cookie = ""] = (login.headers.get("Set-Cookie") ?? "").split(";");
    expect((await server.admin("/api/status", { Cookie: cookie })).status).toBe(200);
    for (const path of ["/", "/page/main.js", "/page/style.css", "/page/icon.svg"]) {
      expect((await server.admin(path)).status).toBe(200);
    }
  });

  test("lets ten wrong tokens be tried in a minute, and counts those behind a proxy that is trusted apart", async () => {
    await using server = await operate({
      server: 'trusted_proxies = ["127.0.0.1"]',
      admin: 'port = 0\ntoken = "sesame-sesame-sesame"',
    });
    const ask = (token: string) => server.admin("/api/status", { Authorization: `Bearer ${token}` });
    for (let guess = 0; guess < 10; guess += 1) expect((await ask(`wrong-${guess}`)).status).toBe(401);
    const refused = await ask("sesame-sesame-sesame");
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("Retry-After"))).toBeWithin(1, 61);
    expect((await action(server, "/api/login", "sesame-sesame-sesame")).status).toBe(429);

    const proxied = async (from: string) => {
      const headers = { Authorization: "Bearer sesame-sesame-sesame", "X-Forwarded-For": from };
      return (await server.admin("/metrics", headers)).status;
    };
    expect([await proxied("203.0.113.5"), await proxied("127.0.0.1")]).toEqual([200, 429]);

    const warned = server.lines().filter(({ msg }) => msg.startsWith("a wrong admin.token was tried"));
    expect(warned).toMatchObject([{ level: "warn", remote: "127.0.0.1" }]);
    expect(server.process.log()).not.toMatch(/wrong-\d|sesame/);
  });

  test("answers nothing that another site makes a browser ask, also without a token", async () => {
    await using server = await operate();
    for (const path of [
      "/",
      "/page/main.js",
      "/api/status",
      "/api/events",
      "/api/failed/1",
      "/api/help/start",
    ]) {
      const answers = ["cross-site", "same-site"].map(
        async (site) => (await server.admin(path, { "Sec-Fetch-Site": site })).status,
      );
      expect([path, ...(await Promise.all(answers))]).toEqual([path, 403, 403]);
    }
    for (const path of ["/healthz", "/readyz", "/metrics"]) {
      expect([path, (await server.admin(path, { "Sec-Fetch-Site": "cross-site" })).status]).toEqual([
        path,
        200,
      ]);
    }
    for (const site of ["none", "same-origin"]) {
      expect((await server.admin("/api/status", { "Sec-Fetch-Site": site })).status).toBe(200);
    }
  });

  test("answers no name of another site's, and lets nobody frame or sniff it", async () => {
    await using server = await operate();
    for (const path of ["/", "/page/main.js", "/api/status", "/api/events", "/metrics", "/readyz"]) {
      expect([path, (await server.admin(path, { Host: "evil.example" })).status]).toEqual([path, 403]);
    }
    for (const path of ["/", "/page/main.js", "/api/status", "/api/nothing"]) {
      const { headers } = await server.admin(path);
      expect(headers.get("Content-Security-Policy")).toContain("default-src 'none'");
      expect(headers.get("Content-Security-Policy")).not.toContain("unsafe");
      expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(headers.get("X-Frame-Options")).toBe("DENY");
    }
  });
});

async function* eventsOf(response: Response) {
  let text = "";
  for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    const lines = `${text}${chunk}`.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: ")) yield v.parse(eventSchema, JSON.parse(line.slice(6)));
    }
  }
}

/** The configuration that a command reads names the port that the server got. */
async function withPort(admin = ""): Promise<Operated> {
  const server = await operate({ admin: `port = 0\n${admin}` });
  writeFileSync(
    join(server.folder, "config.toml"),
    configOf({ admin: `port = ${server.process.adminPort}\n${admin}` }),
  );
  return server;
}

describe.concurrent("status and tail", () => {
  test("status says what the page says, with status 0 while all is well", async () => {
    await using server = await withPort('token = "sesame-sesame"');
    await call(server.process.port);
    const { exitCode, stdout } = await run(["status"], { cwd: server.folder });
    expect(exitCode).toBe(0);
    expect(stdout).toStartWith("ready\n");
    expect(stdout).toContain("source       players (static)");
    expect(stdout).toMatch(/^calls {8}1 in the last minute, 100 % OK, p99 [\d.]+ ms$/m);
    expect(stdout).toMatch(/^secret 1 {5}\*{4}, 17 characters, signs, 1 call, the last \d+ s ago$/m);
    expect(stdout).not.toContain(SECRET);
    const json = await run(["status", "--json"], { cwd: server.folder });
    expect(v.parse(statusSchema, JSON.parse(json.stdout)).ready).toBeTrue();
  });

  test("while a worker does not answer, status says so, and no call of it is lost", async () => {
    await using server = await withPort();
    const [worker = 0] = childrenOf(server.process.pid);
    for (let index = 0; index < 5; index += 1) await call(server.process.port);
    process.kill(worker, "SIGSTOP");
    const [{ stdout, exitCode }, isUp] = await Promise.all([
      run(["status"], { cwd: server.folder }),
      server.metric("klas_balance_source_up"),
    ]);
    // It could not ask the source either.
    expect([exitCode, stdout, isUp]).toEqual([1, expect.stringContaining("does not answer"), 0]);
    process.kill(worker, "SIGCONT");
    await eventually("readiness", async () => (await server.readyz()).status === 200);
    expect(await server.metric("klas_balance_source_up")).toBe(1);
    await eventually("its calls", async () => (await calls(server)).length === 5);
    expect(childrenOf(server.process.pid)).toEqual([worker]);
  });

  test("status says whose calls fail, since when and why", async () => {
    await using server = await withPort();
    for (const player of ["no\u0085body", "no\u0085body"]) await call(server.process.port, { player });
    for (let index = 0; index < 5; index += 1) {
      await call(server.process.port, { secret: "wrong", target: "/balance" });
    }
    const { stdout, exitCode } = await run(["status"], { cwd: server.folder });
    expect(exitCode).toBe(0);
    const since = String.raw`since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, the latest \d s ago`;
    expect(stdout).toMatch(
      new RegExp(`^failing {6}bad_signature, caller 127.0.0.1 \\(balance\\), 5 calls ${since}: wrong$`, "m"),
    );
    expect(stdout).toMatch(
      new RegExp(
        `^failing {6}player_not_found, player no\\\\u0085body \\(balance\\), 2 calls ${since}$`,
        "m",
      ),
    );
  });

  test("status counts those who fail alike, and names a few", async () => {
    await using server = await withPort();
    for (const player of ["ada", "bea", "cia", "dea"]) await call(server.process.port, { player });
    const { stdout } = await run(["status"], { cwd: server.folder });
    expect(stdout).toMatch(
      /^failing {6}player_not_found, 4 calls since .* ago, of 4 players or callers, most of the calls by 3 of them:$/m,
    );
  });

  test("a seventeenth reader of the calls is told why it gets none", async () => {
    await using server = await withPort();
    const viewers = await Promise.all(Array.from({ length: 16 }, () => server.admin("/api/events")));
    const { exitCode, stderr } = await run(["tail"], { cwd: server.folder });
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("16 pages are open already")]);
    expect((await server.admin("/api/status")).status).toBe(200);
    for (const { body: stream } of viewers) await stream?.cancel();
  });

  test("status ends with 1 if it is not ready, does not answer, or wants another token", async () => {
    await using server = await withPort('token = "sesame-sesame"');
    server.write(
      "config.toml",
      configOf({ admin: `port = ${server.process.adminPort}\ntoken = "another-token"` }),
    );
    const refused = await run(["status"], { cwd: server.folder });
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining("wants another token")]);
    server.write("config.toml", configOf({ admin: "port = 1" }));
    const nobody = await run(["status"], { cwd: server.folder });
    expect([nobody.exitCode, nobody.stderr]).toEqual([
      1,
      expect.stringContaining("no answer from http://127.0.0.1:1"),
    ]);
    server.write("config.toml", configOf({ admin: false }));
    const none = await run(["status"], { cwd: server.folder });
    expect([none.exitCode, none.stderr]).toEqual([2, expect.stringContaining("no [admin] table")]);
  });

  // A reload that failed is why somebody looks.
  test.each([
    [
      "a problem elsewhere",
      (text: string) => text.replace("[webhook]", "[webhook]\ntimeout_sm = 5"),
      "a problem",
    ],
    ["a variable that is not set", (text: string) => text.replace(SECRET, "${NOT_SET}"), "a problem"],
    ["no TOML", (text: string) => `${text}\n[sources.more\nplugin = `, "a problem"],
  ])("status and tail ask the server also if the file has %s, and say so", async (_what, spoil, problems) => {
    await using server = await withPort('token = "sesame-sesame"');
    const file = join(server.folder, "config.toml");
    writeFileSync(file, spoil(readFileSync(file, "utf8")));
    const warning = `warning: config.toml has ${problems}, so a reload or a start would fail: see "klas-balance check"\n`;
    const told = await run(["status"], { cwd: server.folder });
    expect([told.exitCode, told.stdout.split("\n")[0], told.stderr]).toEqual([0, "ready", warning]);
    await call(server.process.port);
    const tail = run(["tail", "--json"], { cwd: server.folder });
    await Bun.sleep(2500);
    server.process.signal("SIGTERM");
    const { stdout, stderr } = await tail;
    expect(stdout).toContain('"player_id":"12001"');
    expect(stderr).toStartWith(warning);
  });

  test.each([
    ['port = "many"', "config.toml: admin.port: expected an integer from 0 to 65535"],
    ['token = "${NOT_SET}"', "config.toml: admin.token: the environment variable NOT_SET is not set"],
    ['port = "many', "config.toml: line 11, column 13: not TOML"],
  ])(
    "status names what is wrong with the table that it needs, and nothing else: %s",
    async (admin, problem) => {
      await using server = await operate();
      server.write("config.toml", configOf({ admin, webhook: "secrets = []" }));
      const { exitCode, stderr } = await run(["status"], { cwd: server.folder });
      expect([exitCode, stderr.split("\n").length]).toEqual([2, 2]);
      expect(stderr).toContain(problem);
    },
  );

  test("tail takes no reason that there is not", async () => {
    const { exitCode, stderr } = await run(["tail", "--reason", "bad"], { cwd: tmpdir() });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("bad_signature, stale_timestamp")]);
  });

  test("tail prints the calls that fit, as they come, and ends with the server", async () => {
    await using server = await withPort();
    await call(server.process.port);
    const tail = run(["tail", "--failed", "--json"], { cwd: server.folder });
    const ofPlayer = run(["tail", "--player", "12001"], { cwd: server.folder });
    await call(server.process.port, { player: "no\u0085body" });
    await call(server.process.port, { secret: "wrong" });
    await Bun.sleep(3000);
    server.process.signal("SIGTERM");
    const { stdout, exitCode, stderr } = await tail;
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).reason),
    ).toEqual(["player_not_found", "bad_signature"]);
    expect([exitCode, stderr]).toEqual([1, "error: the server ended, or cut this off\n"]);
    expect((await ofPlayer).stdout).toMatch(
      /^[\d:.]{12} {2}balance {2}ok {16}OK {2}12001 {2}[\d.]+ ms {2}127\.0\.0\.1\n$/,
    );
    expect(await server.process.exited).toBe(0);
  });
});
