import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";
import { authorityProblem, certificatesProblem, isPair, keyProblem, pemText } from "./pem.ts";

/** PEM texts: the authorities that we trust instead of those that come with the runtime, and our own certificate. */
export interface ClientTls {
  ca?: string;
  cert?: string;
  key?: string;
}

/**
 * Made once for all connections, because a `ca` in their options would be parsed for each. Without authorities of its own it
 * would also trust those that NODE_EXTRA_CA_CERTS names.
 */
export function clientContext(tls: ClientTls | undefined): SecureContext {
  return createSecureContext({ ca: [...rootCertificates], ...tls });
}

/** Our own certificate is for the core alone: what anyone else on the way is asked with. */
export function authorities(tls: ClientTls | undefined): ClientTls | undefined {
  return tls?.ca === undefined ? undefined : { ca: tls.ca };
}

/** The files as the options name them, relative to the folder of the configuration. */
interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Reads the files and tries them out, so that a mistake shows at start-up and not in the first lookup. */
export async function readTls(tls: TlsFiles | undefined, directory: string): Promise<ClientTls | undefined> {
  if (tls === undefined) return undefined;
  const pem: ClientTls = {};
  for (const name of ["ca", "cert", "key"] as const) {
    const file = tls[name];
    if (file !== undefined) pem[name] = await readPem(name, resolve(directory, file));
  }
  const { cert, key } = pem;
  if (cert !== undefined && key !== undefined && !isPair(cert, key)) {
    throw new Error("tls.key: it is not the key of tls.cert");
  }
  // Anything else that the runtime may reject.
  createSecureContext(pem);
  return pem;
}

const PROBLEM = { ca: authorityProblem, cert: certificatesProblem, key: keyProblem };

async function readPem(name: keyof ClientTls, file: string): Promise<string> {
  let text: string;
  try {
    text = pemText(await readFile(file));
  } catch (error) {
    throw new Error(`tls.${name}: cannot read ${file}`, { cause: error });
  }
  const problem = PROBLEM[name](text);
  if (problem !== undefined) throw new Error(`tls.${name}: ${problem}`);
  return text;
}
