import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import * as v from "valibot";
import plugin from "../../../plugins/redis/index.ts";
import { optionsSchema } from "../../../plugins/redis/options.ts";
import { knownCurrencies } from "../../../src/protocol/currency.ts";
import type { Source } from "../../../src/plugin.ts";
import { builtIns } from "../../../src/source/built-in.ts";
import { conforms } from "../../conformance.ts";
import { ask, failure } from "../../plugins/postgres/subject.ts";
import { startStaleProxy } from "../../plugins/postgres/stale-proxy.ts";
import { makeCertificates } from "../../plugins/rest/certificates.ts";
import { checkedElsewhere } from "../checked.ts";
import { freePort } from "../free-port.ts";
import { endRedis, type RedisServer, startRedis, startSentinel } from "../redis-server.ts";

const SLOW_MS = 60_000;
const THIRTY = { balance: "30.50" };

// Here, because a start may take longer than a test.
const server = await startRedis();
const second = await startRedis();

afterAll(endRedis);

async function fill(each: RedisServer): Promise<void> {
  await each.run("SET", "balance:12001", "30.50");
  await each.run("SET", "balance:poor", "1");
  await each.run("HSET", "wallet:12001", "cents", "3050", "code", "EUR", "odd", "30.5");
  await each.run("HSET", "wallet:kuwaiti", "cents", "3000", "code", "KWD");
  await each.run("HSET", "wallet:empty", "code", "EUR");
}

beforeAll(async () => {
  await fill(server);
  await fill(second);
});

const opened: Source[] = [];

afterEach(async () => {
  for (const source of opened.splice(0)) await source.close?.();
});

function optionsFor(...servers: readonly { readonly port: number }[]) {
  return { hosts: servers.map(({ port }) => `127.0.0.1:${port}`) };
}

