import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** What a release is made of; what else lies in its folder, such as this machine's own build, is not listed. */
const RELEASED = /^(klas-balance[-_.].+|THIRD-PARTY-NOTICES\.txt)$/;

/** Writes `SHA256SUMS` over the files of a release, for `sha256sum --check --ignore-missing SHA256SUMS`. */
export async function writeChecksums(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => RELEASED.test(name)).toSorted();
  const lines: string[] = [];
  for (const name of names) {
    const content = await Bun.file(join(folder, name)).bytes();
    lines.push(`${new Bun.CryptoHasher("sha256").update(content).digest("hex")}  ${name}\n`);
  }
  await Bun.write(join(folder, "SHA256SUMS"), lines.join(""));
}
