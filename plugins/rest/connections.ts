import type { OpenContext } from "../../src/plugin.ts";
import { type Connection, connectionBy } from "../shared/http/connection.ts";
import { dialTo } from "../shared/http/dial.ts";
import { authorities, clientContext, type ClientTls } from "../shared/tls.ts";

/** A core may move to another address, and its name is looked up only for a new connection. */
const MAX_AGE_MS = 60_000;

/** How long readiness warns after an answer to another question. */
const WARN_FOR_MS = 600_000;

/** Closed before most cores would close it, because a question that crosses with their closing is asked twice. */
const MAX_IDLE_MS = 15_000;

/** So long before a core closes it, by its own words. */
const MARGIN_MS = 1000;

/** RFC 2068, section 19.7.1.1: the seconds that the core keeps a connection without a call. */
const KEEP_ALIVE_TIMEOUT = /(?:^|,)\s*timeout\s*=\s*"?(\d{1,9})/i;

export interface ConnectionOptions {
  readonly tls: ClientTls | undefined;
  /** A proxy's URL. Not the environment's: it would change who is asked, and who gets our credentials. */
  readonly proxy: URL | undefined;
  /** `fresh`: no connection is used again. */
  readonly connections: "pooled" | "fresh";
  readonly maxAgeMs?: number;
  readonly maxIdleMs?: number;
}

/** A connection in use. */
export interface Lease {
  readonly connection: Connection;
  /** Those of one generation are given up together. */
  readonly generation: number;
  readonly openedMs: number;
  /** Until when it may wait for work. */
  usableUntilMs: number;
}

/**
 * The connections to one core. They belong to this source alone. One that gets bytes while it waits for work ends, none
 * is older than a minute, and all can be given up.
 */
export interface Connections {
  /** A connection for one call: the one that was used last, or a new one. */
  take(): Lease;
  /** Keeps it for another call, after an answer that was understood; `keepAlive` is that answer's header. */
  keep(lease: Lease, keepAlive: string | undefined): void;
  /** After an answer to another question: ends all connections of this one's generation, those in use after their call. */
  giveUp(lease: Lease): void;
  /** What the operator should know for a while after such an answer. */
  warning(): string | undefined;
  /** Ends the present connections. A later call gets a connection of its own. */
  close(): void;
}

export function openConnections(
  origin: URL,
  { tls, proxy, connections, maxAgeMs = MAX_AGE_MS, maxIdleMs = MAX_IDLE_MS }: ConnectionOptions,
  { log, count }: Pick<OpenContext, "log" | "count">,
): Connections {
  const dial = dialTo({
    origin,
    secureContext: origin.protocol === "https:" ? clientContext(tls) : undefined,
    proxy: proxy && {
      url: proxy,
      secureContext: proxy.protocol === "https:" ? clientContext(authorities(tls)) : undefined,
    },
  });
  /** The one that was used last comes last. Some may have ended meanwhile. */
  let idle: Lease[] = [];
  let sweeping: Timer | undefined;
  let generation = 0;
  let isClosed = false;
  let wrongEchoes = 0;
  let latestMs = -Infinity;

  function sweep(): void {
    const nowMs = performance.now();
    idle = idle.filter(({ connection, usableUntilMs }) => {
      if (nowMs >= usableUntilMs) connection.end();
      return !connection.isOver;
    });
    if (idle.length > 0) return;
    clearInterval(sweeping);
    sweeping = undefined;
  }

  function endIdle(): void {
    for (const { connection } of idle.splice(0)) connection.end();
  }

  return {
    take() {
      const nowMs = performance.now();
      for (let lease = idle.pop(); lease !== undefined; lease = idle.pop()) {
        if (nowMs < lease.usableUntilMs && !lease.connection.isOver) return lease;
        lease.connection.end();
      }
      return { connection: connectionBy(dial), generation, openedMs: nowMs, usableUntilMs: nowMs };
    },
    keep(lease, keepAlive) {
      if (connections === "fresh" || isClosed || lease.generation !== generation)
        return lease.connection.end();
      if (lease.connection.isOver) return;
      const idleMs = Math.min(maxIdleMs, coresIdleMs(keepAlive));
      lease.usableUntilMs = Math.min(lease.openedMs + maxAgeMs, performance.now() + idleMs);
      idle.push(lease);
      sweeping ??= setInterval(sweep, maxIdleMs / 3).unref();
    },
    giveUp(lease) {
      count("wrong_echo");
      wrongEchoes += 1;
      latestMs = performance.now();
      if (wrongEchoes === 1) {
        log.warn("the core gave an answer to another question; its connections are given up", {
          core: origin.host,
        });
      }
      if (lease.generation !== generation) return;
      generation += 1;
      endIdle();
    },
    warning() {
      const agoMs = performance.now() - latestMs;
      if (agoMs > WARN_FOR_MS) return undefined;
      return `the core gave ${wrongEchoes} answers to other questions, the latest ${Math.round(agoMs / 1000)} s ago (echo)`;
    },
    close() {
      isClosed = true;
      clearInterval(sweeping);
      endIdle();
    },
  };
}

function coresIdleMs(keepAlive: string | undefined): number {
  const seconds = keepAlive === undefined ? undefined : KEEP_ALIVE_TIMEOUT.exec(keepAlive)?.[1];
  return seconds === undefined ? Infinity : Number(seconds) * 1000 - MARGIN_MS;
}
