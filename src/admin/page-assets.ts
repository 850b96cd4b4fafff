import { join } from "node:path";

/** A file of the console page, ready to be sent. */
export interface PageAsset {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const SOURCES = join(import.meta.dir, "page");

/** The name of the folder that the build embeds. */
export const EMBEDDED = "console-page";

const TYPES = {
  "index.html": "text/html; charset=utf-8",
  "main.js": "text/javascript; charset=utf-8",
  "style.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
} as const;

/** The page's files by name: embedded ones in a compiled binary, bundled at first use from source. */
export async function pageAssets(): Promise<ReadonlyMap<string, PageAsset>> {
  const files = Bun.isStandaloneExecutable ? await readEmbedded() : (await bundlePage()).files;
  return new Map(
    Object.entries(TYPES).map(([name, type]) => {
      const bytes = files.get(name);
      if (bytes === undefined) throw new Error(`the page has no ${name}`);
      return [name, { type, bytes }];
    }),
  );
}

type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** A compiled binary keeps the embedded folder in its root, which `import.meta.dir` names there. */
async function readEmbedded(): Promise<Files> {
  const files = Object.keys(TYPES).map(
    async (name) => [name, await Bun.file(join(import.meta.dir, EMBEDDED, name)).bytes()] as const,
  );
  return new Map(await Promise.all(files));
}

/** The page's files, and the paths of the source files that the bundler put into them. */
export interface BundledPage {
  readonly files: Files;
  readonly inputs: readonly string[];
}

/** Bundles the page's scripts and styles with the libraries that they use. */
export async function bundlePage(): Promise<BundledPage> {
  const { outputs, metafile } = await Bun.build({
    entrypoints: [join(SOURCES, "main.tsx"), join(SOURCES, "style.css")],
    target: "browser",
    minify: true,
    metafile: true,
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const output of outputs)
    files.set(output.path.replace(/^.*[\\/]/, ""), new Uint8Array(await output.arrayBuffer()));
  for (const name of ["index.html", "icon.svg"]) {
    files.set(name, await Bun.file(join(SOURCES, name)).bytes());
  }
  return { files, inputs: Object.keys(metafile?.inputs ?? {}) };
}
