import { writeFileSync } from "node:fs";
import { openSource } from "../../plugins/postgres/open-source.ts";

/**
 * Asks a host whose name moves meanwhile, each time by a new connection: `bun
 * moving-asker.ts PORT DATABASE HOSTS`, where HOSTS is mounted as `/etc/hosts`.
 */

const [port, database = "", hosts = ""] = Bun.argv.slice(2);

const QUESTION = { playerId: "12001", sessionId: "s-1", requestId: "r-1", timestamp: 0, traceparent: "" };

for (const address of ["127.0.0.1", "127.0.0.2", "127.0.0.1"]) {
  writeFileSync(hosts, `${address} moving.klas-balance.test\n`);
  const { source } = await openSource({
    hosts: [`moving.klas-balance.test:${port}`],
    database,
    user: "klas",
    tls: { mode: "off" },
  });
  const result = await source.lookup(QUESTION, AbortSignal.timeout(5000));
  process.stdout.write(`${result !== null && "balanceMinor" in result ? result.balanceMinor : "none"} `);
  await source.close?.();
}
