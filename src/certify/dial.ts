import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { EndpointAddress, ProxyAddress } from "./endpoint-address.ts";

/** Why there is no connection or no reply, as text for the user. */
export interface NoReply {
  readonly noReply: string;
}

export const REFUSED = "connection refused";

/**
 * A connected socket, within the time that one call has. Proxies and certificates in the environment do not count,
 * except NODE_EXTRA_CA_CERTS: only the options say how the endpoint is reached.
 */
export async function dial(endpoint: EndpointAddress, timeoutMs: number): Promise<Socket | NoReply> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const { proxy, host, port, tls } = endpoint;
  const tcp = await connected(
    connectTcp(proxy === undefined ? { host, port, noDelay: true } : { ...proxy, noDelay: true }),
    "connect",
    deadline,
  );
  if ("noReply" in tcp) return proxy === undefined ? tcp : { noReply: `the proxy: ${tcp.noReply}` };
  const socket = proxy === undefined ? tcp : await tunnel(tcp, proxy, endpoint, deadline);
  if ("noReply" in socket || !tls) return socket;
  const servername = isIP(host) === 0 ? { servername: host } : { host };
  const secured = connectTls({
    socket,
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: endpoint.trustsAnyCertificate !== true,
    ...servername,
  });
  return await connected(secured, "secureConnect", deadline);
}

function connected(
  socket: Socket,
  event: "connect" | "secureConnect",
  deadline: AbortSignal,
): Promise<Socket | NoReply> {
  const { promise, resolve } = Promise.withResolvers<Socket | NoReply>();
  const fail = (noReply: string): void => {
    socket.destroy();
    resolve({ noReply });
  };
  const onDeadline = (): void => fail("no connection in time");
  deadline.addEventListener("abort", onDeadline);
  socket.on("error", (error) => fail(plainCause(error)));
  socket.once(event, () => resolve(socket));
  return promise.finally(() => deadline.removeEventListener("abort", onDeadline));
}

/** RFC 9110, section 9.3.6: what follows a 2xx is the endpoint's. So the proxy changes nothing, of plain HTTP either. */
async function tunnel(
  socket: Socket,
  { authorization }: ProxyAddress,
  { host, port }: EndpointAddress,
  deadline: AbortSignal,
): Promise<Socket | NoReply> {
  const target = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const { promise, resolve } = Promise.withResolvers<Socket | NoReply>();
  const fail = (problem: string): void => {
    socket.destroy();
    resolve({ noReply: `the proxy makes no connection to ${target}: ${problem}` });
  };
  let head = "";
  const onData = (chunk: Buffer): void => {
    head += chunk.toString("latin1");
    if (!head.includes("\r\n\r\n")) return;
    const [statusLine = ""] = head.split("\r\n");
    if (/^HTTP\/1\.[01] 2\d\d/.test(statusLine)) resolve(socket);
    else fail(/^HTTP\/1\.[01] \d{3}/.test(statusLine) ? statusLine : "it does not speak HTTP");
  };
  const onClose = (): void => fail("it closed the connection");
  const onDeadline = (): void => fail("no answer in time");
  socket.on("data", onData);
  socket.on("close", onClose);
  deadline.addEventListener("abort", onDeadline);
  const credentials = authorization === undefined ? "" : `Proxy-Authorization: ${authorization}\r\n`;
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${credentials}\r\n`);
  return await promise.finally(() => {
    socket.off("data", onData);
    socket.off("close", onClose);
    deadline.removeEventListener("abort", onDeadline);
  });
}

const UNTRUSTED =
  "its certificate is not trusted; the variable NODE_EXTRA_CA_CERTS names the file of an authority of your own";

const PLAIN_CAUSES = new Map([
  ["ECONNREFUSED", REFUSED],
  ["ECONNRESET", "connection reset"],
  ["EPIPE", "connection closed while the call was sent"],
  ["ENOTFOUND", "no such host"],
  ["EHOSTUNREACH", "no route to the host"],
  ["ENETUNREACH", "no route to the network"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", UNTRUSTED],
  ["SELF_SIGNED_CERT_IN_CHAIN", UNTRUSTED],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", UNTRUSTED],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", UNTRUSTED],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "its certificate is for another name"],
  ["CERT_HAS_EXPIRED", "its certificate has expired"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "it does not speak TLS there: does the URL begin with http://?"],
]);

export function plainCause(error: Error & { readonly code?: string }): string {
  return PLAIN_CAUSES.get(error.code ?? "") ?? error.message;
}
