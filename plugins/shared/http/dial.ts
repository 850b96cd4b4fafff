import { connect as connectTcp, isIP } from "node:net";
import { connect as connectTls, type SecureContext } from "node:tls";
import { lateWire } from "./late-wire.ts";
import { namedWire } from "./named-wire.ts";
import { plainWire } from "./plain-wire.ts";
import { streamWire } from "./stream-wire.ts";
import { openTunnel } from "./tunnel.ts";
import type { Dial, Wire } from "./wire.ts";

/** Where a connection leads. Nothing of it comes from the environment. */
export interface Route {
  readonly origin: URL;
  /** Of an `https:` origin: whom we trust, and our own certificate. */
  readonly secureContext: SecureContext | undefined;
  readonly proxy?: Proxy | undefined;
}

/** An HTTP proxy. Plain HTTP is written to it as it is; TLS goes through a tunnel. */
export interface Proxy {
  readonly url: URL;
  /** Of an `https:` one: whom we trust. */
  readonly secureContext: SecureContext | undefined;
}

export function dialTo({ origin, secureContext, proxy }: Route): Dial {
  if (secureContext === undefined) {
    const { url, secureContext: context } = proxy ?? { url: origin };
    return context === undefined ? plainly(addressOf(url)) : securely(url, context);
  }
  return proxy === undefined ? securely(origin, secureContext) : throughTunnel(proxy, origin, secureContext);
}

function plainly({ host, port }: Address): Dial {
  if (isIP(host) === 0) return (events) => namedWire(host, port, events);
  return (events) => plainWire(host, port, events);
}

// By Node's sockets, because the runtime's own take no prepared context: they would parse the authorities for each connection.
function securely(url: URL, secureContext: SecureContext): Dial {
  const options = tlsOptions(url, secureContext);
  return (events) => streamWire(connectTls(options), "secureConnect", events);
}

function tlsOptions(url: URL, secureContext: SecureContext) {
  const { host, port } = addressOf(url);
  return {
    host,
    port,
    secureContext,
    // Said here, or else NODE_TLS_REJECT_UNAUTHORIZED has the say.
    rejectUnauthorized: true,
    ALPNProtocols: ["http/1.1"],
    ...(isIP(host) === 0 && { servername: host }),
  };
}

function throughTunnel(proxy: Proxy, origin: URL, secureContext: SecureContext): Dial {
  const secured = tlsOptions(origin, secureContext);
  const authority = `${origin.hostname}:${secured.port}`;
  const credentials = proxyAuthorization(proxy.url);
  return (events) => {
    let wire: Wire | undefined;
    let isOver = false;
    const socket =
      proxy.secureContext === undefined
        ? connectTcp({ ...addressOf(proxy.url), noDelay: true })
        : connectTls(tlsOptions(proxy.url, proxy.secureContext));
    const opens = proxy.secureContext === undefined ? "connect" : "secureConnect";
    openTunnel({ socket, opens, authority, credentials }, (problem) => {
      if (isOver) return;
      if (problem === undefined) {
        wire = streamWire(connectTls({ ...secured, socket }), "secureConnect", events);
        return;
      }
      socket.destroy();
      events.onLost(problem);
    });
    return lateWire(
      () => wire,
      () => {
        isOver = true;
        wire?.close();
        socket.destroy();
      },
    );
  };
}

/** What a proxy's URL says of us, as a header's value. */
export function proxyAuthorization({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(credentials).toString("base64")}`;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Without the brackets that an IPv6 address has in a URL. */
function addressOf({ hostname, port, protocol }: URL): Address {
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port || (protocol === "https:" ? 443 : 80)),
  };
}
