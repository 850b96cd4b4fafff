import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "bun";
import { version } from "../../package.json" with { type: "json" };
import { bundlePage } from "../admin/page-assets.ts";
import { advisoriesOfBundled, auditNote, auditPackages, bundledList } from "./audit.ts";
import { billOfMaterials } from "./bill-of-materials.ts";
import { bundledPackages } from "./bundled-packages.ts";
import { writeChecksums } from "./checksums.ts";
import { compile } from "./compile.ts";
import { buildDebianPackage } from "./debian-package.ts";
import { documentation } from "./documentation.ts";
import { thirdPartyNotices } from "./notices.ts";

/**
 * `bun run package`: what a release has beside its executables: the Debian package, the manual pages, the
 * completions, the list of what is inside, and the notices of its authors.
 */

const folder = await mkdtemp(join(tmpdir(), "klas-balance-package-"));
try {
  const binary = join(folder, "klas-balance");
  const metafile = join(folder, "metafile.json");
  // A package for amd64 runs on every such processor.
  await compile({ outfile: binary, target: "bun-linux-x64-baseline", metafile });

  const packages = await bundledPackages(metafile, (await bundlePage()).inputs);
  const releasedAt = await commitTime();
  const texts = documentation(version, releasedAt.toISOString().slice(0, 10));
  const notices = await thirdPartyNotices(packages, Bun.version);
  const bill = `${JSON.stringify(billOfMaterials({ version, bunVersion: Bun.version, packages }), null, 2)}\n`;

  await mkdir("dist", { recursive: true });
  await Bun.write("dist/klas-balance.1", texts.manual);
  for (const [file, page] of texts.topics) await Bun.write(`dist/${file}`, page);
  await Bun.write("dist/klas-balance.bash", texts.bash);
  await Bun.write("dist/klas-balance.zsh", texts.zsh);
  await Bun.write("dist/klas-balance.fish", texts.fish);
  await Bun.write("dist/klas-balance.cdx.json", bill);
  await Bun.write("dist/THIRD-PARTY-NOTICES.txt", notices);
  await buildDebianPackage({ version, releasedAt, binary, texts, notices, bill, folder: "dist" });
  await writeChecksums("dist");
  // Kept in the repository, so that a change of what is shipped is seen.
  await Bun.write("src/release/bundled.txt", bundledList(packages));
  const audit = await auditPackages(process.env);
  const note = auditNote(audit, packages, new Date());
  // The day is that of the release: what is said by then is not part of what can be built again.
  await Bun.write("dist/AUDIT.txt", note);
  process.stdout.write(note);
  if (advisoriesOfBundled(audit, packages).length > 0) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}

/** The time of a release is that of its commit, so that the same source gives the same bytes. */
async function commitTime(): Promise<Date> {
  const seconds = process.env["SOURCE_DATE_EPOCH"] ?? (await $`git log -1 --format=%ct`.text());
  return new Date(Number(seconds) * 1000);
}
