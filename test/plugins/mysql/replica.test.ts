import { describe, expect, test } from "bun:test";
import { assert, integer, array, property, tuple } from "fast-check";
import { afterLook, type Knowledge, NOTHING_KNOWN } from "../../../plugins/mysql/replica/knowledge.ts";
import { holds, mariaDbPosition, mysqlPosition } from "../../../plugins/mysql/replica/position.ts";
import { type ServerRows, standingOf } from "../../../plugins/mysql/replica/standing.ts";

const BOUND_MS = 1000;

/** What MariaDB sends. A replica of the server 1 says of itself that it is 0 s behind, whatever it is. */
const SOUND = { Slave_IO_Running: "Yes", Slave_SQL_Running: "Yes", Seconds_Behind_Master: 0 };
const ALONE = { isMariaDb: true, takesWrites: true, committed: "", applied: "", following: [] };

function primaryAt(committed: string, id = "1"): ServerRows {
  return { ...ALONE, id, committed };
}

function replicaAt(applied: string, primaryId = 1, status: object = SOUND): ServerRows {
  const following = [{ Master_Server_Id: primaryId, ...status }];
  return { ...ALONE, id: "2", takesWrites: false, applied, following };
}

interface Step {
  readonly atMs: number;
  readonly rows: ServerRows;
  readonly server?: string;
  /** Asked 10 ms later; without it none of the hosts answers as its primary. */
  readonly primary?: ServerRows;
}

function learnt(...steps: readonly Step[]): Knowledge {
  return steps.reduce<Knowledge>((known, { atMs, rows, server = "replica", primary }) => {
    const seen = { server, askedMs: atMs, standing: standingOf(rows) };
    const ofPrimary = primary && { server: "primary", askedMs: atMs + 10, standing: standingOf(primary) };
    return afterLook(known, { seen, primary: ofPrimary, boundMs: BOUND_MS });
  }, NOTHING_KNOWN);
}

describe("up to when a replica is known to have all commits of its primary", () => {
  test("it has what the primary had when it was asked: until then", () => {
    expect(learnt({ atMs: 100, rows: replicaAt("0-1-5"), primary: primaryAt("0-1-5") }).upToMs).toBe(110);
  });

  test("an idle primary does not make it older, however long it has nothing to say", () => {
    const idle = { rows: replicaAt("0-1-5"), primary: primaryAt("0-1-5") };
    expect(learnt({ atMs: 0, ...idle }, { atMs: 100_000, ...idle }).upToMs).toBe(100_010);
  });

  test("while it works off a backlog: until the primary had what it has by now", () => {
    const known = learnt(
      { atMs: 0, rows: replicaAt("0-1-5"), primary: primaryAt("0-1-5") },
      { atMs: 100, rows: replicaAt("0-1-6"), primary: primaryAt("0-1-50") },
      { atMs: 200, rows: replicaAt("0-1-49"), primary: primaryAt("0-1-80") },
    );
    expect(known).toMatchObject({ upToMs: 10, doubt: undefined });
    const later = { atMs: 300, rows: replicaAt("0-1-50"), primary: primaryAt("0-1-90") };
    expect(afterLook(known, lookOf(later)).upToMs).toBe(110);
  });

  test.each([
    ["all runs, and it says 0 s", SOUND],
    ["its connection to the primary is up but silent", { ...SOUND, Slave_received_heartbeats: 7 }],
    ["its connection is stopped", { ...SOUND, Slave_IO_Running: "No", Seconds_Behind_Master: null }],
    ["it applies nothing", { ...SOUND, Slave_SQL_Running: "No", Seconds_Behind_Master: null }],
    ["it waits on purpose", { ...SOUND, SQL_Delay: 3600, SQL_Remaining_Delay: 3599 }],
    ["its clock is ahead", { ...SOUND, Seconds_Behind_Master: -3600 }],
  ])("what it says of itself changes nothing: %s", (_name, status) => {
    const behind = learnt(
      { atMs: 0, rows: replicaAt("0-1-5", 1, status), primary: primaryAt("0-1-5") },
      { atMs: 900, rows: replicaAt("0-1-5", 1, status), primary: primaryAt("0-1-6") },
    );
    expect(behind.upToMs).toBe(10);
    const level = { rows: replicaAt("0-1-6", 1, status), primary: primaryAt("0-1-6") };
    expect(learnt({ atMs: 1000, ...level }).upToMs).toBe(1010);
  });

  test("a primary has its own commits until it was asked", () => {
    expect(learnt({ atMs: 100, rows: primaryAt("") }).upToMs).toBe(100);
  });

  test("with each domain of its own, it needs all of them", () => {
    const primary = primaryAt("0-1-5,7-1-9");
    expect(learnt({ atMs: 0, rows: replicaAt("0-1-5,7-1-8"), primary }).upToMs).toBe(-Infinity);
    expect(learnt({ atMs: 0, rows: replicaAt("0-1-5,7-1-9,9-4-1"), primary }).upToMs).toBe(10);
  });

  test("a primary that was promoted has what it applied before, too, whatever its binary log holds", () => {
    const promoted = primaryAt("0-1-50,0-2-100,3-1-7");
    expect(learnt({ atMs: 0, rows: replicaAt("0-1-50,3-1-7"), primary: promoted }).upToMs).toBe(-Infinity);
    expect(learnt({ atMs: 0, rows: replicaAt("0-2-100,3-1-7"), primary: promoted }).upToMs).toBe(10);
    const wrote = primaryAt("0-1-101,0-2-100,3-1-7");
    expect(learnt({ atMs: 0, rows: replicaAt("0-2-100,3-1-7"), primary: wrote }).upToMs).toBe(-Infinity);
  });

  test("steady lag of nearly the bound is proven with little loss, and little is kept", () => {
    let known = NOTHING_KNOWN;
    for (let turn = 0; turn < 2000; turn += 1) {
      const applied = Math.max(1, turn - 180);
      const step = { rows: replicaAt(`0-1-${applied}`), primary: primaryAt(`0-1-${turn + 1}`) };
      known = afterLook(known, lookOf({ atMs: turn * 5, ...step }));
      expect(known.milestones.length).toBeLessThan(40);
    }
    const behindMs = 1999 * 5 + 10 - known.upToMs;
    expect(behindMs).toBeWithin(900, BOUND_MS + 1);
  });
});

