import type { SourcePlugin } from "../../src/plugin.ts";
import { engineTlsFor, plainTextWarning } from "../shared/engine-tls.ts";
import { addColumn, impliedExponent } from "../shared/implied-exponent.ts";
import { openLanes } from "../shared/lanes/open-lanes.ts";
import { playerKey } from "../shared/player-key.ts";
import { mysqlLanes } from "./lane.ts";
import { type Options, optionsSchema } from "./options.ts";
import { watchesOver } from "./replica/watches.ts";
import type { Reach } from "./session.ts";
import { MAX_BATCH } from "./statement.ts";

/** What `init --source mysql` begins with. */
export const starter = {
  table: `plugin = "mysql"
hosts = ["127.0.0.1:3306"]  # tried in order
database = "casino"
user = "klas_balance"
# password = "\${file:database-password}"
query = "SELECT id AS player_id, balance FROM accounts WHERE id = :player_id"`,
  nextSteps: ["edit config.toml: say where your database is, who you are there, what to read"],
};

/** Spec 3.3: balances in a table of the operator's in MySQL, MariaDB, or in what speaks their protocol. */
export default {
  apiVersion: 1,
  options: optionsSchema,
  async open(options, context) {
    const { log, timeoutMs } = context;
    const tlsTo = await engineTlsFor(options.tls, context.directory);
    const account = { database: options.database, user: options.user, password: options.password ?? "" };
    const reach: Reach = (host) => ({ host, account, tls: tlsTo(host) });
    const idType = options.id_type;
    const warning = plainTextWarning(options.hosts, options.tls);
    if (warning !== undefined) log.warn(warning);
    const { hosts, max_staleness_ms: maxStalenessMs } = options;
    const watches = maxStalenessMs === undefined ? undefined : watchesOver({ hosts, reach, maxStalenessMs });
    const source = await openLanes(
      {
        hosts,
        connections: options.connections,
        maxBatch: options.batch ? MAX_BATCH : 1,
        isKey: (playerId) => playerKey(idType, playerId) !== undefined,
        connect: mysqlLanes({
          reach,
          query: options.query,
          idType,
          mustTakeWrites: options.role === "primary",
          isBehindPooler: options.pooler,
          watch: watches?.join,
          timeoutMs,
          implied: impliedExponent(context, addColumn),
          log,
        }),
      },
      context,
    ).catch((problem: unknown) => {
      watches?.close();
      throw problem;
    });
    return watches === undefined
      ? source
      : {
          ...source,
          state() {
            const state = source.state();
            return { ...state, ...watches.staleness(String(state["host"])) };
          },
          async close() {
            await source.close();
            watches.close();
          },
        };
  },
} satisfies SourcePlugin<Options>;
