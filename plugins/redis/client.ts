import { RedisClient } from "bun";
import type { HostTls } from "../shared/engine-tls.ts";
import type { Host } from "../shared/lanes/host.ts";

/** How long connecting may take. */
export const CONNECT_MS = 2000;

/** What a connection to a host needs. */
export interface Address {
  readonly host: Host;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly tls: HostTls;
}

/** A client of one connection, which is never reopened and takes no command before it is open. */
export function clientOf({ host, user, password, tls }: Address): RedisClient {
  const login =
    password === undefined ? "" : `${encodeURIComponent(user ?? "")}:${encodeURIComponent(password)}@`;
  const scheme = tls === false ? "redis" : "rediss";
  const address = host.address ?? host.hostname;
  const hostname = address.includes(":") ? `[${address}]` : address;
  const url =
    host.socket === undefined
      ? `${scheme}://${login}${hostname}:${host.port}`
      : `redis+unix://${login}${host.socket}`;
  return new RedisClient(url, {
    connectionTimeout: CONNECT_MS,
    idleTimeout: 0,
    autoReconnect: false,
    maxRetries: 0,
    enableOfflineQueue: false,
    tls: tls === false ? false : tls,
  });
}
