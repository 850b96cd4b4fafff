import { beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeFileError } from "../../src/file-error.ts";
import { configPath, loadConfig, readConfigFile } from "../../src/config/load.ts";
import { ConfigError } from "../../src/config/problem.ts";
import { bindConfig } from "../../src/server/bind.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const SECRET = "hunter2secret";
const folder = temporaryFolder();
const file = join(folder, "config.toml");

/** With its sources, as `check` and `serve` read it: their problems are told with the host's. */
async function load(text: string, variables: Record<string, string> = { KLAS_SECRET: SECRET }) {
  writeFileSync(file, text);
  const { config } = await bindConfig(await readConfigFile(file, variables));
  return config;
}

function problemsOf(text: string): Promise<string> {
  return failureOf(load(text));
}

async function failureOf(loading: Promise<unknown>): Promise<string> {
  try {
    await loading;
    return "";
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error instanceof ConfigError ? error.message : "";
  }
}

const SOURCE = '[sources.players]\nplugin = "static"\nplayers = { "12001" = "30" }\n';
const WEBHOOK = `[webhook]\nsecrets = ["${SECRET}"]\n`;
const GOOD = WEBHOOK + SOURCE;

test("what is not said has the defaults of spec 2", async () => {
  const config = await load(GOOD);
  expect(config.server).toEqual({
    host: "0.0.0.0",
    port: 8080,
    workers: 1,
    max_body_bytes: 16_384,
    drain_seconds: 10,
    lame_duck_seconds: 0,
  });
  expect(config.webhook).toEqual({
    path: "/",
    secrets: [SECRET],
    source: "players",
    timeout_ms: 1000,
    max_in_flight: 1024,
    authenticate: false,
    status_codes: {},
  });
  // A terminal gets lines for people, anything else JSON, unless the format is said.
  expect(config.log).toEqual({ level: "info" });
  expect(config.source.name).toBe("players");
  expect(config.directory).toBe(folder);
});

test("secrets come from the environment and from files", async () => {
  writeFileSync(join(folder, "old.secret"), "of the file\n");
  const text = `[webhook]\nsecrets = ["\${KLAS_SECRET}", "\${file:old.secret}"]\n${SOURCE}`;
  expect((await load(text)).webhook.secrets).toEqual([SECRET, "of the file"]);
});

test("a currency of one's own is one, and what is passed on has its own limits", async () => {
  const text = `${WEBHOOK}currency = "USDT"\nforward = { url = "https://core/klas/" }\n${SOURCE}[currencies]\nUSDT = 6`;
  const { webhook, currencies } = await load(text);
  expect(webhook.currency).toBe("USDT");
  expect(currencies).toEqual({ USDT: 6 });
  expect(webhook.forward).toEqual({
    url: "https://core/klas/",
    endpoints: ["authenticate", "bet", "credit", "refund", "terminate"],
    timeout_ms: 10_000,
    max_in_flight: 256,
    max_body_bytes: 65_536,
    max_response_bytes: 65_536,
  });
});

interface Scenario {
  readonly text: string;
  readonly says: readonly string[];
  readonly never?: readonly string[];
}

