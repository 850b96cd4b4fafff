import { untilFreeToOpen } from "../file/busy.ts";
import { assertPlace, explained } from "../file/failure.ts";
import { balanceOf } from "./row.ts";
import type { Reader, ReaderKind } from "../file/source.ts";
import { prepareSelect, type Select } from "./statement.ts";
import { connectUntouched, type UntouchedConnection } from "./untouched.ts";

/** How often a read is repeated that a writer has overtaken. */
const MAX_ATTEMPTS = 5;

/** The operator's own database as a kind of source: their query, and nothing written to or beside the file. */
export function operatorsDatabase(query: string): ReaderKind {
  const open = async (file: string): Promise<Reader> => {
    assertPlace(file, { mustExist: true });
    try {
      return await untilFreeToOpen(() => queryReader(file, query));
    } catch (error) {
      throw explained(error, file);
    }
  };
  return { open, reopen: (_known, { path }) => open(path) };
}

function queryReader(file: string, query: string): Reader {
  let open = prepare(file, query);
  return {
    read({ playerId, sessionId }) {
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
        if (!open.isReusable()) {
          // In this order: where the new one cannot be had, because of a lock say, there is still the old one to ask.
          const old = open;
          open = prepare(file, query);
          old.database.close(true);
        }
        const rows = open.select({ player_id: playerId, session_id: sessionId });
        if (open.isValid()) return balanceOf(rows);
      }
      throw new Error(`${file} changed during each of ${MAX_ATTEMPTS} reads`);
    },
    usesLog: () => open.usesLog,
    // Read-only: it could not bring a log home.
    close: () => open.database.close(true),
  };
}

function prepare(file: string, query: string): UntouchedConnection & { readonly select: Select } {
  const connection = connectUntouched(file);
  try {
    return { ...connection, select: prepareSelect(connection.database, query) };
  } catch (error) {
    connection.database.close(true);
    throw error;
  }
}
