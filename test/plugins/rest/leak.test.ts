import { expect, test } from "bun:test";
import { heapStats } from "bun:jsc";
import { readdirSync } from "node:fs";
import { http, startCore } from "./core.ts";
import { failure, openSource } from "./source.ts";

const LOOKUPS_A_ROUND = 500;
const ROUNDS = 20;

test("10,000 hung lookups leave no socket, no handle and no memory behind", async () => {
  await using core = await startCore((socket, request) => {
    if (request.startsWith("GET /good")) socket.write(http(200, '{"balance":1}'));
  });
  // Half of a round hangs in a call, half in the queue.
  const max_concurrency = LOOKUPS_A_ROUND / 2;
  const breaker = { failures: 1000 };
  const source = await openSource(
    { url: `${core.url}/{player_id}`, balance: "/balance", max_concurrency, breaker },
    60,
  );

  async function round(): Promise<void> {
    // The core keeps what it was asked; that is no leak of the source's.
    core.requests.length = 0;
    const hung = Array.from({ length: LOOKUPS_A_ROUND }, () => failure(source.lookup({ playerId: "hung" })));
    for (const message of await Promise.all(hung)) expect(message).toStartWith("still ");
    // The sockets' other ends learn of it a moment later.
    while (core.openSockets() > 1) await Bun.sleep(5);
    // Keeps the circuit breaker closed. A deadline this short may pass on a busy machine.
    await source.lookup({ playerId: "good" }).catch(() => {});
  }

  for (let warmUp = 0; warmUp < 2; warmUp++) await round();
  const before = usage();
  for (let made = 0; made < ROUNDS; made++) await round();
  // On a busy machine a connection is accepted after it was given up.
  do await Bun.sleep(50);
  while (core.openSockets() > 1);
  const after = usage();

  expect(after.handles - before.handles).toBeLessThanOrEqual(2);
  // One object kept of each lookup would be 10,000; one body or socket of each, hundreds of megabytes.
  expect(after.objects - before.objects).toBeLessThan(5000);
  expect(after.residentMegabytes - before.residentMegabytes).toBeLessThan(50);
}, 30_000);

function usage() {
  Bun.gc(true);
  return {
    objects: heapStats().objectCount,
    residentMegabytes: process.memoryUsage.rss() / 1024 / 1024,
    handles: process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0,
  };
}
