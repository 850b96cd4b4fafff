import type { SQL } from "bun";
import { rowsOf } from "../session.ts";

/** How many rows are held at a time. */
const PAGE_ROWS = 1000;

/** The rows of an open cursor, as they were when it was opened. */
export async function* fetched(session: SQL, cursor: string): AsyncGenerator<readonly unknown[]> {
  for (;;) {
    const page = await rowsOf(session, `FETCH ${PAGE_ROWS} FROM ${cursor}`, []);
    yield* page;
    if (page.length < PAGE_ROWS) return;
  }
}
