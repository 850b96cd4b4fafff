import http from "node:http";
import https from "node:https";
import { createSecureContext, rootCertificates } from "node:tls";
import type { OpenContext } from "../../src/plugin.ts";
import type { ClientTls } from "../shared/tls.ts";

/** A core may move to another address, and its name is looked up only for a new connection. */
const MAX_AGE_MS = 60_000;

/** How long readiness warns after an answer to another question. */
const WARN_FOR_MS = 600_000;

/** Closed before most cores would close it, because a question that crosses with their closing is asked twice. */
const MAX_IDLE_MS = 15_000;

export interface ConnectionOptions {
  readonly tls: ClientTls | undefined;
  /** A proxy's URL. Not the environment's: it would change who is asked, and who gets our credentials. */
  readonly proxy: string | undefined;
  /** `fresh`: no connection is used again. */
  readonly connections: "pooled" | "fresh";
  readonly maxAgeMs?: number;
}

/**
 * The connections to one core. They belong to this source alone. `fetch` has one pool for the whole process: nothing
 * empties it, and it hands on a socket that holds a stray answer. Here a socket that gets bytes while idle is
 * destroyed (by Node's `Agent`), none is older than a minute, and all can be given up.
 */
export interface Connections {
  /** The agent that a new call gets its connection from. */
  readonly agent: () => http.Agent;
  /** After an answer to another question: ends all connections of an agent, those in use after their call. */
  giveUp(agent: http.Agent): void;
  /** What the operator should know for a while after such an answer. */
  warning(): string | undefined;
  /** Ends the present connections. A later call gets a connection of its own. */
  close(): void;
}

export function openConnections(
  origin: URL,
  { tls, proxy, connections, maxAgeMs = MAX_AGE_MS }: ConnectionOptions,
  { log, count }: Pick<OpenContext, "log" | "count">,
): Connections {
  const isSecure = origin.protocol === "https:";
  // One context for all connections, because a `ca` in the options would be parsed for each. Without authorities of
  // its own it would also trust those that NODE_EXTRA_CA_CERTS names.
  const secureContext = isSecure ? createSecureContext({ ca: [...rootCertificates], ...tls }) : undefined;
  const firstKeptMs = new WeakMap<object, number>();
  let current = openAgent();
  let isClosed = false;
  let wrongEchoes = 0;
  let latestMs = -Infinity;

  function openAgent(): http.Agent {
    const settings = {
      keepAlive: connections === "pooled",
      timeout: MAX_IDLE_MS,
      ...(proxy !== undefined && { proxyEnv: { http_proxy: proxy, https_proxy: proxy } }),
    };
    const agent = isSecure
      ? // Said here, or else NODE_TLS_REJECT_UNAUTHORIZED has the say.
        new https.Agent({ ...settings, secureContext, rejectUnauthorized: true })
      : new http.Agent(settings);
    const keep = agent.keepSocketAlive.bind(agent);
    agent.keepSocketAlive = (socket) => {
      const sinceMs = firstKeptMs.get(socket) ?? performance.now();
      firstKeptMs.set(socket, sinceMs);
      const isYoung = performance.now() - sinceMs < maxAgeMs;
      return isYoung && agent === current && !isClosed && keep(socket);
    };
    return agent;
  }

  return {
    agent: () => current,
    giveUp(agent) {
      count("wrong_echo");
      wrongEchoes += 1;
      latestMs = performance.now();
      if (wrongEchoes === 1) {
        log.warn("the core gave an answer to another question; its connections are given up", {
          core: origin.host,
        });
      }
      if (agent === current) current = openAgent();
      endIdle(agent);
    },
    warning() {
      const agoMs = performance.now() - latestMs;
      if (agoMs > WARN_FOR_MS) return undefined;
      return `the core gave ${wrongEchoes} answers to other questions, the latest ${Math.round(agoMs / 1000)} s ago (echo)`;
    },
    close() {
      isClosed = true;
      endIdle(current);
    },
  };
}

function endIdle(agent: http.Agent): void {
  const idle = Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? []);
  for (const socket of idle) socket.destroy();
}
