import type { SQL } from "bun";
import type { SourceLog } from "../../src/plugin.ts";
import type { IdType } from "../shared/engine-options.ts";
import type { ImpliedExponent } from "../shared/implied-exponent.ts";
import type { Host } from "../shared/lanes/host.ts";
import { type Connect, HostProblem } from "../shared/lanes/lane.ts";
import { type AtEnd, GRACE_MS, sqlLanes } from "../shared/lanes/sql-lane.ts";
import type { Query } from "../shared/query/parameters.ts";
import { type Column, rowReader } from "../shared/query/row-reader.ts";
import { explainConnecting, explainStatement } from "./failure.ts";
import { type Fitness, judgeOf } from "./fitness.ts";
import { kindOf } from "./kind.ts";
import { vetIds } from "./loose-ids.ts";
import { isLost, isNotSupported, isUnknownVariable } from "./server-error.ts";
import { clientOf, type Reach } from "./session.ts";
import { TAKES_WRITES, WHICH_SERVER } from "./replica/look.ts";
import { SEVERAL_SERVERS } from "./replica/watch.ts";
import type { Joined } from "./replica/watches.ts";
import { inTransaction, plainly, type Run } from "./run.ts";
import { byWhicheverServer, soundReads } from "./sound-reads.ts";
import { lookupStatement } from "./statement.ts";

interface LaneOptions {
  readonly reach: Reach;
  readonly query: Query;
  readonly idType: IdType;
  readonly mustTakeWrites: boolean;
  readonly isBehindPooler: boolean;
  /** A share in the watch over a server, if it matters how far it is behind. */
  readonly watch: ((host: Host) => Joined) | undefined;
  readonly timeoutMs: number;
  readonly implied: ImpliedExponent;
  readonly log: SourceLog;
}

const TAKES_WRITES_ITSELF: Fitness = {
  isFit: TAKES_WRITES,
  unfit:
    'takes no writes, as a replica, which may show a balance from before a bet: name the primary, or set role = "any"',
  mayPass: true,
};

/** Lanes to MySQL: sessions that only read, and in which the server itself keeps the deadline if it can. */
export function mysqlLanes(options: LaneOptions): Connect {
  const { reach, query, idType, mustTakeWrites, isBehindPooler, watch, timeoutMs, implied, log } = options;
  const vetted = new Set<string>();
  const couldWrite = new Set<string>();

  return sqlLanes({
    client: (host, onClosed) => clientOf(reach(host), onClosed),
    async begin(session, host, atEnd) {
      const mark = isBehindPooler ? null : crypto.randomUUID();
      if (mark !== null) {
        const { onlyReads } = await tell(session, mark, timeoutMs + GRACE_MS);
        if (!onlyReads && !couldWrite.has(host.name)) {
          log.warn(`${host.name} ${COULD_WRITE}`);
          couldWrite.add(host.name);
        }
      }
      const run = isBehindPooler ? inTransaction(session) : plainly(session);
      const watching = watch === undefined ? undefined : await watched(watch(host), atEnd, run);
      const judge = judgeOf(host, [
        ...(mustTakeWrites ? [TAKES_WRITES_ITSELF] : []),
        ...(isBehindPooler ? await soundReads(host, run) : []),
        ...(watching === undefined ? [] : [watching.isTheSame]),
      ]);
      const [[said] = []] = (await run(`SELECT ${judge.verdict}`, [])).rows;
      const problem = judge.problemOf(said);
      if (problem !== undefined) throw problem;
      const read = watching?.read ?? (isBehindPooler ? byWhicheverServer(host, run) : run);

      const givesId = (await columnsOf(query, run)).some(({ name }) => name.toLowerCase() === "player_id");
      if (!givesId && idType !== "text")
        throw new HostProblem(`${host.name} ${NEEDS_ID}`, { mayPass: false });
      if (!givesId && !vetted.has(host.name)) {
        await vetIds(session, host, query);
        if (vetted.size === 0) log.warn(WITHOUT_ID);
        vetted.add(host.name);
      }
      const readers = rowReader(kindOf, implied, (storedId, key) =>
        idType === "uuid" ? storedId.toLowerCase() === key : storedId === key,
      );
      const statement = lookupStatement({
        query,
        idType,
        givesId,
        judge,
        rowReader: readers,
        mark: mark === null ? undefined : { value: mark, unlike: `${host.name} ${OTHER_SESSION}` },
      });
      return {
        async ask(tag, queries) {
          const { text, parameters } = statement.build(tag, queries);
          return statement.read(await read(text, parameters), tag, queries);
        },
        async probe() {
          const { text, parameters } = statement.build("", [undefined]);
          statement.assertColumns((await read(text, parameters)).columns);
        },
      };
    },
    isLost,
    explain: explainStatement,
    explainConnecting: (error, host: Host) => explainConnecting(error, reach(host)),
  });
}

