import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";

/** A package of the npm registry that is in the executable. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX identifier. */
  readonly license: string;
  /** The text of its licence and notices; empty if the package brings none. */
  readonly notice: string;
}

const metafileSchema = v.object({ inputs: v.record(v.string(), v.unknown()) });
const manifestSchema = v.object({ name: v.string(), version: v.string(), license: v.string() });

/** The innermost package that a file belongs to. */
const PACKAGE_FOLDER = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
const NOTICE_FILE = /^(licen[cs]e|notice|copying)/i;

/**
 * What the bundler really took, by the program's metafile and the inputs of the console page: less than what is
 * installed. Sorted by name.
 */
export async function bundledPackages(
  metafile: string,
  pageInputs: readonly string[],
): Promise<readonly BundledPackage[]> {
  const { inputs } = v.parse(metafileSchema, JSON.parse(await readFile(metafile, "utf8")));
  const folders = new Set(
    [...Object.keys(inputs), ...pageInputs].flatMap((input) => PACKAGE_FOLDER.exec(input)?.[0] ?? []),
  );
  const packages = await Promise.all(Array.from(folders, readPackage));
  return packages.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

async function readPackage(folder: string): Promise<BundledPackage> {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const files = (await readdir(folder)).filter((file) => NOTICE_FILE.test(file)).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return { ...v.parse(manifestSchema, manifest), notice: texts.map((text) => text.trim()).join("\n\n") };
}
