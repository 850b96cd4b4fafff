import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type ConnectionOptions, type PeerCertificate } from "node:tls";
import { type Certificates, makeCertificates } from "../plugins/rest/certificates.ts";
import { signatureOf } from "../raw-http.ts";
import { run } from "../server-process.ts";
import { body, eventually, OK, operate, type Operated, SECRET } from "./operated.ts";

const TLS = 'tls = { cert = "cert.pem", key = "key.pem" }';
const WITH_CLIENTS = 'tls = { cert = "cert.pem", key = "key.pem", client_ca = "ca.pem" }';

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

async function clientPair(of: Certificates) {
  return { cert: await of.read("client.pem"), key: await of.read("client.key") };
}

/** Makes `name` the server's certificate. */
function use({ directory }: Certificates, name: string, folder: string): void {
  copyFileSync(join(directory, `${name}.pem`), join(folder, "cert.pem"));
  copyFileSync(join(directory, `${name}.key`), join(folder, "key.pem"));
  copyFileSync(join(directory, "ca.pem"), join(folder, "ca.pem"));
}

/** Without the admin listener, so that one worker means one process. */
async function serveTls(certificates: Certificates, server: string, name = "first"): Promise<Operated> {
  return await operate({ server, admin: false }, (folder) => use(certificates, name, folder));
}

async function fetchBalance(port: number, tls: Bun.TLSOptions, isFresh = false): Promise<string> {
  return await fetchSigned(port, "balance", tls, isFresh);
}

async function fetchSigned(
  port: number,
  endpoint: string,
  tls: Bun.TLSOptions,
  isFresh = false,
): Promise<string> {
  const text = body();
  const response = await fetch(`https://127.0.0.1:${port}/${endpoint}`, {
    method: "POST",
    headers: { "X-Signature": signatureOf(SECRET, text), ...(isFresh ? { Connection: "close" } : {}) },
    body: text,
    tls,
    keepalive: !isFresh,
  });
  return await response.text();
}

/** The certificate that the server shows, or the code of the error. */
function handshake(port: number, options: ConnectionOptions): Promise<PeerCertificate | string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", ...options }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.on("error", (error) => {
      resolve(error.message);
      socket.destroy();
    });
  });
}

async function commonName(port: number, ca: string): Promise<unknown> {
  const shown = await handshake(port, { ca });
  return typeof shown === "string" ? shown : shown.subject.CN;
}

/** What openssl says of a handshake in one version of TLS. */
async function speaks(port: number, version: string, cipher = "ALL"): Promise<boolean> {
  const command = [
    "openssl",
    "s_client",
    "-connect",
    `127.0.0.1:${port}`,
    version,
    "-cipher",
    `${cipher}:@SECLEVEL=0`,
  ];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  const text = await child.stdout.text();
  return /^(?:New, |\s+Cipher\s+:).*(?:ECDHE|TLS_|AES)/m.test(text);
}

const BOOKED = '{"status_code":"OK","balance":"29"}';

/** A core whose answers wait until they are let go. */
async function answeringWhenTold(held: (() => void)[]) {
  const core = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: () => new Promise<Response>((resolve) => held.push(() => resolve(new Response(BOOKED)))),
  });
  return { url: core.url.href, [Symbol.asyncDispose]: () => core.stop(true) };
}

setDefaultTimeout(60_000);

