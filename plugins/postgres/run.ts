import type { SQL } from "bun";
import type { Rows } from "../shared/query/row-reader.ts";
import type { Step } from "./statement.ts";

/** Statements with their parameters, in one round trip. */
export type Run = (steps: readonly Step[]) => Promise<readonly Rows[]>;

export function plainly(session: SQL): Run {
  return async (steps) => await Promise.all(steps.map((step) => send(session, step)));
}

/** Behind a pooler, what a session is told does not outlast a transaction. So each transaction is told everything. */
export function inTransaction(session: SQL, begin: string): Run {
  return async (steps) => {
    const beginning = session.unsafe(begin).simple().execute();
    const asking = steps.map((step) => send(session, step));
    const ending = session.unsafe("COMMIT").simple().execute();
    const [begun, ended, ...asked] = await Promise.allSettled([beginning, ending, ...asking]);
    if (begun.status === "rejected") throw begun.reason;
    const rows = asked.map((one) => {
      if (one.status === "rejected") throw one.reason;
      return one.value;
    });
    if (ended.status === "rejected") throw ended.reason;
    return rows;
  };
}

/** When this returns, the statement is on its way: it does not wait for the answer to the one before. */
function send(session: SQL, { text, parameters }: Step): Promise<Rows> {
  const asked = session.unsafe<unknown[][]>(text, parameters).values().execute();
  return asked.then((rows) => ({ rows, columns: rows.columns ?? [] }));
}
