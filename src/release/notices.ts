import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BundledPackage } from "./bundled-packages.ts";

/** Licences that allow a program under the MIT licence to contain the work, with its notice. */
const PERMITTED = new Set(["MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD", "Apache-2.0"]);

const RULE = `\n${"-".repeat(80)}\n\n`;

/**
 * The notices that the licences of what is inside ask to be passed on. Throws if there is a package with a licence
 * that nobody has considered yet.
 */
export async function thirdPartyNotices(
  packages: readonly BundledPackage[],
  bunVersion: string,
): Promise<string> {
  for (const { name, license } of packages) {
    if (!PERMITTED.has(license)) throw new Error(`${name}: may a release contain ${license}?`);
  }
  const [apache, lgpl20, lgpl21] = await Promise.all(
    ["Apache-2.0", "LGPL-2.0", "LGPL-2.1"].map((license) =>
      readFile(join(import.meta.dir, "licences", `${license}.txt`), "utf8"),
    ),
  );
  return [
    introduction(bunVersion),
    ...packages.map(packageNotice),
    `Apache License 2.0\n\n${apache}`,
    `GNU Library General Public License 2.0\n\n${lgpl20}`,
    `GNU Lesser General Public License 2.1\n\n${lgpl21}`,
  ].join(RULE);
}

function packageNotice({ name, version, license, notice }: BundledPackage): string {
  const text = notice === "" ? "The package brings no notice of its own; the licence is below." : notice;
  return `${name} ${version} (${license})\n\n${text}\n`;
}

function introduction(bunVersion: string): string {
  return `klas-balance is under the MIT licence. The executable contains what follows, under licences of its own.

Bun ${bunVersion} (MIT), Copyright (c) its contributors: the runtime, https://github.com/oven-sh/bun.
Its LICENSE.md lists what it links, most of it under the MIT, BSD and Apache 2.0 licences. Two parts are under the
GNU licences that are printed below:

- JavaScriptCore and parts of WebKit, LGPL 2; the source as Bun uses it: https://github.com/oven-sh/WebKit
- TinyCC, LGPL 2.1: https://github.com/tinycc/tinycc

They may be changed and linked anew: build Bun with the changed library as its LICENSE.md says, then build
klas-balance from its source with "bun build --compile --compile-executable-path=THE-NEW-BUN". Reverse
engineering for debugging such changes is permitted.
`;
}
