import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { openToWrite } from "../plugins/sqlite/own/open.ts";
import { binary } from "./binary.ts";
import { type Connection, exchange, open, post, type Reply, signatureOf } from "./raw-http.ts";
import { run, serve, type ServerProcess } from "./server-process.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const SECRET = "end-to-end-secret";
const root = temporaryFolder();

function folder(name: string): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  return path;
}

function config(source: string, more = ""): string {
  return `[webhook]\nsecrets = ["${SECRET}"]\n${more}\n[sources.players]\n${source}\n`;
}

const OWN = 'plugin = "sqlite"\nfile = "balances.db"';

async function makeDatabase(file: string): Promise<void> {
  using database = await openToWrite(file);
  const insert = database.prepare(
    "INSERT INTO players (player_id, currency, balance_minor) VALUES (?, ?, ?)",
  );
  insert.run("12001", "EUR", 3000n);
  insert.run("yen", "JPY", 9_223_372_036_854_775_807n);
  insert.run("dinar", "KWD", -1n);
  insert.run("zero", "EUR", 0n);
}

function body(others: object = {}): string {
  return JSON.stringify({
    request_id: "r-1",
    timestamp: 1_710_000_000,
    session_id: "s-1",
    player_id: "12001",
    ...others,
  });
}

const X = (signature: string) => `X-Signature: ${signature}`;

/** A well-signed POST of any bytes. */
function signed(bytes: string | Uint8Array, ...headers: string[]): Buffer {
  return post(bytes, [X(signatureOf(SECRET, bytes)), ...headers]);
}

function chunked(bytes: string | Uint8Array, chunkBytes: number): Buffer {
  const whole = Buffer.from(bytes);
  const head = [
    "POST /balance HTTP/1.1",
    "Host: localhost",
    "Transfer-Encoding: chunked",
    X(signatureOf(SECRET, bytes)),
  ];
  const chunks = [Buffer.from(`${head.join("\r\n")}\r\n\r\n`)];
  for (let offset = 0; offset < whole.length; offset += chunkBytes) {
    const chunk = whole.subarray(offset, offset + chunkBytes);
    chunks.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n"));
  }
  return Buffer.concat([...chunks, Buffer.from("0\r\n\r\n")]);
}

/** What every reply of the endpoint must be, whatever was asked. */
function expectSigned(reply: Reply | undefined, text: string, status = 200): void {
  expect(reply?.body.toString()).toBe(text);
  expect(reply?.status).toBe(status);
  expect(reply?.headers.get("content-type")).toBe("application/json");
  expect(reply?.headers.get("x-signature")).toBe(signatureOf(SECRET, text));
}

const OK = '{"balance":"30","status_code":"OK"}';
const REJECTED = '{"status_code":"ERR_INTEGRITY_CHECK_FAILED"}';
const INVALID = '{"status_code":"ERR_INVALID_BODY"}';
const NOBODY = '{"status_code":"ERR_PLAYER_NOT_FOUND"}';
const UNKNOWN = '{"status_code":"ERR_UNKNOWN"}';
const TIMEOUT = '{"status_code":"ERR_TIMEOUT"}';

/** A request that says the length of its body twice. */
function lengthTwice(length: number, hex: string, sent: string): string {
  return (
    `POST /balance HTTP/1.1\r\nHost: x\r\nX-Signature: ${hex}\r\n` +
    `Content-Length: ${length}\r\nContent-Length: ${length}\r\n\r\n${sent}`
  );
}

