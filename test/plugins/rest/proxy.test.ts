import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { createServer, request as ask } from "node:http";
import { createServer as createSecureServer, type ServerOptions } from "node:https";
import { connect, type AddressInfo } from "node:net";
import { makeCertificates, type Certificates } from "./certificates.ts";
import { answering } from "./core.ts";
import { failure, openSource } from "./source.ts";

let certificates: Certificates;
beforeAll(async () => {
  certificates = await makeCertificates();
  await certificates.issue("server", "IP:127.0.0.1");
});
afterAll(() => certificates[Symbol.asyncDispose]());

async function secureCore() {
  const [cert, key] = [await certificates.read("server.pem"), await certificates.read("server.key")];
  return await answering(200, '{"balance":1}', {}, { cert, key });
}

/** An HTTP proxy that notes what it was asked for, and lets it through or not. */
async function startProxy(letsThrough = true, secure?: ServerOptions) {
  const asked: string[] = [];
  const server = secure === undefined ? createServer() : createSecureServer(secure);
  server.on("request", (request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers["proxy-authorization"]}`);
    const { method, headers, url = "" } = request;
    const upstream = ask(url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(upstream);
  });
  server.on("connect", ({ url = "", headers }, socket) => {
    asked.push(`CONNECT ${url} ${headers["proxy-authorization"]}`);
    socket.on("error", () => {});
    if (!letsThrough) {
      socket.end("HTTP/1.1 407 X\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    const { hostname, port } = new URL(`http://${url}`);
    const upstream = connect(Number(port), hostname, () => socket.write("HTTP/1.1 200 X\r\n\r\n"));
    upstream.on("error", () => socket.destroy());
    upstream.pipe(socket).pipe(upstream);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a TCP port
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    host: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

const BASIC = `Basic ${Buffer.from("user:pass").toString("base64")}`;

describe("proxy", () => {
  test("a core is asked by it, with the whole address", async () => {
    await using core = await answering(200, '{"balance":1}');
    await using proxy = await startProxy();
    const url = `${core.url}/{player_id}?s={session_id}`;
    const options = { url, balance: "/balance", proxy: `http://user:pass@${proxy.host}` };
    expect(await (await openSource(options)).lookup()).toEqual({ balance: "1" });
    expect(proxy.asked).toEqual([`GET ${core.url}/12001?s=session-1 ${BASIC}`]);
  });

  test("a core that speaks TLS is asked through it: the proxy does not see the call", async () => {
    await using core = await secureCore();
    await using proxy = await startProxy();
    const url = `${core.url}/{player_id}`;
    const options = { url, balance: "/balance", proxy: `http://user:pass@${proxy.host}` };
    const source = await openSource({ ...options, tls: { ca: "ca.pem" } }, 2000, certificates.directory);
    expect(await source.lookup()).toEqual({ balance: "1" });
    expect(await source.lookup()).toEqual({ balance: "1" });
    expect(proxy.asked).toEqual([`CONNECT 127.0.0.1:${core.port} ${BASIC}`]);

    const strange = await openSource({ ...options, retries: 0 });
    expect(await failure(strange.lookup())).toContain("the TLS certificate is not trusted");
  });

  test("one behind TLS is told nothing unless its certificate is trusted", async () => {
    const [cert, key] = [await certificates.read("server.pem"), await certificates.read("server.key")];
    await using core = await secureCore();
    await using plain = await answering(200, '{"balance":1}');
    await using proxy = await startProxy(true, { cert, key });
    const options = { balance: "/balance", proxy: `https://user:pass@${proxy.host}`, retries: 0 };
    for (const { url } of [core, plain]) {
      const strange = await openSource({ ...options, url: `${url}/{player_id}` });
      expect(await failure(strange.lookup())).toContain("the TLS certificate is not trusted");
    }
    expect(proxy.asked).toEqual([]);
    const tls = { ca: "ca.pem" };
    const source = await openSource(
      { ...options, url: `${core.url}/{player_id}`, tls },
      2000,
      certificates.directory,
    );
    expect(await source.lookup()).toEqual({ balance: "1" });
    expect(proxy.asked).toEqual([`CONNECT 127.0.0.1:${core.port} ${BASIC}`]);
  });

  test.each([
    ["refuses", async () => await startProxy(false), "the proxy did not let the connection through"],
    [
      "is not there",
      async () => ({ host: "127.0.0.1:1", async [Symbol.asyncDispose]() {} }),
      "connection refused",
    ],
  ])("one that %s is named in the message", async (_what, start, words) => {
    await using core = await secureCore();
    await using proxy = await start();
    const source = await openSource({
      url: `${core.url}/{player_id}`,
      balance: "/balance",
      proxy: `http://user:s3cret@${proxy.host}`,
      retries: 0,
    });
    expect(await failure(source.lookup())).toBe(
      `127.0.0.1:${core.port} (through the proxy ${proxy.host}): ${words}`,
    );
  });

  test("a rehearsal names it, without what it is told", async () => {
    const options = { url: "http://127.0.0.1:1/{player_id}", balance: "/b", connections: "fresh" } as const;
    const proxy = "http://user:s3cret@proxy.internal:3128";
    const { lines } = await openSource({ ...options, proxy }, 1000, ".", true);
    expect(lines).toEqual(["info the core is asked through the proxy proxy.internal:3128"]);
  });
});

test("the environment has no say in how a core is asked", async () => {
  await using core = await secureCore();
  await using plain = await answering(200, '{"balance":1}');
  const before = { ...process.env };
  Object.assign(process.env, {
    HTTP_PROXY: "http://127.0.0.1:1",
    http_proxy: "http://127.0.0.1:1",
    HTTPS_PROXY: "http://127.0.0.1:1",
    ALL_PROXY: "http://127.0.0.1:1",
    NODE_USE_ENV_PROXY: "1",
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
  });
  try {
    const asked = await openSource({ url: `${plain.url}/{player_id}`, balance: "/balance" });
    expect(await asked.lookup()).toEqual({ balance: "1" });
    const strange = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance", retries: 0 });
    expect(await failure(strange.lookup())).toContain("the TLS certificate is not trusted");
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  }
});

test("an authority that the environment adds is not trusted: only tls.ca's are", async () => {
  await using core = await secureCore();
  const script = `
    const { openSource } = await import(${JSON.stringify(`${import.meta.dir}/source.ts`)});
    const options = { url: ${JSON.stringify(`${core.url}/{player_id}`)}, balance: "/balance", retries: 0 };
    const say = (tls) => openSource({ ...options, ...tls }, 2000, ${JSON.stringify(certificates.directory)})
      .then((source) => source.lookup()).then((answer) => answer.balance, (error) => error.message);
    console.log(await say({}));
    console.log(await say({ tls: { ca: "ca.pem" } }));`;
  const child = Bun.spawn([process.execPath, "-e", script], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: `${certificates.directory}/ca.pem` },
    stdout: "pipe",
  });
  const [extra, own] = (await child.stdout.text()).split("\n");
  expect(extra).toContain("the TLS certificate is not trusted");
  expect(own).toBe("1");
});
