import { chmod, copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { $ } from "bun";
import { serviceUnit } from "../commands/systemd/unit.ts";
import type { Documentation } from "./documentation.ts";

interface Release {
  readonly version: string;
  readonly releasedAt: Date;
  /** The compiled program. */
  readonly binary: string;
  readonly texts: Documentation;
  readonly notices: string;
  /** What is inside, as JSON. */
  readonly bill: string;
  /** Where the package goes. */
  readonly folder: string;
}

const MAINTAINER = "klas-balance contributors <klas-balance@localhost>";
const DOCUMENTS = "usr/share/doc/klas-balance";
const CONFIG = "/etc/klas-balance/config.toml";
/** systemd's own limit, which leaves room for a longer `drain_seconds` than the default. */
const STOP_SECONDS = 90;

/** Makes `klas-balance_VERSION_amd64.deb` with Debian's `dpkg-deb`. */
export async function buildDebianPackage(release: Release): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "klas-balance-deb-"));
  try {
    await chmod(root, 0o755);
    const contents = await packageContents(release);
    for (const [path, content] of contents) await write(join(root, path), content, 0o644);
    await copyFile(release.binary, await parentMade(join(root, "usr/bin/klas-balance")));
    await chmod(join(root, "usr/bin/klas-balance"), 0o755);
    // It may come to hold secrets; the group gets to read it when the package is configured.
    await chmod(join(root, CONFIG), 0o640);

    const installedKilobytes = (await $`du -sk --apparent-size ${root}`.text()).split("\t")[0] ?? "";
    await write(join(root, "DEBIAN/md5sums"), await md5sums(root), 0o644);
    await write(join(root, "DEBIAN/control"), control(release.version, installedKilobytes), 0o644);
    await write(join(root, "DEBIAN/conffiles"), `${CONFIG}\n`, 0o644);
    for (const script of ["postinst", "prerm", "postrm"]) {
      await write(join(root, "DEBIAN", script), await ours(script), 0o755);
    }
    const file = join(release.folder, `klas-balance_${release.version}_amd64.deb`);
    const epoch = String(release.releasedAt.getTime() / 1000);
    await $`dpkg-deb --root-owner-group --uniform-compression -Zxz -z1 --build ${root} ${file}`
      .env({ ...process.env, SOURCE_DATE_EPOCH: epoch })
      .quiet();
  } finally {
    await rm(root, { recursive: true });
  }
}

/** All but the program, by path. */
async function packageContents({ version, releasedAt, texts, notices, bill }: Release) {
  const unit = serviceUnit({
    program: ["/usr/bin/klas-balance"],
    config: CONFIG,
    user: "klas-balance",
    credentials: [],
    stopSeconds: STOP_SECONDS,
  });
  return new Map<string, string | Uint8Array>([
    ["etc/klas-balance/config.toml", await ours("config.toml")],
    ["usr/lib/systemd/system/klas-balance.service", unit],
    ["usr/share/man/man1/klas-balance.1.gz", gzip(texts.manual)],
    ...Array.from(texts.topics, ([file, page]) => [`usr/share/man/man7/${file}.gz`, gzip(page)] as const),
    ["usr/share/bash-completion/completions/klas-balance", texts.bash],
    ["usr/share/zsh/vendor-completions/_klas-balance", texts.zsh],
    ["usr/share/fish/vendor_completions.d/klas-balance.fish", texts.fish],
    ["usr/share/lintian/overrides/klas-balance", await ours("lintian-overrides")],
    [`${DOCUMENTS}/copyright`, await ours("copyright")],
    [`${DOCUMENTS}/changelog.gz`, gzip(changelog(version, releasedAt))],
    [`${DOCUMENTS}/config.example.toml`, await readFile("config.example.toml")],
    [`${DOCUMENTS}/THIRD-PARTY-NOTICES.txt.gz`, gzip(notices)],
    [`${DOCUMENTS}/klas-balance.cdx.json`, bill],
  ]);
}

function control(version: string, installedKilobytes: string): string {
  return `Package: klas-balance
Version: ${version}
Architecture: amd64
Maintainer: ${MAINTAINER}
Installed-Size: ${installedKilobytes}
Depends: adduser, libc6 (>= 2.17)
Section: net
Priority: optional
Description: answers Klas Gaming's signed balance calls
 One program that answers the signed balance calls of Klas Gaming from wherever
 an operator's balances live: its own SQLite database, another one, a core
 behind HTTP, or a source that the operator writes in TypeScript.
`;
}

function changelog(version: string, releasedAt: Date): string {
  return `klas-balance (${version}) stable; urgency=medium

  * Release ${version}.

 -- ${MAINTAINER}  ${releasedAt.toUTCString().replace("GMT", "+0000")}
`;
}

function ours(name: string): Promise<string> {
  return readFile(join(import.meta.dir, "debian", name), "utf8");
}

async function md5sums(root: string): Promise<string> {
  return await $`find usr -type f -print0 | sort -z | xargs -0 md5sum`.cwd(root).text();
}

async function write(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  await Bun.write(path, content);
  await chmod(path, mode);
}

async function parentMade(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  return path;
}

function gzip(text: string): Uint8Array {
  return gzipSync(text, { level: 9 });
}