/** `must contain` and `must not contain`; the secret is in every one of them and must never show. */
const scenarios: Readonly<Record<string, Scenario>> = {
  "an empty file": {
    text: "",
    says: ["webhook: missing", "sources: missing; expected a table of sources, such as [sources.players]"],
    never: ["webhook.source"],
  },
  "a table of a near name": {
    text: `${WEBHOOK}[source.players]\nplugin = "static"\nplayers = {}`,
    says: ['source: unknown key, did you mean "sources"?'],
  },
  "a list that lets nobody call": {
    text: `[server]\nallow_ips = []\n${GOOD}`,
    says: ["server.allow_ips: expected at least one address; without allow_ips everybody may call"],
  },
  "one port for two listeners": {
    text: `[server]\nport = 9464\n[admin]\n${GOOD}`,
    says: ["admin.port: expected another port than server.port"],
  },
  "one port of one address for two listeners": {
    text: `[server]\nhost = "::1"\nport = 81\n[admin]\nhost = "[::1]"\nport = 81\n${GOOD}`,
    says: ["admin.port: expected another port than server.port"],
  },
  "one port of each IPv4 address and of one of them": {
    text: `[server]\nport = 81\n[admin]\nhost = "127.0.0.1"\nport = 81\n${GOOD}`,
    says: ["admin.port: expected another port than server.port"],
  },
  "TOML that ends in a string": { text: `[webhook]\nsecrets = ["${SECRET}]`, says: ["line 2", "not TOML"] },
  "TOML with a bare secret": { text: `[webhook]\nsecrets = [${SECRET}]`, says: ["line 2", "not TOML"] },
  "TOML with a bad escape": { text: `[webhook]\nsecrets = ["${SECRET}\\q"]`, says: ["line 2", "not TOML"] },
  "TOML that is only a secret": { text: SECRET, says: ["line 1", "not TOML"] },
  "TOML with a key twice": { text: `${WEBHOOK}secrets = ["${SECRET}"]`, says: ["line 3", "not TOML"] },
  "TOML with a control character": { text: `a = "\u0001${SECRET}"`, says: ["line 1", "not TOML"] },
  "JSON instead": { text: `{ "webhook": { "secrets": ["${SECRET}"] } }`, says: ["line 1", "not TOML"] },
  "an unknown table": {
    text: `${GOOD}[serve]\nport = 1`,
    says: ['serve: unknown key, did you mean "server"?'],
  },
  "a key before the first table": {
    text: `port = 8080\n${GOOD}`,
    says: ["port: unknown key outside of a table; write it below [server]"],
  },
  "an unknown key": {
    text: `${WEBHOOK}timeout = 5\n${SOURCE}`,
    says: ["webhook.timeout: unknown key"],
  },
  "a near key": {
    text: `${WEBHOOK}timeout_sm = 5\n${SOURCE}`,
    says: ['webhook.timeout_sm: unknown key, did you mean "timeout_ms"?'],
  },
  "a key that is nowhere near": {
    text: `${WEBHOOK}zebra = 5\n${SOURCE}`,
    says: ["webhook.zebra: unknown key"],
    never: ["did you mean"],
  },
  "a secret in the place of a key": {
    text: `${WEBHOOK}${SECRET} = ""\n"pa ss" = ""\n${SOURCE}[server]\n${"3f".repeat(32)} = 1\n[admin.QWxhZGRpbjpvcGVuc2VzYW1l]\nx = 1\n[sources.b]\nplugin = "static"\nplayers = {}\nhunter-two-secret = 1`,
    says: [
      "webhook.****: unknown key of 13 characters, which is not shown: it may be a secret",
      "webhook.****: unknown key of 5 characters",
      "server.****: unknown key of 64 characters",
      "admin.****: unknown key of 24 characters",
      "sources.b.****: unknown key of 17 characters",
    ],
    never: ["3f3f", "QWxh", "hunter"],
  },
  "an option of a later version": {
    text: `${GOOD}[server]\nnot_yet = 2\n[later]\nport = 1`,
    says: ["server.not_yet: unknown key", "later: unknown key"],
  },
  "names of Object.prototype": {
    text: `${GOOD}[__proto__]\nx = 1\n[constructor]\ny = 1`,
    says: ["__proto__: unknown key", "constructor: unknown key"],
  },
  "no secret at all": { text: SOURCE, says: ["webhook: missing"] },
  "no secrets in the list": {
    text: `[webhook]\nsecrets = []\n${SOURCE}`,
    says: ["webhook.secrets: expected at least one"],
  },
  "a secret that is no list": {
    text: `[webhook]\nsecrets = "${SECRET}"\n${SOURCE}`,
    says: ["webhook.secrets: expected a list of secrets"],
  },
  "secrets that are not text": {
    text: `[webhook]\nsecrets = [1, { a = "${SECRET}" }, "", "${SECRET}"]\n${SOURCE}`,
    says: [
      "webhook.secrets.0 (secret 1): ",
      "webhook.secrets.1 (secret 2): ",
      "webhook.secrets.2 (secret 3): ",
    ],
    never: ["webhook.secrets.3"],
  },
  "an unset variable": {
    text: `[webhook]\nsecrets = ["\${NOWHERE}", "${SECRET}"]\n${SOURCE}`,
    says: ["webhook.secrets.0 (secret 1): the environment variable NOWHERE is not set"],
    never: ["not empty"],
  },
  "a table of secrets": {
    text: `[webhook]\nsecrets = { a = "\${NOWHERE}" }\n${SOURCE}`,
    says: ["webhook.secrets.a: the environment variable NOWHERE is not set"],
  },
  "a reference to a file without a name": {
    text: `[webhook]\nsecrets = ["\${file:}"]\n${SOURCE}`,
    says: ["(secret 1): expected ${NAME} or ${file:PATH}"],
  },
  "a source without a name": {
    text: `${WEBHOOK}source = ""\n${SOURCE}`,
    says: ["webhook.source: expected the name of a source"],
    never: ["not defined"],
  },
  "a newline in a reference": {
    text: `[webhook]\nsecrets = ["\${file:no\\nwhere}"]\n${SOURCE}`,
    says: ["webhook.secrets.0 (secret 1): cannot read no\\u000awhere: there is no such file"],
  },
  "a secret in the wrong place": {
    text: `${WEBHOOK}timeout_ms = "\${KLAS_SECRET}"\nmax_in_flight = "\${KLAS_SECRET}"\npath = "\${KLAS_SECRET}"\n${SOURCE}`,
    says: [
      "webhook.timeout_ms: expected an integer",
      "webhook.max_in_flight: ",
      "webhook.path: expected a path",
    ],
  },
  "a secret as a level, a format and a status code": {
    text: `${WEBHOOK}status_codes = { bad_signature = "\${KLAS_SECRET}" }\n${SOURCE}[log]\nlevel = "\${KLAS_SECRET}"\nformat = "\${KLAS_SECRET}"`,
    says: [
      "log.level: expected one of",
      "log.format: expected one of",
      "webhook.status_codes.bad_signature: ",
    ],
  },
  "a reason that has no code of its own": {
    text: `${WEBHOOK}status_codes = { ok = "FINE", refused = "ERR_X" }\n${SOURCE}`,
    says: ["webhook.status_codes.ok: unknown key", "webhook.status_codes.refused: unknown key"],
  },
  "OK as an error's code": {
    text: `${WEBHOOK}status_codes = { player_not_found = "OK" }\n${SOURCE}`,
    says: ["webhook.status_codes.player_not_found: expected a status code"],
  },
  "numbers out of bounds": {
    text: `${WEBHOOK}timeout_ms = 0\nmax_in_flight = -1\nmax_clock_skew_seconds = 0\n${SOURCE}[server]\nport = 65536\nmax_body_bytes = 1.5`,
    says: [
      "webhook.timeout_ms: expected an integer from 1 to 60000",
      "webhook.max_in_flight: ",
      "webhook.max_clock_skew_seconds: ",
      "server.port: expected an integer from 0 to 65535",
      "server.max_body_bytes: ",
    ],
  },
  "infinite and not a number": {
    text: `${WEBHOOK}timeout_ms = inf\nmax_in_flight = nan\n${SOURCE}`,
    says: ["webhook.timeout_ms: ", "webhook.max_in_flight: "],
  },
  "dates for tables": { text: "webhook = 1979-05-27\nsources = 1979-05-27", says: ["webhook", "sources"] },
  "a path with a pattern in it": {
    text: `${WEBHOOK}path = "/:tenant/*"\n${SOURCE}`,
    says: ["webhook.path: expected a path"],
  },
  ...Object.fromEntries(
    ["//", "/a//b", "/../x", "/a/./b", "/.."].map((path) => [
      `the path ${path}, which callers would resolve`,
      { text: `${WEBHOOK}path = "${path}"\n${SOURCE}`, says: ["webhook.path: expected a path without"] },
    ]),
  ),
  "a source that is not defined": {
    text: `${WEBHOOK}source = "player"\n${SOURCE}`,
    says: ['webhook.source: the source "player" is not defined, did you mean "players"? (defined: players)'],
  },
  "a source named like a property of every object": {
    text: `${WEBHOOK}source = "toString"\n${SOURCE}`,
    says: ['webhook.source: the source "toString" is not defined'],
  },
  "no source at all": { text: WEBHOOK, says: ["sources: missing"], never: ["webhook.source"] },
  "an empty table of sources": { text: `${WEBHOOK}[sources]`, says: ["there is no [sources.NAME] table"] },
  "a source without a plugin": {
    text: `${WEBHOOK}[sources.players]\nfile = "x"`,
    says: ["sources.players.plugin: missing"],
  },
  "a plugin that does not exist": {
    text: `${GOOD}[sources.other]\nplugin = "sqlit"`,
    says: ['sources.other.plugin: there is no plugin "sqlit", did you mean "sqlite"?'],
  },
  "a source that is not in use is validated too": {
    text: `${GOOD}[sources.other]\nplugin = "sqlite"\nfiel = "x"`,
    says: ['sources.other.fiel: unknown key, did you mean "file"?', "sources.other.file: missing"],
  },
  "options of a plugin": {
    text: `${WEBHOOK}[sources.players]\nplugin = "static"\nplayers = { a = 1, b = "${SECRET}" }\ndelay_ms = -1`,
    says: [
      "sources.players.players.a: expected a decimal as text",
      "sources.players.delay_ms: expected an integer",
    ],
  },
  "neither players nor file": {
    text: `${WEBHOOK}[sources.players]\nplugin = "static"`,
    says: ["sources.players: expected either players or file, and not both"],
  },
  "currencies that are none": {
    text: `${WEBHOOK}currency = "EURO"\n${SOURCE}[currencies]\nEUR = 3\nKWD = 3\nusdt = 6\nUSDT = 19`,
    says: [
      'webhook.currency: expected a currency of ISO 4217, such as "EUR", or one of [currencies]',
      "currencies.EUR: expected the decimals that ISO 4217 gives this currency, or a code that it does not have",
      "currencies.usdt: expected a currency's code",
      "currencies.USDT: expected an integer from 0 to 18",
    ],
  },
  "a core that calls cannot be passed on to": {
    text: `${WEBHOOK}forward = { url = "http://u:${SECRET}@core", endpoints = ["bet", "balance", "a/b"], tls = { cert = "c.pem" }, auth = {} }\n${SOURCE}`,
    says: [
      "webhook.forward.url: expected an address that starts with http:// or https://, without user",
      "webhook.forward.endpoints.1: expected another endpoint",
      "webhook.forward.endpoints.2: expected the name of an endpoint",
      "webhook.forward.tls: expected cert and key together",
      "webhook.forward.auth: expected exactly one of",
    ],
  },
  "a key that a nested table of the host does not know": {
    text: `${WEBHOOK}forward = { url = "https://core", timeout = 1, auth = { baerer = "${SECRET}" } }\n${SOURCE}`,
    says: [
      "webhook.forward.timeout: unknown key",
      'forward.auth.baerer: unknown key, did you mean "bearer"?',
    ],
  },
  "a player that no call could ask for": {
    text: `${WEBHOOK}probe_player = ""\n${SOURCE}`,
    says: ["webhook.probe_player: expected a player id"],
  },
  "a query without the player": {
    text: `${WEBHOOK}[sources.players]\nplugin = "sqlite"\nfile = "x"\nquery = "SELECT 1"`,
    says: ["sources.players.query: `query` does not use :player_id"],
  },
};

