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
      ...serverName(server_name, host),
    };
  };
}

/** The name that the certificate must have; of an address it is found out by the runtime. */
function serverName(
  given: string | undefined,
  { hostname, address }: Host,
): { readonly serverName?: string } {
  if (given !== undefined) return { serverName: given };
  return address === undefined ? {} : { serverName: hostname };
}

/** A warning about hosts to which passwords and balances travel in plain text. */
export function plainTextWarning(hosts: readonly Host[], tls: EngineTls | undefined): string | undefined {
  const exposed = tls?.mode === "off" ? hosts.filter((host) => !isOnThisMachine(host)) : [];
  if (exposed.length === 0) return undefined;
  const names = exposed.map(({ name }) => name).join(", ");
  return `tls.mode = "off": everything to and from ${names} travels in plain text`;
}

const UNKNOWN_AUTHORITY =
  "has a certificate of an authority that is not known here: give the authority's file as tls.ca";

/** By the code of OpenSSL's, or the runtime's, error. */
const CERTIFICATES: ReadonlyMap<unknown, string> = new Map([
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", UNKNOWN_AUTHORITY],
  ["UNABLE_TO_GET_ISSUER_CERT", UNKNOWN_AUTHORITY],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", UNKNOWN_AUTHORITY],
  ["SELF_SIGNED_CERT_IN_CHAIN", UNKNOWN_AUTHORITY],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", UNKNOWN_AUTHORITY],
  ["CERT_HAS_EXPIRED", "has a certificate that has expired: renew it there"],
  [
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "has a certificate for another name: write the name in hosts as the certificate has it, or set tls.server_name",
  ],
]);

/** What is wrong with the server's certificate, worded to follow its name; `undefined` if the error is another one. */
export function explainCertificate(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? CERTIFICATES.get(error.code) : undefined;
}