async function open(
  options: v.InferInput<typeof optionsSchema>,
  { isRehearsal = false, timeoutMs = 2000 } = {},
) {
  const messages: string[] = [];
  const counts: Record<string, number> = {};
  const say = (level: string) => (message: string) => void messages.push(`${level} ${message}`);
  const source = await plugin.open(v.parse(optionsSchema, options), {
    log: { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") },
    count: (event) => void (counts[event] = (counts[event] ?? 0) + 1),
    directory: import.meta.dir,
    exponentOf: knownCurrencies({}),
    timeoutMs,
    isRehearsal,
  });
  opened.push(source);
  return { source, messages, counts };
}

/** Stops a server whose queue of connections is short, and fills that: from then on packets to it are dropped. */
async function silence(own: RedisServer): Promise<void> {
  await own.freeze();
  for (let attempt = 1; attempt <= 20; attempt += 1) {
    const connecting = Bun.connect({ hostname: "127.0.0.1", port: own.port, socket: { data() {} } });
    connecting.catch(() => {});
    if ((await Promise.race([connecting, Bun.sleep(500)])) === undefined) return;
  }
  throw new Error("it still accepts connections");
}

const redis = builtIns.get("redis");
if (redis === undefined) throw new Error("redis is not built in");
const hash = { key: "wallet:{player_id}", field: "cents", unit: "minor", currency_field: "code" } as const;
for (const [name, further, balance] of [
  ["", {}, "30.5"],
  [" with a hash", hash, "30.5"],
] as const) {
  conforms(`redis${name}`, () => ({
    plugin: redis,
    options: { ...optionsFor(server), ...further },
    directory: ".",
    timeoutMs: 2000,
    knownPlayer: "12001",
    balance,
  }));
}

describe("Redis answers exactly", () => {
  test("a string, a hash, and nobody", async () => {
    const strings = await open(optionsFor(server));
    expect(await ask(strings.source, "12001")).toEqual(THIRTY);
    expect(await ask(strings.source, "nobody")).toBeNull();
    const hashes = await open({ ...optionsFor(server), ...hash });
    expect(await ask(hashes.source, "12001")).toEqual({ balanceMinor: 3050n, exponent: 2, currency: "EUR" });
    expect(await ask(hashes.source, "nobody")).toBeNull();
    expect(await failure(ask(hashes.source, "kuwaiti"))).toBe(
      "KWD has 3 decimals, and exponent is not set: say exponent = 3 if that is so of every player",
    );
    const explicit = await open({ ...optionsFor(server), ...hash, exponent: 3 });
    const three = { balanceMinor: 3000n, exponent: 3, currency: "KWD" };
    expect(await ask(explicit.source, "kuwaiti")).toEqual(three);
  });

  test("a key of another kind, a hash without the field and a value that is no amount are failures, and nobody else's", async () => {
    const strings = await open({ ...optionsFor(server), key: "{player_id}" });
    const lookups = ["balance:12001", "wallet:12001", "balance:12001"].map((id) =>
      ask(strings.source, id).catch((error: Error) => error.message),
    );
    const wrongType = "WRONGTYPE Operation against a key holding the wrong kind of value";
    expect(await Promise.all(lookups)).toEqual([THIRTY, wrongType, THIRTY]);
    const hashes = await open({ ...optionsFor(server), ...hash });
    expect(await failure(ask(hashes.source, "empty"))).toBe('the key has no field "cents"');
    const odd = await open({ ...optionsFor(server), ...hash, field: "odd" });
    expect(await failure(ask(odd.source, "12001"))).toBe("the value is not an integer, as minor units are");
  });

  test(
    "every one of thousands at once gets its own balance",
    async () => {
      for (let id = 0; id < 2000; id += 1)
        await server.run("SET", `balance:${id}`, `${id}.5`).catch(() => {});
      const { source, counts } = await open(optionsFor(server), { timeoutMs: 10_000 });
      const ids = Array.from({ length: 2000 }, (_, index) => index);
      expect(await Promise.all(ids.map((id) => ask(source, String(id))))).toEqual(
        ids.map((id) => ({ balance: `${id}.5` })),
      );
      expect(counts["batch"]).toBeGreaterThan(20);
    },
    SLOW_MS,
  );

  test("answers that are one behind are nobody's balance", async () => {
    using proxy = startStaleProxy(server.port);
    const { source, counts } = await open(optionsFor(proxy));
    expect(await ask(source, "12001")).toEqual(THIRTY);
    proxy.beginToLag();
    expect(await failure(ask(source, "poor"))).toBe("an answer was to another question");
    expect(await ask(source, "poor")).toEqual({ balance: "1" });
    expect(counts).toMatchObject({ foreign_answer: 1 });
  });

  test(
    "after a SET has returned, no lookup that begins later sees the old balance",
    async () => {
      const { source } = await open(optionsFor(server));
      for (let amount = 1; amount <= 300; amount += 1) {
        await server.run("SET", "balance:fresh", String(amount));
        expect(await Promise.all([ask(source, "fresh"), ask(source, "fresh")])).toEqual([
          { balance: String(amount) },
          { balance: String(amount) },
        ]);
      }
    },
    SLOW_MS,
  );
});

describe("Redis: refused, in plain words", () => {
  test("passwords and rights", async () => {
    const guarded = await startRedis("--requirepass", "correct horse");
    const { port } = guarded;
    const rehearsal = { isRehearsal: true };
    expect(await failure(open(optionsFor(guarded), rehearsal))).toBe(
      `127.0.0.1:${port} wants a password: set password, and user if there are several`,
    );
    const wrong = await failure(open({ ...optionsFor(guarded), password: "wrong horse" }));
    expect(wrong).toBe(`127.0.0.1:${port} refuses the user or the password: correct them`);
    const right = { ...optionsFor(guarded), password: "correct horse" };
    expect(await ask((await open(right)).source, "12001")).toBeNull();
    await (await open(right)).source.close?.();
  });

  test("a user of the access list with just what is needed, and one with less", async () => {
    const needed = ["~balance:*", "+hello", "+echo", "+role", "+get"];
    await server.run("ACL", "SETUSER", "klas%/@:", "on", ">s%/@: 1", ...needed);
    await server.run("ACL", "SETUSER", "less", "on", ">x", ...needed.filter((word) => word !== "+role"));
    const { source } = await open({ ...optionsFor(server), user: "klas%/@:", password: "s%/@: 1" });
    expect(await ask(source, "12001")).toEqual(THIRTY);
    expect(await failure(open({ ...optionsFor(server), user: "less", password: "x" }))).toContain(
      "refuses the command: NOPERM",
    );
  });

  test("nothing that listens, a replica, a socket, and options that do not go together", async () => {
    const port = freePort();
    expect(await failure(open(optionsFor({ port }), { isRehearsal: true }))).toContain(
      `nothing listens on port ${port}`,
    );
    const replica = await startRedis("--replicaof", "127.0.0.1", String(server.port));
    expect(await failure(open(optionsFor(replica), { isRehearsal: true }))).toContain(
      "is a replica, which may show a balance from before a bet",
    );
    const { source } = await open({ hosts: [server.socket] });
    expect(await ask(source, "12001")).toEqual(THIRTY);
    for (const wrong of [
      {},
      { ...optionsFor(server), sentinels: ["s1"], master: "m" },
      { sentinels: ["s1"] },
    ]) {
      expect(v.is(optionsSchema, wrong)).toBeFalse();
    }
    expect(v.is(optionsSchema, { ...optionsFor(server), key: "balance" })).toBeFalse();
    await replica.kill();
  });
});

test(
  "Redis: by TLS the server's certificate and its name are verified",
  async () => {
    await using certificates = await makeCertificates();
    const file = (name: string) => join(certificates.directory, name);
    await certificates.issue("server", "DNS:localhost");
    const port = freePort();
    const flags = [
      "--tls-port",
      String(port),
      "--tls-auth-clients",
      "no",
      "--tls-ca-cert-file",
      file("ca.pem"),
    ];
    const encrypted = await startRedis(
      ...flags,
      "--tls-cert-file",
      file("server.pem"),
      "--tls-key-file",
      file("server.key"),
    );
    await fill(encrypted);
    const options = { hosts: [`localhost:${port}`] };
    const tls = { mode: "verify-full", ca: file("ca.pem") } as const;
    expect(await ask((await open({ ...options, tls })).source, "12001")).toEqual(THIRTY);
    expect(await ask((await open({ ...options, tls: { mode: "require" } })).source, "12001")).toEqual(THIRTY);
    const rehearsal = { isRehearsal: true };
    const refused = "does not answer by TLS: its certificate does not fit, or it speaks no TLS: see tls";
    expect(await failure(open({ ...options, tls: {} }, rehearsal))).toContain(refused);
    expect(await failure(open({ ...optionsFor({ port }), tls }, rehearsal))).toContain(refused);
    expect(await failure(open({ ...optionsFor(server), tls }, rehearsal))).toContain(refused);
  },
  SLOW_MS,
);

test("Redis: no variable of the environment changes where it connects to, or how", async () => {
  const table = `plugin = "redis"\nhosts = ["127.0.0.1:${server.port}"]`;
  const elsewhere = "rediss://other:secret@127.0.0.1:1/3";
  const environment = { REDIS_URL: elsewhere, VALKEY_URL: elsewhere, NODE_TLS_REJECT_UNAUTHORIZED: "0" };
  expect(await checkedElsewhere(table, "12001", environment)).toContain('"30.5"');
});

describe("Redis: after a fault", () => {
  test(
    "connections that are killed, a restart and a hanging server are survived by themselves",
    async () => {
      const own = await startRedis();
      await fill(own);
      const { source } = await open(optionsFor(own), { timeoutMs: 1000 });
      for (let round = 1; round <= 3; round += 1) {
        expect(await ask(source, "12001")).toEqual(THIRTY);
        await own.run("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        expect(await ask(source, "12001")).toEqual(THIRTY);
      }
      await own.kill();
      await own.start();
      await fill(own);
      expect(await ask(source, "12001")).toEqual(THIRTY);
      await own.freeze();
      expect(await failure(ask(source, "12001", { withinMs: 1000 }))).toContain("did not answer");
      own.thaw();
      expect(await ask(source, "12001")).toEqual(THIRTY);
    },
    SLOW_MS,
  );

  test("of the first host the second one answers", async () => {
    const own = await startRedis();
    await fill(own);
    const { source } = await open(optionsFor(own, second));
    expect(await ask(source, "12001")).toEqual(THIRTY);
    await own.kill();
    expect(await ask(source, "12001")).toEqual(THIRTY);
  });

  test("a sentinel that wants a password is named as that, and the next one is asked", async () => {
    const locked = await startSentinel(server, "requirepass secret");
    const free = await startSentinel(server);
    const sentinels = [`127.0.0.1:${locked}`];
    expect(await failure(open({ sentinels, master: "casino" }, { isRehearsal: true }))).toContain(
      `the sentinel 127.0.0.1:${locked} wants a password, and there is no option for one: let it answer without`,
    );
    const { source } = await open({ sentinels: [...sentinels, `127.0.0.1:${free}`], master: "casino" });
    expect(await ask(source, "12001")).toEqual(THIRTY);
  });

  test(
    "the master that the sentinels have made is found, and the old one is not asked when it is back as a replica",
    async () => {
      const master = await startRedis();
      await fill(master);
      const replica = await startRedis("--replicaof", "127.0.0.1", String(master.port));
      const sentinel = await startSentinel(master);
      const nowhere = freePort();
      const options = { sentinels: [`127.0.0.1:${nowhere}`, `127.0.0.1:${sentinel}`], master: "casino" };
      expect(await failure(open({ ...options, master: "other" }, { isRehearsal: true }))).toContain(
        `the sentinel 127.0.0.1:${nowhere} does not answer; the sentinel 127.0.0.1:${sentinel} knows no master "other"`,
      );
      const { source } = await open(options);
      expect(await ask(source, "12001")).toEqual(THIRTY);
      // The replica has to have the data, and the sentinel to have heard of the replica.
      const giveUpMs = performance.now() + 20_000;
      while ((await replica.run("GET", "balance:12001")) === null && performance.now() < giveUpMs)
        await Bun.sleep(50);
      await Bun.sleep(1500);
      await master.kill();
      expect(await ask(source, "12001", { withinMs: 30_000 })).toEqual(THIRTY);
      await replica.run("SET", "balance:12001", "31");
      expect(await ask(source, "12001")).toEqual({ balance: "31" });
      await master.start();
      await Bun.sleep(500);
      expect(await ask(source, "12001")).toEqual({ balance: "31" });
    },
    SLOW_MS,
  );

  test(
    "the new master is found although the old one's machine has fallen silent, and accepts no connection",
    async () => {
      const master = await startRedis("--tcp-backlog", "1");
      await fill(master);
      const replica = await startRedis("--replicaof", "127.0.0.1", String(master.port));
      // It takes so long to see that the master is gone that the source tries the old one meanwhile.
      const sentinel = await startSentinel(master, "sentinel down-after-milliseconds casino 3000");
      const { source } = await open({ sentinels: [`127.0.0.1:${sentinel}`], master: "casino" });
      expect(await ask(source, "12001")).toEqual(THIRTY);
      const giveUpMs = performance.now() + 20_000;
      while ((await replica.run("GET", "balance:12001")) === null && performance.now() < giveUpMs)
        await Bun.sleep(50);
      await Bun.sleep(1500);
      await silence(master);
      expect(await ask(source, "12001", { withinMs: 30_000 })).toEqual(THIRTY);
      expect(await failure(open(optionsFor(master), { isRehearsal: true }))).toContain(
        "does not answer: it hangs, speaks TLS, or a firewall drops what is sent there",
      );
    },
    SLOW_MS,
  );
});
