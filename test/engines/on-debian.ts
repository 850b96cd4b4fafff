import { afterAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";

/**
 * The SQL and Redis sources against servers that npm does not bring and Debian does:
 * `bun test ./test/engines/on-debian.ts`. What is not installed does not run, and the last lines say so.
 */

const PARTS = [
  ["PgBouncer", "/usr/sbin/pgbouncer", "./debian/pgbouncer.ts"],
  ["MariaDB", "/usr/sbin/mariadbd", "./debian/mysql.ts"],
  ["Redis", "/usr/bin/redis-server", "./debian/redis.ts"],
] as const;

const missing = PARTS.filter(([, program]) => !existsSync(program));

for (const [, program, file] of PARTS) if (existsSync(program)) await import(file);

test("something of it is installed", () => {
  expect(missing.length).toBeLessThan(PARTS.length);
});

afterAll(() => {
  for (const [name, program] of missing)
    process.stderr.write(`did not run: ${name}, there is no ${program}\n`);
});
