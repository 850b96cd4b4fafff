import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { run } from "../server-process.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import {
  body,
  call,
  childrenOf,
  configOf,
  ENDLESS_SOURCE,
  eventually,
  isAlive,
  OK,
  operate,
  type Operated,
  SECRET,
  type Tables,
  writeEndless,
} from "./operated.ts";

const folder = temporaryFolder();

function workersOf(server: Operated): readonly number[] {
  return childrenOf(server.process.pid);
}

async function isReadyAgain(server: Operated): Promise<boolean> {
  return (await server.readyz()).status === 200;
}

function balance(amount: number): Tables {
  return { server: "workers = 2", source: `plugin = "static"\nplayers = { "12001" = "${amount}" }` };
}

function coreOf(version: number): Tables {
  return { server: "workers = 2", source: `plugin = "./core.ts"\nversion = ${version}` };
}

setDefaultTimeout(60_000);

describe.concurrent("workers", () => {
  test("log rotation's signals to all processes of the service end none", async () => {
    await using server = await operate({ server: "workers = 2" });
    const before = workersOf(server);
    for (const signal of ["SIGUSR1", "SIGUSR2"] as const) {
      for (const pid of [server.process.pid, ...before]) process.kill(pid, signal);
    }
    await Bun.sleep(300);
    for (let calls = 0; calls < 8; calls += 1) expect(await server.balance()).toBe(OK);
    expect(workersOf(server)).toEqual(before);
    expect(server.process.log()).not.toContain("died");
  });

  test("a worker that starts after [admin] was taken out of the file tells what the others tell", async () => {
    const counted = 'klas_balance_requests_total{status_code="OK",reason="ok",endpoint="balance"}';
    await using server = await operate({ server: "workers = 1" });
    expect(await server.balance()).toBe(OK);
    server.write("config.toml", configOf({ server: "workers = 1", admin: false }));
    expect(await server.reload()).toMatchObject({ msg: "reloaded" });
    expect(await server.metric(counted)).toBe(1);
    process.kill(workersOf(server)[0] ?? 0, "SIGKILL");
    await server.line(({ msg }) => msg === "a worker was started again");
    expect(await server.balance()).toBe(OK);
    expect(await server.metric(counted)).toBe(2);
    expect(await server.metric("klas_balance_source_up")).toBe(1);
  });

  // An alert on `== 0` does not see a series that is absent.
  test.each([1, 2])(
    "while none of %d is up, the metrics say that the source cannot be asked",
    async (count) => {
      const plugin = `import { existsSync } from "node:fs";
      if (existsSync(\`\${import.meta.dir}/broken\`)) process.exit(3);
      export default { apiVersion: 1, open: () => ({ lookup: () => ({ balance: "30" }) }) };`;
      const tables = { server: `workers = ${count}`, source: 'plugin = "./core.ts"' };
      await using server = await operate(tables, (path) => writeFileSync(join(path, "core.ts"), plugin));
      expect(await server.metric("klas_balance_source_up")).toBe(1);
      server.write("broken", "");
      for (const worker of workersOf(server)) process.kill(worker, "SIGKILL");
      await server.line(({ msg }) => msg === "a worker does not start");
      expect(await server.metric("klas_balance_source_up")).toBe(0);
      rmSync(join(server.folder, "broken"));
      await eventually("readiness", () => isReadyAgain(server));
      expect(await server.metric("klas_balance_source_up")).toBe(1);
    },
  );

  test("share the port, and their metrics are summed", async () => {
    await using server = await operate({ server: "workers = 3" });
    expect(workersOf(server)).toHaveLength(3);
    const replies = await Promise.all(Array.from({ length: 120 }, () => server.balance()));
    expect(new Set(replies)).toEqual(new Set([OK]));
    expect(
      await server.metric('klas_balance_requests_total{status_code="OK",reason="ok",endpoint="balance"}'),
    ).toBe(120);
    expect(await server.metric('klas_balance_request_duration_seconds_count{endpoint="balance"}')).toBe(120);
    expect(await server.metric("klas_balance_source_up")).toBe(1);
    const text = await (await server.admin("/metrics")).text();
    expect(text.match(/^klas_balance_build_info\{.*\} (.*)$/m)?.[1]).toBe("1");

    // What a worker has counted is not uncounted by its death: Prometheus would see a restart of all.
    process.kill(workersOf(server)[0] ?? 0, "SIGKILL");
    await server.line(({ msg }) => msg === "a worker was started again");
    expect(
      await server.metric('klas_balance_requests_total{status_code="OK",reason="ok",endpoint="balance"}'),
    ).toBe(120);
    expect(await server.metric('klas_balance_request_duration_seconds_count{endpoint="balance"}')).toBe(120);
  });

  test("one without a call has no part in the average of the clocks", async () => {
    await using server = await operate({ server: "workers = 3" });
    expect(await server.metric("klas_balance_clock_skew_seconds")).toBeUndefined();
    await server.balance();
    const skew = (await server.metric("klas_balance_clock_skew_seconds")) ?? 0;
    const { timestamp } = v.parse(v.object({ timestamp: v.number() }), JSON.parse(body()));
    expect(Math.round((skew + Date.now() / 1000 - timestamp) / 3600)).toBe(0);
  });

  test("one that dies is started again while the rest serve on", async () => {
    await using server = await operate({ server: "workers = 2" });
    const [victim = 0, other = 0] = workersOf(server);
    process.kill(victim, "SIGKILL");
    expect(await server.line(({ msg }) => msg === "a worker died")).toMatchObject({
      level: "error",
      pid: victim,
      exit: "SIGKILL",
    });
    await server.line(({ msg }) => msg === "a worker was started again");
    expect(isAlive(other)).toBe(true);
    expect(workersOf(server)).toHaveLength(2);
    await eventually("readiness", () => isReadyAgain(server));
    for (let calls = 0; calls < 20; calls += 1) expect(await server.balance()).toBe(OK);
    expect(await server.metric("klas_balance_worker_restarts_total")).toBe(1);
    expect(server.process.log()).not.toContain("hangs");
  });

  test("one that was started again has the configuration of the latest reload", async () => {
    await using server = await operate({ server: "workers = 2" });
    server.write(
      "config.toml",
      configOf({ server: "workers = 2", source: 'plugin = "static"\nplayers = { "12001" = "31" }' }),
    );
    await server.reload();
    for (const worker of workersOf(server)) process.kill(worker, "SIGKILL");
    await eventually("both", () =>
      Promise.resolve(server.lines().filter(({ msg }) => msg === "a worker was started again").length === 2),
    );
    for (let calls = 0; calls < 20; calls += 1) {
      expect(await server.balance()).toBe('{"balance":"31","status_code":"OK"}');
    }
  });

  test("one that was starting while a reload came has its configuration, too", async () => {
    await using server = await operate(balance(0));
    for (let round = 1; round <= 5; round += 1) {
      const [victim = 0] = workersOf(server);
      process.kill(victim, "SIGKILL");
      await eventually("the end", () => Promise.resolve(!isAlive(victim)));
      // From before the start to after it, the first restart comes after 100 ms.
      await Bun.sleep(60 + round * 30);
      server.write("config.toml", configOf(balance(round)));
      await server.reload();
      await eventually("readiness", () => isReadyAgain(server));
      for (let calls = 0; calls < 12; calls += 1) {
        expect(await server.balance()).toBe(`{"balance":"${round}","status_code":"OK"}`);
      }
    }
  });

  test("a crash loop shows in /readyz and in the log, is tried less and less often, and ends when its cause does", async () => {
    const tables = { server: "workers = 2", source: 'plugin = "static"\nfile = "players.json"' };
    await using server = await operate(tables, (path) =>
      writeFileSync(join(path, "players.json"), '{"12001":"30"}'),
    );
    const [victim = 0] = workersOf(server);
    rmSync(join(server.folder, "players.json"));
    process.kill(victim, "SIGKILL");
    await eventually("three failed starts", () =>
      Promise.resolve(server.lines().filter(({ msg }) => msg === "a worker does not start").length >= 3),
    );
    expect(await server.line(({ msg }) => msg === "a worker does not start")).toMatchObject({
      level: "error",
      problem: expect.stringContaining("players.json"),
    });
    const { status, not_ready } = await server.readyz();
    expect(status).toBe(503);
    expect(not_ready.join()).toMatch(/worker 1 is down, after \d+ failures in a row/);
    expect(await server.balance()).toBe(OK);
    server.write("players.json", '{"12001":"30"}');
    await eventually("readiness", () => isReadyAgain(server));
    // It waited 100, 200, 400 ms, and so on.
    expect(server.lines().filter(({ msg }) => msg === "a worker does not start").length).toBeLessThan(9);
  });

  test("one that died before it was up leaves no metrics behind", async () => {
    // The one that starts while `slow` is there is not well, and does not take up the next configuration either.
    const plugin = `import { existsSync, writeFileSync } from "node:fs";
      const at = (name) => import.meta.dir + "/" + name;
      async function until(name) {
        writeFileSync(at("until-" + name), "");
        while (!existsSync(at(name))) await Bun.sleep(5);
      }
      export default { apiVersion: 1, async open({ version }, { isRehearsal }) {
        if (version === 1 && !isRehearsal && existsSync(at("slow"))) {
          globalThis.isLate = true;
          await until("first");
        }
        if (version === 2 && globalThis.isLate) {
          await until("second");
          throw new Error("not this one");
        }
        return {
          lookup: () => ({ balance: "30" }),
          check() { if (globalThis.isLate) throw new Error("late"); },
        };
      } };`;
    await using server = await operate(coreOf(1), (path) => writeFileSync(join(path, "core.ts"), plugin));
    const isThere = (name: string) => Promise.resolve(existsSync(join(server.folder, name)));
    server.write("slow", "");
    process.kill(workersOf(server)[0] ?? 0, "SIGKILL");
    await eventually("the late one", () => isThere("until-first"));
    expect(await server.change(coreOf(2))).toMatchObject({ msg: "reloaded" });
    rmSync(join(server.folder, "slow"));
    server.write("first", "");
    await eventually("its second opening", () => isThere("until-second"));
    await eventually("its metrics", async () => (await server.metric("klas_balance_source_up")) === 0);
    server.write("second", "");
    await server.line(({ msg }) => msg === "a worker does not start");
    await eventually("readiness", () => isReadyAgain(server));
    expect(await server.metric("klas_balance_source_up")).toBe(1);
  });

  test("give a plugin every value that TOML has, as one process does", async () => {
    const plugin = `import * as v from "valibot";
      const options = v.strictObject({ since: v.date(), most: v.number() });
      const open = ({ since, most }) => ({
        lookup: () => ({ balance: most === Infinity ? String(since.getUTCFullYear()) : "0" }),
      });
      export default { apiVersion: 1, options, open };`;
    for (const admin of ["port = 0", false] as const) {
      const tables = { admin, source: 'plugin = "./values.ts"\nsince = 1987-07-05T17:45:00Z\nmost = inf' };
      await using server = await operate(tables, (path) => writeFileSync(join(path, "values.ts"), plugin));
      expect(await server.balance()).toBe('{"balance":"1987","status_code":"OK"}');
    }
  });

  test("none outlives the parent, even if that is killed", async () => {
    await using server = await operate({ server: "workers = 3" });
    const workers = workersOf(server);
    expect(workers).toHaveLength(3);
    process.kill(server.process.pid, "SIGKILL");
    await eventually("the end of all", () => Promise.resolve(!workers.some(isAlive)));
    const isRefused = () =>
      call(server.process.port).then(
        () => false,
        () => true,
      );
    await eventually("the port to be free", isRefused);
  });

  test("none outlives the parent, not even one that a plugin keeps busy for ever", async () => {
    await using server = await operate({ server: "workers = 2", source: ENDLESS_SOURCE }, writeEndless);
    const workers = workersOf(server);
    const hung = call(server.process.port).catch(() => undefined);
    await eventually("the lookup", () => Promise.resolve(existsSync(join(server.folder, "busy"))));
    process.kill(server.process.pid, "SIGKILL");
    await eventually("the end of all", () => Promise.resolve(!workers.some(isAlive)));
    expect(await hung).toBeUndefined();
  });

  test("none is left behind by a drain", async () => {
    await using server = await operate({ server: "workers = 3" });
    const workers = workersOf(server);
    server.process.signal("SIGTERM");
    expect(await server.process.exited).toBe(0);
    expect(workers.some(isAlive)).toBe(false);
  });

  test("a drain ends one that never gives its thread back, and says so", async () => {
    const tables = { server: "workers = 2\ndrain_seconds = 0", source: ENDLESS_SOURCE };
    await using server = await operate(tables, writeEndless);
    const hung = call(server.process.port).catch(() => undefined);
    await eventually("the lookup", () => Promise.resolve(existsSync(join(server.folder, "busy"))));
    server.process.signal("SIGTERM");
    expect(await server.process.exited).toBe(0);
    expect(await hung).toBeUndefined();
    const ended = server.lines().filter(({ msg }) => msg === "a worker did not stop and is ended");
    expect(ended).toHaveLength(1);
  });

  test("a start that fails is an error as with one process: exit 2, and nothing is left running", async () => {
    await using first = await operate({ server: "workers = 2" });
    const cases = [
      [
        configOf({ server: "workers = 2", source: 'plugin = "sqlite"\nfile = "no/where.db"' }),
        "there is no folder",
      ],
      [
        configOf({ server: "workers = 2" }).replace("port = 0", `port = ${first.process.port}`),
        "another program uses it",
      ],
    ] as const;
    for (const [text, says] of cases) {
      writeFileSync(join(folder, "config.toml"), text);
      const { exitCode, stderr } = await run(["serve"], { cwd: folder });
      expect(stderr).toContain(says);
      expect(stderr.trimEnd().split("\n")).toHaveLength(1);
      expect(stderr).not.toContain(SECRET);
      expect(exitCode).toBe(2);
    }
    expect(await first.balance()).toBe(OK);
  });
});
