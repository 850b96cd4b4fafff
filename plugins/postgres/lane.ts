import type { SourceLog } from "../../src/plugin.ts";
import type { Host } from "../shared/lanes/host.ts";
import { type Connect, HostProblem, LaneLost } from "../shared/lanes/lane.ts";
import { type AtEnd, GRACE_MS, sqlLanes } from "../shared/lanes/sql-lane.ts";
import type { Rows } from "../shared/query/row-reader.ts";
import { explainConnecting } from "./failure.ts";
import type { Role } from "./role.ts";
import { inTransaction, plainly, type Run } from "./run.ts";
import { isLost, isNotTaken } from "./server-error.ts";
import { clientOf, type Reach } from "./session.ts";
import { explainStatement } from "./statement-problem.ts";
import { NOTHING, readStanding, standingStep, type Statement } from "./statement.ts";

type Saying = Pick<SourceLog, "info" | "warn">;

interface LaneOptions {
  readonly reach: Reach;
  readonly isBehindPooler: boolean;
  readonly statement: Statement;
  /** Used if the server cannot take the first one. */
  readonly otherwise: Statement | undefined;
  /** Throws a `HostProblem` if the first one, which gives these columns, could take one player for another there. */
  readonly vet: (run: Run, host: Host, columns: Rows["columns"], log: Saying) => Promise<void>;
  readonly log: SourceLog;
  readonly role: Role;
  /** Told how a host stands, before it is used and whenever it answers. */
  readonly noteStanding: (host: Host, standing: unknown) => void;
  /** Done before the first lane to a host that is fit is used. */
  readonly prepareHost: (host: Host, run: Run, atEnd: AtEnd) => Promise<void>;
  readonly timeoutMs: number;
}

/** Lanes to PostgreSQL: sessions that only read, and in which the server itself keeps the deadline. */
export function postgresLanes(options: LaneOptions): Connect {
  const { reach, isBehindPooler, role, noteStanding, prepareHost, timeoutMs } = options;
  const log = sayingOnce(options.log);
  const settings = {
    default_transaction_read_only: "on",
    default_transaction_isolation: "read committed",
    statement_timeout: String(timeoutMs + GRACE_MS),
    idle_in_transaction_session_timeout: String(timeoutMs + GRACE_MS),
  };
  // Each statement reads what was committed when it began, whatever the database's default is.
  const begin = `BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL statement_timeout = ${timeoutMs + GRACE_MS}`;

  return sqlLanes({
    client: (host, onClosed) =>
      clientOf({
        ...reach(host),
        startUp: isBehindPooler ? {} : settings,
        prepare: !isBehindPooler,
        onClosed,
      }),
    async begin(session, host, atEnd) {
      const run = isBehindPooler ? inTransaction(session, begin) : plainly(session);
      const assertIsFit = () => assertFit(host, run, options);
      await assertIsFit();
      await prepareHost(host, run, atEnd);
      // For each connection anew: it may lead to another server, whose columns are others.
      const statement = await choose(run, host, options, log);
      return {
        async ask(tag, queries) {
          const steps = statement.steps(tag, queries);
          if (!role.countsBefore) return readOf(host, statement, await run(steps), tag, queries);
          const [first = NOTHING, ...answered] = await run([standingStep(role, tag), ...steps]);
          const { unfit, standing } = readStanding(role, tag, first);
          noteStanding(host, standing);
          if (unfit !== undefined) throw new LaneLost(`${host.name} ${unfit}`);
          return readOf(host, statement, answered, tag, queries);
        },
        async probe() {
          // Both in one round trip. A primary may have become a replica, and a replica may have fallen behind.
          const [[{ columns } = NOTHING]] = await Promise.all([run([statement.probe]), assertIsFit()]);
          statement.assertColumns(columns);
        },
      };
    },
    isLost,
    explain: explainStatement,
    explainConnecting: (error, host) => explainConnecting(error, reach(host)),
  });
}

/** The answers; that the server must not give them is said with its name. */
function readOf(host: Host, statement: Statement, ...answered: Parameters<Statement["read"]>) {
  try {
    return statement.read(...answered);
  } catch (error) {
    throw error instanceof LaneLost ? new LaneLost(`${host.name} ${error.message}`) : error;
  }
}

/** Says each message once, however many connections find out the same. */
function sayingOnce(log: SourceLog): Saying {
  const said = new Set<string>();
  const once = (level: keyof Saying) => (message: string) => {
    if (!said.has(message)) log[level](message);
    said.add(message);
  };
  return { info: once("info"), warn: once("warn") };
}

/** The query in parentheses or, if the server cannot take it so, as it stands. */
async function choose(
  run: Run,
  host: Host,
  { statement, otherwise, vet }: LaneOptions,
  log: Saying,
): Promise<Statement> {
  try {
    const [{ columns } = NOTHING] = await run([statement.probe]);
    await vet(run, host, columns, log);
    return statement;
  } catch (error) {
    if (otherwise === undefined || !isNotTaken(error)) throw error;
    try {
      await run([otherwise.probe]);
    } catch {
      // The query is wrong either way, and the first error is the one that the manual explains.
      throw error;
    }
    log.info(`${host.name} does not take \`query\` as a part of another one: it is asked as it stands`);
    return otherwise;
  }
}

async function assertFit(
  host: Host,
  run: Run,
  { role, noteStanding, isBehindPooler }: LaneOptions,
): Promise<void> {
  const text = `SELECT ${role.standing}, current_setting('default_transaction_read_only'), current_setting('statement_timeout')`;
  const [{ rows } = NOTHING] = await run([{ text, parameters: [] }]);
  const [standing, isReadOnly, timeout] = rows[0] ?? [];
  noteStanding(host, standing);
  const unfit = role.unfit(standing);
  if (unfit !== undefined) throw new HostProblem(`${host.name} ${unfit}`, { mayPass: true });
  if (!isBehindPooler && (isReadOnly !== "on" || timeout === "0")) {
    throw new HostProblem(
      `${host.name} ignores what a session begins with, as a pooler in transaction mode does: set pooler = true`,
      { mayPass: false },
    );
  }
}