describe.each(Object.entries(scenarios))("%s", (_what, { text, says, never = [] }) => {
  let message = "";
  beforeAll(async () => {
    message = await problemsOf(text);
  });

  test("is named, with the file, one problem a line", () => {
    for (const part of says) expect(message).toContain(part);
    for (const line of message.split("\n")) expect(line).toMatch(/config\.toml: \S/);
    expect(message.split("\n").length).toBe(new Set(message.split("\n")).size);
  });

  test("without a secret, a stack or a library's words", () => {
    for (const part of [SECRET, "    at ", "valibot", "Invalid", "undefined", "received", ...never]) {
      expect(message).not.toContain(part);
    }
  });
});

test("all problems are named at once", async () => {
  const message = await problemsOf(
    `[server]\nport = "x"\n[webhook]\nsecrets = ["\${ONE}", "\${file:nowhere}"]\nlost = 1\n[sources.players]\nplugin = "rets"\n[sources.b]\nplugin = "sqlite"\n[log]\nlevel = "loud"`,
  );
  const expected = [
    "server.port",
    "secrets.0",
    "secrets.1",
    "webhook.lost",
    "players.plugin",
    "b.file",
    "log.level",
  ];
  for (const part of expected) expect(message).toContain(part);
  expect(message.split("\n")).toHaveLength(expected.length);
});

