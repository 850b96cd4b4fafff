import type { EngineTls } from "./engine-options.ts";
import { type Host, isOnThisMachine } from "./lanes/host.ts";
import { readTls } from "./tls.ts";

/** The client's TLS settings for one host; `false` is plain text. */
export type HostTls = false | (Bun.TLSOptions & { readonly rejectUnauthorized: boolean });

/**
 * Reads the PEM files once. Without `tls`, the server is verified in full, unless it is on this machine. Every field
 * is given: an environment variable must not turn verification off.
 */
export async function engineTlsFor(
  tls: EngineTls | undefined,
  directory: string,
): Promise<(host: Host) => HostTls> {
  const { mode = "verify-full", server_name, ...files } = tls ?? {};
  const pem = await readTls(files, directory);
  return (host) => {
    if (mode === "off" || (tls === undefined && isOnThisMachine(host))) return false;
    return {
      ...pem,
      rejectUnauthorized: mode === "verify-full",
      ...(server_name === undefined ? {} : { serverName: server_name }),
    };
  };
}

/** A warning about hosts to which passwords and balances travel in plain text. */
export function plainTextWarning(hosts: readonly Host[], tls: EngineTls | undefined): string | undefined {
  const exposed = tls?.mode === "off" ? hosts.filter((host) => !isOnThisMachine(host)) : [];
  if (exposed.length === 0) return undefined;
  const names = exposed.map(({ name }) => name).join(", ");
  return `tls.mode = "off": everything to and from ${names} travels in plain text`;
}
