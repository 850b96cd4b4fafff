import { compile } from "./release/compile.ts";

/** `bun run build [FILE]`: the program for this machine. */
const [outfile = "dist/klas-balance"] = process.argv.slice(2);
await compile({ outfile });
