import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { instructions } from "../../src/commands/systemd/instructions.ts";
import { serviceUnit } from "../../src/commands/systemd/unit.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { runProgram } from "./run-program.ts";

const folder = temporaryFolder();
const SECRET = "not for the eyes of a unit";

function configured(name: string, secrets: string, further = ""): string {
  const directory = join(folder, name);
  mkdirSync(directory);
  const file = join(directory, "config.toml");
  writeFileSync(
    file,
    `${further}\n[webhook]\nsecrets = [${JSON.stringify(secrets)}]\n[sources.players]\nplugin = "static"\nplayers = {}\n`,
  );
  writeFileSync(join(directory, "klas"), SECRET);
  return file;
}

test("runs this program with this configuration, whose folder it may write to", async () => {
  const file = configured("plain", SECRET, "[server]\ndrain_seconds = 30\nlame_duck_seconds = 7");
  const { stdout, exitCode } = await runProgram(["systemd", "--config", file]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`ExecStart=${process.execPath} `);
  expect(stdout).toStartWith(`# klas-balance systemd --config ${file} > /etc/systemd/system/`);
  expect(stdout).toContain(` serve --config ${file}\n`);
  expect(stdout).toContain(`\nBindPaths=${join(folder, "plain")}\n`);
  // More than the 15 s beyond both that the program gives itself.
  expect(stdout).toContain("\nTimeoutStopSec=57\n");
  expect(stdout).toContain("\nUser=klas-balance\n");
  const [signal, check] = stdout.split("\n").filter((line) => line.startsWith("ExecReload="));
  expect(signal).toBe("ExecReload=/bin/kill -HUP $MAINPID");
  expect(check).toEndWith(` check --config ${file}`);
  expect(stdout).not.toContain("LoadCredential");
  expect(stdout).not.toContain(SECRET);
});

test("loads the credentials that the configuration reads, from beside it", async () => {
  const file = configured("credential", "${file:${CREDENTIALS_DIRECTORY}/klas}");
  const { stdout, exitCode } = await runProgram(["systemd", "--config", file, "--user", "balance"]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`\nLoadCredential=klas:${join(folder, "credential", "klas")}\n`);
  expect(stdout).toContain("\nUser=balance\n");
  const directory = join(folder, "credential");
  expect(stdout).toContain(`\n# chown -R balance: ${directory}\n# chown root: ${directory}/klas\n`);
  // systemd 257 gives the credentials to ExecStart alone: a check would fail.
  expect(stdout).not.toContain(" check ");
  expect(stdout).not.toContain(SECRET);
});

test.each([
  ["a configuration that is not there", ["--config", "/nowhere/config.toml"]],
  ["a user that would be further directives", ["--user", "klas\nExecStartPre=/bin/sh"]],
])("ends with status 2 for %s", async (_, parameters) => {
  const { stdout, exitCode, stderr } = await runProgram(["systemd", ...parameters]);
  expect([stdout, exitCode]).toEqual(["", 2]);
  expect(stderr).not.toBe("");
});

const INSTALLATION = {
  program: ["/usr/bin/klas-balance"],
  config: "/etc/klas-balance/config.toml",
  user: "klas-balance",
  credentials: [],
  stopSeconds: 15,
} as const;

test("what ends one worker does not end the service", () => {
  expect(serviceUnit(INSTALLATION)).toContain("\nOOMPolicy=continue\n");
});

test("the journal keeps a line of every call", () => {
  expect(serviceUnit(INSTALLATION)).toContain("\nLogRateLimitBurst=10000000\n");
});

test("under /etc a configuration is only read, and a program under /usr is seen anyway", () => {
  const unit = serviceUnit(INSTALLATION);
  expect(unit).not.toMatch(/^Bind/m);
  expect(unit).toContain("\nStateDirectory=klas-balance\n");
});

