import { readdir } from "node:fs/promises";
import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { didYouMean } from "../../plugins/shared/near-name.ts";
import { builtIns } from "./built-in.ts";
import { loadPlugin, type Loaded } from "./load-plugin.ts";

/** The folder beside the configuration in which operators' plugins are looked for by name. */
export const PLUGINS_FOLDER = "plugins";

const EXTENSIONS = [".ts", ".js"];

/**
 * The plugin that a configuration means: a built-in's name, else `plugins/NAME.ts` (or `.js`) in its folder. A name
 * with a `/` is a path from there. An operator's plugin is read again each time.
 */
export async function findPlugin(name: string, directory: string): Promise<Loaded> {
  const ours = builtIns.get(name);
  if (ours !== undefined) return { valid: true, plugin: ours };
  if (name.includes("/")) {
    const file = resolve(directory, name);
    return isFile(file)
      ? loadPlugin(file, directory)
      : { valid: false, problem: `there is no file ${JSON.stringify(name)}, seen from the configuration` };
  }
  const files = EXTENSIONS.map((extension) => join(directory, PLUGINS_FOLDER, name + extension));
  const file = files.find(isFile);
  return file === undefined ? notFound(name, directory) : loadPlugin(file, directory);
}

/** False for a folder, and for what cannot be read. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The names of the operator's own plugins in the configuration's folder, in order. */
export async function ownPlugins(directory: string): Promise<readonly string[]> {
  const names = await readdir(join(directory, PLUGINS_FOLDER)).catch(() => []);
  const plugins = names.flatMap((name) =>
    EXTENSIONS.filter((extension) => name.endsWith(extension) && !name.endsWith(".d.ts")).map((extension) =>
      name.slice(0, -extension.length),
    ),
  );
  return [...new Set(plugins)].toSorted();
}

async function notFound(name: string, directory: string): Promise<Loaded> {
  const own = await ownPlugins(directory);
  const known = [...builtIns.keys(), ...own];
  const places = [
    `built in: ${[...builtIns.keys()].join(", ")}`,
    own.length === 0
      ? `no file ${PLUGINS_FOLDER}/${name}.ts or .js`
      : `in ${PLUGINS_FOLDER}/: ${own.join(", ")}`,
  ];
  return {
    valid: false,
    problem: `there is no plugin ${JSON.stringify(name)}${didYouMean(name, known)} (${places.join("; ")})`,
  };
}
