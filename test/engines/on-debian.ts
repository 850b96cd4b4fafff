import { afterAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";

/**
 * The SQL and Redis sources against servers that npm does not bring and Debian does:
 * `bun test ./test/engines/on-debian.ts`. What is not installed does not run, and the last lines say so.
 */

const UNSHARE = "/usr/bin/unshare";

const PARTS = [
  ["PgBouncer", "/usr/sbin/pgbouncer", "./debian/pgbouncer.ts"],
  ["MariaDB", "/usr/sbin/mariadbd", "./debian/mysql.ts"],
  ["replicas of MariaDB", "/usr/sbin/mariadbd", "./debian/mysql-replica.ts"],
  ["Redis", "/usr/bin/redis-server", "./debian/redis.ts"],
  ["a host whose name moves", UNSHARE, "./debian/moving.ts"],
] as const;

/** A file system of one's own is for root, and not in every container. */
function runs(program: string): boolean {
  return existsSync(program) && (program !== UNSHARE || Bun.spawnSync([program, "--mount", "true"]).success);
}

const missing = PARTS.filter(([, program]) => !runs(program));

for (const part of PARTS) if (!missing.includes(part)) await import(part[2]);

test("something of it is installed", () => {
  expect(missing.length).toBeLessThan(PARTS.length);
});

afterAll(() => {
  for (const [name, program] of missing)
    process.stderr.write(`did not run: ${name}, ${program} is not there, or not for this user\n`);
});
