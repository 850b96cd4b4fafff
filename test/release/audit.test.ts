import { expect, test } from "bun:test";
import { type Audit, advisoriesOfBundled, auditNote, auditPackages } from "../../src/release/audit.ts";

const DAY = new Date("2026-11-25T12:00:00Z");
const packages = [{ name: "valibot", version: "1.5.0", license: "MIT", notice: "" }];

function advisory(title: string) {
  return [
    { id: 1, url: `https://advisories.example/${title}`, title, severity: "high", vulnerable_versions: "<2" },
  ];
}

/** What `bun audit` makes of a registry that answers so. */
async function audited(answer: () => Response): Promise<Audit> {
  const paths: string[] = [];
  using registry = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url }) => {
      paths.push(new URL(url).pathname);
      return answer();
    },
  });
  const audit = await auditPackages({ ...process.env, NPM_CONFIG_REGISTRY: registry.url.href });
  expect(paths).toContain("/-/npm/v1/security/advisories/bulk");
  return audit;
}

test("nothing known is said with the day, and of how many packages", async () => {
  const audit = await audited(() => Response.json({}));
  expect(auditNote(audit, packages, DAY)).toBe(
    "2026-11-25: 1 bundled packages compared with the npm registry's advisories: 0 known\n",
  );
});

test("an advisory of what is bundled is listed; those of tools are counted", async () => {
  const audit = await audited(() => Response.json({ valibot: advisory("leak"), oxlint: advisory("other") }));
  expect(advisoriesOfBundled(audit, packages).map((each) => each.package)).toEqual(["valibot"]);
  expect(auditNote(audit, packages, DAY)).toBe(
    [
      "2026-11-25: 1 bundled packages compared with the npm registry's advisories: 1 known",
      "- valibot <2, high: leak (https://advisories.example/leak)",
      "Of tools that build and test it: 1",
      "",
    ].join("\n"),
  );
});

test("a registry that knows no advisories is not taken for one without any", async () => {
  const audit = await audited(() => new Response("", { status: 405 }));
  expect(audit.compared).toBe(false);
  expect(auditNote(audit, packages, DAY)).toContain(
    "not compared with known advisories, because they cannot be reached",
  );
});
