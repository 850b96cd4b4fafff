import { describe, expect, test } from "bun:test";
import { makeCertificates } from "./certificates.ts";
import { answering, http, startCore } from "./core.ts";
import { failure, openSource, type Input } from "./source.ts";

const NOBODY = "(lookup of the made-up player klas-balance-check)";

describe("without health_url", () => {
  test.each([
    [200, '{"balance":0}'],
    [404, "nobody"],
    [423, ""],
  ])("an answer of %d is one", async (status, body) => {
    await using core = await answering(status, body);
    const status_map = { "423": "ERR_PLAYER_BLOCKED" };
    const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance", status_map });
    expect(await source.check()).toBeUndefined();
    expect(core.requests[0]).toStartWith("GET /klas-balance-check HTTP/1.1");
  });

  test.each([
    [
      200,
      '{"data":{"wallet":{"amount":1}},"error":""}',
      "200, but no number at /data/balance; the document has: /data/wallet/amount, /error",
      "",
    ],
    [401, "", "status 401", ": see auth, or set health_url"],
    [
      400,
      "",
      "status 400",
      ": set health_url, or say in not_found what the core answers for an unknown player",
    ],
    [503, "", "status 503", ""],
    [301, "", "status 301: redirects are not followed", ""],
  ])("%d %s", async (status, body, message, hint) => {
    await using core = await answering(status, body);
    const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/data/balance" });
    expect(await failure(source.check())).toBe(`${message} ${NOBODY}${hint}`);
  });

  test.each([
    ["http://core.invalid", "core.invalid: the name cannot be resolved"],
    ["http://127.0.0.1:1", "127.0.0.1:1: connection refused"],
  ])(
    "%s",
    async (url, message) => {
      const source = await openSource({ url: `${url}/{player_id}`, balance: "/balance" }, 20_000);
      expect(await failure(source.check())).toBe(`${message} ${NOBODY}`);
    },
    30_000,
  );

  test("TLS on a port that is asked in plain HTTP", async () => {
    await using certificates = await makeCertificates();
    await certificates.issue("server", "IP:127.0.0.1");
    const [cert, key] = [await certificates.read("server.pem"), await certificates.read("server.key")];
    await using core = await startCore(() => {}, { cert, key });
    const input = { url: `http://127.0.0.1:${core.port}/{player_id}`, balance: "/balance" };
    const source = await openSource(input, 1000, ".", true);
    expect(await failure(source.check())).toBe(
      `127.0.0.1:${core.port}: connection closed before the answer was complete; it speaks TLS there: https:// is right ${NOBODY}`,
    );
  });

  test.each([
    ["in operation, which closes the connection", false, undefined],
    ["in operation, which answers 503", false, 503],
    ["in a rehearsal, which answers 503", true, 503],
  ])("a plain core %s gets no TLS handshake", async (_name, isRehearsal, status) => {
    await using core = await startCore((socket) => {
      socket.end(status === undefined ? "" : http(status));
    });
    const input = { url: `${core.url}/{player_id}`, balance: "/balance" };
    const source = await openSource(input, 1000, ".", isRehearsal);
    expect(await failure(source.check())).toEndWith(NOBODY);
    expect(core.connections()).toBe(1);
  });

  test("no TLS on the port, no answer at all", async () => {
    using plain = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("plain") });
    const tls = await openSource({ url: `https://127.0.0.1:${plain.port}/{player_id}`, balance: "/balance" });
    expect(await failure(tls.check())).toBe(
      `127.0.0.1:${plain.port}: there is no TLS on this port: use http:// or another port ${NOBODY}`,
    );
    await using silent = await startCore(() => {});
    const source = await openSource({ url: `${silent.url}/{player_id}`, balance: "/balance" }, 100);
    expect(await failure(source.check())).toBe(
      `still waiting for 127.0.0.1:${silent.port} to begin its answer ${NOBODY}`,
    );
  });
});

