import type { BlockList } from "node:net";
import { addressSet } from "../config/address.ts";
import type { Config } from "../config/load.ts";
import { masking } from "../config/masking.ts";
import type { Forwarder } from "../forward/forwarder.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { type Recorder, secretId } from "../observe/recorder.ts";
import type { SourceLog } from "../plugin.ts";
import { type ExponentOf, knownCurrencies } from "../protocol/currency.ts";
import { signingKey, type SigningKey } from "../protocol/signature.ts";
import { DEFAULT_STATUS_CODES, type MappedReason, type StatusCodes } from "../protocol/status.ts";
import { Failure } from "../failure.ts";
import { type BoundSource, describeSource, type OnStep } from "../source/bind-sources.ts";
import { guard, type GuardedSource } from "../source/guard.ts";
import { type TrimmedSecret, trimmedSecrets } from "./trimmed-secrets.ts";

/** All that answering a call depends on: one value, replaced as a whole by a reload. */
export interface Service {
  /** The first one signs if none verified. */
  readonly keys: readonly [SigningKey, ...SigningKey[]];
  /** For the log alone. */
  readonly trimmedSecrets: readonly TrimmedSecret[];
  readonly source: GuardedSource;
  readonly sourceName: string;
  /** `webhook.timeout_ms` */
  readonly timeoutMs: number;
  /** Only there if calls are passed on. */
  readonly forwarder: Forwarder | undefined;
  /** `webhook.currency` */
  readonly currency: string | undefined;
  readonly exponentOf: ExponentOf;
  readonly statusCodes: StatusCodes;
  readonly maxBodyBytes: number;
  readonly maxClockSkewSeconds: number | undefined;
  /** Who may call; everybody if it is not set. */
  readonly allowedIps: BlockList | undefined;
  /** Whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: BlockList | undefined;
  readonly log: Log;
  /** Only there if somebody can read them: with an admin listener. */
  readonly metrics: Metrics | undefined;
  /** Only there if somebody can look, too. */
  readonly recorder: Recorder | undefined;
  /** Of each key, what the recorder knows its secret by. */
  readonly secretIds: readonly string[];
}

/** What surrounds a service: it exists before and after it. */
export interface Surroundings {
  readonly log: Log;
  readonly metrics?: Metrics | undefined;
  readonly recorder?: Recorder | undefined;
  /** The source is opened only to be looked at, not to answer calls. */
  readonly isRehearsal?: boolean;
  readonly onStep?: OnStep | undefined;
}

/** Everything but the source comes straight from the configuration. */
export function serviceOf(
  { webhook, server, source: { name }, currencies = {} }: Config,
  source: GuardedSource,
  forwarder: Forwarder | undefined,
  { log, metrics, recorder }: Surroundings,
): Service {
  const [first, ...others] = webhook.secrets;
  return {
    keys: [signingKey(first), ...others.map(signingKey)],
    trimmedSecrets: trimmedSecrets(webhook.secrets),
    source,
    sourceName: name,
    timeoutMs: webhook.timeout_ms,
    forwarder,
    currency: webhook.currency,
    exponentOf: knownCurrencies(currencies),
    statusCodes: statusCodesOf(webhook.status_codes),
    maxBodyBytes: server.max_body_bytes,
    maxClockSkewSeconds: webhook.max_clock_skew_seconds,
    allowedIps: server.allow_ips && addressSet(server.allow_ips),
    trustedProxies: server.trusted_proxies && addressSet(server.trusted_proxies),
    log,
    metrics,
    recorder,
    secretIds: recorder === undefined ? [] : webhook.secrets.map(secretId),
  };
}

/** Opens the source in use. Throws with a message for the operator if that fails. */
export async function openSource(
  { directory, webhook, currencies = {}, inserted }: Config,
  source: BoundSource,
  { log, metrics, isRehearsal = false, onStep }: Surroundings,
): Promise<GuardedSource> {
  onStep?.(`opening ${describeSource(source)}`);
  try {
    const opened = await source.open({
      log: sourceLog(log, source.name),
      count: (event) => metrics?.happened(source.name, event),
      directory,
      exponentOf: knownCurrencies(currencies),
      currency: webhook.currency,
      timeoutMs: webhook.timeout_ms,
      isRehearsal,
    });
    onStep?.(`checking ${describeSource(source)}`);
    return guard(opened, {
      timeoutMs: webhook.timeout_ms,
      maxInFlight: webhook.max_in_flight,
      onAnswer: metrics && ((reason, seconds) => metrics.lookedUp(source.name, reason, seconds)),
      file: source.file,
      mask: masking(inserted),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure(`${describeSource(source)} cannot be opened: ${masking(inserted)(reason)}`, 2);
  }
}

function sourceLog(log: Log, source: string): SourceLog {
  return {
    debug: (message, fields) => log.debug(message, { source, ...fields }),
    info: (message, fields) => log.info(message, { source, ...fields }),
    warn: (message, fields) => log.warn(message, { source, ...fields }),
    error: (message, fields) => log.error(message, { source, ...fields }),
  };
}

function statusCodesOf(overrides: { readonly [reason in MappedReason]?: string | undefined }): StatusCodes {
  const set = Object.entries(overrides).filter(([, code]) => code !== undefined);
  return { ...DEFAULT_STATUS_CODES, ...Object.fromEntries(set) };
}