describe("the file itself", () => {
  test.each([
    [
      "missing",
      join(folder, "nowhere.toml"),
      'there is no such file or folder; "klas-balance init" makes one',
    ],
    ["a directory", folder, "it is a directory"],
  ])("%s: one line that says what to do", async (_what, path, reason) => {
    const message = await failureOf(loadConfig(path, {}));
    expect(message).toEndWith(`cannot read the configuration: ${reason}`);
    expect(message).not.toContain("\n");
  });

  test("unreadable", () => {
    // Told by its code, because nothing is unreadable to root.
    const error = Object.assign(new Error("EACCES: permission denied, open '/etc/secret'"), {
      code: "EACCES",
    });
    expect(describeFileError(error)).toBe("permission denied");
  });

  test("Latin-1, which would quietly make another secret", async () => {
    const path = join(folder, "latin1.toml");
    writeFileSync(path, Buffer.from(GOOD.replace(SECRET, "é"), "latin1"));
    expect(await failureOf(loadConfig(path, {}))).toContain("not TOML: it is not UTF-8");
  });

  test("a byte-order mark, as some editors leave it", async () => {
    expect((await load(`\ufeff${GOOD}`)).webhook.secrets).toEqual([SECRET]);
  });

  test.each(["/", "/klas", "/klas/", "/a/b.c/~d_e-f", "/..."])("the path %s", async (path) => {
    expect((await load(`${WEBHOOK}path = "${path}"\n${SOURCE}`)).webhook.path).toBe(path);
  });

  test("bytes that are not text", async () => {
    const path = join(folder, "binary.toml");
    writeFileSync(path, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0xff, 0xfe]));
    expect(await failureOf(loadConfig(path, {}))).toContain("not TOML");
  });
});

