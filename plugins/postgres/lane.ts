import type { SourceLog } from "../../src/plugin.ts";
import type { Host } from "../shared/lanes/host.ts";
import { type Connect, HostProblem } from "../shared/lanes/lane.ts";
import { GRACE_MS, sqlLanes } from "../shared/lanes/sql-lane.ts";
import { explainConnecting, explainStatement } from "./failure.ts";
import type { Role } from "./role.ts";
import { inTransaction, plainly, type Run } from "./run.ts";
import { isLost, isNotTaken } from "./server-error.ts";
import { clientOf, type Reach } from "./session.ts";
import { NOTHING, type Rows, type Statement } from "./statement.ts";

interface LaneOptions {
  readonly reach: Reach;
  readonly isBehindPooler: boolean;
  readonly statement: Statement;
  /** Used if the server cannot take the first one. */
  readonly otherwise: Statement | undefined;
  /** Throws a `HostProblem` if the first one, which gives these columns, could take one player for another. */
  readonly vet: (run: Run, host: Host, columns: Rows["columns"]) => Promise<void>;
  readonly log: SourceLog;
  readonly role: Role;
  /** Done before the first lane to a host that is fit is used. */
  readonly prepareHost: (host: Host) => Promise<void>;
  readonly timeoutMs: number;
}

/** Lanes to PostgreSQL: sessions that only read, and in which the server itself keeps the deadline. */
export function postgresLanes(options: LaneOptions): Connect {
  const { reach, isBehindPooler, role, prepareHost, timeoutMs } = options;
  const settings = {
    default_transaction_read_only: "on",
    statement_timeout: String(timeoutMs + GRACE_MS),
    idle_in_transaction_session_timeout: String(timeoutMs + GRACE_MS),
  };
  const begin = `BEGIN READ ONLY; SET LOCAL statement_timeout = ${timeoutMs + GRACE_MS}`;
  let chosen: Statement | undefined;

  return sqlLanes({
    client: (host, onClosed) =>
      clientOf({
        ...reach(host),
        startUp: isBehindPooler ? {} : settings,
        prepare: !isBehindPooler,
        onClosed,
      }),
    async begin(session, host) {
      const run = isBehindPooler ? inTransaction(session, begin) : plainly(session);
      const assertIsFit = () => assertFit(host, run, role, isBehindPooler ? undefined : settings);
      await assertIsFit();
      await prepareHost(host);
      const statement = (chosen ??= await choose(run, host, options));
      return {
        ask: async (tag, queries) => statement.read(await run(statement.steps(tag, queries)), tag, queries),
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

/** The query in parentheses or, if the server cannot take it so, as it stands. */
async function choose(
  run: Run,
  host: Host,
  { statement, otherwise, vet, log }: LaneOptions,
): Promise<Statement> {
  try {
    const [{ columns } = NOTHING] = await run([statement.probe]);
    await vet(run, host, columns);
    return statement;
  } catch (error) {
    if (otherwise === undefined || !isNotTaken(error)) throw error;
    try {
      await run([otherwise.probe]);
    } catch {
      // What is wrong with the query either way; the first error knows it as the manual does.
      throw error;
    }
    log.info(`${host.name} does not take \`query\` as a part of another one: it is asked as it stands`);
    return otherwise;
  }
}

async function assertFit(
  host: Host,
  run: Run,
  role: Role,
  settings: Readonly<Record<string, string>> | undefined,
): Promise<void> {
  const text = `SELECT ${role.standing}, current_setting('default_transaction_read_only'), current_setting('statement_timeout')`;
  const [{ rows } = NOTHING] = await run([{ text, parameters: [] }]);
  const [standing, isReadOnly, timeout] = rows[0] ?? [];
  if (!role.accepts(standing)) throw new HostProblem(`${host.name} ${role.unfit}`, { mayPass: true });
  if (settings !== undefined && (isReadOnly !== "on" || timeout === "0")) {
    throw new HostProblem(
      `${host.name} ignores what a session begins with, as a pooler in transaction mode does: set pooler = true`,
      { mayPass: false },
    );
  }
}
