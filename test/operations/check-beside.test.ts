import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, setDefaultTimeout, test } from "bun:test";
import { run } from "../server-process.ts";
import { configOf, operate, type Operated, STATIC } from "./operated.ts";

setDefaultTimeout(30_000);

/** `check` with a configuration that is sound, beside a server that was started with another one. */
async function checkBeside(server: Operated, admin = "") {
  server.write(
    "config.toml",
    configOf({ source: STATIC, admin: `port = ${server.process.adminPort}\n${admin}` }),
  );
  return await run(["check"], { cwd: server.folder });
}

test("a server that has lost its source fails the check, though the source opens", async () => {
  const source = 'plugin = "rest"\nurl = "http://127.0.0.1:1/{player_id}"\nbalance = "/balance"\nretries = 0';
  await using server = await operate({ source });
  const { stdout, exitCode } = await checkBeside(server);
  expect(stdout).toContain('ok      source "players" opens and answers\n');
  expect(stdout).toContain('error   the running server is not ready: the source "players": 127.0.0.1:1: ');
  expect(exitCode).toBe(1);
});

test("one that is ready passes it, and tells what it warns of", async () => {
  await using server = await operate();
  server.write("config.toml", "nonsense");
  await server.reload();
  const { stdout, exitCode } = await checkBeside(server);
  expect(stdout).toContain("warning the running server: the latest reload failed: ");
  expect(stdout).toContain("ok      the running server is ready\n");
  expect(exitCode).toBe(0);
});

test("one whose token was changed is said to want another", async () => {
  await using server = await operate({ admin: 'port = 0\ntoken = "the first"' });
  const { stdout, exitCode } = await checkBeside(server, 'token = "the second"');
  expect(stdout).toContain("warning the running server wants another admin.token");
  expect(exitCode).toBe(0);
});

test("a port that was edited needs a restart, unless the server was given another", async () => {
  await using server = await operate();
  const admin = `port = ${server.process.adminPort}`;
  server.write("config.toml", configOf({ admin }).replace("port = 0", "port = 18099"));
  const { stdout, exitCode } = await run(["check"], { cwd: server.folder });
  expect(stdout).toContain(
    `warning the running server listens on port ${server.process.port}, not on server.port, 18099: was it started with --port, or is there a change that needs a restart?\n`,
  );
  expect(exitCode).toBe(0);
  const call = await run(["call", "12001"], { cwd: server.folder });
  expect(call.stderr).not.toContain('is "klas-balance serve" running?');
  expect(call.stderr).toContain(
    `connection refused: nothing listens there; the running server listens on port ${server.process.port}, not on server.port, 18099: was it started with --port, or is there a change that needs a restart?\n`,
  );
  expect(call.exitCode).toBe(1);
});

test("a configuration that may replace the one of the running server passes, and is said not to run beside it", async () => {
  await using server = await operate();
  const port = server.process.adminPort;
  server.write("next.toml", configOf({ admin: `port = ${port}` }));
  const { stdout, exitCode } = await run(["check", "--config", "next.toml"], { cwd: server.folder });
  expect(stdout).toContain(
    `warning the server of ${join(server.folder, "config.toml")} has port ${port}: this configuration can replace that one, but to run beside it, it needs another admin.port\n`,
  );
  expect(stdout).not.toContain("the running server");
  expect(stdout).not.toContain("error");
  expect(exitCode).toBe(0);
});

test("the ports that its own server has are no other program's", async () => {
  await using server = await operate();
  const { adminPort, port } = server.process;
  server.write(
    "config.toml",
    configOf({ admin: `port = ${adminPort}` }).replace("port = 0", `port = ${port}`),
  );
  const { stdout, exitCode } = await run(["check"], { cwd: server.folder });
  expect(stdout).toContain(`ok      would listen on 127.0.0.1 port ${port} and answer POST /balance\n`);
  expect(stdout).not.toContain("another program");
  expect(exitCode).toBe(0);
});

test("by a symbolic link the server's own configuration is its own", async () => {
  await using server = await operate();
  const admin = `port = ${server.process.adminPort}`;
  server.write("config.toml", configOf({ admin }).replace("port = 0", "port = 18099"));
  const link = join(server.folder, "link.toml");
  symlinkSync(join(server.folder, "config.toml"), link);
  const { stdout, exitCode } = await run(["check", "--config", link], { cwd: server.folder });
  expect(stdout).toContain("ok      the running server is ready\n");
  expect(exitCode).toBe(0);
  const call = await run(["call", "12001", "--config", link], { cwd: server.folder });
  expect(call.stderr).toContain(`; the running server listens on port ${server.process.port}`);
});

test.each([
  ["12001", "ok", undefined],
  ["nobody", "player_not_found", undefined],
  ["broken", "source_failed", "every lookup fails"],
])("call %s says the reason and the detail that the log has", async (player, reason, detail) => {
  const source = 'plugin = "./core.ts"';
  await using server = await operate({ source }, (folder) =>
    writeFileSync(
      join(folder, "core.ts"),
      `export default { apiVersion: 1, open: () => ({ lookup({ playerId }) {
        if (playerId === "broken") throw new Error("every lookup fails");
        return playerId === "12001" ? { balance: "30" } : null;
      } }) };`,
    ),
  );
  const { adminPort, port } = server.process;
  server.write(
    "config.toml",
    configOf({ source, admin: `port = ${adminPort}` }).replace("port = 0", `port = ${port}`),
  );
  const { stdout } = await run(["call", player], { cwd: server.folder });
  expect(stdout).toContain(`\nreason       ${reason}\n`);
  if (detail === undefined) expect(stdout).not.toContain("\ndetail ");
  else expect(stdout).toMatch(new RegExp(`\\ndetail {7}.*${detail}\\n`));
});

test.each([
  ["postgres", 'database = "klas"'],
  [
    "mysql",
    'database = "klas"\nquery = "SELECT player_id, balance FROM accounts WHERE player_id = :player_id"',
  ],
  ["redis", ""],
])("%s: a call while the database is down says what is down", async (plugin, more) => {
  using elsewhere = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port: down } = elsewhere;
  elsewhere.stop(true);
  const user = plugin === "redis" ? "" : 'user = "klas"';
  const source = `plugin = "${plugin}"\nhosts = ["127.0.0.1:${down}"]\n${user}\n${more}`;
  await using server = await operate({ source });
  const { adminPort, port } = server.process;
  server.write(
    "config.toml",
    configOf({ source, admin: `port = ${adminPort}` }).replace("port = 0", `port = ${port}`),
  );
  const { stdout } = await run(["call", "12001"], { cwd: server.folder });
  expect(stdout).toContain("\nstatus_code  ERR_TIMEOUT\n");
  expect(stdout).toContain("\nreason       source_timeout\n");
  expect(stdout).toContain(
    `\ndetail       no answer within 1000 ms: no host can be used: 127.0.0.1:${down} cannot be reached: nothing listens on port ${down}`,
  );
  const status = await run(["status"], { cwd: server.folder });
  expect(status.stdout).toMatch(/^worker 1 .*, host none, connections 0/m);
});

test("another program at the admin port is not taken for it", async () => {
  using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("up 1\n") });
  await using server = await operate({ admin: false });
  server.write("config.toml", configOf({ admin: `port = ${other.port}` }));
  const { stdout, exitCode } = await run(["check"], { cwd: server.folder });
  expect(stdout).not.toContain("the running server");
  expect(exitCode).toBe(0);
});
