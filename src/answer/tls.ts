import { readFile } from "node:fs/promises";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import type { Config } from "../config/load.ts";
import { describeFileError } from "../file-error.ts";
import { ConfigError } from "../config/problem.ts";

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
export async function readServerTls({ file, server, directory }: Config): Promise<ServerTls | undefined> {
  if (server.tls === undefined) return undefined;
  const { cert, key, client_ca: clientCa } = server.tls;
  const fail = (name: string, message: string): never => {
    throw new ConfigError(file, [{ path: ["server", "tls", name], message }]);
  };
  const read = (name: string, pem: string) =>
    readPem(resolve(directory, pem), (message) => fail(name, message));
  const pair = { cert: await read("cert", cert), key: await read("key", key) };
  assertPair(pair, fail);
  return {
    ...pair,
    ...(clientCa === undefined
      ? {}
      : { ca: await read("client_ca", clientCa), requestCert: true, rejectUnauthorized: true }),
  };
}

async function readPem(file: string, fail: (message: string) => never): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    return fail(`cannot read ${file}: ${describeFileError(error)}`);
  }
}

type Fail = (name: string, message: string) => never;

function assertPair({ cert, key }: { readonly cert: string; readonly key: string }, fail: Fail): void {
  const certificate = parsed(
    () => new X509Certificate(cert),
    () => fail("cert", "expected a certificate, in PEM form"),
  );
  const privateKey = parsed(
    () => createPrivateKey(key),
    () => fail("key", "expected a private key without a password, in PEM form"),
  );
  if (!certificate.checkPrivateKey(privateKey)) fail("key", "it is not the key of the certificate");
}

function parsed<Value>(parse: () => Value, fail: () => never): Value {
  try {
    return parse();
  } catch {
    return fail();
  }
}