const NEEDS_ID =
  "needs the stored id among the columns of `query`, as player_id: it compares ids of another type than their column's loosely";

const WITHOUT_ID =
  "`query` does not yield the stored id as player_id: add it. Without it no index of a text column serves, because the id is compared as bytes";

const OTHER_SESSION =
  "answers by another session than the one that was set up: if there is a pooler in between, set pooler = true";

const COULD_WRITE =
  "has no sessions that only read, as TiDB: see to it that this user has no more than GRANT SELECT";

/** Sets up the session. A connection that is made anew has neither these settings nor the mark. */
async function tell(session: SQL, mark: string, statementMs: number): Promise<{ onlyReads: boolean }> {
  await session.unsafe("SET NAMES utf8mb4");
  // A server's own default may be to read what was never committed, or to lock what is read.
  await session.unsafe("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
  const onlyReads = await setReadOnly(session);
  // Otherwise the first lookup would begin a transaction, and all others would read what it saw.
  await session.unsafe("SET SESSION autocommit = 1");
  // MariaDB's, in seconds, and MySQL's, in milliseconds; others have neither.
  await setIfKnown(session, `max_statement_time = ${statementMs / 1000}`);
  await setIfKnown(session, `max_execution_time = ${statementMs}`);
  // On Galera, a node first applies what the others have committed.
  await setIfKnown(session, "wsrep_sync_wait = 1");
  await session.unsafe("SET @klas_balance_mark = ?", [mark]);
  return { onlyReads };
}

/** `false` if the server has no such sessions. */
async function setReadOnly(session: SQL): Promise<boolean> {
  try {
    await session.unsafe("SET SESSION TRANSACTION READ ONLY");
    return true;
  } catch (error) {
    if (!isNotSupported(error)) throw error;
    return false;
  }
}

async function setIfKnown(session: SQL, assignment: string): Promise<void> {
  try {
    await session.unsafe(`SET SESSION ${assignment}`);
  } catch (error) {
    if (!isUnknownVariable(error)) throw error;
  }
}

/** How a lane reads if it matters how far its server is behind. Each answer shows which server gave it. */
async function watched({ watch, leave }: Joined, atEnd: AtEnd, run: Run) {
  atEnd(leave);
  const [[given] = []] = (await run(`SELECT ${WHICH_SERVER}`, [])).rows;
  const server = String(given);
  await watch.assertNear(server);
  const read: Run = (text, parameters) => watch.reading(server, () => run(text, parameters));
  return {
    read,
    isTheSame: {
      isFit: `${WHICH_SERVER} = CAST(X'${Buffer.from(server).toString("hex")}' AS CHAR)`,
      unfit: SEVERAL_SERVERS,
      mayPass: true,
    },
  };
}

/** The query's columns, found out by asking for no player. */
async function columnsOf(query: Query, run: Run): Promise<readonly Column[]> {
  const parameters: null[] = [];
  const select = query.render(() => {
    parameters.push(null);
    return "?";
  });
  return (await run(`SELECT * FROM (\n${select}\n) AS klas_balance_query LIMIT 0`, parameters)).columns;
}
