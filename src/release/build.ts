import { writeChecksums } from "./checksums.ts";
import { compile, PLATFORMS } from "./compile.ts";

/** `bun run build [FILE]`: the program for this machine. `bun run build:all`: for every platform (spec 5), and the checksums. */
const [outfile = "dist/klas-balance"] = process.argv.slice(2);
if (outfile === "--all") {
  for (const [name, target] of PLATFORMS) await compile({ outfile: `dist/klas-balance-${name}`, target });
  await writeChecksums("dist");
} else {
  await compile({ outfile });
}