test.each([
  [true, 200, 1],
  [false, 200, 0],
  [true, 404, 0],
])("in a rehearsal (%p) a made-up player's %d is warned of %d times", async (isRehearsal, status, times) => {
  await using core = await answering(status, '{"balance":7}');
  const input = { url: `${core.url}/{player_id}`, balance: "/balance" };
  const source = await openSource(input, 1000, ".", isRehearsal);
  expect(await source.check()).toBeUndefined();
  const warnings = source.lines.filter((line) => line.startsWith("warn the core"));
  expect(warnings).toEqual(
    Array.from(
      { length: times },
      () =>
        "warn the core has a balance for the made-up player klas-balance-check too: does the request name the player?",
    ),
  );
});

const UNPROTECTED =
  'warn nothing shows that an answer is to its own question: set echo, echo_header or connections = "fresh", or a stray answer of the core goes to the next player';

test.each<[Partial<Input>, boolean, string[]]>([
  [{}, true, [UNPROTECTED]],
  [{ echo: "/player" }, true, []],
  [{ echo_header: "X-Request-Id" }, true, []],
  [{ connections: "fresh" }, true, []],
  [{}, false, []],
])(
  "a stray answer reaches nobody with %j, which a rehearsal (%p) looks at",
  async (options, isRehearsal, lines) => {
    const input = { url: "http://127.0.0.1:1/{player_id}", balance: "/balance", ...options };
    expect((await openSource(input, 1000, ".", isRehearsal)).lines).toEqual(lines);
  },
);

describe("with health_url", () => {
  const auth = { bearer: "token" };

  test("any 2xx will do, and no player is looked up", async () => {
    await using core = await answering(204);
    const health_url = `${core.url}/health?deep=1`;
    const source = await openSource({
      url: `${core.url}/{player_id}`,
      balance: "/balance",
      auth,
      health_url,
    });
    expect(await source.check()).toBeUndefined();
    expect(core.requests).toHaveLength(1);
    expect(core.requests[0]).toStartWith("GET /health?deep=1 HTTP/1.1");
    expect(core.requests[0]).toContain("Bearer token");
  });

  test("anything else is said, without the address's secrets", async () => {
    await using core = await answering(500, "stack trace");
    const health_url = `${core.url}/health?key=s3cret`;
    const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance", health_url });
    expect(await failure(source.check())).toBe("status 500 (health_url)");
  });

  test("credentials go to the core alone", async () => {
    await using monitor = await answering(200);
    const health_url = `${monitor.url}/`;
    const source = await openSource({
      url: "http://127.0.0.1:1/{player_id}",
      balance: "/balance",
      auth,
      health_url,
    });
    expect(await source.check()).toBeUndefined();
    expect(monitor.requests[0]).not.toContain("Bearer");
  });

  test("so does our certificate", async () => {
    await using certificates = await makeCertificates();
    await certificates.issue("server", "IP:127.0.0.1");
    await certificates.issue("client", "DNS:client");
    const secure = {
      cert: await certificates.read("server.pem"),
      key: await certificates.read("server.key"),
      ca: await certificates.read("ca.pem"),
      requestCert: true,
      rejectUnauthorized: true,
    };
    await using core = await answering(200, "", {}, secure);
    await using monitor = await answering(200, "", {}, secure);
    const open = (health_url: string) =>
      openSource(
        {
          url: `${core.url}/{player_id}`,
          balance: "/balance",
          tls: { ca: "ca.pem", cert: "client.pem", key: "client.key" },
          health_url,
        },
        1000,
        certificates.directory,
      );
    expect(await (await open(`${core.url}/health`)).check()).toBeUndefined();
    expect(await failure((await open(`${monitor.url}/health`)).check())).toBe(
      `127.0.0.1:${monitor.port}: it asks for a client certificate, see tls.cert and tls.key (health_url)`,
    );
    expect(monitor.requests).toEqual([]);
  });
});
