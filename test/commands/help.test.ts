import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { topics } from "../../src/help/topics.ts";
import { runProgram } from "./run-program.ts";

describe("help", () => {
  test("lists every topic and every command", async () => {
    const { stdout, exitCode } = await runProgram(["help"]);
    expect(exitCode).toBe(0);
    for (const { name, title } of topics) {
      expect(stdout).toMatch(new RegExp(`^  ${name} +${RegExp.escape(title)}$`, "m"));
    }
    for (const command of ["init", "serve", "certify", "players"]) expect(stdout).toContain(` ${command} `);
  });

  test("prints a topic, without a pager and without colours when nobody is at a terminal", async () => {
    const { stdout, exitCode } = await runProgram(["help", "rotation"], {
      environment: { PAGER: "false", FORCE_COLOR: "1" },
    });
    expect(exitCode).toBe(0);
    expect(stdout).toStartWith("A new secret, a reload, an upgrade\n=====");
    expect(stdout).not.toContain("\u001b");
  });

  test("prints a command's help, examples and all", async () => {
    const { stdout } = await runProgram(["help", "config", "example"]);
    expect(stdout).toBe((await runProgram(["config", "example", "--help"])).stdout);
    expect(stdout).toContain("klas-balance config example > example.toml");
  });

  test("prints both when a topic and a command share a name", async () => {
    const { stdout } = await runProgram(["help", "certify"]);
    expect(stdout).toStartWith("Prove an endpoint");
    expect(stdout).toContain("Usage: klas-balance certify [options]");
  });

  test.each([
    [["rotaton"], 'there is no topic "rotaton", did you mean "rotation"?, and no page has this word;'],
    [["players", "frobnicate"], 'there is no topic "players frobnicate", and no page has these words;'],
    [["frobnicate"], 'there is no topic "frobnicate", and no page has this word;'],
  ])("says that there is no topic %j", async (words, problem) => {
    const { stdout, stderr, exitCode } = await runProgram(["help", ...words]);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    expect(stderr).toStartWith(`error: ${problem}`);
    expect(stderr).toEndWith('"klas-balance help" lists the topics\n');
  });

  test("says where in the manual words occur that are no topic", async () => {
    const { stdout, exitCode } = await runProgram(["help", "full", "disk"]);
    expect(exitCode).toBe(0);
    expect(stdout).toStartWith(
      'No topic has the name "full disk". It is in:\n\n  troubleshooting  A full disk\n',
    );
  });

  test("goes through the pager on a terminal", async () => {
    const chunks: Buffer[] = [];
    const main = join(import.meta.dir, "../../src/main.ts");
    const child = Bun.spawn([process.execPath, main, "help", "metrics"], {
      env: { PATH: process.env["PATH"], PAGER: "sed 's/^Metrics/paged/'", NO_COLOR: "1" },
      terminal: { cols: 80, rows: 24, data: (_terminal, bytes) => void chunks.push(Buffer.from(bytes)) },
    });
    expect(await child.exited).toBe(0);
    expect(Buffer.concat(chunks).toString()).toContain("paged");
  });
});
