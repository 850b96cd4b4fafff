import type { SourcePlugin } from "../../src/plugin.ts";
import { engineTlsFor, plainTextWarning } from "../shared/engine-tls.ts";
import { lanes } from "../shared/lanes/lanes.ts";
import { playerKey } from "../shared/player-key.ts";
import { postgresLanes } from "./lane.ts";
import { warnOfWriting } from "./may-write.ts";
import { type Options, optionsSchema } from "./options.ts";
import { ownTable } from "./own/prepare.ts";
import { ownRow, ownSelect } from "./own/select.ts";
import { queryRow } from "./query-row.ts";
import { roleOf } from "./role.ts";
import type { Reach } from "./session.ts";
import { lookupStatement, PLACEHOLDERS } from "./statement.ts";

export { starter } from "./starter.ts";

/** Lookups that share a round trip at most. */
const MAX_BATCH = 64;

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
    const idType = options.id_type;
    const own = options.query === undefined ? ownTable(reach, context.isRehearsal) : undefined;
    const statement =
      options.query === undefined
        ? lookupStatement(ownSelect, { idType, role, rowReader: ownRow(context) })
        : lookupStatement(
            options.query.render((parameter) => PLACEHOLDERS[parameter]),
            { idType, role, rowReader: queryRow },
          );
    const source = lanes(
      {
        hosts: options.hosts,
        connections: options.connections,
        maxBatch: options.batch ? MAX_BATCH : 1,
        connect: postgresLanes({
          reach,
          isBehindPooler: options.pooler,
          statement,
          role,
          prepareHost: async (host) => {
            await own?.prepare(host);
            if (own === undefined && context.isRehearsal) await warnOfWriting(reach, host, log);
          },
          timeoutMs,
        }),
      },
      context,
    );
    const warning = plainTextWarning(options.hosts, options.tls);
    if (warning !== undefined) log.warn(warning);
    const problem = await source.begin();
    if (problem !== undefined && (context.isRehearsal || !problem.mayPass)) {
      await source.close();
      if (own?.isMissing !== true) throw problem;
      log.warn(problem.message);
      return { lookup: () => null };
    }
    return {
      ...source,
      lookup: (query, signal) =>
        playerKey(idType, query.playerId) === undefined ? null : source.lookup(query, signal),
    };
  },
} satisfies SourcePlugin<Options>;