test("the file is --config, else the variable, else config.toml of the working directory", () => {
  expect(configPath("/a.toml", { KLAS_BALANCE_CONFIG: "/b.toml" })).toBe("/a.toml");
  expect(configPath(undefined, { KLAS_BALANCE_CONFIG: "/b.toml" })).toBe("/b.toml");
  expect(configPath(undefined, { KLAS_BALANCE_CONFIG: "" })).toBe(join(process.cwd(), "config.toml"));
  expect(configPath(undefined, {})).toBe(join(process.cwd(), "config.toml"));
});

test("relative paths start from the folder of the file", async () => {
  mkdirSync(join(folder, "deeper"), { recursive: true });
  writeFileSync(join(folder, "deeper/secret"), "deep");
  const path = join(folder, "deeper/config.toml");
  writeFileSync(path, `[webhook]\nsecrets = ["\${file:secret}"]\n${SOURCE}`);
  const config = await loadConfig(path, {});
  expect(config.webhook.secrets).toEqual(["deep"]);
  expect(config.directory).toBe(join(folder, "deeper"));
});

test("a name that came out of the environment is not shown, known or not", async () => {
  const text = `[webhook]\nsecrets = ["s"]\nsource = "\${KLAS_SECRET}"\n[sources.a]\nplugin = "\${KLAS_SECRET}"\n[sources.b]\nplugin = "rest"\nurl = "http://core/{\${KLAS_SECRET}}"\nbalance = "/b"\n`;
  const message = await problemsOf(text);
  expect(message).toContain('there is no plugin "****"');
  expect(message).toContain('the source "****" is not defined');
  expect(message).not.toContain(SECRET);
});

test("nor is one that a message quotes with escapes", async () => {
  const secret = 'hunter2"sec\\ret';
  const text = `[webhook]\nsecrets = ["s"]\nsource = "\${S}"\n[sources.a]\nplugin = "\${S}"\n`;
  const message = await failureOf(load(text, { S: secret }));
  expect(message).toContain('there is no plugin "****"');
  expect(message).toContain('the source "****" is not defined');
  expect(message).not.toContain("hunter2");
});
