import { MayPass, sqliteCode, untilFreeToOpen } from "../file/busy.ts";
import { assertPlace, explained } from "../file/failure.ts";
import type { BalanceQuery, LookupResult } from "../../../src/plugin.ts";
import type { Query } from "../../shared/query/parameters.ts";
import type { DatabaseReader, DatabaseKind } from "../file/source.ts";
import type { QueryOptions } from "./row.ts";
import { prepareSelect, type Prepared } from "./statement.ts";
import { connectUntouched, type UntouchedConnection } from "./untouched.ts";

/** How often a read is repeated if a writer got in between. */
const MAX_ATTEMPTS = 5;

/** The operator's own database as a kind of source: their query, and nothing written to or beside the file. */
export function operatorsDatabase(query: Query, options: QueryOptions): DatabaseKind {
  const open = async (file: string): Promise<DatabaseReader> => {
    assertPlace(file, { mustExist: true });
    try {
      return await untilFreeToOpen(() => opened(file, query, options));
    } catch (error) {
      throw explained(error, file);
    }
  };
  return { open, reopen: (_known, { path }) => open(path) };
}

function opened(file: string, query: Query, options: QueryOptions): DatabaseReader {
  try {
    return queryReader(file, query, options);
  } catch (error) {
    throw passing(error, file);
  }
}

function queryReader(file: string, query: Query, options: QueryOptions): DatabaseReader {
  let open = prepare(file, query, options);
  let isBroken = false;

  function connectAnew(): void {
    // In this order: if the new one cannot be opened, because of a lock for example, the old one can still be asked.
    const old = open;
    open = prepare(file, query, options);
    old.database.close(true);
    isBroken = false;
  }

  function read(asked: BalanceQuery): LookupResult {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      if (isBroken || !open.isReusable()) connectAnew();
      const rows = open.select(asked);
      if (open.isValid()) return open.resultOf(rows, asked.playerId);
    }
    throw new Error(`${file} changed during each of ${MAX_ATTEMPTS} reads`);
  }

  function asPassing<Result>(attempt: () => Result): Result {
    try {
      return attempt();
    } catch (error) {
      isBroken ||= isComingOrGoing(error);
      throw passing(error, file);
    }
  }

  return {
    read: (asked) => asPassing(() => read(asked)),
    renew() {
      // One that reads the file as immutable looks at its times by itself.
      if (open.usesLog) asPassing(connectAnew);
    },
    usesLog: () => open.usesLog,
    // Read-only: it could not bring a log home.
    close: () => open.database.close(true),
  };
}

/**
 * While a program opens or closes the database its log and index come and go one after the other, and SQLite says in
 * between that it cannot open them, or would have to write. If that lasts, it is reported a little later.
 */
function isComingOrGoing(error: unknown): boolean {
  return /^SQLITE_(CANTOPEN|READONLY|PROTOCOL)/.test(sqliteCode(error) ?? "");
}

function passing(error: unknown, file: string): unknown {
  if (!isComingOrGoing(error)) return error;
  const problem = explained(error, file);
  return new MayPass(problem instanceof Error ? problem.message : String(problem), { cause: error });
}

function prepare(file: string, query: Query, options: QueryOptions): UntouchedConnection & Prepared {
  const connection = connectUntouched(file);
  try {
    return { ...connection, ...prepareSelect(connection.database, query, options) };
  } catch (error) {
    connection.database.close(true);
    throw error;
  }
}
