import * as v from "valibot";

/**
 * The JSON interface of the admin listener, under `/api/`: what the console page, `status` and `tail` are made of.
 * Times are Unix milliseconds (`…_ms`) unless a name says otherwise. Never a balance, a secret or a signature; the one
 * exception is the answer to a call that somebody makes with `POST /api/call`.
 */

/** A source's own state: host in use, circuit breaker, queue. */
const details = v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]));

/** Calls that end for one reason, and whose they are. */
const failingSchema = v.object({
  reason: v.string(),
  /** Since then, without a break of 15 minutes, or since the first of those who fail now failed first. */
  since_ms: v.number(),
  /** All that ended so since then. */
  calls: v.number(),
  latest_ms: v.number(),
  /** How many players or callers fail now; 100 are remembered per reason. */
  failing_now: v.number(),
  /** At most ten: those that fail now come first, by the number of calls; then those that are over, the latest first. */
  runs: v.array(
    v.object({
      endpoint: v.string(),
      /** `null` if the calls did not get far enough to tell; then `remote` says who made them. */
      player_id: v.nullable(v.string()),
      remote: v.nullable(v.string()),
      /** Since then no call of this player was answered, nor was there a break of 15 minutes in this caller's failures. */
      since_ms: v.number(),
      calls: v.number(),
      latest_ms: v.number(),
      /** When a call was answered again. */
      answered_ms: v.nullable(v.number()),
      /** It was answered again, or has not failed for 15 minutes. */
      is_over: v.boolean(),
      /** The latest; cut. */
      detail: v.nullable(v.string()),
    }),
  ),
});

export type Failing = v.InferOutput<typeof failingSchema>;

/** `GET /api/status`: the state of the server now. */
export const statusSchema = v.object({
  time_ms: v.number(),
  version: v.string(),
  revision: v.string(),
  started_ms: v.number(),
  /** The absolute path of the configuration file. */
  config_file: v.string(),
  url: v.string(),
  ready: v.boolean(),
  /** What is not ready, as text. */
  not_ready: v.pipe(v.array(v.string()), v.readonly()),
  /** Problems that do not keep calls from being answered but should be known. */
  warnings: v.pipe(v.array(v.string()), v.readonly()),
  source: v.object({ name: v.string(), plugin: v.string() }),
  /** Of the last 60 seconds; the one under way counts. `ok` is how many were answered with a balance, or by the core. */
  last_minute: v.object({
    calls: v.number(),
    ok: v.number(),
    p50_ms: v.nullable(v.number()),
    p99_ms: v.nullable(v.number()),
  }),
  /** The second in which the latest call was answered; `null` if none was since the start. */
  latest_call_ms: v.nullable(v.number()),
  in_flight: v.number(),
  /** Per worker. */
  max_in_flight: v.number(),
  workers: v.array(
    v.object({
      number: v.number(),
      pid: v.nullable(v.number()),
      up: v.boolean(),
      /** Starts in a row that failed or did not last. */
      failures: v.number(),
      in_flight: v.number(),
      source: details,
    }),
  ),
  /** By reason; first what is likeliest to be the operator's to mend. */
  failing: v.pipe(v.array(failingSchema), v.readonly()),
  /** The latest reload; `null` if there was none. */
  reload: v.nullable(v.object({ time_ms: v.number(), problem: v.nullable(v.string()) })),
  /** In the order of `webhook.secrets`. `uses` counts from the start of the server; calls that are tried here do not count. */
  secrets: v.array(
    v.object({
      position: v.number(),
      characters: v.number(),
      is_trial: v.boolean(),
      uses: v.number(),
      last_used_ms: v.nullable(v.number()),
    }),
  ),
  /** How many failed bodies are kept at most: `admin.capture_failed`. */
  capture_failed: v.number(),
  /** Whether `GET /api/players` has something to show. */
  has_players: v.boolean(),
});

export type Status = v.InferOutput<typeof statusSchema>;

const points = v.array(v.nullable(v.number()));

