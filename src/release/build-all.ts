import { writeChecksums } from "./checksums.ts";
import { compile, PLATFORMS } from "./compile.ts";

/** `bun run build:all`: the program for every platform (spec 5), and the checksums. */
for (const [name, target] of PLATFORMS) {
  await compile({ outfile: `dist/klas-balance-${name}`, target });
}
await writeChecksums("dist");
