import { createPrivateKey, X509Certificate } from "node:crypto";

/**
 * PEM files (RFC 7468) as people have them. The runtime ignores a wrong one, or reports an error that does not say
 * which file it is; a certificate that is not an authority's shows up only in the first handshake. So each file is
 * checked here.
 */

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/** Without the byte-order mark that some editors leave: the runtime would find nothing after it. */
export function pemText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8").decode(bytes);
}

function labels(pem: string): readonly string[] {
  return Array.from(pem.matchAll(BLOCK), ([, label = ""]) => label);
}

/** What is wrong with a text that should hold certificates and nothing secret, or `undefined`. */
export function authorityProblem(pem: string): string | undefined {
  if (labels(pem).some((label) => label.endsWith("PRIVATE KEY"))) {
    return "it holds a private key; expected the certificates of an authority, in PEM form";
  }
  return certificatesProblem(pem);
}

/** What is wrong with a text that should hold one or more certificates, or `undefined`. */
export function certificatesProblem(pem: string): string | undefined {
  const certificates = Array.from(pem.matchAll(BLOCK)).filter(([, label = ""]) =>
    label.endsWith("CERTIFICATE"),
  );
  if (certificates.length === 0) return "expected a certificate, in PEM form";
  const broken = certificates.findIndex(([block]) => parsed(() => new X509Certificate(block)) === undefined);
  if (broken === -1) return undefined;
  return certificates.length === 1
    ? "expected a certificate, in PEM form"
    : `certificate ${broken + 1} of ${certificates.length} in it cannot be read`;
}

/** What is wrong with a text that should hold a private key, or `undefined`. */
export function keyProblem(pem: string): string | undefined {
  if (labels(pem).includes("ENCRYPTED PRIVATE KEY") || /^Proc-Type: *4,ENCRYPTED/m.test(pem)) {
    return 'it is encrypted; expected a key without a password: "openssl pkey -in KEY -out NEW" writes one';
  }
  return parsed(() => createPrivateKey(pem)) === undefined
    ? "expected a private key, in PEM form"
    : undefined;
}

/** Whether a key belongs to the first certificate. Both are known to be readable. */
export function isPair(certificate: string, key: string): boolean {
  return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
}

function parsed<Value>(parse: () => Value): Value | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