function lookOf({ atMs, rows, server = "replica", primary }: Step) {
  return {
    seen: { server, askedMs: atMs, standing: standingOf(rows) },
    primary: primary && { server: "primary", askedMs: atMs + 10, standing: standingOf(primary) },
    boundMs: BOUND_MS,
  };
}

describe("nothing is known, and what is missing is said, of a replica", () => {
  const level = { atMs: 0, rows: replicaAt("0-1-5"), primary: primaryAt("0-1-5") };
  const none = "its primary is none of `hosts` that answers";

  test.each<[string, Step, string | undefined]>([
    ["whose primary does not answer", { atMs: 0, rows: replicaAt("0-1-5") }, none],
    ["of which only another primary answers", { ...level, primary: primaryAt("0-1-5", "3") }, none],
    ["whose primary became a replica", { ...level, primary: replicaAt("0-1-5") }, none],
    [
      "whose primary writes no binary log",
      { ...level, primary: primaryAt("") },
      "its primary must write a binary log with GTIDs, and be no node of Galera",
    ],
    ["that has applied nothing by GTID", { ...level, rows: replicaAt("") }, "it has no GTIDs of its primary"],
    [
      "that has never reached its primary",
      { ...level, rows: replicaAt("0-1-5", 0) },
      "it has not reached its primary yet",
    ],
    [
      "that follows two",
      {
        ...level,
        rows: { ...replicaAt("0-1-5"), following: [{ Master_Server_Id: 1 }, { Master_Server_Id: 3 }] },
      },
      "it follows several servers",
    ],
    [
      "that follows nobody, and takes no writes",
      { ...level, rows: { ...replicaAt("0-1-5"), following: [] } },
      "it takes no writes, and follows no primary",
    ],
    [
      "whose primary was set back, and counts from 1 again",
      { ...level, rows: replicaAt("0-1-150") },
      "it has changes that its primary lacks",
    ],
    [
      "whose commit of that number is another server's",
      { ...level, rows: replicaAt("0-2-5") },
      "it has changes that its primary lacks",
    ],
    [
      "that writes what nobody understands",
      { ...level, rows: replicaAt("nonsense") },
      "it has no GTIDs of its primary",
    ],
    ["that is behind", { ...level, rows: replicaAt("0-1-4") }, undefined],
  ])("%s", (_name, step, doubt) => {
    const { upToMs, doubt: said } = learnt(step);
    expect(upToMs).toBe(-Infinity);
    expect(said).toBe(doubt);
  });

  test("another server at the same address is not judged by what was known of the first", () => {
    const moved = { atMs: 100, rows: replicaAt("0-1-4"), primary: primaryAt("0-1-5"), server: "another" };
    expect(learnt(level, moved)).toMatchObject({ server: "another", upToMs: -Infinity });
  });

  test("that follows another primary now", () => {
    const turned = { atMs: 100, rows: replicaAt("0-1-5", 3), primary: primaryAt("0-3-9", "3") };
    expect(learnt(level, turned).upToMs).toBe(-Infinity);
  });

  test("that was the primary until now", () => {
    const demoted = { atMs: 100, rows: replicaAt("0-1-4", 3), primary: primaryAt("0-1-5", "3") };
    expect(learnt({ atMs: 0, rows: primaryAt("0-1-5") }, demoted).upToMs).toBe(-Infinity);
  });

  test("while its primary is silent what was proven before stays proven, and grows old", () => {
    expect(learnt(level, { atMs: 900, rows: replicaAt("0-1-5") }).upToMs).toBe(10);
  });
});

