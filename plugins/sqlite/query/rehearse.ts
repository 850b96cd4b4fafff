import type { BalanceQuery, LookupResult, Source, SourceLog } from "../../../src/plugin.ts";
import type { Query } from "../../shared/query/parameters.ts";
import { openFileSource } from "../file/source.ts";
import { operatorsDatabase } from "./reader.ts";
import { takesOtherIds } from "./statement.ts";

/** An id that, as a number, can also be written as another text. */
const INTEGER_ID = /^[1-9]\d*$/;

/** The operator's database as `check` looks at it. It also warns of answers that may be wrong. */
export async function rehearseQuery(
  file: string,
  query: Query,
  { round, log }: { readonly round: number | undefined; readonly log: SourceLog },
): Promise<Source> {
  const warned = new Set<string>();
  function warn(topic: string, warning: string): void {
    if (!warned.has(topic)) log.warn(warning);
    warned.add(topic);
  }

  const source = await openFileSource(file, operatorsDatabase(query, { round, warn }), log);

  async function lookup(asked: BalanceQuery, signal: AbortSignal): Promise<LookupResult> {
    const answer = await source.lookup(asked, signal);
    if (answer === null || !INTEGER_ID.test(asked.playerId)) return answer;
    const isTaken = await isAnswered({ ...asked, playerId: `0${asked.playerId}` }, signal);
    if (isTaken) warn("ids", takesOtherIds("what it is compared with"));
    return answer;
  }

  /** True if the same number written differently, which is nobody's id, is answered. */
  async function isAnswered(other: BalanceQuery, signal: AbortSignal): Promise<boolean> {
    try {
      return (await source.lookup(other, signal)) !== null;
    } catch {
      return false;
    }
  }

  return { ...source, lookup };
}
