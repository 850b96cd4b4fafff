import type { SQL } from "bun";
import type { Rows } from "../shared/query/row-reader.ts";

/** A statement with its parameters. */
export type Run = (text: string, parameters: unknown[]) => Promise<Rows>;

export function plainly(session: SQL): Run {
  return async (text, parameters) => {
    const rows = await session.unsafe<unknown[][]>(text, parameters).values();
    return { rows, columns: rows.columns ?? [] };
  };
}

/** Behind a pooler, what a session remembers does not outlast a transaction. */
export function inTransaction(session: SQL): Run {
  return async (text, parameters) => {
    const beginning = session.unsafe("START TRANSACTION READ ONLY").execute();
    const asking = session.unsafe<unknown[][]>(text, parameters).values().execute();
    const ending = session.unsafe("COMMIT").execute();
    const [begun, asked, ended] = await Promise.allSettled([beginning, asking, ending]);
    if (begun.status === "rejected") throw begun.reason;
    if (asked.status === "rejected") throw asked.reason;
    if (ended.status === "rejected") throw ended.reason;
    return { rows: asked.value, columns: asked.value.columns ?? [] };
  };
}