describe("GTIDs of MySQL", () => {
  const mysql = { isMariaDb: false, takesWrites: true, committed: "", applied: "", following: [] };
  const replica = (applied: string) => ({
    ...mysql,
    id: "b",
    takesWrites: false,
    applied,
    following: [{ Source_UUID: "a", Seconds_Behind_Source: 0 }],
  });
  const primary = { ...mysql, id: "a", committed: "a:1-5,\nc:1-3" };

  test.each([
    ["a:1-5,c:1-3", 10, undefined],
    // Appliers beside each other leave gaps for a while.
    ["a:1-3:5,c:1-3", -Infinity, undefined],
    ["a:1-5", -Infinity, undefined],
    // Made there alone, such as a user of its own.
    ["a:1-5,b:1-2,c:1-3", 10, undefined],
    ["a:1-7,c:1-3", -Infinity, "it has changes that its primary lacks"],
    ["", -Infinity, "it has no GTIDs of its primary: set gtid_mode = ON"],
  ])("%s", (applied, upToMs, doubt) => {
    expect(learnt({ atMs: 0, rows: replica(applied), primary })).toMatchObject({ upToMs, doubt });
  });

  test("a tag has numbers of its own", () => {
    const whole = mysqlPosition("a:1-5:7:night:1-3, b:2") ?? new Map();
    const part = (text: string) => holds(whole, mysqlPosition(text) ?? new Map());
    expect(["a:1-5", "a:7", "a:night:2-3", "b:2"].map(part)).toEqual([true, true, true, true]);
    expect(["a:6", "a:night:4", "night:1", "b:1-2", "a:day:1"].map(part)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(mysqlPosition("a:1-5:!")).toBeUndefined();
  });
});

test("a position holds another one exactly if it has all of its commits", () => {
  const numbers = array(integer({ min: 1, max: 12 }), { maxLength: 8 });
  assert(
    property(tuple(numbers, numbers), ([whole, part]) => {
      const [all, some] = [whole, part].map((each) => mysqlPosition(written(each)) ?? new Map());
      expect(all !== undefined && some !== undefined && holds(all, some)).toBe(
        part.every((each) => whole.includes(each)),
      );
    }),
  );
  expect(mariaDbPosition("0-1")).toBeUndefined();
});

/** As MySQL writes them: neighbours in one span. */
function written(numbers: readonly number[]): string {
  const sorted = [...new Set(numbers)].toSorted((a, b) => a - b);
  const spans: [number, number][] = [];
  for (const each of sorted) {
    const last = spans.at(-1);
    if (last !== undefined && last[1] === each - 1) last[1] = each;
    else spans.push([each, each]);
  }
  const texts = spans.map(([first, last]) => (first === last ? first : `${first}-${last}`));
  return texts.length === 0 ? "" : `a:${texts.join(":")}`;
}