describe.concurrent("TLS", () => {
  test("is served, and nothing else on its port; 1.2 and 1.3 are spoken, nothing older", async () => {
    await using certificates = await makeCertificates();
    await certificates.issue("first", "IP:127.0.0.1");
    await using server = await serveTls(certificates, TLS);
    const { port } = server.process;
    expect(server.process.log()).toContain(`"url":"https://127.0.0.1:${port}/balance"`);
    expect(await fetchBalance(port, { ca: await certificates.read("ca.pem") })).toBe(OK);
    expect(await server.balance().catch(() => undefined)).toBeUndefined();
    expect(await speaks(port, "-tls1_3")).toBe(true);
    expect(await speaks(port, "-tls1_2")).toBe(true);
    expect(await speaks(port, "-tls1_1")).toBe(false);
    expect(await speaks(port, "-tls1")).toBe(false);
    // No CBC, and no key exchange without forward secrecy.
    for (const cipher of [
      "ECDHE-RSA-AES128-SHA",
      "ECDHE-ECDSA-AES256-SHA",
      "AES128-GCM-SHA256",
      "AES128-SHA",
    ]) {
      expect(await speaks(port, "-tls1_2", cipher), cipher).toBe(false);
    }
  });

  test.each([1, 2])(
    "a stop right after a new certificate waits for the calls on the listener before: workers = %i",
    async (workers) => {
      await using certificates = await makeCertificates();
      for (const name of ["first", "second"]) await certificates.issue(name, "IP:127.0.0.1");
      const held: (() => void)[] = [];
      await using core = await answeringWhenTold(held);
      const server = `workers = ${workers}\n${TLS}`;
      const webhook = `secrets = ["${SECRET}"]\nforward = { url = "${core.url}", timeout_ms = 30000 }`;
      await using operated = await operate({ server, webhook, admin: false }, (folder) =>
        use(certificates, "first", folder),
      );
      const ca = await certificates.read("ca.pem");
      const call = fetchSigned(operated.process.port, "bet", { ca });
      await eventually("the call", () => Promise.resolve(held.length === 1));
      use(certificates, "second", operated.folder);
      expect(await operated.reload()).toMatchObject({ msg: "reloaded" });
      operated.process.signal("SIGTERM");
      await operated.line(({ msg }) => msg === "draining");
      // The new listener, which has no call, has long been closed by then.
      await Bun.sleep(600);
      for (const answer of held) answer();
      expect(await call).toBe(BOOKED);
      expect(await operated.process.exited).toBe(0);
    },
  );

  test.each([1, 2])(
    "certificate and key follow a reload, and calls go on meanwhile: workers = %i",
    async (workers) => {
      await using certificates = await makeCertificates();
      for (const name of ["first", "second"]) await certificates.issue(name, "IP:127.0.0.1");
      await using server = await serveTls(certificates, `workers = ${workers}\n${TLS}`);
      const { port } = server.process;
      const ca = await certificates.read("ca.pem");
      expect(await commonName(port, ca)).toBe("first");

      const ending = new AbortController();
      const answers = { reused: new Map<string, number>(), fresh: new Map<string, number>() };
      async function ask(isFresh: boolean): Promise<void> {
        const counts = isFresh ? answers.fresh : answers.reused;
        while (!ending.signal.aborted) {
          const answer = await fetchBalance(port, { ca }, isFresh).catch(codeOf);
          counts.set(answer, (counts.get(answer) ?? 0) + 1);
        }
      }
      const asking = [false, false, true, true].map(ask);
      for (const name of ["second", "first", "second", "first", "second"]) {
        use(certificates, name, server.folder);
        expect(await server.reload()).toMatchObject({ msg: "reloaded" });
        await Bun.sleep(400);
        expect(await commonName(port, ca)).toBe(name);
      }
      ending.abort();
      await Promise.all(asking);
      expect(answers.reused.get(OK)).toBeGreaterThan(20);
      expect(answers.fresh.get(OK)).toBeGreaterThan(20);
      // A connection that is being made as the listener before closes is reset, before anything was asked on it.
      for (const [counts, tolerated] of [
        [answers.reused, 4],
        [answers.fresh, 20],
      ] as const) {
        expect(counts.get("ECONNRESET") ?? 0).toBeLessThanOrEqual(tolerated);
        expect(["ECONNRESET", OK]).toEqual(expect.arrayContaining([...counts.keys()]));
      }
    },
  );

  test("a certificate that is none, or not of the key, keeps the one before", async () => {
    await using certificates = await makeCertificates();
    for (const name of ["first", "second"]) await certificates.issue(name, "IP:127.0.0.1");
    await using server = await serveTls(certificates, TLS);
    const { port } = server.process;
    const ca = await certificates.read("ca.pem");
    const mistakes: readonly (readonly [string, string])[] = [
      [await certificates.read("second.pem"), "server.tls.key: it is not the key of the certificate"],
      ["not a certificate", "server.tls.cert: expected a certificate, in PEM form"],
      ["", "server.tls.cert: expected a certificate, in PEM form"],
    ];
    for (const [text, says] of mistakes) {
      server.write("cert.pem", text);
      expect(await server.reload()).toMatchObject({
        level: "error",
        problem: `config.toml: ${says}`,
      });
      const checked = await run(["check"], { cwd: server.folder });
      expect(checked).toMatchObject({
        exitCode: 2,
        stdout: expect.stringContaining(`error   config.toml: ${says}\n`),
      });
      expect(await commonName(port, ca)).toBe("first");
      expect(await fetchBalance(port, { ca })).toBe(OK);
    }
    use(certificates, "second", server.folder);
    expect(await server.reload()).toMatchObject({ msg: "reloaded" });
    await Bun.sleep(400);
    expect(await commonName(port, ca)).toBe("second");
  });

  test("with client_ca only callers with a certificate of it are heard", async () => {
    await using certificates = await makeCertificates();
    await using strangers = await makeCertificates();
    for (const name of ["first", "client"]) await certificates.issue(name, "IP:127.0.0.1");
    await strangers.issue("client", "IP:127.0.0.1");
    await using server = await serveTls(certificates, WITH_CLIENTS);
    const { port } = server.process;
    const ca = await certificates.read("ca.pem");
    expect(await fetchBalance(port, { ca, ...(await clientPair(certificates)) })).toBe(OK);
    for (const tls of [{ ca }, { ca, ...(await clientPair(strangers)) }]) {
      expect(await fetchBalance(port, tls, true).catch(() => "refused")).toBe("refused");
    }
    server.process.signal("SIGTERM");
    expect(await server.process.exited).toBe(0);
    expect(server.lines().filter(({ msg }) => msg === "balance")).toHaveLength(1);
  });

  test("whatever a reload would take up is tried before, and is named if it is another thing", async () => {
    await using certificates = await makeCertificates();
    for (const name of ["first", "client"]) await certificates.issue(name, "IP:127.0.0.1");
    await using server = await serveTls(certificates, WITH_CLIENTS);
    const { port } = server.process;
    const caller = { ca: await certificates.read("ca.pem"), ...(await clientPair(certificates)) };
    const [cert, key] = [await certificates.read("first.pem"), await certificates.read("first.key")];
    const cases = [
      [
        "ca.pem",
        key,
        "server.tls.client_ca: it holds a private key; expected the certificates of an authority",
      ],
      ["ca.pem", "nothing", "server.tls.client_ca: expected a certificate, in PEM form"],
      [
        "ca.pem",
        cert + cert.replace(/\n.{9}/, "\n"),
        "server.tls.client_ca: certificate 2 of 2 in it cannot be read",
      ],
      ["cert.pem", key, "server.tls.cert: expected a certificate, in PEM form"],
      ["key.pem", await encrypted(key), "server.tls.key: it is encrypted; expected a key without a password"],
      [
        "key.pem",
        await certificates.read("client.key"),
        "server.tls.key: it is not the key of the certificate",
      ],
      ["key.pem", cert, "server.tls.key: expected a private key, in PEM form"],
    ] as const;
    for (const [file, text, says] of cases) {
      server.write(file, text);
      expect((await server.reload())["problem"]).toContain(`config.toml: ${says}`);
      expect(await fetchBalance(port, caller, true)).toBe(OK);
      use(certificates, "first", server.folder);
    }
    server.write("key.pem", "nothing");
    server.write("ca.pem", "nothing");
    expect(String((await server.reload())["problem"]).split("\n")).toHaveLength(2);
  });

  test("a byte-order mark before a PEM text is no reason to refuse it", async () => {
    await using certificates = await makeCertificates();
    for (const name of ["first", "client"]) await certificates.issue(name, "IP:127.0.0.1");
    await using server = await serveTls(certificates, WITH_CLIENTS);
    for (const file of ["ca.pem", "cert.pem", "key.pem"]) {
      server.write(file, `\ufeff${readFileSync(join(server.folder, file), "utf8")}`);
    }
    expect(await server.reload()).toMatchObject({ msg: "reloaded" });
    const caller = { ca: await certificates.read("ca.pem"), ...(await clientPair(certificates)) };
    expect(await fetchBalance(server.process.port, caller, true)).toBe(OK);
  });
});

/** The key with a password, as `openssl pkcs8` writes it. */
async function encrypted(key: string): Promise<string> {
  const child = Bun.spawn(["openssl", "pkcs8", "-topk8", "-passout", "pass:4711"], {
    stdin: Buffer.from(key),
    stdout: "pipe",
    stderr: "ignore",
  });
  return await child.stdout.text();
}
