import type { SourcePlugin } from "../../src/plugin.ts";
import { answerReader } from "./answer.ts";
import { breaker as circuitBreaker } from "./breaker.ts";
import { caller } from "./exchange.ts";
import { checker } from "./check.ts";
import { optionsSchema, type Options } from "./options.ts";
import { coalescing, remembering, type Lookup } from "./remember.ts";
import { requestBuilder } from "./request.ts";
import { resilient, type Exchange } from "./resilience.ts";
import { slots } from "./slots.ts";
import { readTls } from "../shared/tls.ts";

export { starter } from "./starter.ts";

/** A proxy to the operator's core over HTTP (spec 3.2). */
export default {
  apiVersion: 1,
  options: optionsSchema,
  async open(options, context) {
    const count = (event: string) => context.count(event);
    const tls = await readTls(options.tls, context.directory);
    const breaker = circuitBreaker(options.breaker, context);
    const request = requestBuilder(options);
    const answer = answerReader(options);
    const limits = { tls, maxResponseBytes: options.max_response_bytes };
    const call = caller({ ...limits, needsBody: answer.needsBody });

    const exchange: Exchange = (coreRequest, signal) => call(coreRequest, signal).then(answer.read);
    const ask = resilient(exchange, {
      retries: options.retries,
      breaker,
      slots: slots(options.max_concurrency),
      timeoutMs: context.timeoutMs,
      count,
    });

    let lookup: Lookup = (query, signal) => ask(request(query), signal);
    if (options.coalesce) lookup = coalescing(lookup, count);
    if (options.cache_ms > 0) lookup = remembering(lookup, options.cache_ms, count);

    const check = checker(
      options,
      {
        breaker,
        call: caller({ ...limits, needsBody: () => false }),
        lookup: (query, signal) => exchange(request(query), signal),
      },
      context,
    );
    if (!/\{(?:player|session)_id\}/.test(JSON.stringify([options.url, options.headers, options.body]))) {
      context.log.warn("no {player_id} in url, headers or body: every player gets the same answer");
    }
    return { lookup, check };
  },
} satisfies SourcePlugin<Options>;
