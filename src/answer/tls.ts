import { readFile } from "node:fs/promises";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import type { Config } from "../config/load.ts";
import { describeFileError } from "../file-error.ts";
import type { Problem } from "../config/problem.ts";

/** What the public listener encrypts with, as PEM text. TLS 1.2 and 1.3 are spoken; it is the runtime's minimum. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Of TLS 1.2; those of 1.3 are all sound. */
  readonly ciphers: string;
  /** Set where callers must show a certificate of this authority. */
  readonly ca?: string;
  readonly requestCert?: true;
  readonly rejectUnauthorized?: true;
}

/** Forward secrecy and authenticated encryption: no CBC, no key exchange by RSA (RFC 9325, section 4.2). */
const CIPHERS = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"]
  .flatMap((cipher) => [`ECDHE-ECDSA-${cipher}`, `ECDHE-RSA-${cipher}`])
  .join(":");

/** Reads the files that `server.tls` names, and says which cannot be read or do not fit together. */
export async function readServerTls({ server, directory }: Config): Promise<{
  readonly tls: ServerTls | undefined;
  readonly problems: readonly Problem[];
}> {
  if (server.tls === undefined) return { tls: undefined, problems: [] };
  const problems: Problem[] = [];
  const fail = (name: string, message: string) => {
    problems.push({ path: ["server", "tls", name], message });
  };
  const read = async (name: string, pem: string | undefined) =>
    pem === undefined ? undefined : readPem(resolve(directory, pem), (message) => fail(name, message));
  const { cert: certFile, key: keyFile, client_ca: caFile } = server.tls;
  const cert = await read("cert", certFile);
  const key = await read("key", keyFile);
  const ca = await read("client_ca", caFile);
  if (cert !== undefined && key !== undefined) checkPair({ cert, key }, fail);
  if (cert === undefined || key === undefined || problems.length > 0) return { tls: undefined, problems };
  const caller = ca === undefined ? {} : ({ ca, requestCert: true, rejectUnauthorized: true } as const);
  return { tls: { cert, key, ciphers: CIPHERS, ...caller }, problems };
}

async function readPem(file: string, fail: (message: string) => void): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    fail(`cannot read ${file}: ${describeFileError(error)}`);
    return undefined;
  }
}

type Fail = (name: string, message: string) => void;

function checkPair({ cert, key }: { readonly cert: string; readonly key: string }, fail: Fail): void {
  const certificate = parsed(() => new X509Certificate(cert));
  const privateKey = parsed(() => createPrivateKey(key));
  if (certificate === undefined) fail("cert", "expected a certificate, in PEM form");
  if (privateKey === undefined) fail("key", "expected a private key without a password, in PEM form");
  if (certificate === undefined || privateKey === undefined) return;
  if (!certificate.checkPrivateKey(privateKey)) fail("key", "it is not the key of the certificate");
}

function parsed<Value>(parse: () => Value): Value | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
