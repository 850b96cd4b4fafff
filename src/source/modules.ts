import { dirname } from "node:path";
import * as valibot from "valibot";

/**
 * Operators' files as modules, also in the compiled program: TypeScript as it is, with `valibot` and `klas-balance`
 * at hand, and read again at each load. The runtime keeps every module that it has read, by its path, including one
 * that failed or never ended. So each load is a separate edition, in the query of the path, of the plugin's file and
 * of whatever file it imports by a relative path. Packages are shared by all editions.
 */

/** Which plugin's file a file was loaded for, both by their absolute paths. */
const owners = new Map<string, string>();

const EDITION = "?edition=";
const PACKAGES = /[\\/]node_modules[\\/]/;
let edition = 0;
let isProviding = false;

/** A text of the runtime's about modules, without what we added to their paths. */
export function withoutEditions(text: string): string {
  return text.replace(/\?edition=\d+/g, "");
}

/** The module of a file as it is now. Its earlier editions are dropped, unless they are still in use. */
export function importAnew(file: string): Promise<unknown> {
  if (!isProviding) provideModules();
  isProviding = true;
  forget(file);
  edition += 1;
  owners.set(file, file);
  return import(`${file}${EDITION}${edition}`);
}

/** A place in code that an operator wrote or installed. */
export interface PluginPlace {
  /** The plugin's file, which may differ from the file of the place. */
  readonly plugin: string;
  /** `/etc/klas/plugins/core.ts:12:3` */
  readonly position: string;
}

/** The first place of a stack that is in an operator's plugin, or `undefined` if there is none. */
export function placeInStack(stack: string): PluginPlace | undefined {
  for (const line of stack.split("\n")) {
    const position = /(?:^|[\s(])(\/[^()]*|[A-Za-z]:[^()]*):(\d+):(\d+)\)?$/.exec(withoutEditions(line));
    const [, file = "", row, column] = position ?? [];
    const plugin = owners.get(file) ?? packageOwner(file);
    if (plugin !== undefined) return { plugin, position: `${file}:${row}:${column}` };
  }
  return undefined;
}

/** The plugin beside whose file a package is installed. */
function packageOwner(file: string): string | undefined {
  const [folder, ...inPackage] = file.split(PACKAGES);
  return inPackage.length === 0 ? undefined : loadedPlugins().find((plugin) => dirname(plugin) === folder);
}

/** Every plugin's file that was loaded so far. */
export function loadedPlugins(): readonly string[] {
  return [...new Set(owners.values())];
}

function forget(plugin: string): void {
  for (const key of Object.keys(require.cache)) {
    const [file = "", ...query] = key.split(EDITION);
    if (query.length > 0 && owners.get(file) === plugin) delete require.cache[key];
  }
}

function provideModules(): void {
  Bun.plugin({
    name: "operators' plugins",
    setup(build) {
      build.module("valibot", () => ({ exports: { ...valibot }, loader: "object" }));
      // The contract is types alone, but an import that was not marked as one must find a module.
      build.module("klas-balance", () => ({ exports: {}, loader: "object" }));
      build.onResolve({ filter: /^\.{1,2}\// }, ({ path, importer }) => {
        const owner = owners.get(importer.split(EDITION)[0] ?? "");
        const file = owner === undefined ? undefined : resolveFile(path, importer);
        if (owner === undefined || file === undefined) return undefined;
        owners.set(file, owner);
        return { path: `${file}${EDITION}${edition}` };
      });
    },
  });
}

/** `undefined` if there is no such file, which the runtime then reports, and for a part of a package. */
function resolveFile(path: string, importer: string): string | undefined {
  try {
    const file = Bun.resolveSync(path, dirname(importer));
    return PACKAGES.test(file) ? undefined : file;
  } catch {
    return undefined;
  }
}
