import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { soakDrains } from "../soak/drains.ts";
import { soakFlood } from "../soak/flood.ts";
import { FRESH, soakFresh } from "../soak/fresh.ts";
import { soakKills } from "../soak/kills.ts";
import { soakMixed } from "../soak/mixed.ts";
import { soakReloads } from "../soak/reloads.ts";

setDefaultTimeout(60_000);

/** The short forms of `bun run soak`. */
describe("under continuous load", () => {
  // Of the rounds of a version that shared a read transaction per turn of the event loop, one in five was stale.
  test.each([1, 2])(
    "a program that commits and then calls is told the new balance: workers = %i",
    async (workers) => {
      const counts = await soakFresh(
        { ...FRESH, workers, beside: "checkpoints" },
        { rounds: 1000, seconds: 30 },
      );
      expect(counts).toMatchObject({ stale: 0, wrong: 0, lost: 0 });
      expect(counts.rounds).toBeGreaterThanOrEqual(1000);
    },
  );

  test("a program that has the operator's database open only to commit, and then calls, is told the new balance", async () => {
    const counts = await soakFresh(
      { ...FRESH, database: "query", reopens: true },
      { rounds: 1000, seconds: 30 },
    );
    expect(counts).toMatchObject({ stale: 0, wrong: 0, lost: 0 });
    expect(counts.rounds).toBeGreaterThanOrEqual(1000);
  });

  test.each([1, 2])("reloads and rotations of the secret lose nothing: workers = %i", async (workers) => {
    const { answered, refused, failed } = await soakReloads(8, workers);
    expect(failed).toEqual([]);
    expect(refused).toBe(0);
    expect(answered).toBeGreaterThan(100);
  });

  test.each([1, 2])("drains lose nothing that was in flight: workers = %i", async (workers) => {
    const counts = await soakDrains(2, workers);
    expect(counts).toMatchObject({ wrong: 0, lostInFlight: 0, lostOnUsedConnection: 0, failedExits: 0 });
    expect(counts.answered).toBeGreaterThan(50);
  });

  test("kill -9 of a worker loses at most what that worker had", async () => {
    const counts = await soakKills(2);
    expect(counts).toMatchObject({ wrong: 0, lostElsewhere: 0 });
    // A connection that waits in the dying worker's queue is one of those that it had.
    expect(counts.refused).toBeLessThanOrEqual(16);
    expect(counts.maxLostInOneKill).toBeLessThanOrEqual(16);
    expect(counts.answered).toBeGreaterThan(100);
  });

  test("new connections without a pause starve nobody: callers, deadlines, reloads, a stop", async () => {
    const counts = await soakFlood({ seconds: 4, connections: 500, manners: "waits", workers: 1 });
    expect(counts).toMatchObject({ wrong: 0, ended: 0, exitCode: 0 });
    // A turn without an end answers a thousand strangers and more between two calls of an established caller.
    expect(counts.strangers).toBeGreaterThan(0);
    expect(counts.strangers / counts.established).toBeLessThan(500);
    expect(counts.deadlines).toBeGreaterThan(0);
    // Each is tried out in a process of its own, which has its share of the processors and no more.
    expect(counts.reloads).toBeGreaterThan(0);
  });

  test("callers who take no answer starve nobody either", async () => {
    const counts = await soakFlood({ seconds: 2, connections: 500, manners: "leaves", workers: 1 });
    expect(counts).toMatchObject({ wrong: 0, ended: 0, exitCode: 0 });
    expect(counts.strangers / counts.established).toBeLessThan(500);
  });

  test("good and hostile callers together: each reply is right, memory and handles stay flat", async () => {
    const { samples, requests } = await soakMixed({ seconds: 3, requests: 1_000_000, seed: 4 });
    expect(requests).toBeGreaterThan(1000);
    for (const { residentMib, handles } of samples) {
      expect(residentMib).toBeLessThan(200);
      expect(handles).toBeLessThan(60);
    }
  });
});
