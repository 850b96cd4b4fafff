import { isIP } from "node:net";
import * as v from "valibot";
import { auth, clientTls } from "../../plugins/shared/core-access.ts";
import {
  contradictsIso4217,
  isCurrencyCode,
  knownCurrencies,
  MAX_CURRENCY_EXPONENT,
} from "../protocol/currency.ts";
import { integer } from "../../plugins/shared/integer.ts";
import { isErrorCode } from "../../plugins/shared/status-code.ts";
import { ID_RULE, isId } from "../protocol/request.ts";
import { isAddressRange, isLoopback, withoutBrackets } from "./address.ts";

/**
 * Every option of the host, its default and its bounds. The options of a source are its plugin's own.
 * Messages say what is expected and never what was found: it may be a secret.
 */

export const DEFAULT_SOURCE = "players";

const MAX_WORKERS = 256;

function text(expectation: string) {
  return v.pipe(v.string(`expected ${expectation}`), v.nonEmpty(`expected ${expectation}`));
}

function isNotEmpty(secrets: string[]): secrets is [string, ...string[]] {
  return secrets.length > 0;
}

function oneOf<const Options extends readonly string[]>(options: Options) {
  return v.picklist(options, `expected one of ${options.map((option) => `"${option}"`).join(", ")}`);
}

function table<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.object(entries, "expected a table");
}

const statusCode = v.optional(
  v.pipe(
    v.string('expected a status code such as "ERR_UNKNOWN"'),
    v.check(
      isErrorCode,
      'expected a status code such as "ERR_UNKNOWN": A-Z, 0-9 and _, 2 to 64 characters, not "OK"',
    ),
  ),
);

const FILE = "the path of a PEM file";

/** An address such as `203.0.113.7` or `2001:db8::1`, or a range of them (CIDR, RFC 4632). */
const addressRange = v.pipe(
  v.string("expected an IP address or a range such as 203.0.113.0/24"),
  v.check(isAddressRange, "expected an IP address or a range such as 203.0.113.0/24"),
);

const listenAddress = v.pipe(text("an address to listen on"), v.transform(withoutBrackets));

const serverSchema = table({
  host: v.optional(listenAddress, "0.0.0.0"),
  port: v.optional(integer(0, 65_535), 8080),
  workers: v.optional(
    v.union(
      [integer(1, MAX_WORKERS), v.literal("auto")],
      `expected an integer from 1 to ${MAX_WORKERS}, or "auto"`,
    ),
    1,
  ),
  max_body_bytes: v.optional(integer(256, 16_777_216), 16_384),
  drain_seconds: v.optional(integer(0, 3600), 10),
  lame_duck_seconds: v.optional(integer(0, 3600), 0),
  allow_ips: v.optional(
    v.pipe(
      v.array(addressRange, "expected a list of IP addresses and ranges"),
      v.minLength(1, "expected at least one address; without allow_ips everybody may call"),
    ),
  ),
  trusted_proxies: v.optional(v.array(addressRange, "expected a list of IP addresses and ranges")),
  tls: v.optional(table({ cert: text(FILE), key: text(FILE), client_ca: v.optional(text(FILE)) })),
});

// Limited to characters that stand for themselves in a URL, so that a path is neither a pattern nor re-encoded.
const PATH = /^\/[A-Za-z0-9._~/-]*$/;

/** What a caller would resolve, so that the path would never be asked for: `//`, `/./` and `/../`. */
const RESOLVED = /\/(?:\/|\.{1,2}(?:\/|$))/;

/** What is added to `forward.url`: one segment of a path. */
const endpointName = v.pipe(
  v.string("expected the name of an endpoint, such as bet"),
  v.regex(/^[a-z][a-z0-9_-]{0,31}$/, "expected the name of an endpoint, such as bet"),
  v.check((name) => name !== "balance", "expected another endpoint: balance is answered here"),
);

const FORWARD_URL =
  "expected an address that starts with http:// or https://, without user, query and fragment";

function isForwardUrl(url: string): boolean {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return false;
  const { username, password, search, hash } = new URL(url);
  return [username, password, search, hash].every((part) => part === "");
}

/** Spec 1.6: what is passed on of the calls to the WEBHOOK_URL, and where to. */
const forwardSchema = v.pipe(
  table({
    url: v.pipe(v.string(FORWARD_URL), v.check(isForwardUrl, FORWARD_URL)),
    endpoints: v.optional(v.array(endpointName, "expected a list of endpoints"), [
      "authenticate",
      "bet",
      "credit",
      "refund",
      "terminate",
    ]),
    timeout_ms: v.optional(integer(1, 600_000), 10_000),
    max_in_flight: v.optional(integer(1, 100_000), 256),
    max_body_bytes: v.optional(integer(256, 16_777_216), 65_536),
    max_response_bytes: v.optional(integer(1, 16_777_216), 65_536),
    auth: v.optional(auth),
    tls: v.optional(clientTls),
  }),
  v.forward(
    v.partialCheck(
      [["url"], ["tls"]],
      ({ url, tls }) => tls === undefined || /^https:/i.test(url),
      "expected no tls: the address does not start with https://",
    ),
    ["tls"],
  ),
);

