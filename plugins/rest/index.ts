import type { BalanceQuery, OpenContext, SourcePlugin } from "../../src/plugin.ts";
import { answerReader } from "./answer.ts";
import { breaker as circuitBreaker } from "./breaker.ts";
import { checker } from "./check.ts";
import { openConnections } from "./connections.ts";
import { exchanger, statusReader, type Core } from "./exchange.ts";
import { optionsSchema, type Options } from "./options.ts";
import { sharing } from "./remember.ts";
import { requestBuilder } from "./request.ts";
import { resilient } from "./resilience.ts";
import { slots } from "./slots.ts";
import { isSameOrigin, originOf } from "./url.ts";
import { requestWriter } from "../shared/http/request-bytes.ts";
import { impliedExponent, setOption } from "../shared/implied-exponent.ts";
import { authorities, readTls, type ClientTls } from "../shared/tls.ts";

/** What `init --source rest` begins with. */
export const starter = {
  table: `plugin = "rest"
url = "http://127.0.0.1:9000/players/{player_id}/balance"    # your core
balance = "/balance"        # JSON Pointer to the amount in its answer
# echo = "/player_id"       # ... and to the player's id: shows whose answer it is`,
  nextSteps: ["edit config.toml: say where your core is"],
};

/** A proxy to the operator's core over HTTP (spec 3.2). */
export default {
  apiVersion: 1,
  options: optionsSchema,
  async open(options, context) {
    const count = (event: string) => context.count(event);
    const tls = await readTls(options.tls, context.directory);
    const core = openCore(originOf(options.url), options, tls, context);
    const implied = impliedExponent(context, setOption);
    if (options.unit === "minor" && options.exponent === undefined) implied.warn();
    const breaker = circuitBreaker(options.breaker, context);
    const request = requestBuilder(options);
    const exchange = exchanger(core, answerReader(options, implied));
    const turns = slots(options.max_concurrency);
    const ask = resilient(exchange, {
      retries: options.retries,
      breaker,
      slots: turns,
      timeoutMs: context.timeoutMs,
      core: core.name,
      count,
    });

    const lookup = sharing((query, signal) => ask(request(query), signal), {
      coalesce: options.coalesce,
      cacheMs: options.cache_ms,
      count,
    });
    const probes = {
      breaker,
      lookup: (query: BalanceQuery, signal: AbortSignal) => exchange(request(query), signal),
      health:
        options.health_url === undefined
          ? undefined
          : exchanger(openHealth(options.health_url, options, tls, context), statusReader),
    };
    if (!/\{(?:player|session)_id\}/.test(JSON.stringify([options.url, options.headers, options.body]))) {
      context.log.warn("no {player_id} in url, headers or body: every player gets the same answer");
    }
    if (context.isRehearsal && options.proxy !== undefined) {
      context.log.info(`the core is asked through the proxy ${new URL(options.proxy).host}`);
    }
    const { echo, echo_header: echoHeader, connections } = options;
    if (context.isRehearsal && echo === undefined && echoHeader === undefined && connections === "pooled") {
      context.log.warn(
        'nothing shows that an answer is to its own question: set echo, echo_header or connections = "fresh", or a stray answer of the core goes to the next player',
      );
    }
    return {
      lookup,
      check: checker(options, probes, context),
      state: () => ({
        core: core.name,
        circuit_breaker: breaker.state(),
        calls: turns.taken,
        max_calls: options.max_concurrency,
        calls_waiting: turns.waiting,
        ...warningOf(core),
      }),
      close: () => core.connections.close(),
    };
  },
} satisfies SourcePlugin<Options>;

function warningOf({ connections }: Core): { readonly warning?: string } {
  const warning = connections.warning();
  return warning === undefined ? {} : { warning };
}

function openHealth(url: string, options: Options, tls: ClientTls | undefined, context: OpenContext): Core {
  const shown = isSameOrigin(url, options.url) ? tls : authorities(tls);
  return openCore(originOf(url), { ...options, connections: "fresh" }, shown, context);
}

function openCore(origin: URL, options: Options, tls: ClientTls | undefined, context: OpenContext): Core {
  const { connections, max_response_bytes: maxResponseBytes } = options;
  const proxy = options.proxy === undefined ? undefined : new URL(options.proxy);
  return {
    name: proxy === undefined ? origin.host : `${origin.host} (through the proxy ${proxy.host})`,
    connections: openConnections(origin, { tls, proxy, connections }, context),
    write: requestWriter({
      origin,
      isKeepAlive: connections === "pooled",
      proxy: origin.protocol === "https:" ? undefined : proxy,
    }),
    maxResponseBytes,
  };
}
