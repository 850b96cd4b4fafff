import * as v from "valibot";
import type { BundledPackage } from "./bundled-packages.ts";

/** What the registry's advisories say about the packages in the lock file. */
export type Audit =
  | { readonly compared: true; readonly advisories: readonly Advisory[] }
  | { readonly compared: false; readonly problem: string };

interface Advisory {
  readonly package: string;
  readonly severity: string;
  readonly title: string;
  readonly versions: string;
  readonly url: string;
}

const auditSchema = v.record(
  v.string(),
  v.array(
    v.object({ title: v.string(), severity: v.string(), vulnerable_versions: v.string(), url: v.string() }),
  ),
);

/**
 * Asks the registry that packages come from, as `bun audit` does. If it cannot be asked, that is not a failure, but
 * it is reported.
 */
export async function auditPackages(variables: Readonly<Record<string, string | undefined>>): Promise<Audit> {
  const child = Bun.spawn([process.execPath, "audit", "--json"], {
    env: { ...variables },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const found = v.safeParse(auditSchema, parsed(stdout));
  if (!found.success) return { compared: false, problem: problemIn(stderr) };
  const advisories = Object.entries(found.output).flatMap(([name, ofPackage]) =>
    ofPackage.map(({ title, severity, vulnerable_versions: versions, url }): Advisory => ({
      package: name,
      severity,
      title,
      versions,
      url,
    })),
  );
  return { compared: true, advisories };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problemIn(text: string): string {
  return /^error: (.*)$/m.exec(text)?.[1] ?? "no answer";
}

/** Those of shipped packages; the others belong to tools that build and test. */
export function advisoriesOfBundled(audit: Audit, packages: readonly BundledPackage[]): readonly Advisory[] {
  const bundled = new Set(packages.map(({ name }) => name));
  return audit.compared ? audit.advisories.filter((advisory) => bundled.has(advisory.package)) : [];
}

/** The part of the release notes that says what was compared, with what, and when. */
export function auditNote(audit: Audit, packages: readonly BundledPackage[], at: Date): string {
  const when = at.toISOString().slice(0, 10);
  if (!audit.compared) {
    return `${when}: not compared with known advisories, because they cannot be reached (${audit.problem})\n`;
  }
  const bundled = advisoriesOfBundled(audit, packages);
  const others = audit.advisories.length - bundled.length;
  const lines = [
    `${when}: ${packages.length} bundled packages compared with the npm registry's advisories: ${bundled.length} known`,
    ...bundled.map(
      ({ package: name, severity, title, versions, url }) =>
        `- ${name} ${versions}, ${severity}: ${title} (${url})`,
    ),
    ...(others === 0 ? [] : [`Of tools that build and test it: ${others}`]),
  ];
  return `${lines.join("\n")}\n`;
}

/** What is in the executable, one package a line, as it is kept in `src/release/bundled.txt`. */
export function bundledList(packages: readonly BundledPackage[]): string {
  return packages.map(({ name, version, license }) => `${name} ${version} ${license}\n`).join("");
}
