import { version } from "../package.json" with { type: "json" };

declare const KLAS_BALANCE_REVISION: string | undefined;

/** The git revision of a build, put in by `bun run build`; `source` if nothing was built. */
export const revision = typeof KLAS_BALANCE_REVISION === "string" ? KLAS_BALANCE_REVISION : "source";

export { version };

/** `0.1.0 (1a2b3c4)` */
export const versionText = `${version} (${revision})`;
