import { afterAll, beforeAll, expect, test } from "bun:test";
import { once } from "node:events";
import tls from "node:tls";
import * as v from "valibot";
import { connectionBy } from "../../../../plugins/shared/http/connection.ts";
import { dialTo } from "../../../../plugins/shared/http/dial.ts";
import { requestWriter } from "../../../../plugins/shared/http/request-bytes.ts";
import { type Certificates, makeCertificates } from "../../rest/certificates.ts";

let certificates: Certificates;
beforeAll(async () => {
  certificates = await makeCertificates();
  await certificates.issue("name", "DNS:localhost");
  await certificates.issue("address", "IP:127.0.0.1");
});
afterAll(() => certificates[Symbol.asyncDispose]());

/** A peer behind TLS that answers every request, and notes what each connection was asked for. */
async function startPeer(certificate: "name" | "address") {
  const seen: { readonly name: string | false | null; readonly protocol: string | false | null }[] = [];
  const server = tls.createServer(
    {
      cert: await certificates.read(`${certificate}.pem`),
      key: await certificates.read(`${certificate}.key`),
      ALPNProtocols: ["h2", "http/1.1"],
    },
    (socket) => {
      seen.push({ name: socket.servername, protocol: socket.alpnProtocol });
      socket.on("error", () => {});
      socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n30"));
    },
  );
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = v.parse(v.object({ port: v.number() }), server.address());
  return {
    port,
    seen,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

async function ask(origin: URL, calls = 1): Promise<string> {
  const secureContext = tls.createSecureContext({ ca: await certificates.read("ca.pem") });
  const connection = connectionBy(dialTo({ origin, secureContext }));
  const request = requestWriter({ origin, isKeepAlive: true })({ method: "GET", path: "/", headers: {} });
  let answers = "";
  try {
    for (let made = 0; made < calls; made += 1) {
      const { body } = await connection.ask(request, { needsBody: () => true, maxBytes: 10 });
      answers += Buffer.from(body).toString();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    connection.end();
  }
  return answers;
}

test("a peer is told the name that it is asked by, and its certificate must be for that name", async () => {
  await using peer = await startPeer("name");
  expect(await ask(new URL(`https://localhost:${peer.port}`), 3)).toBe("303030");
  expect(peer.seen).toEqual([{ name: "localhost", protocol: "http/1.1" }]);
  expect(await ask(new URL(`https://127.0.0.1:${peer.port}`))).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
});

test("a peer that is asked by its address is told no name, and its certificate must be for that address", async () => {
  await using peer = await startPeer("address");
  expect(await ask(new URL(`https://127.0.0.1:${peer.port}`))).toBe("30");
  expect(peer.seen.map(({ protocol }) => protocol)).toEqual(["http/1.1"]);
  expect(peer.seen[0]?.name || "").toBe("");
  expect(await ask(new URL(`https://localhost:${peer.port}`))).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
});
