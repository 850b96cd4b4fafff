import { describe, expect, test } from "bun:test";
import { ACTION_HEADER, openAccess } from "../../src/admin/access.ts";
import { rememberGuesses } from "../../src/admin/guesses.ts";

const TOKEN = "sesame-of-the-tests";

function request(from: string, headers: Record<string, string>, body?: string): Request {
  const sent = body === undefined ? {} : { method: "POST", body };
  return new Request("http://127.0.0.1:9464/api/status", {
    headers: { "X-From": from, ...headers },
    ...sent,
  });
}

/** A listener at an accelerated clock. */
function open() {
  let nowMs = 0;
  const warned: string[] = [];
  const guesses = rememberGuesses({
    addressOf: ({ headers }) => headers.get("X-From") ?? "",
    log: { warn: (message, fields) => void warned.push(`${message} ${JSON.stringify(fields)}`) },
    nowMs: () => nowMs,
  });
  const access = openAccess(TOKEN, guesses);

  const bearer = (token: string, from = "203.0.113.5") =>
    access.refusal(request(from, { Authorization: `Bearer ${token}` }));
  const cookie = (id: string, from = "203.0.113.5") =>
    access.refusal(request(from, { Cookie: `klas_balance_console=${id}` }));
  const login = (token: string, from = "203.0.113.5") =>
    access.login(request(from, { [ACTION_HEADER]: "1" }, token));
  return {
    warned,
    bearer,
    cookie,
    login,
    nothing: (from = "203.0.113.5") => access.refusal(request(from, {})),
    pass: (seconds: number) => void (nowMs += seconds * 1000),
    async guessOut(from?: string) {
      for (let guess = 0; guess < 10; guess += 1) bearer(`wrong-${guess}`, from);
      expect((await login("wrong", from)).status).toBe(429);
    },
  };
}

const status = (answer: Response | undefined) => answer?.status ?? "goes on";

describe("ten wrong tokens in a minute", () => {
  test.each(["bearer", "login"] as const)("by %s are the last ones that are looked at", async (way) => {
    const visitor = open();
    for (let guess = 0; guess < 10; guess += 1) {
      expect(status(await visitor[way](`wrong-${guess}`))).toBe(way === "login" ? 403 : 401);
      visitor.pass(1);
    }
    for (const each of ["bearer", "login"] as const) {
      const refused = await visitor[each]("wrong-11");
      expect([each, status(refused), refused?.headers.get("Retry-After")]).toEqual([each, 429, "50"]);
      expect(await refused?.json()).toEqual({
        problem: "too many wrong tokens came from this address: try again in 50 s",
      });
    }
    visitor.pass(50);
    expect(status(visitor.bearer("wrong-12"))).toBe(401);
    expect(status(visitor.bearer(TOKEN))).toBe("goes on");
  });

  // Else whoever must wait would guess on, and the answer that differs would be the token.
  test("make the right one look like a wrong one, until the minute is over", async () => {
    const visitor = open();
    await visitor.guessOut();
    const answers = await Promise.all(
      [
        visitor.bearer("wrong"),
        visitor.bearer(TOKEN),
        await visitor.login("wrong"),
        await visitor.login(TOKEN),
      ].map(async (answer) => [
        answer?.status,
        JSON.stringify([...(answer?.headers ?? [])]),
        await answer?.text(),
      ]),
    );
    expect(answers).toEqual(answers.map(() => answers[0] ?? []));
    expect(answers[0]?.[0]).toBe(429);
  });

  test("do not shut out who is logged in, though they come through the same proxy", async () => {
    const visitor = open();
    const [, id = ""] = /=([^;]+)/.exec((await visitor.login(TOKEN)).headers.get("Set-Cookie") ?? "") ?? [];
    await visitor.guessOut();
    expect(status(visitor.cookie(id))).toBe("goes on");
    expect(status(visitor.nothing())).toBe(401);
  });

  // After a restart each browser comes with a cookie of its own that is no longer known.
  test("are not cookies of sessions that are over", () => {
    const visitor = open();
    for (let browser = 0; browser < 50; browser += 1) {
      expect(status(visitor.cookie(`of-the-start-before-${browser}`))).toBe(401);
    }
    expect(visitor.warned).toEqual([]);
    expect(status(visitor.bearer(TOKEN))).toBe("goes on");
  });

  test("of the same kind are one guess: what goes on asking with an old token shuts nobody out", () => {
    const visitor = open();
    for (let time = 0; time < 1000; time += 1) {
      expect(status(visitor.bearer("the-token-before"))).toBe(401);
      visitor.pass(0.5);
    }
    expect(status(visitor.bearer(TOKEN))).toBe("goes on");
  });

  test("are told once per minute and address, without the token", () => {
    const visitor = open();
    for (const from of ["203.0.113.5", "203.0.113.6"]) {
      for (let guess = 0; guess < 50; guess += 1) visitor.bearer(`guessed-${guess}`, from);
    }
    expect(visitor.warned).toEqual([
      expect.stringContaining('{"remote":"203.0.113.5"}'),
      expect.stringContaining('{"remote":"203.0.113.6"}'),
    ]);
    expect(visitor.warned.join()).not.toContain("guessed");
    visitor.pass(61);
    visitor.bearer("guessed");
    expect(visitor.warned).toHaveLength(3);
  });
});

describe("an address", () => {
  test.each([
    ["2001:db8:0:1::1", "2001:DB8::1:ffff:ffff:ffff:ffff"],
    ["2001:db8::", "2001:db8::7:8:9"],
    ["::ffff:203.0.113.5", "203.0.113.5"],
    ["127.0.0.1", "127.9.9.9"],
    ["127.0.0.1", "::1"],
    ["", ""],
  ])("%s guesses for %s, too", async (one, other) => {
    const visitor = open();
    await visitor.guessOut(one);
    expect(status(visitor.bearer(TOKEN, other))).toBe(429);
  });

  test.each([
    ["2001:db8:0:1::1", "2001:db8:0:2::1"],
    ["::1:0:0:0:1", "::2:0:0:0:1"],
    ["203.0.113.5", "203.0.113.6"],
    ["203.0.113.5", "127.0.0.1"],
  ])("%s does not guess for %s", async (one, other) => {
    const visitor = open();
    await visitor.guessOut(one);
    expect(status(visitor.bearer(TOKEN, other))).toBe("goes on");
  });
});

// Whoever has a /32 has four billion networks.
test("many addresses do not make many guesses, take no memory, and leave the machine itself its own", async () => {
  const visitor = open();
  expect(status(visitor.bearer(TOKEN, "198.51.100.7"))).toBe("goes on");
  let looked = 0;
  for (let network = 0; network < 5000; network += 1) {
    const from = `2001:db8:${(network >> 8).toString(16)}:${(network & 255).toString(16)}::1`;
    for (let guess = 0; guess < 11; guess += 1) {
      if (visitor.bearer(`${network} ${guess}`, from)?.status === 401) looked += 1;
    }
  }
  expect(looked).toBe((4096 + 1) * 10);
  expect(visitor.warned.length).toBe(4096 + 1);
  expect(status(visitor.bearer(TOKEN, "127.0.0.1"))).toBe("goes on");
  expect(status(visitor.bearer(TOKEN, "198.51.100.7"))).toBe("goes on");
  expect(status(visitor.bearer(TOKEN, "198.51.100.8"))).toBe(429);
  await visitor.guessOut("127.0.0.1");
  visitor.pass(61);
  expect(status(visitor.bearer(TOKEN, "2001:db8:9999::1"))).toBe("goes on");
});