test("paths stay what they are, whatever systemd would read into them", () => {
  const unit = serviceUnit({
    ...INSTALLATION,
    program: ["/opt/kl as/klas-balance"],
    config: '/srv/100% "$HOME"/config.toml',
    credentials: ["klas"],
  });
  expect(unit).toContain(
    String.raw`ExecStart="/opt/kl as/klas-balance" serve --config "/srv/100%% \"$$HOME\"/config.toml"`,
  );
  expect(unit).toContain('BindReadOnlyPaths="/opt/kl as/klas-balance"\n');
  expect(unit).toContain(String.raw`BindPaths="/srv/100%% \"$HOME\""` + "\n");
  expect(unit).toContain('LoadCredential=klas:/srv/100%% "$HOME"/klas\n');
});

const FILES = {
  file: "/etc/klas/config.toml",
  user: "klas-balance",
  credentials: [],
  read: ["secret"],
  secrets: [],
  database: "/etc/klas/balances.db",
} as const;

test("a database does not stay under /etc, which the service only reads", () => {
  expect(instructions(FILES)).toContain(
    "# mv /etc/klas/balances.db /var/lib/klas-balance/balances.db && chown klas-balance: /var/lib/klas-balance/balances.db, and in the configuration\n" +
      '#   file = "/var/lib/klas-balance/balances.db"\n',
  );
  expect(instructions({ ...FILES, database: undefined })).not.toContain("mv ");
  expect(instructions({ ...FILES, database: "/var/lib/klas-balance/balances.db" })).not.toContain("mv ");
});

test("the comments are commands that a shell takes, whatever is in a path", async () => {
  const file = configured("it's here", "${file:klas}");
  const { stdout } = await runProgram(["systemd", "--config", file]);
  const shown = `'${folder}/it'\\''s here`;
  expect(stdout).toStartWith(`# klas-balance systemd --config ${shown}/config.toml' > /etc`);
  expect(stdout).toContain(`# chown -R klas-balance: ${shown}'\n`);
  expect(stdout).toContain(`chown root: ${shown}/klas', and print`);
});

test("the file that the configuration reads its secret from is named, as one that can be root's alone", async () => {
  const file = configured("from-file", "${file:klas}");
  const { stdout } = await runProgram(["systemd", "--config", file]);
  expect(stdout).toContain(
    `\n# The secret can be root's alone: chown root: ${join(folder, "from-file/klas")}, `,
  );
  expect(stdout).toContain('\n#   secrets = ["${file:${CREDENTIALS_DIRECTORY}/klas}"]\n');
});

test("the password of a database is no secret of the webhook", async () => {
  const further = '[sources.unused]\nplugin = "rest"\nurl = "http://127.0.0.1/{player_id}"\nbalance = "/b"';
  const file = configured("password", "${file:klas}", `${further}\nauth.bearer = "\${file:password}"\n`);
  writeFileSync(join(folder, "password/password"), "another secret");
  const { stdout } = await runProgram(["systemd", "--config", file]);
  expect(stdout).toContain(
    `# The secret can be root's alone: chown root: ${join(folder, "password/klas")}, `,
  );
  expect(stdout).toContain('\n#   secrets = ["${file:${CREDENTIALS_DIRECTORY}/klas}"]\n');
});

test.each([
  ["stands in the configuration", "literal", SECRET],
  ["lies in another folder, which no credential is loaded from", "elsewhere", "${file:../plain/klas}"],
])("a secret that %s is not said to be able to be root's alone", async (_, name, secret) => {
  const { stdout, exitCode } = await runProgram(["systemd", "--config", configured(name, secret)]);
  expect([exitCode, stdout]).toEqual([0, expect.not.stringContaining("root's alone")]);
});

test("a file that only a comment names is not the secret", async () => {
  const file = configured("commented", "${file:klas}");
  writeFileSync(file, `# secrets = ["\${file:klas.new}", "\${file:klas}"]\n${readFileSync(file, "utf8")}`);
  const { stdout } = await runProgram(["systemd", "--config", file]);
  expect(stdout).not.toContain("klas.new");
  expect(stdout).toContain(`chown root: ${join(folder, "commented/klas")}, `);
});
