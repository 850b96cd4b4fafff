import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import { callBytes, call, OK, operate, type Operated } from "./operated.ts";

/** The status of a call that comes from, and goes to, certain addresses of this machine. */
function statusFrom(
  port: number,
  localAddress: string,
  host: string,
  ...headers: string[]
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host, localAddress }, () => socket.write(callBytes({}, ...headers)));
    socket.on("data", (chunk) => {
      resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(chunk.toString("latin1"))?.[1]));
      socket.destroy();
    });
    socket.on("error", () => resolve(undefined));
  });
}

const forwarded = (...values: string[]) => values.map((value) => `X-Forwarded-For: ${value}`);

/** The address that the log gives to the latest call. */
async function remoteOf(server: Operated, ...headers: string[]): Promise<unknown> {
  const before = server.lines().filter(({ msg }) => msg === "balance").length;
  await call(server.process.port, {}, ...headers);
  for (;;) {
    const line = server.lines().filter(({ msg }) => msg === "balance")[before];
    if (line !== undefined) return line["remote"];
    await Bun.sleep(10);
  }
}

setDefaultTimeout(30_000);

describe.concurrent("server.allow_ips", () => {
  test("turns others away with 403 and an empty body, before anything is read", async () => {
    await using server = await operate({ server: 'allow_ips = ["203.0.113.0/24", "127.0.0.2"]' });
    const reply = await call(server.process.port);
    expect(reply?.status).toBe(403);
    expect(reply?.body).toHaveLength(0);
    expect(reply?.headers.has("x-signature")).toBe(false);
    expect(await statusFrom(server.process.port, "127.0.0.2", "127.0.0.1")).toBe(200);
    expect(await statusFrom(server.process.port, "127.0.0.3", "127.0.0.1")).toBe(403);
    expect(await server.line(({ msg }) => msg.includes("turned away"))).toMatchObject({
      level: "warn",
      remote: "127.0.0.1",
    });
    // Nobody is believed without trusted_proxies.
    for (const header of [
      "X-Forwarded-For: 127.0.0.2",
      "X-Real-IP: 127.0.0.2",
      "Forwarded: for=127.0.0.2",
      "CF-Connecting-IP: 127.0.0.2",
    ]) {
      expect((await call(server.process.port, {}, header))?.status).toBe(403);
    }
  });

  test.each([
    [["127.0.0.0/8"], 200, 403],
    [["::1"], 403, 200],
    // It holds ::ffff:0:0/96, and so every IPv4 address.
    [["::/0"], 200, 200],
    [["0.0.0.0/0"], 200, 403],
    [["::ffff:127.0.0.1"], 200, 403],
    [["127.0.0.0/8", "::1/128"], 200, 200],
  ])("%p, on a socket for both families", async (allowed, ipv4, ipv6) => {
    await using server = await operate({ server: `allow_ips = ${JSON.stringify(allowed)}`, host: "::" });
    const { port } = server.process;
    expect(await statusFrom(port, "127.0.0.1", "127.0.0.1")).toBe(ipv4);
    expect(await statusFrom(port, "::1", "::1")).toBe(ipv6);
  });

  test("follows a reload, on connections that are there, too", async () => {
    await using server = await operate();
    expect(await server.balance()).toBe(OK);
    await server.change({ server: 'allow_ips = ["203.0.113.7"]' });
    expect((await call(server.process.port))?.status).toBe(403);
  });
});

describe.concurrent("server.trusted_proxies", () => {
  const TRUSTED = 'trusted_proxies = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"]';

  test("the right-most hop that is not trusted is the caller; what stands left of it is not believed", async () => {
    await using server = await operate({ server: TRUSTED });
    const cases: readonly (readonly [string[], string])[] = [
      [[], "127.0.0.1"],
      [["203.0.113.7"], "203.0.113.7"],
      [["198.51.100.9, 203.0.113.7"], "203.0.113.7"],
      [["203.0.113.7, 10.1.2.3"], "203.0.113.7"],
      [["203.0.113.7,10.1.2.3 , 2001:db8::5"], "203.0.113.7"],
      [["198.51.100.9", "203.0.113.7"], "203.0.113.7"],
      [["::ffff:203.0.113.7"], "203.0.113.7"],
      [["2001:4860::8888, 10.0.0.1"], "2001:4860::8888"],
      [["10.0.0.1, 10.0.0.2"], "10.0.0.1"],
      [["nonsense, 203.0.113.7"], "203.0.113.7"],
      [["203.0.113.7, nonsense"], ""],
      // With a port or in brackets, as Azure's gateways and others write it.
      [["203.0.113.7:51234"], "203.0.113.7"],
      [["[2001:4860::8888]:443"], "2001:4860::8888"],
      [["[2001:4860::8888]"], "2001:4860::8888"],
      [["203.0.113.7:1, 10.0.0.1:2"], "203.0.113.7"],
      [["[::ffff:203.0.113.7]:80"], "203.0.113.7"],
      [["2001:4860::8888:443"], "2001:4860::8888:443"],
      [["[203.0.113.7]"], ""],
      [["203.0.113.7:"], ""],
      [["203.0.113.7:123456"], ""],
      [["[2001:4860::8888"], ""],
      [["[2001:4860::8888]443"], ""],
      [["[2001:4860::1%eth0]:1"], ""],
      [[`2001:4860::1%${"x".repeat(5000)}`], ""],
    ];
    for (const [values, remote] of cases) {
      expect(await remoteOf(server, ...forwarded(...values)), values.join(" | ").slice(0, 60)).toBe(remote);
    }
  });

  test("a hop that cannot be read is shown in the log, cut and escaped", async () => {
    await using server = await operate({ server: TRUSTED });
    await remoteOf(server, ...forwarded(`203.0.113.7, \u009b2J${"x".repeat(5000)}`));
    const line = await server.line(({ msg }) => msg === "balance");
    expect(line).toMatchObject({ remote: "", unreadable_hop: `\u009b2J${"x".repeat(61)}` });
    expect(server.process.log()).toContain('"unreadable_hop":"\\u009b2J');
    await server.change({ server: `${TRUSTED}\nallow_ips = ["203.0.113.0/24"]` });
    expect((await call(server.process.port, {}, ...forwarded("_hidden")))?.status).toBe(403);
    expect(await server.line(({ msg }) => msg.includes("turned away"))).toMatchObject({
      unreadable_hop: "_hidden",
    });
  });

  test("with allow_ips: the caller counts, a forged hop does not help, nonsense is turned away", async () => {
    await using server = await operate({ server: `${TRUSTED}\nallow_ips = ["203.0.113.0/24"]` });
    const cases: readonly (readonly [string[], number])[] = [
      [["203.0.113.7"], 200],
      [["198.51.100.9"], 403],
      [["203.0.113.7, 198.51.100.9"], 403],
      [["203.0.113.7", "198.51.100.9"], 403],
      [["203.0.113.7, 10.0.0.1"], 200],
      [["nonsense"], 403],
      [[""], 403],
      [[], 403],
    ];
    for (const [values, status] of cases) {
      expect((await call(server.process.port, {}, ...forwarded(...values)))?.status, values.join(" | ")).toBe(
        status,
      );
    }
    // A peer that is no proxy is not believed.
    expect(await statusFrom(server.process.port, "127.0.0.9", "127.0.0.1", ...forwarded("203.0.113.7"))).toBe(
      403,
    );
  });
});