const webhookSchema = table({
  path: v.optional(
    v.pipe(
      v.string("expected a path"),
      v.regex(PATH, "expected a path that starts with / and holds A-Z a-z 0-9 . _ ~ / -"),
      v.check(
        (path) => !RESOLVED.test(path),
        "expected a path without //, /./ and /../, which callers would resolve",
      ),
    ),
    "/",
  ),
  secrets: v.pipe(
    v.array(text("a secret that is not empty"), "expected a list of secrets"),
    v.maxLength(16, "expected at most 16 secrets"),
    v.guard(isNotEmpty, "expected at least one secret"),
  ),
  source: v.optional(text("the name of a source"), DEFAULT_SOURCE),
  timeout_ms: v.optional(integer(1, 60_000), 1000),
  max_in_flight: v.optional(integer(1, 1_000_000), 1024),
  max_clock_skew_seconds: v.optional(integer(1, 31_536_000)),
  probe_player: v.optional(
    v.pipe(v.string("expected a player id as text"), v.check(isId, `expected a player id: ${ID_RULE}`)),
  ),
  authenticate: v.optional(v.boolean("expected true or false"), false),
  currency: v.optional(text('a currency, such as "EUR"')),
  forward: v.optional(forwardSchema),
  status_codes: v.optional(
    table({
      bad_signature: statusCode,
      stale_timestamp: statusCode,
      invalid_body: statusCode,
      player_not_found: statusCode,
      source_timeout: statusCode,
      source_failed: statusCode,
      overloaded: statusCode,
    }),
    {},
  ),
});

export const adminSchema = v.pipe(
  table({
    host: v.optional(listenAddress, "127.0.0.1"),
    port: v.optional(integer(0, 65_535), 9464),
    token: v.optional(text("a token that is not empty")),
    capture_failed: v.optional(integer(0, 100), 20),
  }),
  v.forward(
    v.partialCheck(
      [["host"], ["token"]],
      ({ host, token }) => token !== undefined || isLoopback(host),
      "expected a token, because admin.host is not a loopback address",
    ),
    ["token"],
  ),
);

const logSchema = table({
  level: v.optional(oneOf(["debug", "info", "warn", "error"]), "info"),
  // If it is not set, it depends on the reader: see the log.
  format: v.optional(oneOf(["json", "pretty"])),
});

/** A source's table: which plugin, and whatever the plugin's own schema asks for. */
const sourceSchema = v.looseObject({ plugin: text("the name or the path of a plugin") }, "expected a table");

/** Decimals by code. One that ISO 4217 has taken up since may stay, as long as both say the same. */
const currenciesSchema = v.pipe(
  v.record(
    v.pipe(
      v.string(),
      v.check(isCurrencyCode, "expected a currency's code: A-Z and 0-9, 2 to 12 characters, a letter first"),
    ),
    integer(0, MAX_CURRENCY_EXPONENT),
    "expected a table of currencies",
  ),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const [key, value] of Object.entries(dataset.value)) {
      if (!contradictsIso4217(key, value)) continue;
      addIssue({
        message: "expected the decimals that ISO 4217 gives this currency, or a code that it does not have",
        path: [{ type: "object", origin: "value", input: dataset.value, key, value }],
      });
    }
  }),
);

/** Whether a host is every address of the other one's family; `::` is every address there is. */
function covers(host: string, other: string): boolean {
  return host === "::" || (host === "0.0.0.0" && isIP(other) !== 6);
}

interface Listener {
  readonly host: string;
  readonly port: number;
}

/** Whether two listeners would ask for one port; 0 is any that is free. */
function areOne(one: Listener, other: Listener): boolean {
  if (one.port !== other.port || one.port === 0) return false;
  return one.host === other.host || covers(one.host, other.host) || covers(other.host, one.host);
}

export const configSchema = v.pipe(
  table({
    server: v.optional(serverSchema, {}),
    webhook: webhookSchema,
    sources: v.record(v.string(), sourceSchema, "expected a table of sources, such as [sources.players]"),
    currencies: v.optional(currenciesSchema),
    admin: v.optional(adminSchema),
    log: v.optional(logSchema, {}),
  }),
  v.forward(
    v.partialCheck(
      [["webhook", "currency"], ["currencies"]],
      ({ webhook: { currency }, currencies = {} }) =>
        currency === undefined || knownCurrencies(currencies)(currency) !== undefined,
      'expected a currency of ISO 4217, such as "EUR", or one of [currencies]',
    ),
    ["webhook", "currency"],
  ),
  v.forward(
    v.partialCheck(
      [["server"], ["admin"]],
      ({ server, admin }) => admin === undefined || !areOne(server, admin),
      "expected another port than server.port",
    ),
    ["admin", "port"],
  ),
);

export type HostOptions = v.InferOutput<typeof configSchema>;
