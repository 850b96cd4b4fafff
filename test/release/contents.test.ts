import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import packageJson from "../../package.json" with { type: "json" };
import { bundlePage } from "../../src/admin/page-assets.ts";
import { bundledList } from "../../src/release/audit.ts";
import { billOfMaterials } from "../../src/release/bill-of-materials.ts";
import { bundledPackages } from "../../src/release/bundled-packages.ts";
import { writeChecksums } from "../../src/release/checksums.ts";
import { thirdPartyNotices } from "../../src/release/notices.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const folder = temporaryFolder();
const packages = await bundledPackages(await metafile(), (await bundlePage()).inputs);

async function metafile(): Promise<string> {
  const bundle = await Bun.build({ entrypoints: ["src/main.ts"], target: "bun", metafile: true });
  const file = join(folder, "metafile.json");
  writeFileSync(file, JSON.stringify(bundle.metafile));
  return file;
}

const license = v.strictObject({ license: v.strictObject({ id: v.string() }) });
const component = v.strictObject({
  type: v.picklist(["application", "library", "platform"]),
  "bom-ref": v.string(),
  group: v.exactOptional(v.pipe(v.string(), v.startsWith("@"))),
  name: v.pipe(v.string(), v.excludes("/")),
  version: v.string(),
  description: v.exactOptional(v.string()),
  licenses: v.pipe(v.array(license), v.length(1)),
  purl: v.pipe(v.string(), v.regex(/^pkg:npm\/(%40[\w.-]+\/)?[\w.-]+@[\w.-]+$/)),
});
/** As much of CycloneDX 1.6 as is used. */
const bill = v.strictObject({
  $schema: v.literal("http://cyclonedx.org/schema/bom-1.6.schema.json"),
  bomFormat: v.literal("CycloneDX"),
  specVersion: v.literal("1.6"),
  version: v.literal(1),
  metadata: v.strictObject({ component }),
  components: v.array(component),
  dependencies: v.array(v.strictObject({ ref: v.string(), dependsOn: v.array(v.string()) })),
});

test("the bill of materials names the runtime and every dependency that is bundled", () => {
  const made = v.parse(bill, billOfMaterials({ version: "1.2.3", bunVersion: "1.4.5", packages }));
  const urls = made.components.map(({ purl }) => purl);
  const dependencies = Object.entries(packageJson.dependencies).map(
    ([name, version]) => `pkg:npm/${name.replace("@", "%40")}@${version}`,
  );
  expect(urls).toContainValues(["pkg:npm/bun@1.4.5", ...dependencies]);
  expect(new Set(urls).size).toBe(urls.length);
  expect(made.dependencies).toEqual([{ ref: "pkg:npm/klas-balance@1.2.3", dependsOn: urls }]);
  for (const name of Object.keys(packageJson.devDependencies)) {
    expect(urls.join("\n")).not.toContain(`pkg:npm/${name.replace("@", "%40")}@`);
  }
});

test("what is bundled is what the committed list says, which `bun run package` writes", async () => {
  expect(bundledList(packages)).toBe(await Bun.file("src/release/bundled.txt").text());
});

test("every package's notice is passed on", async () => {
  const notices = await thirdPartyNotices(packages, "1.4.5");
  for (const { name, version, license: of, notice } of packages) {
    expect(notices).toContain(`${name} ${version} (${of})\n`);
    expect(notices).toContain(notice);
    if (of !== "Apache-2.0") expect(notice).not.toBe("");
  }
  expect(notices).toContain("GNU LIBRARY GENERAL PUBLIC LICENSE");
});

test("a package under a licence that nobody has thought about stops the release", async () => {
  const surprise = { name: "surprise", version: "1.0.0", license: "AGPL-3.0", notice: "" };
  const refusal = await thirdPartyNotices([...packages, surprise], "1.4.5").catch(String);
  expect(refusal).toContain("surprise: may a release contain AGPL-3.0?");
});

test("the checksums are those that sha256sum checks, of the release alone", async () => {
  writeFileSync(join(folder, "klas-balance-linux-x64"), "one");
  writeFileSync(join(folder, "klas-balance_1.2.3_amd64.deb"), "two");
  writeFileSync(join(folder, "klas-balance"), "this machine's own");
  await writeChecksums(folder);
  expect(await Bun.file(join(folder, "SHA256SUMS")).text()).toBe(
    "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed  klas-balance-linux-x64\n" +
      "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3  klas-balance_1.2.3_amd64.deb\n",
  );
});
