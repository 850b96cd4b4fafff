import { readFile } from "node:fs/promises";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import type { Config } from "../config/load.ts";
import { describeFileError } from "../file-error.ts";
import { Failure } from "../failure.ts";

/** What the public listener encrypts with, as PEM text. TLS 1.2 and 1.3 are spoken; it is the runtime's minimum. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Set where callers must show a certificate of this authority. */
  readonly ca?: string;
  readonly requestCert?: true;
  readonly rejectUnauthorized?: true;
}

/** Reads the files that `server.tls` names. Throws where one cannot be read, or they do not fit together. */
export async function readServerTls({ server, directory }: Config): Promise<ServerTls | undefined> {
  if (server.tls === undefined) return undefined;
  const { cert, key, client_ca: clientCa } = server.tls;
  const read = (name: string, file: string) => readPem(`server.tls.${name}`, resolve(directory, file));
  const pair = { cert: await read("cert", cert), key: await read("key", key) };
  assertPair(pair);
  return {
    ...pair,
    ...(clientCa === undefined
      ? {}
      : { ca: await read("client_ca", clientCa), requestCert: true, rejectUnauthorized: true }),
  };
}

async function readPem(option: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new Failure(`${option}: cannot read ${file}: ${describeFileError(error)}`, 2);
  }
}

function assertPair({ cert, key }: { readonly cert: string; readonly key: string }): void {
  const certificate = parsed("cert", "a certificate", () => new X509Certificate(cert));
  const privateKey = parsed("key", "a private key without a password", () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Failure("server.tls.key: it is not the key of the certificate", 2);
  }
}

function parsed<Value>(name: string, what: string, parse: () => Value): Value {
  try {
    return parse();
  } catch {
    throw new Failure(`server.tls.${name}: expected ${what}, in PEM form`, 2);
  }
}
