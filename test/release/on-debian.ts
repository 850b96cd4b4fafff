import { afterAll, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { $ } from "bun";
import { version } from "../../package.json" with { type: "json" };
import { temporaryFolder } from "../temporary-folder.ts";

/**
 * What `bun run package` made, with Debian's own tools and as root: `bun test ./test/release/on-debian.ts`. It needs
 * lintian, man-db, mandoc, systemd, zsh and fish, and it installs and purges the package on this very machine.
 */

const dist = join(import.meta.dir, "../../dist");
const deb = join(dist, `klas-balance_${version}_amd64.deb`);
const config = "/etc/klas-balance/config.toml";
const secret = "/etc/klas-balance/secret";
const state = "/var/lib/klas-balance";
const folder = temporaryFolder();

/** More than most tests take: a package of a hundred megabytes is written. */
const SLOW_MS = 60_000;

if (existsSync("/etc/klas-balance") || existsSync(state)) {
  throw new Error("klas-balance is installed here; this test would purge it");
}

afterAll(async () => {
  await $`dpkg --purge klas-balance; rm -rf ${state} /etc/klas-balance; deluser --system klas-balance`
    .quiet()
    .nothrow();
});

test(
  "lintian finds nothing",
  async () => {
    expect(await $`lintian --allow-root ${deb}`.nothrow().text()).toBe("");
  },
  SLOW_MS,
);

test("man and mandoc find nothing", async () => {
  const pages = [...new Bun.Glob("klas-balance*.[17]").scanSync({ cwd: dist, absolute: true })];
  expect(pages.length).toBeGreaterThan(10);
  for (const page of pages) {
    expect(await $`mandoc -Tlint ${page}`.nothrow().text()).toBe("");
    const { stderr } = await $`man --warnings -E UTF-8 -l -Tutf8 -Z ${page}`
      .env({ ...process.env, LC_ALL: "C.UTF-8", MANROFFSEQ: "", MANWIDTH: "80" })
      .quiet();
    expect(stderr.toString()).toBe("");
  }
});

test("every shell reads its completion", async () => {
  await $`bash -n ${join(dist, "klas-balance.bash")} && zsh -n ${join(dist, "klas-balance.zsh")}`;
  const fish = join(dist, "klas-balance.fish");
  const complete = `source ${fish}; complete -C "klas-balance players re"`;
  expect(await $`fish --no-config -c ${complete}`.text()).toStartWith("remove\t");
});

test(
  "installs a program that works, with a secret of its own that nobody else reads",
  async () => {
    await install(deb);
    expect((await $`stat -c "%a %U:%G" ${config} ${secret} ${state}`.text()).split("\n")).toEqual([
      "640 root:klas-balance",
      "640 root:klas-balance",
      "750 klas-balance:klas-balance",
      "",
    ]);
    expect(readFileSync(secret, "utf8")).toMatch(/^trial-[0-9a-f]{64}$/);
    expect(await asService("players set 12001 30 EUR")).toBe("12001 has 30 EUR\n");
    // Until Klas Gaming's secret is put in its place, and a player is named; nothing else is to be said.
    const findings = (await asService("check")).split("\n").filter((line) => /^(?:warning|error)/.test(line));
    expect(findings).toEqual([
      expect.stringContaining("the secret is a trial one"),
      expect.stringContaining("no real player was looked up"),
    ]);
    expect(await $`man -w klas-balance`.text()).toContain("klas-balance.1.gz");
    expect(await $`man -w klas-balance-rotation`.text()).toContain("klas-balance-rotation.7.gz");
    expect(await $`dpkg --verify klas-balance`.text()).toBe("");
  },
  SLOW_MS,
);

test.each([
  ["of the package", () => "/usr/lib/systemd/system/klas-balance.service"],
  ["that is printed", printedUnit],
])("systemd accepts the unit %s, and finds it little exposed", async (_, unit) => {
  const file = await unit();
  expect((await $`systemd-analyze verify ${file}`.quiet()).stderr.toString()).toBe("");
  const verdict = await $`systemd-analyze security --offline=true --threshold=20 ${file}`.text();
  expect(Number(/exposure level for .*: ([\d.]+)/.exec(verdict)?.[1])).toBeLessThanOrEqual(2);
});

test(
  "keeps a changed configuration and the secret on an upgrade",
  async () => {
    await $`sed -i "s/^port = 8080/port = 18080/" ${config}`;
    const before = [readFileSync(config, "utf8"), readFileSync(secret, "utf8")];
    await install(await nextVersion());
    expect(await $`dpkg-query -W -f \${Version} klas-balance`.text()).toBe(`${version}+next`);
    expect([readFileSync(config, "utf8"), readFileSync(secret, "utf8")]).toEqual(before);
    expect(readFileSync(`${config}.dpkg-dist`, "utf8")).toContain("# of the next version");
    expect((statSync(config).mode & 0o777).toString(8)).toBe("640");
  },
  SLOW_MS,
);

test(
  "a removal leaves the configuration, a purge the balances alone",
  async () => {
    await $`dpkg --remove klas-balance`.quiet();
    expect([existsSync("/usr/bin/klas-balance"), existsSync(config), existsSync(secret)]).toEqual([
      false,
      true,
      true,
    ]);
    await $`dpkg --purge klas-balance`.quiet();
    expect([existsSync("/etc/klas-balance"), existsSync(join(state, "balances.db"))]).toEqual([false, true]);
  },
  SLOW_MS,
);

async function install(file: string): Promise<void> {
  await $`dpkg --install --force-confdef --force-confold ${file}`
    .env({ ...process.env, DEBIAN_FRONTEND: "noninteractive" })
    .quiet();
}

/** Runs a command as the user whom the service runs as. */
async function asService(command: string): Promise<string> {
  return await $`runuser -u klas-balance -- klas-balance ${command.split(" ")} --config ${config}`.text();
}

async function printedUnit(): Promise<string> {
  const file = join(folder, "klas-balance.service");
  await $`klas-balance systemd --config ${config} > ${file}`;
  return file;
}

/** The same package as a later version, with another configuration. */
async function nextVersion(): Promise<string> {
  const root = join(folder, "next");
  await $`dpkg-deb --raw-extract ${deb} ${root}`;
  await $`sed -i "s/^Version: .*/&+next/" ${join(root, "DEBIAN/control")}`;
  await $`echo "# of the next version" >> ${join(root, config)}`;
  await $`dpkg-deb --root-owner-group -Znone --build ${root} ${folder}`.quiet();
  return join(folder, `klas-balance_${version}+next_amd64.deb`);
}
