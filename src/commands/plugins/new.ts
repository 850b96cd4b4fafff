import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { describeFileError } from "../../file-error.ts";
import { Failure } from "../../failure.ts";
import * as contract from "../../plugin.ts" with { type: "text" };
import { builtIns } from "../../source/built-in.ts";
import { PLUGINS_FOLDER } from "../../source/find-plugin.ts";
import { createFile, replaceFile } from "../whole-file.ts";
import * as template from "./template.ts" with { type: "text" };

/** The names that a configuration accepts for a file in `plugins/`, limited to what every file system accepts. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/;
const DECLARATIONS = "klas-balance.d.ts";

/** Writes a plugin that works at once, and the contract for the editor. Returns the files. */
export async function newPlugin(name: string, directory: string, force: boolean): Promise<readonly string[]> {
  if (!NAME.test(name)) throw new Failure("expected a name of A-Z a-z 0-9 _ -, such as my-core", 2);
  if (builtIns.has(name)) throw new Failure(`${name} is built in; choose another name`, 2);
  const folder = join(directory, PLUGINS_FOLDER);
  const plugin = join(folder, `${name}.ts`);
  if (existsSync(plugin) && !force) {
    throw new Failure(`${plugin} would be overwritten; --force does it`, 1);
  }
  const declarations = join(folder, DECLARATIONS);
  try {
    await mkdir(folder, { recursive: true });
    await (force ? replaceFile : createFile)(plugin, [sourceText(template).replaceAll("NAME", name)]);
    // It is not anybody's own work, but follows the program that wrote it.
    await replaceFile(declarations, [moduleDeclaration(sourceText(contract))]);
  } catch (error) {
    throw new Failure(`cannot write to ${folder}: ${describeFileError(error)}`, 1);
  }
  return [plugin, declarations];
}

/** The contract's source as the declaration of the module `klas-balance`. */
function moduleDeclaration(source: string): string {
  const lines = source.trimEnd().split("\n");
  const body = lines.map((line) => (line === "" ? "" : `  ${line}`)).join("\n");
  return `// Written by "klas-balance plugins new", for your editor; klas-balance does not read it.\n\ndeclare module "klas-balance" {\n${body}\n}\n`;
}

/** A file that was imported as text. The compiler takes it for the module that it usually is. */
function sourceText(module: object): string {
  return v.parse(v.string(), Reflect.get(module, "default"));
}
