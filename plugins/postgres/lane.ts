import type { SQL } from "bun";
import type { Host } from "../shared/lanes/host.ts";
import { type Connect, HostProblem } from "../shared/lanes/lane.ts";
import { GRACE_MS, sqlLanes } from "../shared/lanes/sql-lane.ts";
import { explainConnecting, explainStatement } from "./failure.ts";
import type { Role } from "./role.ts";
import { isLost } from "./server-error.ts";
import { clientOf, type Reach } from "./session.ts";
import type { Rows, Statement } from "./statement.ts";

interface LaneOptions {
  readonly reach: Reach;
  readonly isBehindPooler: boolean;
  readonly statement: Statement;
  readonly role: Role;
  /** Done before the first lane to a host that is fit is used. */
  readonly prepareHost: (host: Host) => Promise<void>;
  readonly timeoutMs: number;
}

/** Lanes to PostgreSQL: sessions that only read, and in which the server itself keeps the deadline. */
export function postgresLanes(options: LaneOptions): Connect {
  const { reach, isBehindPooler, statement, role, prepareHost, timeoutMs } = options;
  const settings = {
    default_transaction_read_only: "on",
    statement_timeout: String(timeoutMs + GRACE_MS),
    idle_in_transaction_session_timeout: String(timeoutMs + GRACE_MS),
  };
  const begin = `BEGIN READ ONLY; SET LOCAL statement_timeout = ${timeoutMs + GRACE_MS}`;

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
      return {
        ask: async (tag, queries) =>
          statement.read(await run(statement.text, statement.parameters(tag, queries)), tag, queries),
        async probe() {
          // Both in one round trip. A primary may have become a replica, and a replica may have fallen behind.
          const [{ columns }] = await Promise.all([
            run(statement.text, statement.parameters("", [])),
            assertIsFit(),
          ]);
          statement.assertColumns(columns);
        },
      };
    },
    isLost,
    explain: explainStatement,
    explainConnecting: (error, host) => explainConnecting(error, reach(host)),
  });
}

/** One statement with its parameters, in one round trip. */
type Run = (text: string, parameters: unknown[]) => Promise<Rows>;

function plainly(session: SQL): Run {
  return async (text, parameters) => {
    const rows = await session.unsafe<unknown[][]>(text, parameters).values();
    return { rows, columns: rows.columns ?? [] };
  };
}

/** What a session remembers does not outlast a transaction behind a pooler: so the transaction is told everything. */
function inTransaction(session: SQL, begin: string): Run {
  return async (text, parameters) => {
    const beginning = session.unsafe(begin).simple().execute();
    const asking = session.unsafe<unknown[][]>(text, parameters).values().execute();
    const ending = session.unsafe("COMMIT").simple().execute();
    const [begun, asked, ended] = await Promise.allSettled([beginning, asking, ending]);
    if (begun.status === "rejected") throw begun.reason;
    if (asked.status === "rejected") throw asked.reason;
    if (ended.status === "rejected") throw ended.reason;
    return { rows: asked.value, columns: asked.value.columns ?? [] };
  };
}

async function assertFit(
  host: Host,
  run: Run,
  role: Role,
  settings: Readonly<Record<string, string>> | undefined,
): Promise<void> {
  const { rows } = await run(
    `SELECT ${role.standing}, current_setting('default_transaction_read_only'), current_setting('statement_timeout')`,
    [],
  );
  const [standing, isReadOnly, timeout] = rows[0] ?? [];
  if (!role.accepts(standing)) throw new HostProblem(`${host.name} ${role.unfit}`, { mayPass: true });
  if (settings !== undefined && (isReadOnly !== "on" || timeout === "0")) {
    throw new HostProblem(
      `${host.name} ignores what a session begins with, as a pooler in transaction mode does: set pooler = true`,
      { mayPass: false },
    );
  }
}
