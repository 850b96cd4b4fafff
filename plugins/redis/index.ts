import type { SourcePlugin } from "../../src/plugin.ts";
import { engineTlsFor, plainTextWarning } from "../shared/engine-tls.ts";
import { impliedExponent, setOption } from "../shared/implied-exponent.ts";
import type { Host } from "../shared/lanes/host.ts";
import { openLanes } from "../shared/lanes/open-lanes.ts";
import { redisLanes } from "./lane.ts";
import { lookupsFor } from "./lookup.ts";
import { type Options, optionsSchema } from "./options.ts";
import { masterBySentinels } from "./sentinel.ts";

/** One connection carries many lookups at a time. A second one is there while the first is being replaced. */
const CONNECTIONS = 2;

/** Lookups that share a round trip at most. */
const MAX_BATCH = 64;

/** What `init --source redis` begins with. */
export const starter = {
  table: `plugin = "redis"
hosts = ["127.0.0.1:6379"]  # tried in order
# password = "\${file:redis-password}"
key = "balance:{player_id}" # a string such as "30.50"; no such key: no such player`,
  nextSteps: ["edit config.toml: say where your Redis is, and how its keys are named"],
};

/** Spec 3.4: balances in Redis, Valkey, or in what speaks their protocol. */
export default {
  apiVersion: 1,
  options: optionsSchema,
  async open(options, context) {
    const { hosts, sentinels = [], master = "", user, password } = options;
    const tlsTo = await engineTlsFor(options.tls, context.directory);
    const reach = (host: Host) => ({ host, tls: tlsTo(host) });
    const warning = plainTextWarning([...(hosts ?? []), ...sentinels], options.tls);
    if (warning !== undefined) context.log.warn(warning);
    const implied = impliedExponent(context, setOption);
    if (options.unit === "minor" && options.exponent === undefined) implied.warn();
    return await openLanes(
      {
        hosts: hosts ?? [{ name: `the master ${master}`, hostname: "", port: 0, socket: undefined }],
        connections: CONNECTIONS,
        maxBatch: MAX_BATCH,
        isKey: () => true,
        connect: redisLanes({
          locate: async (host) => {
            const located = hosts === undefined ? await masterBySentinels(sentinels, master, reach) : host;
            return { ...reach(located), user, password };
          },
          lookups: lookupsFor(options, implied),
        }),
      },
      context,
    );
  },
} satisfies SourcePlugin<Options>;
