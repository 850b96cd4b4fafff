import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createSecureContext } from "node:tls";

/** PEM texts: whom we trust instead of the system's authorities, and who we are. */
export interface ClientTls {
  ca?: string;
  cert?: string;
  key?: string;
}

/** The files as options name them, from the folder of the configuration on. */
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
    if (file !== undefined) pem[name] = await readPem(`tls.${name}`, resolve(directory, file));
  }
  try {
    createSecureContext({ ca: pem.ca });
  } catch {
    throw new Error("tls.ca: expected a PEM file with certificates");
  }
  try {
    createSecureContext(pem);
  } catch {
    throw new Error(
      "tls.cert, tls.key: expected PEM files with a certificate and the key that belongs to it",
    );
  }
  return pem;
}

async function readPem(option: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new Error(`${option}: cannot read ${file}`, { cause: error });
  }
}
