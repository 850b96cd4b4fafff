import type { BundledPackage } from "./bundled-packages.ts";

interface Release {
  readonly version: string;
  /** Of the runtime that is in the executable. */
  readonly bunVersion: string;
  readonly packages: readonly BundledPackage[];
}

/** What is inside, as CycloneDX 1.6. Without a serial number and a date, so that the same release gives the same bytes. */
export function billOfMaterials({ version, bunVersion, packages }: Release) {
  const root = npmUrl("klas-balance", version);
  const bun = component("Bun's runtime, with what it links", "bun", bunVersion, "MIT");
  const components = [
    bun,
    ...packages.map(({ name, version: of, license }) => component("", name, of, license)),
  ];
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": root,
        name: "klas-balance",
        version,
        licenses: [{ license: { id: "MIT" } }],
        purl: root,
      },
    },
    components,
    dependencies: [{ ref: root, dependsOn: components.map(({ purl }) => purl) }],
  } as const;
}

function component(description: string, name: string, version: string, license: string) {
  const purl = npmUrl(name, version);
  const [scope, inner] = name.startsWith("@") ? name.split("/") : [undefined, name];
  return {
    type: name === "bun" ? "platform" : "library",
    "bom-ref": purl,
    ...(scope === undefined ? {} : { group: scope }),
    name: inner,
    version,
    ...(description === "" ? {} : { description }),
    licenses: [{ license: { id: license } }],
    purl,
  } as const;
}

/** Package URL: the `@` of a scope is percent-encoded. */
function npmUrl(name: string, version: string): string {
  return `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;
}