describe("the endpoint over a socket", () => {
  let server: ServerProcess;
  beforeAll(async () => {
    const cwd = folder("endpoint");
    await makeDatabase(join(cwd, "balances.db"));
    server = await serve(cwd, config(OWN));
  });
  afterAll(async () => {
    server.signal("SIGTERM");
    expect(await server.exited).toBe(0);
    for (const part of [SECRET, signatureOf(SECRET, body()), "92233720368547758", "    at ", "a bug"]) {
      expect(server.log()).not.toContain(part);
    }
  });

  const good = body();
  const signature = signatureOf(SECRET, good);
  const padded = (bytes: number) => body({ pad: "x".repeat(bytes - body({ pad: "" }).length) });

  const answered: readonly (readonly [string, Uint8Array, string, number?])[] = [
    ["a good request", signed(good), OK],
    ["upper case", post(good, [X(signature.toUpperCase())]), OK],
    ["a header in another case, with spaces around", post(good, [`x-SIGNATURE:  ${signature}  `]), OK],
    ["no content type, or a strange one", signed(good, "Content-Type: text/html"), OK],
    ["a further field", signed(body({ currency: "EUR" })), OK],
    ["white space and escapes", signed(` \n${good.replace("12001", "12\\u0030\\u00301")}\t`), OK],
    [
      "yen have no decimals",
      signed(body({ player_id: "yen" })),
      '{"balance":"9223372036854775807","status_code":"OK"}',
    ],
    ["dinars have three", signed(body({ player_id: "dinar" })), '{"balance":"-0.001","status_code":"OK"}'],
    ["zero is a balance", signed(body({ player_id: "zero" })), '{"balance":"0","status_code":"OK"}'],
    ["in chunks of 7 bytes", chunked(good, 7), OK],
    ["in one chunk", chunked(good, 100_000), OK],
    ["exactly as long as is read", signed(padded(16_384)), OK],
    ["a query behind the path", post(good, [X(signature)], "/balance?x=1"), OK],

    ["no signature", post(good, []), REJECTED],
    ["an empty signature", post(good, ["X-Signature:"]), REJECTED],
    ["63 digits", post(good, [X(signature.slice(1))]), REJECTED],
    ["65 digits", post(good, [X(`${signature}0`)]), REJECTED],
    ["a bad digit at the end", post(good, [X(`${signature.slice(0, 63)}g`)]), REJECTED],
    ["rubbish behind good digits", post(good, [X(`${signature}zz`)]), REJECTED],
    ["a prefix", post(good, [X(`sha256=${signature}`)]), REJECTED],
    ["the good signature twice", post(good, [X(signature), X(signature)]), REJECTED],
    ["a good and a bad signature", post(good, [X(signature), X("0".repeat(64))]), REJECTED],
    ["bytes beyond ASCII", post(good, [X("é".repeat(64))]), REJECTED],
    ["the highest byte", post(good, [X(`\u00ff${signature.slice(1)}`)]), REJECTED],
    ["the signature of another body", post(body({ player_id: "12002" }), [X(signature)]), REJECTED],
    ["the signature of another secret", post(good, [X(signatureOf("another", good))]), REJECTED],
    ["a changed byte", post(good.replace("r-1", "r-2"), [X(signature)]), REJECTED],
    ["one newline more than was signed", post(`${good}\n`, [X(signature)]), REJECTED],
    ["nothing, and no signature", post("", []), REJECTED],

    ["nothing", signed(""), INVALID],
    ["half of it", signed(good.slice(0, -5)), INVALID],
    ["not UTF-8", signed(Buffer.from(good.replace("12001", "\u00ff"), "latin1")), INVALID],
    ["a byte-order mark", signed(`\ufeff${good}`), INVALID],
    ["UTF-16", signed(Buffer.from(good, "utf16le")), INVALID],
    ["nested as deep as it can be", signed("[".repeat(16_000)), INVALID],
    [
      "nested deep inside a good one",
      signed(good.replace("}", `,"x":${"[".repeat(7000)}${"]".repeat(7000)}}`)),
      OK,
    ],
    ["a list", signed(`[${good}]`), INVALID],
    ["null", signed("null"), INVALID],
    ["a number for the player", signed(body({ player_id: 12_001 })), INVALID],
    ["text for the timestamp", signed(body({ timestamp: "1710000000" })), INVALID],
    ["an infinite timestamp", signed(good.replace("1710000000", "1e999")), INVALID],
    ["a negative timestamp", signed(body({ timestamp: -1 })), INVALID],
    ["no session", signed(body({ session_id: undefined })), INVALID],
    ["a lone surrogate", signed(good.replace("12001", "\\ud800")), INVALID],
    ["a control character", signed(body({ player_id: "a\u0000" })), INVALID],
    ["DEL", signed(body({ session_id: "\u007f" })), INVALID],
    ["257 characters", signed(body({ request_id: "x".repeat(257) })), INVALID],
    ["an empty id", signed(body({ player_id: "" })), INVALID],
    ["longer than is read", signed(padded(16_385)), INVALID, 413],
    ["much longer than is read", signed(padded(1_000_000)), INVALID, 413],
    ["longer than is read, in chunks", chunked(padded(20_000), 1000), INVALID, 413],

    ["256 characters", signed(body({ player_id: "x".repeat(256) })), NOBODY],
    ["256 characters beyond the basic plane", signed(body({ player_id: "\u{1f600}".repeat(256) })), NOBODY],
    ["constructor", signed(body({ player_id: "constructor" })), NOBODY],
    ["__proto__", signed(body({ player_id: "__proto__" })), NOBODY],
    ["SQL", signed(body({ player_id: "' OR 1=1 --" })), NOBODY],
    ["more SQL", signed(body({ player_id: "12001'; DROP TABLE players; --" })), NOBODY],
    ["a pattern", signed(body({ player_id: "%" })), NOBODY],
    ["a known player and a space", signed(body({ player_id: "12001 " })), NOBODY],
  ];

  test.each(answered.map(([what, bytes, text, status = 200]) => [what, bytes, text, status] as const))(
    "%s",
    async (_what, bytes, text, status) => {
      expectSigned(await exchange(server.port, bytes), text, status);
      expectSigned(await exchange(server.port, signed(good)), OK);
    },
  );

  test.each([
    ["GET", "/balance", 405, "POST"],
    ["HEAD", "/balance", 405, "POST"],
    ["PUT", "/balance", 405, "POST"],
    ["DELETE", "/balance", 405, "POST"],
    ["OPTIONS", "/balance", 405, "POST"],
    ["PATCH", "/balance", 405, "POST"],
    ["POST", "/", 404, undefined],
    ["POST", "/balance/", 404, undefined],
    ["POST", "/Balance", 404, undefined],
    ["POST", "/x/balance", 404, undefined],
    ["GET", "/metrics", 404, undefined],
    ["GET", "/healthz", 200, undefined],
    ["POST", "/healthz", 405, "GET, HEAD"],
  ])("%s %s is %i", async (method, target, status, allow) => {
    const head = `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
    // A reply to HEAD announces a length and has no body, so only its status is looked at.
    const reply = await fetch(`http://127.0.0.1:${server.port}${target}`, { method });
    expect(reply.status).toBe(status);
    expect(reply.headers.get("Allow") ?? undefined).toBe(allow);
    expect(reply.headers.get("X-Signature")).toBeNull();
    if (method !== "HEAD") expect((await exchange(server.port, head))?.status).toBe(status);
  });

  test("one connection serves one request after the other, whatever the one before was", async () => {
    const connection = await open(server.port);
    for (const [, bytes, text, status] of answered) {
      connection.send(bytes);
      expectSigned(await connection.next(), text, status);
      connection.send(signed(good));
      expectSigned(await connection.next(), OK);
    }
    connection.destroy();
  });

  test("pipelined requests are answered in order", async () => {
    const connection = await open(server.port);
    connection.send(Buffer.concat([signed(good), post(good, []), signed(body({ player_id: "zero" }))]));
    expectSigned(await connection.next(), OK);
    expectSigned(await connection.next(), REJECTED);
    expectSigned(await connection.next(), '{"balance":"0","status_code":"OK"}');
    connection.destroy();
  });

  test("a request that arrives byte by byte", async () => {
    const connection = await open(server.port);
    for (const byte of signed(good)) {
      connection.send(Uint8Array.of(byte));
      if (byte % 16 === 0) await Bun.sleep(1);
    }
    expectSigned(await connection.next(), OK);
    connection.destroy();
  });

  test("Expect: 100-continue", async () => {
    const connection = await open(server.port);
    connection.send(signed(good, "Expect: 100-continue"));
    expectSigned(await connection.next(), OK);
    connection.destroy();
  });

  test("a body that ends early is never OK, and its connection harms no other", async () => {
    const cut = signed(good);
    const cases: readonly ((connection: Connection) => void)[] = [
      (connection) => connection.end(),
      (connection) => connection.destroy(),
    ];
    for (const leave of cases) {
      const connection = await open(server.port);
      connection.send(cut.subarray(0, cut.length - 5));
      await Bun.sleep(10);
      leave(connection);
      const reply = await connection.next();
      if (reply !== undefined) expect(reply.body.toString()).not.toContain("balance");
      connection.destroy();
    }
    expectSigned(await exchange(server.port, signed(good)), OK);
  });

  test.each([
    ["no HTTP", "hello\r\n\r\n"],
    ["TLS", Buffer.from("16030100a5010000a10303", "hex")],
    [
      "a length that is not a number",
      `POST /balance HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n${good}`,
    ],
    ["a negative length", "POST /balance HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"],
    [
      "a length and chunks: request smuggling",
      `POST /balance HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      "two lengths",
      `POST /balance HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456`,
    ],
    [
      "a length that is none of the protocol's",
      `POST /balance HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\n12345`,
    ],
    [
      "a NUL in a header",
      `POST /balance HTTP/1.1\r\nHost: x\r\nX-Signature: \0\r\nContent-Length: 0\r\n\r\n`,
    ],
    [
      "a chunk whose size is not a number",
      "POST /balance HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ["headers without end", `POST /balance HTTP/1.1\r\n${"X-A: b\r\n".repeat(20_000)}`],
  ])("what is not a request (%s) is refused or dropped, and the process serves on", async (_what, bytes) => {
    const connection = await open(server.port);
    connection.send(bytes);
    connection.end();
    const reply = await connection.next();
    if (reply !== undefined) expect(reply.body.toString()).not.toContain("balance");
    connection.destroy();
    expectSigned(await exchange(server.port, signed(good)), OK);
  });

  // The runtime takes these for one length, and gives the header as a list.
  test("a length that is said twice is limited, too: 413, and nothing of it is gathered", async () => {
    const large = `{"padding":"${"x".repeat(20_000)}"}`;
    const connection = await open(server.port);
    connection.send(lengthTwice(large.length, signatureOf(SECRET, large), large));
    expectSigned(await connection.next(), INVALID, 413);
    connection.destroy();
    const endless = await open(server.port);
    endless.send(lengthTwice(1_000_000_000, "0".repeat(64), "x".repeat(100_000)));
    expectSigned(await endless.next(), INVALID, 413);
    endless.destroy();
    const small = await open(server.port);
    small.send(lengthTwice(good.length, signatureOf(SECRET, good), good));
    expectSigned(await small.next(), OK);
    small.destroy();
  });

  test("an unread remainder of a body is not taken for a request", async () => {
    const connection = await open(server.port);
    const smuggled = signed(good).toString("latin1");
    const long = Buffer.from(smuggled.repeat(200).slice(0, 40_000), "latin1");
    connection.send(signed(long));
    expectSigned(await connection.next(), INVALID, 413);
    connection.end();
    expect(await connection.next()).toBeUndefined();
    connection.destroy();
  });
});

describe("what a database answers", () => {
  let server: ServerProcess;
  const cwd = folder("query");
  const file = join(cwd, "casino.db");
  let files: readonly string[];

  beforeAll(async () => {
    using database = new Database(file);
    database.run("CREATE TABLE accounts (id TEXT PRIMARY KEY, amount ANY)");
    const insert = database.prepare("INSERT INTO accounts VALUES (?, ?)");
    const rows = {
      text: "30.50",
      words: "lots",
      empty: "",
      real: 30.07,
      null: null,
      negative: -5,
      huge: 2n ** 63n - 1n,
    };
    for (const [id, amount] of Object.entries(rows)) insert.run(id, amount);
    database.run("INSERT INTO accounts VALUES ('infinite', 9e999), ('blob', x'33')");
    files = readdirSync(cwd).filter((name) => name.startsWith("casino"));
    const source =
      'plugin = "sqlite"\nfile = "casino.db"\nquery = "SELECT amount AS balance FROM accounts WHERE id = :player_id"';
    server = await serve(cwd, config(source, "timeout_ms = 200"));
  });
  afterAll(async () => {
    server.signal("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(server.log()).not.toContain("lots");
    expect(readdirSync(cwd).filter((name) => name.startsWith("casino"))).toEqual([...files]);
  });

  test.each([
    ["text", '{"balance":"30.5","status_code":"OK"}'],
    ["real", '{"balance":"30.07","status_code":"OK"}'],
    ["negative", '{"balance":"-5","status_code":"OK"}'],
    ["huge", '{"balance":"9223372036854775807","status_code":"OK"}'],
    ["words", UNKNOWN],
    ["empty", UNKNOWN],
    ["null", UNKNOWN],
    ["infinite", UNKNOWN],
    ["blob", UNKNOWN],
    ["' OR 1=1 --", NOBODY],
  ])("%s", async (playerId, text) => {
    expectSigned(await exchange(server.port, signed(body({ player_id: playerId }))), text);
  });

  test("a writer's lock is waited for within the deadline", async () => {
    using writer = new Database(file);
    writer.run("BEGIN EXCLUSIVE");
    expectSigned(await exchange(server.port, signed(body({ player_id: "text" }))), TIMEOUT);
    const waiting = exchange(server.port, signed(body({ player_id: "text" })));
    await Bun.sleep(40);
    writer.run("ROLLBACK");
    expectSigned(await waiting, '{"balance":"30.5","status_code":"OK"}');
  });
});

describe("a start that fails is one line that says what to do, and exit status 2", () => {
  interface Scenario {
    readonly config?: string;
    readonly command?: readonly string[];
    readonly prepare?: (cwd: string) => void | Promise<void>;
    readonly says: readonly (string | RegExp)[];
    readonly lines?: number;
  }

  const scenarios: Readonly<Record<string, Scenario>> = {
    "no configuration": { says: ["config.toml", "there is no such file", "klas-balance init"] },
    "a directory for a configuration": {
      prepare: (cwd) => mkdirSync(join(cwd, "config.toml")),
      says: ["it is a directory"],
    },
    "no TOML": { config: `secrets = ["${SECRET}`, says: ["config.toml: line 1", "not TOML"] },
    "several problems": {
      config: `[webhook]\nsecrets = []\ntimeout = 1\n[sources.players]\nplugin = "sqlit"\n`,
      says: ["webhook.secrets", "webhook.timeout", 'did you mean "sqlite"'],
      lines: 3,
    },
    "an unset variable": {
      config: config(OWN).replace(SECRET, "${NOT_SET}"),
      says: ["webhook.secrets.0", "NOT_SET is not set"],
    },
    "no folder for the database": {
      config: config('plugin = "sqlite"\nfile = "no/where.db"'),
      says: ["where.db", "there is no folder"],
    },
    "a directory for a database": {
      config: config('plugin = "sqlite"\nfile = "."'),
      says: ["is not a file"],
    },
    "a database that is none": {
      config: config(OWN),
      prepare: (cwd) =>
        writeFileSync(join(cwd, "balances.db"), "this is a text, and long enough for a header".repeat(50)),
      says: ["is not an SQLite database"],
    },
    "a damaged database": {
      config: config(OWN),
      prepare: async (cwd) => {
        const file = join(cwd, "balances.db");
        await makeDatabase(file);
        truncateSync(file, 5000);
      },
      says: ["balances.db", /damaged|not an SQLite/],
    },
    "a database of a newer version": {
      config: config(OWN),
      prepare: async (cwd) => {
        const file = join(cwd, "balances.db");
        await makeDatabase(file);
        using database = new Database(file);
        database.run("INSERT INTO klas_balance_migrations (hash, created_at) VALUES ('x', 99999999999999)");
      },
      says: ["newer klas-balance"],
    },
    "a database of somebody else's": {
      config: config(OWN),
      prepare: (cwd) => {
        using database = new Database(join(cwd, "balances.db"));
        database.run("CREATE TABLE theirs (x)");
      },
      says: ["not klas-balance's own database", "theirs"],
    },
    "a query over no file": {
      config: config('plugin = "sqlite"\nfile = "x.db"\nquery = "SELECT 1 AS balance WHERE :player_id"'),
      says: ["x.db", "no such file"],
    },
    "a fixture that is missing": { config: config('plugin = "static"\nfile = "x.json"'), says: ["x.json"] },
    "an address that is not this machine's": {
      config: config(OWN),
      command: ["serve", "--host", "203.0.113.1", "--port", "0"],
      says: ["cannot listen on 203.0.113.1"],
    },
    "an address that is none": {
      config: config(OWN),
      command: ["serve", "--host", "no such host", "--port", "0"],
      says: ["cannot listen on no such host"],
    },
  };

  test.each(Object.entries(scenarios))("%s", async (what, scenario) => {
    const cwd = folder(`start ${what}`.replaceAll(" ", "-"));
    await scenario.prepare?.(cwd);
    if (scenario.config !== undefined) writeFileSync(join(cwd, "config.toml"), scenario.config);
    const { exitCode, stdout, stderr } = await run(scenario.command ?? ["serve"], { cwd });
    expect(stderr.trimEnd().split("\n")).toHaveLength(scenario.lines ?? 1);
    for (const part of scenario.says) expect(stderr).toMatch(part);
    for (const part of [SECRET, "    at ", "Error:"]) expect(stderr + stdout).not.toContain(part);
    expect(exitCode).toBe(2);
  });

  test("a port in use", async () => {
    const cwd = folder("port-in-use");
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, "127.0.0.1", () => {
        const address = taken.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    writeFileSync(
      join(cwd, "config.toml"),
      config(OWN, "").concat(`[server]\nhost = "127.0.0.1"\nport = ${port}\n`),
    );
    const { exitCode, stderr } = await run(["serve"], { cwd });
    taken.close();
    const ownName = readFileSync("/proc/self/comm", "utf8").trim();
    expect(stderr).toBe(
      `error: cannot listen on 127.0.0.1 port ${port}: another program uses it (${ownName}, pid ${process.pid}); choose another server.port\n`,
    );
    expect(exitCode).toBe(2);
    // Nothing is left beside the database.
    expect(readdirSync(cwd).toSorted()).toEqual(["balances.db", "config.toml"]);
  });

  test.each(["nope", "256.1.1.1", "192.0.2.1"])("an address that is not this machine's: %s", async (host) => {
    const cwd = folder(`no-address-${host}`);
    writeFileSync(join(cwd, "config.toml"), config(OWN, ""));
    const { exitCode, stderr } = await run(["serve", "--host", host, "--port", "24999"], { cwd });
    expect([exitCode, stderr]).toEqual([
      2,
      `error: cannot listen on ${host} port 24999: this machine has no such address; check server.host\n`,
    ]);
  });

  test.each([
    [["serv"], "Did you mean serve?"],
    [["serve", "--prot", "1"], "Did you mean --port?"],
    [["serve", "--port", "99999"], "Expected a whole number from 0 to 65535"],
    [["serve", "surplus"], "too many arguments"],
    [["call"], "missing required argument"],
    [["call", "12001", "--url", "not a url", "--secret", "x"], "Expected an http:// or https:// URL"],
  ])("wrong usage: %p", async (command, says) => {
    const { exitCode, stderr } = await run(command, { cwd: root });
    expect(stderr).toContain(says);
    expect(stderr).not.toContain("    at ");
    expect(exitCode).toBe(2);
  });
});

describe("signals", () => {
  const STATIC = 'plugin = "static"\nplayers = { "12001" = "30" }';

  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s: what is in flight is answered, the log is whole, exit 0",
    async (signal) => {
      const server = await serve(folder(`drain-${signal}`), config(`${STATIC}\ndelay_ms = 300`));
      const idle = await open(server.port);
      const replies = Array.from({ length: 20 }, () => exchange(server.port, signed(body())));
      await Bun.sleep(120);
      server.signal(signal);
      for (const reply of await Promise.all(replies)) expectSigned(reply, OK);
      expect(await server.exited).toBe(0);
      idle.destroy();
      const lines = server.log().trimEnd().split("\n");
      const messages = lines.map((line): unknown => JSON.parse(line));
      expect(messages.filter((line) => Bun.deepMatch({ msg: "balance", reason: "ok" }, line))).toHaveLength(
        20,
      );
      expect(messages.at(-1)).toMatchObject({ msg: "stopped" });
      expect(await exchange(server.port, signed(body())).catch(() => "refused")).toBe("refused");
    },
  );

  test("an idle keep-alive connection does not hold up the end", async () => {
    const server = await serve(folder("drain-idle"), `${config(STATIC)}[server]\ndrain_seconds = 10\n`);
    const connection = await open(server.port);
    connection.send(signed(body()));
    expectSigned(await connection.next(), OK);
    const startedMs = performance.now();
    server.signal("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(8000);
    connection.destroy();
  });

  test("a lookup that hangs holds it up for drain_seconds, not for its own deadline", async () => {
    const text = `${config(`${STATIC}\nhang_every = 1`, "timeout_ms = 60000")}[server]\ndrain_seconds = 1\n`;
    const server = await serve(folder("drain-hung"), text);
    const hung = exchange(server.port, signed(body()));
    await Bun.sleep(100);
    server.signal("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(await hung).toBeUndefined();
    expect(server.log()).toContain("not everything in flight was answered");
    expect(server.log()).toContain('"stopped"');
  });
});

/** Runs a shell script that has the binary as `$BINARY`, and gives what it prints. */
async function shell(cwd: string, script: string): Promise<string> {
  const child = Bun.spawn(["sh", "-c", script], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", BINARY: binary() },
  });
  return await child.stdout.text();
}

describe("an output that takes nothing", () => {
  // A reader that does not read is tested with more lines than a pipe and the memory for them hold.
  const cases: readonly (readonly [string, string, number])[] = [
    ["a full disk", "> /dev/full", 400],
    ["a closed standard output", ">&-", 400],
    ["a reader that has gone", "| true", 400],
    ["a reader that does not read", "| while [ ! -e end ]; do sleep 0.1; done", 7600],
  ];

  test.each(cases)("%s stops neither the answers nor the end", async (what, redirection, requests) => {
    const cwd = folder(`output ${what}`.replaceAll(" ", "-"));
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, "127.0.0.1", () => {
        const address = taken.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    await new Promise((resolve) => taken.close(resolve));
    writeFileSync(
      join(cwd, "config.toml"),
      `${config('plugin = "static"\nplayers = { "12001" = "30" }')}[server]\nhost = "127.0.0.1"\nport = ${port}\n`,
    );
    // The shell notes the server's own process and exit status, whatever stands behind the pipe.
    const script = `{ { "$BINARY" serve 3>&- & echo $! >&3; wait $!; echo "exit $?" >&3; } ${redirection}; } 3> status`;
    const finished = shell(cwd, script);
    const status = () => Bun.file(join(cwd, "status")).text();
    let reply: Reply | undefined;
    for (let attempt = 0; attempt < 300 && reply === undefined; attempt += 1) {
      await Bun.sleep(20);
      reply = await exchange(port, signed(body())).catch(() => undefined);
    }
    expectSigned(reply, OK);
    const connection = await open(port);
    const batch = Buffer.concat(
      Array.from({ length: 200 }, () => signed(body({ request_id: "x".repeat(256) }))),
    );
    for (let sent = 0; sent < requests; sent += 200) {
      connection.send(batch);
      for (let index = 0; index < 200; index += 1) expectSigned(await connection.next(), OK);
    }
    connection.destroy();
    const pid = Number.parseInt(await status(), 10);
    process.kill(pid, "SIGTERM");
    for (let attempt = 0; attempt < 400 && !(await status()).includes("exit"); attempt += 1)
      await Bun.sleep(20);
    expect(await status()).toBe(`${pid}\nexit 0\n`);
    writeFileSync(join(cwd, "end"), "");
    await finished;
  });
});

describe("the working directory", () => {
  test("a .env, a bunfig.toml, a tsconfig.json and a package.json change nothing", async () => {
    const cwd = folder("hostile-directory");
    const config_ = config('plugin = "static"\nplayers = { "12001" = "30" }').replace(
      SECRET,
      "${KLAS_SECRET}",
    );
    writeFileSync(
      join(cwd, ".env"),
      "KLAS_SECRET=of-the-dot-env\nNODE_OPTIONS=--bad\nKLAS_BALANCE_CONFIG=nowhere.toml\n",
    );
    writeFileSync(join(cwd, ".env.local"), "KLAS_SECRET=of-the-dot-env\n");
    writeFileSync(join(cwd, "bunfig.toml"), 'preload = ["./preload.js"]\nlogLevel = "debug"\n');
    writeFileSync(join(cwd, "preload.js"), 'console.log("preloaded"); process.exit(7);');
    writeFileSync(join(cwd, "tsconfig.json"), "{ broken");
    writeFileSync(join(cwd, "package.json"), '{"type":"commonjs","imports":{"#x":"./x"}}');
    const server = await serve(cwd, config_, { env: { KLAS_SECRET: SECRET } });
    expectSigned(await exchange(server.port, signed(body())), OK);
    server.signal("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(server.log()).not.toContain("preloaded");

    const { stderr, exitCode } = await run(["serve"], { cwd });
    expect(stderr).toContain("KLAS_SECRET is not set");
    expect(exitCode).toBe(2);
  });
});

describe("commands", () => {
  const cwd = folder("commands");
  let server: ServerProcess;
  beforeAll(async () => {
    await makeDatabase(join(cwd, "balances.db"));
    server = await serve(cwd, config(OWN));
  });
  afterAll(async () => {
    server.signal("SIGTERM");
    expect(await server.exited).toBe(0);
  });
  const url = () => `http://127.0.0.1:${server.port}`;

  test("--version and --help", async () => {
    expect((await run(["--version"], { cwd })).stdout).toMatch(
      /^\d+\.\d+\.\d+ \([0-9a-f]{7,}(-modified)?\)\n$|^\d+\.\d+\.\d+ \(unknown\)\n$/,
    );
    for (const command of [[], ["serve"], ["check"], ["sign"], ["call"]]) {
      const { stdout, exitCode } = await run([...command, "--help"], { cwd });
      expect(stdout).toContain("Usage: klas-balance");
      expect(exitCode).toBe(0);
    }
  });

  test("sign: of standard input and of a file, with the secret from anywhere", async () => {
    const text = `${body()}\n`;
    const expected = `${signatureOf(SECRET, text)}\n`;
    writeFileSync(join(cwd, "body.json"), text);
    writeFileSync(join(cwd, "secret"), `${SECRET}\n`);
    const ways: readonly (readonly [readonly string[], Record<string, string>])[] = [
      [["sign"], {}],
      [["sign", "-", "--secret", SECRET], {}],
      [["sign", "body.json", "--secret-file", "secret"], {}],
      [["sign", "body.json"], { KLAS_SECRET: SECRET }],
    ];
    for (const [command, env] of ways) {
      expect(await run(command, { cwd, env, stdin: text })).toEqual({
        exitCode: 0,
        stdout: expected,
        stderr: "",
      });
    }
    const asJson = await run(["sign", "body.json", "--json"], { cwd });
    expect(JSON.parse(asJson.stdout)).toEqual({ signature: expected.trim() });
    expect((await run(["sign", "nowhere.json"], { cwd })).exitCode).toBe(2);
  });

  test("call: OK is 0, everything else is 1, and what came is shown", async () => {
    const known = await run(["call", "12001", "--url", url(), "--secret", SECRET, "--json"], { cwd });
    expect(JSON.parse(known.stdout)).toMatchObject({
      http_status: 200,
      status_code: "OK",
      balance: "30",
      signature: "valid",
    });
    expect(known.exitCode).toBe(0);

    const plain = await run(["call", "12001", "--url", `${url()}/`, "--secret", SECRET], { cwd });
    expect(plain.stdout).toMatch(/status_code +OK\nbalance +30\nsignature +valid\n/);

    const nobody = await run(["call", "nobody", "--url", url()], { cwd, env: { KLAS_SECRET: SECRET } });
    expect(nobody.stdout).toContain("ERR_PLAYER_NOT_FOUND");
    expect(nobody.exitCode).toBe(1);

    const another = await run(["call", "12001", "--url", url(), "--secret", "another"], { cwd });
    expect(another.stdout).toMatch(/ERR_INTEGRITY_CHECK_FAILED\nbalance +none\nsignature +wrong/);
    expect(another.exitCode).toBe(1);
    for (const { stdout, stderr } of [known, plain, nobody, another])
      expect(stdout + stderr).not.toContain(SECRET);
  });

  test("call: nobody there, and no secret", async () => {
    const nobody = await run(["call", "12001", "--url", "http://127.0.0.1:1", "--secret", "x"], { cwd });
    expect(nobody.stderr).toMatch(/^error: no answer from http:\/\/127\.0\.0\.1:1\/balance: .+\n$/);
    expect(nobody.exitCode).toBe(1);
    const without = await run(["call", "12001", "--url", url()], { cwd: root });
    expect(without.stderr).toContain("KLAS_SECRET");
    expect(without.exitCode).toBe(2);
  });

  test("check: all is well, the source is not, the configuration is not", async () => {
    // A long deadline must not hold a check that has ended.
    writeFileSync(join(cwd, "config.toml"), config(OWN, "timeout_ms = 60000"));
    const well = await run(["check"], { cwd });
    expect(well.exitCode).toBe(0);
    expect(well.stdout).toContain("answer POST /balance");

    const checked = folder("checked");
    writeFileSync(join(checked, "config.toml"), config('plugin = "sqlite"\nfile = "no/where.db"'));
    const source = await run(["check"], { cwd: checked });
    expect(source.stdout).toContain("there is no folder");
    expect(source.exitCode).toBe(1);

    writeFileSync(join(checked, "config.toml"), config(OWN).replace("plugin", "plugni"));
    const broken = await run(["check", "--json"], { cwd: checked });
    expect(broken.exitCode).toBe(2);
    expect(JSON.parse(broken.stdout)).toContainEqual({
      level: "error",
      message: expect.stringContaining("players.plugin: missing"),
    });
    for (const { stdout, stderr } of [well, source, broken]) {
      expect(stdout + stderr).not.toContain(SECRET);
      expect(stdout + stderr).not.toContain("    at ");
      expect(stdout + stderr).not.toContain("\u001b");
    }
  });
});
