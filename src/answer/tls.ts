import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  authorityProblem,
  certificatesProblem,
  isPair,
  keyProblem,
  pemText,
} from "../../plugins/shared/pem.ts";
import type { Config } from "../config/load.ts";
import { describeFileError } from "../file-error.ts";
import type { Problem } from "../config/problem.ts";

/** What the public listener encrypts with, as PEM text. It speaks TLS 1.2 and 1.3; 1.2 is the runtime's minimum. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Of TLS 1.2; those of 1.3 are all sound. */
  readonly ciphers: string;
  /** Set if callers must show a certificate of this authority. */
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
  const { cert: certFile, key: keyFile, client_ca: caFile } = server.tls;
  const read = (name: string, file: string, problemOf: (pem: string) => string | undefined) =>
    readPem(resolve(directory, file), problemOf, (message) => fail(name, message));
  const cert = await read("cert", certFile, certificatesProblem);
  const key = await read("key", keyFile, keyProblem);
  const ca = caFile === undefined ? undefined : await read("client_ca", caFile, authorityProblem);
  if (cert === undefined || key === undefined) return { tls: undefined, problems };
  if (!isPair(cert, key)) fail("key", "it is not the key of the certificate");
  const caller = ca === undefined ? {} : ({ ca, requestCert: true, rejectUnauthorized: true } as const);
  return { tls: { cert, key, ciphers: CIPHERS, ...caller }, problems };
}

async function readPem(
  file: string,
  problemOf: (pem: string) => string | undefined,
  fail: (message: string) => void,
): Promise<string | undefined> {
  try {
    const pem = pemText(await readFile(file));
    const problem = problemOf(pem);
    if (problem === undefined) return pem;
    fail(problem);
  } catch (error) {
    fail(`cannot read ${file}: ${describeFileError(error)}`);
  }
  return undefined;
}