/** `GET /api/series?step=second|minute`: calls over time, the oldest step first; the last one is complete. */
export const seriesSchema = v.object({
  step_seconds: v.number(),
  /** Where the last step ends: Unix time, in steps. */
  end: v.number(),
  /** Calls by reason. */
  counts: v.record(v.string(), v.array(v.number())),
  p50_ms: points,
  p95_ms: points,
  p99_ms: points,
});

export type Series = v.InferOutput<typeof seriesSchema>;

const callSchema = v.object({
  /** Grows by one from call to call. */
  number: v.number(),
  time_ms: v.number(),
  endpoint: v.string(),
  reason: v.string(),
  status_code: v.string(),
  duration_ms: v.number(),
  request_id: v.optional(v.string()),
  player_id: v.optional(v.string()),
  remote: v.optional(v.string()),
  trace_id: v.optional(v.string()),
  detail: v.optional(v.string()),
});

export type ShownCall = v.InferOutput<typeof callSchema>;

/** `GET /api/calls?after=NUMBER`: the latest calls, the oldest first. */
export const callsSchema = v.object({ calls: v.array(callSchema) });

/** An event of `GET /api/events`, once a second: the state, and the calls since the event before. */
export const eventSchema = v.object({
  status: statusSchema,
  calls: v.pipe(v.array(callSchema), v.readonly()),
  /** Calls since the event before that came too fast to be among them. */
  left_out: v.number(),
  /** The number of the newest failed body; 0 if there was none. */
  newest_failed: v.number(),
});

export type ConsoleEvent = v.InferOutput<typeof eventSchema>;

const failedSchema = v.object({
  number: v.number(),
  time_ms: v.number(),
  endpoint: v.string(),
  remote: v.string(),
  /** `missing`, `malformed` or `wrong`. */
  problem: v.string(),
  body_bytes: v.number(),
  body_sha256: v.string(),
  /** The beginning of the body as UTF-8 text. What cannot be shown is written as `\u001b`. */
  text: v.string(),
  hex: v.string(),
  /** What `explain` finds, in sentences. */
  findings: v.pipe(v.array(v.string()), v.readonly()),
});

/** `GET /api/failed`: the bodies whose signature failed, the newest first. `GET /api/failed/NUMBER` is one body's bytes. */
export const failedListSchema = v.object({ failed: v.array(failedSchema) });

export type ShownFailure = v.InferOutput<typeof failedSchema>;

/** `POST /api/call` takes this. */
export const callRequestSchema = v.object({ player_id: v.pipe(v.string(), v.nonEmpty(), v.maxLength(256)) });

/** What `POST /api/call` gives: one signed call to this server, as Klas Gaming makes it. */
export const callResultSchema = v.object({
  request_id: v.string(),
  http_status: v.number(),
  status_code: v.nullable(v.string()),
  balance: v.nullable(v.string()),
  signature: v.string(),
  duration_ms: v.number(),
  /** What an HTTP status that is not an answer may mean. */
  hint: v.optional(v.string()),
  /** The same call as a command for a shell. */
  curl: v.string(),
});

export type CallResult = v.InferOutput<typeof callResultSchema>;

/** `GET /api/players?from=ID`: players of klas-balance's own database in the order of their ids, from an id on. */
export const playersSchema = v.object({
  players: v.array(
    v.object({
      player_id: v.string(),
      currency: v.string(),
      /** `null` if the currency is unknown, and so are its decimals; another program must have written it. */
      balance: v.nullable(v.string()),
      /** What is stored, if `balance` is `null`. */
      minor_units: v.optional(v.string()),
    }),
  ),
  /** Where the next page begins; `null` on the last one. */
  next: v.nullable(v.string()),
});

export type PlayersPage = v.InferOutput<typeof playersSchema>;

/** `GET /api/help`: the manual's topics. `GET /api/help/TOPIC` is one of them as HTML. */
export const topicsSchema = v.object({ topics: v.array(v.object({ name: v.string(), title: v.string() })) });

/** What went wrong with a request to the interface. */
export const problemSchema = v.object({ problem: v.string() });
