/**
 * The contract between klas-balance and a source of balances. Types only: this file is also what
 * an operator's editor sees as the module `klas-balance`, so it imports nothing.
 */

/** What a plugin file default-exports: `export default { … } satisfies SourcePlugin`. */
export interface SourcePlugin<Options = Record<string, unknown>> {
  /** The version of this contract that the plugin was written for. */
  readonly apiVersion: 1;
  /**
   * The shape of the plugin's table in the configuration, as any Standard Schema (valibot, zod, …).
   * Its output is what `open` receives. Without it the table is passed on unchecked.
   */
  readonly options?: OptionsSchema<Options>;
  /**
   * Gets the source ready. Called once per start or reload; whatever it acquires is released in `close`. If it
   * throws, the server does not start or, on a reload, keeps the source it had.
   */
  open(options: Options, context: OpenContext): Source | Promise<Source>;
}

/** An opened source. Many lookups may be under way at once. */
export interface Source {
  /**
   * Reads one balance and changes nothing; the same query may come again (a retry). Must settle soon after `signal`
   * aborts: by then the caller has had its answer (`source_timeout`). A rejection at once tells the log, in its
   * message, how far the lookup had got. May answer at once, without a promise. A throw is answered as
   * `source_failed`.
   */
  lookup(query: BalanceQuery, signal: AbortSignal): LookupResult | Promise<LookupResult>;
  /** Throws, with a message for the operator, when a lookup could not be answered now. Must heed `signal`. */
  check?(signal: AbortSignal): void | Promise<void>;
  /**
   * The source's state now, for whoever watches the server: the host in use, a circuit breaker, a queue. Must be
   * cheap, because it may be asked every second. Never a secret, a player or a balance.
   */
  state?(): SourceState;
  /** Releases what `open` acquired. Called after the last lookup; a second call does nothing. */
  close?(): void | Promise<void>;
}

/**
 * Names in lower_snake and plain values; at most 12 of them are shown. If there is a `warning`, readiness passes it
 * on: a problem that does not keep calls from being answered but should be known.
 */
export type SourceState = Readonly<Record<string, string | number | boolean>>;

/** One question, as the caller sent it. The ids hold 1 to 256 characters and no control characters. */
export interface BalanceQuery {
  readonly playerId: string;
  readonly sessionId: string;
  readonly requestId: string;
  /** The caller's clock: Unix time in seconds or, from 1e11 on, in milliseconds. */
  readonly timestamp: number;
  /** W3C Trace Context of this request, to be passed on to an upstream. */
  readonly traceparent: string;
  /** What tracing systems keep beside it, if the caller sent it. It goes wherever `traceparent` goes. */
  readonly tracestate?: string | undefined;
}

/**
 * The answer: an exact amount in major units as text (`"30.00"`), or in minor units with the number of decimals that
 * its currency has (ISO 4217); a refusal with a code of the source's own (`^[A-Z][A-Z0-9_]{1,63}$`); or `null` for no
 * such player. Amounts have up to 38 significant digits. Anything else is answered as `source_failed`. `currency` is
 * the code of the player's currency (`^[A-Z][A-Z0-9]{1,11}$`, such as `EUR`), if the source knows it: `/authenticate`
 * tells it to the caller.
 */
export type LookupResult =
  | { readonly balance: string; readonly currency?: string | undefined }
  | { readonly balanceMinor: bigint; readonly exponent: number; readonly currency?: string | undefined }
  | { readonly refused: string }
  | null;

/** What the host lends to a source. */
export interface OpenContext {
  /** Writes to the server's log. Never pass a secret or a balance. */
  readonly log: SourceLog;
  /** Counts an event, such as a circuit breaker's opening, in the metrics. At most 32 different names. */
  count(event: string): void;
  /** The folder of the configuration file: relative paths in the options start there. */
  readonly directory: string;
  /**
   * The number of decimals of a currency, by ISO 4217 or by `[currencies]` in the configuration: EUR 2, JPY 0.
   * `undefined`: no such currency is known, and an amount in its minor units cannot be answered.
   */
  exponentOf(currency: string): number | undefined;
  /** `webhook.currency`: that of the players whose source names none. */
  readonly currency?: string | undefined;
  /** The time that one lookup has, in milliseconds: `webhook.timeout_ms`. */
  readonly timeoutMs: number;
  /**
   * True for `check` and before a reload: the source is opened only to be looked at. Do not make or change anything.
   */
  readonly isRehearsal: boolean;
}

/** A log for sources: a message and, if they help, plain fields. */
export interface SourceLog {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** The part of the Standard Schema interface (standardschema.dev, version 1) that is used here. */
export interface OptionsSchema<Output> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => OptionsResult<Output> | Promise<OptionsResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

export type OptionsResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly OptionsIssue[] };

export interface OptionsIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
