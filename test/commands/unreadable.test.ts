import { expect, test } from "bun:test";
import { constants } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../temporary-folder.ts";
import { runProgram } from "./run-program.ts";

const folder = temporaryFolder();
const nowhere = join(folder, "nowhere");
const SECRET = ["--secret", "a-secret-of-some-length"] as const;
/** Of fcntl(2). */
const F_SETFL = 4;
const CALL = ["12001", "--url", "http://127.0.0.1:1"];

await Bun.write(
  join(folder, "config.toml"),
  '[webhook]\nsecrets = ["a-secret-of-some-length"]\n[sources.players]\nplugin = "sqlite"\nfile = "balances.db"\n',
);

test("an empty name of a configuration is none, and not this folder", async () => {
  const { exitCode, stderr } = await runProgram(["serve", "--config", ""], { cwd: folder });
  expect([exitCode, stderr]).toEqual([
    2,
    "error: option '--config <file>': '' is invalid. Expected the name of a file.\n",
  ]);
});

test("a value that is not accepted is said so in one form, be it an option's or an argument's", async () => {
  const option = await runProgram(["check", "--player", ""], { cwd: folder });
  expect(option.stderr).toStartWith("error: option '--player <id>': '' is invalid. Expected ");
  const argument = await runProgram(["call", ""], { cwd: folder });
  expect(argument.stderr).toStartWith("error: argument '<player_id>': '' is invalid. Expected ");
  expect([option.exitCode, argument.exitCode]).toEqual([2, 2]);
});

test("a number in quotation marks is said to want none", async () => {
  const cwd = join(folder, "quoted");
  await Bun.write(join(cwd, "config.toml"), '[server]\nport = "8080"\n[admin]\nport = "x"\n');
  const { stdout } = await runProgram(["check"], { cwd });
  expect(stdout).toContain("server.port: expected an integer from 0 to 65535, without quotation marks\n");
  expect(stdout).toContain("admin.port: expected an integer from 0 to 65535\n");
});

test.each([
  ["sign /dev/zero", [...SECRET], 16_777_216],
  ["explain /dev/zero", [...SECRET, "--signature", "0".repeat(64)], 16_777_216],
  ["init --secret-file /dev/zero", [], 65_536],
  ["call --secret-file /dev/zero", CALL, 65_536],
  ["config show --config /dev/zero", [], 16_777_216],
  ["config show --config endless.toml", [], 65_536],
] as const)("%s: a file without an end is read up to a limit", async (words, more, limit) => {
  await Bun.write(join(folder, "endless.toml"), '[webhook]\nsecrets = ["${file:/dev/zero}"]\n');
  const { exitCode, stderr } = await runProgram([...words.split(" "), ...more], { cwd: folder });
  expect(stderr).toContain(` has more than ${limit} bytes`);
  expect(exitCode).toBe(2);
});

test("a body comes through a pipe that does not wait", async () => {
  // The flag belongs to the pipe, so whoever had it before may have left it set.
  const first = `
    import { dlopen } from "bun:ffi";
    const { symbols } = dlopen("libc.so.6", { fcntl: { args: ["int", "int", "int"], returns: "int" } });
    symbols.fcntl(0, ${F_SETFL}, ${constants.O_NONBLOCK});`;
  await Bun.write(join(folder, "first.ts"), first);
  const main = join(import.meta.dir, "../../src/main.ts");
  const script = `(sleep 1.5; printf abc) | { "$1" first.ts; "$@" sign ${SECRET.join(" ")}; }`;
  const child = Bun.spawn(["bash", "-c", script, "bash", process.execPath, main], { cwd: folder });
  const expected = new Bun.CryptoHasher("sha256", SECRET[1]).update("abc").digest("hex");
  expect(await child.stdout.text()).toBe(`${expected}\n`);
});

test("a body comes through a pipe whole, however slowly", async () => {
  const main = join(import.meta.dir, "../../src/main.ts");
  const script = `(printf '{"a"'; sleep 0.3; printf ':1}'; head -c 200000 /dev/zero) | "$@" sign - ${SECRET.join(" ")}`;
  const child = Bun.spawn(["bash", "-c", script, "bash", process.execPath, main], { cwd: folder });
  const body = Buffer.concat([Buffer.from('{"a":1}'), Buffer.alloc(200_000)]);
  const expected = new Bun.CryptoHasher("sha256", SECRET[1]).update(body).digest("hex");
  expect(await child.stdout.text()).toBe(`${expected}\n`);
});

test.each([
  ["sign", [...SECRET]],
  ["explain", [...SECRET, "--signature", "0".repeat(64)]],
  ["players import", []],
  ["init --secret-file", []],
  ["sign --secret-file", []],
  ["call --secret-file", CALL],
  ["check --config", []],
  ["serve --config", []],
] as const)("%s: a file that cannot be read is a wrong use", async (words, more) => {
  const { exitCode, stdout, stderr } = await runProgram([...words.split(" "), nowhere, ...more], {
    cwd: folder,
  });
  expect(stdout + stderr).toContain("nowhere: ");
  expect(stdout + stderr).toContain("there is no such file");
  expect(exitCode).toBe(2);
});
