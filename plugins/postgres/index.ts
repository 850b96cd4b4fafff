import type { SourcePlugin } from "../../src/plugin.ts";
import { engineTlsFor, plainTextWarning } from "../shared/engine-tls.ts";
import { HostProblem } from "../shared/lanes/lane.ts";
import { addColumn, impliedExponent } from "../shared/implied-exponent.ts";
import { openLanes } from "../shared/lanes/open-lanes.ts";
import { needsId } from "../shared/query/loose.ts";
import { type KeyType, playerKey } from "../shared/player-key.ts";
import { castType, castWidth, looseBesidesCast } from "./cast-type.ts";
import { postgresLanes } from "./lane.ts";
import { warnOfWriting } from "./may-write.ts";
import { type Options, optionsSchema } from "./options.ts";
import { ownTable } from "./own/prepare.ts";
import { ownRow, ownSelect } from "./own/select.ts";
import { rowReader } from "../shared/query/row-reader.ts";
import { kindOf } from "./kind.ts";
import { vetIds } from "./loose-ids.ts";
import { givesId, oneByOne } from "./one-by-one.ts";
import { roleOf } from "./role.ts";
import type { Reach } from "./session.ts";
import { lookupStatement, PLACEHOLDERS } from "./statement.ts";

export { withPlayers } from "./players.ts";

/** Lookups that share a round trip at most. */
const MAX_BATCH = 64;

/** The server writes an id of each type as the key is written. */
function isSameText(storedId: string, key: string): boolean {
  return storedId === key;
}

/** What `init --source postgres` begins with. */
export const starter = {
  table: `plugin = "postgres"
hosts = ["127.0.0.1:5432"]  # tried in order
database = "klas"
user = "klas_balance"
# password = "\${file:database-password}"
# query = "SELECT id AS player_id, balance FROM accounts WHERE id = :player_id" # or: read a database of yours`,
  nextSteps: ["edit config.toml: say where your database is, and who you are there"],
};

/** Spec 3.3: balances in PostgreSQL, or in what speaks its protocol; klas-balance's own table or the operator's. */
export default {
  apiVersion: 1,
  options: optionsSchema,
  async open(options, context) {
    const { log, timeoutMs } = context;
    const tlsTo = await engineTlsFor(options.tls, context.directory);
    const account = { database: options.database, user: options.user, password: options.password ?? "" };
    const reach: Reach = (host) => ({ host, account, tls: tlsTo(host) });
    const role = roleOf(options.role, options.max_staleness_ms);
    const stalenessMs = new Map<string, number | undefined>();
    const own = options.query === undefined ? ownTable(reach, context.isRehearsal) : undefined;
    const { query } = options;
    const idType =
      options.id_type === "text" && query !== undefined ? (castType(query) ?? "text") : options.id_type;
    let keyType: KeyType = idType;
    const looked = new Set<string>();
    const given = {
      idType,
      role,
      rowReader: rowReader(kindOf, impliedExponent(context, addColumn), isSameText),
    };
    const statement =
      query === undefined
        ? lookupStatement(ownSelect, { ...given, rowReader: ownRow(context) })
        : lookupStatement(
            query.render((parameter) => PLACEHOLDERS[parameter]),
            given,
          );
    const warning = plainTextWarning(options.hosts, options.tls);
    if (warning !== undefined) log.warn(warning);
    const connect = postgresLanes({
      reach,
      isBehindPooler: options.pooler,
      statement,
      otherwise: query && oneByOne(query, given),
      async vet(run, host, columns, saying) {
        if (query === undefined || givesId(columns)) return;
        if (idType === "text")
          return await vetIds(run, host, { query, statement: statement.probe, log: saying });
        const by = looseBesidesCast(query);
        if (by !== undefined) throw new HostProblem(`${host.name}: ${needsId(by)}`, { mayPass: false });
      },
      log,
      role,
      noteStanding: ({ name }, standing) => void stalenessMs.set(name, role.stalenessMs(standing)),
      prepareHost: async (host, run, atEnd) => {
        if (query !== undefined && idType === "bigint") keyType = await castWidth(run, query);
        await own?.prepare(host, atEnd);
        if (own !== undefined || !context.isRehearsal || looked.has(host.name)) return;
        looked.add(host.name);
        await warnOfWriting(reach, host, atEnd, log);
      },
      timeoutMs,
    });
    try {
      const source = await openLanes(
        {
          hosts: options.hosts,
          connections: options.connections,
          maxBatch: options.batch ? MAX_BATCH : 1,
          isKey: (playerId) => playerKey(keyType, playerId) !== undefined,
          connect,
        },
        context,
      );
      return {
        ...source,
        state() {
          const state = source.state();
          const inUseMs = stalenessMs.get(String(state["host"]));
          return inUseMs === undefined ? state : { ...state, staleness_ms: Math.round(inUseMs) };
        },
      };
    } catch (problem) {
      if (own?.isMissing !== true) throw problem;
      log.warn(problem instanceof Error ? problem.message : String(problem));
      return { lookup: () => null, state: () => ({ not_made_yet: true }) };
    }
  },
} satisfies SourcePlugin<Options>;
