import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { temporaryFolder } from "../temporary-folder.ts";
import { runProgram } from "./run-program.ts";

test("config example prints the example that the repository has", async () => {
  const { stdout, exitCode } = await runProgram(["config", "example"]);
  expect(exitCode).toBe(0);
  expect(stdout).toBe(readFileSync(join(import.meta.dir, "../../config.example.toml"), "utf8"));
});

describe("config show", () => {
  const folder = temporaryFolder();
  const config = join(folder, "config.toml");

  async function show(text: string, environment: Record<string, string> = {}) {
    writeFileSync(config, text);
    return runProgram(["config", "show", "--config", config], { environment });
  }

  test("prints what is in effect, with defaults, as TOML", async () => {
    const { stdout, exitCode } = await show(
      '[server]\nport = 8081\n[webhook]\nsecrets = ["s1-0123456789abcdef", "s2-0123456789abcdef"]\n' +
        '[sources.players]\nplugin = "sqlite"\nfile = "balances.db"\n[currencies]\nUSDT = 6\n',
    );
    expect(exitCode).toBe(0);
    expect(parse(stdout)).toMatchObject({
      server: { host: "0.0.0.0", port: 8081, workers: 1 },
      webhook: { secrets: ["****", "****"], timeout_ms: 1000 },
      sources: { players: { plugin: "sqlite", file: "balances.db" } },
      currencies: { USDT: 6 },
      log: { level: "info" },
    });
    expect(stdout).not.toContain("[admin]");
  });

  test("shows no secret, wherever it stands and whatever it comes from", async () => {
    mkdirSync(join(folder, "plugins"), { recursive: true });
    writeFileSync(join(folder, "plugins", "acme.ts"), "");
    writeFileSync(join(folder, "secret"), "LEAK-file-0123456789\n");
    const { stdout, stderr, exitCode } = await show(
      `[webhook]
secrets = ["LEAK-literal-0123456789", "\${file:secret}"]
source = "core"
[webhook.forward]
url = "https://core.example/klas"
[webhook.forward.auth]
bearer = "LEAK-forward-bearer"
[admin]
token = "LEAK-token"
[sources.core]
plugin = "rest"
url = "https://u:LEAK-url@core.example/p/{player_id}?key=LEAK-query&id={player_id}"
balance = "/balance"
auth.basic.user = "klas"
auth.basic.password = "LEAK-password"
headers = { X-Api-Key = "LEAK-header" }
proxy = "http://p:LEAK@LEAK-proxy@proxy.example:3128"
health_url = "https://core.example/\${PREFIX}/\${PIECE}/health"
[sources.db]
plugin = "postgres"
hosts = ["db1"]
database = "klas"
user = "klas"
password = "LEAK-db"
[sources.own]
plugin = "acme"
pin = "LEAK-pin"
nested = { deep = "LEAK-nested" }
`,
      { PREFIX: "LEAK-piece", PIECE: "LEAK-piece-REST" },
    );
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(stdout).not.toMatch(/LEAK|REST/);
    expect(parse(stdout)).toMatchObject({
      sources: {
        core: {
          url: "https://****@core.example/p/{player_id}?key=****&id={player_id}",
          health_url: "https://core.example/****/****/health",
          proxy: "http://****@proxy.example:3128",
          balance: "/balance",
        },
        db: { database: "klas", password: "****" },
        own: { plugin: "acme", pin: "****", nested: "****" },
      },
    });
  });

  test("says what is wrong with a configuration that is not sound", async () => {
    const { stdout, stderr, exitCode } = await show("[server]\nprot = 1\n");
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    expect(stderr).toContain('did you mean "port"?');
  });
});
