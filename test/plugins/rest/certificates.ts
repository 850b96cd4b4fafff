import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder with an authority (`ca.pem`) and what it signed: NAME.pem and NAME.key. */
export interface Certificates extends AsyncDisposable {
  readonly directory: string;
  read(file: string): Promise<string>;
  /** `altName` is what the certificate is good for, such as `IP:127.0.0.1`. */
  issue(name: string, altName: string): Promise<void>;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Made afresh by openssl: a certificate that lies in a repository expires there. */
export async function makeCertificates(): Promise<Certificates> {
  const directory = await mkdtemp(join(tmpdir(), "klas-balance-certificates-"));
  const openssl = async (...args: string[]) => {
    const child = Bun.spawn(["openssl", ...args], { cwd: directory, stdout: "ignore", stderr: "pipe" });
    if ((await child.exited) !== 0) throw new Error(await child.stderr.text());
  };
  const authorityFiles = ["-keyout", "ca.key", "-out", "ca.pem"];
  await openssl("req", "-x509", ...NEW_KEY, "-days", "2", ...authorityFiles, "-subj", "/CN=Test authority");
  return {
    directory,
    read: (file) => readFile(join(directory, file), "utf8"),
    async issue(name, altName) {
      await writeFile(join(directory, `${name}.ext`), `subjectAltName=${altName}\n`);
      await openssl(
        "req",
        ...NEW_KEY,
        "-keyout",
        `${name}.key`,
        "-out",
        `${name}.csr`,
        "-subj",
        `/CN=${name}`,
      );
      const authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
      const files = ["-in", `${name}.csr`, "-extfile", `${name}.ext`, "-out", `${name}.pem`];
      await openssl("x509", "-req", "-days", "2", ...authority, ...files);
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}
