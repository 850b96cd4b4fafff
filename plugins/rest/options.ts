import * as v from "valibot";
import { integer } from "../shared/integer.ts";
import { isErrorCode } from "../shared/status-code.ts";
import { auth, clientTls, headerName } from "../shared/core-access.ts";
import { isHeaderValue } from "../shared/header-id.ts";
import { isPointer } from "./pointer.ts";
import { templateProblem } from "./template.ts";
import { proxyProblem, urlProblem } from "./url.ts";

/** Each call holds a connection, so each worker has this many open to the core. */
const MAX_CONCURRENCY = 256;
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;
const MAX_CACHE_MS = 60_000;
const MAX_EXPONENT = 38;

const NOTHING_TO_POINT_INTO = 'expected no pointer: with format = "text" there is nothing to point into';

function strictTable<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.strictObject(entries, "expected a table");
}

/** A string that a function finds nothing wrong with. */
function text(problemOf: (value: string) => string | undefined) {
  return v.pipe(
    v.string("expected text"),
    v.rawCheck(({ dataset, addIssue }) => {
      const message = dataset.typed ? problemOf(dataset.value) : undefined;
      if (message !== undefined) addIssue({ message });
    }),
  );
}

const template = text(templateProblem);

const headerValue = text(
  (value) =>
    templateProblem(value) ??
    (isHeaderValue(value)
      ? undefined
      : "expected Latin-1 text without control characters, and without spaces at an end"),
);

const pointer = v.pipe(
  v.string("expected a JSON Pointer"),
  v.check(isPointer, "expected a JSON Pointer, such as /data/balance"),
);

/** A value of the body: text is a template, the rest is sent as it is. */
const bodyValue: v.GenericSchema = v.lazy((value) => {
  if (typeof value === "string") return template;
  if (Array.isArray(value)) return v.array(bodyValue);
  if (typeof value === "object" && value !== null) return v.record(v.string(), bodyValue);
  return v.union(
    [v.boolean(), v.pipe(v.number(), v.finite())],
    "expected text, a number, true, false, a list or a table",
  );
});

const httpStatus = integer(200, 599);

const plainValue = v.union([v.string(), v.number(), v.boolean()]);

const notFound = v.pipe(
  strictTable({
    status: v.optional(v.array(httpStatus, "expected a list of HTTP statuses"), [404]),
    pointer: v.optional(pointer),
    equals: v.optional(
      v.union(
        [plainValue, v.pipe(v.array(plainValue), v.minLength(1))],
        "expected text, a number, true, false or a list of such values, at least one",
      ),
    ),
  }),
  v.check(
    (rule) => (rule.pointer === undefined) === (rule.equals === undefined),
    "expected pointer and equals together",
  ),
);

const statusMap = v.record(
  v.pipe(v.string(), v.regex(/^[2-5]\d\d$/, "expected an HTTP status, such as 423")),
  v.pipe(
    v.string("expected a status code, such as ERR_PLAYER_BLOCKED"),
    v.check(isErrorCode, "expected a status code, such as ERR_PLAYER_BLOCKED"),
  ),
  "expected a table from HTTP status to status code",
);

/** Spec 3.2: every option, its bounds and its default. */
export const optionsSchema = v.pipe(
  strictTable({
    url: text((value) => templateProblem(value) ?? urlProblem(value)),
    method: v.optional(v.picklist(["GET", "POST"], 'expected "GET" or "POST"'), "GET"),
    headers: v.optional(v.record(headerName, headerValue, "expected a table of headers"), {}),
    body: v.optional(v.record(v.string(), bodyValue, "expected a table")),
    auth: v.optional(auth),
    tls: v.optional(clientTls),
    format: v.optional(v.picklist(["json", "xml", "text"], 'expected "json", "xml" or "text"'), "json"),
    balance: v.optional(pointer),
    unit: v.optional(v.picklist(["major", "minor"], 'expected "major" or "minor"'), "major"),
    exponent: v.optional(integer(0, MAX_EXPONENT)),
    not_found: v.optional(notFound, { status: [404] }),
    status_map: v.optional(statusMap, {}),
    retries: v.optional(integer(0, 10), 2),
    breaker: v.optional(
      strictTable({
        failures: v.optional(integer(1, 1000), 10),
        open_seconds: v.optional(
          v.pipe(
            v.number("expected a number of seconds"),
            v.check(
              (value) => value > 0 && value <= 3600,
              "expected a number of seconds, above 0 and up to 3600",
            ),
          ),
          5,
        ),
      }),
      { failures: 10, open_seconds: 5 },
    ),
    max_concurrency: v.optional(integer(1, MAX_CONCURRENCY), 64),
    coalesce: v.optional(v.boolean("expected true or false"), false),
    cache_ms: v.optional(integer(0, MAX_CACHE_MS), 0),
    max_response_bytes: v.optional(integer(1, MAX_RESPONSE_BYTES), 65_536),
    echo: v.optional(pointer),
    echo_header: v.optional(headerName),
    currency: v.optional(pointer),
    connections: v.optional(v.picklist(["pooled", "fresh"], 'expected "pooled" or "fresh"'), "pooled"),
    proxy: v.optional(text(proxyProblem)),
    health_url: v.optional(
      text((value) => (/[{}]/.test(value) ? "expected no placeholder" : urlProblem(value))),
    ),
  }),
  v.forward(
    v.partialCheck(
      [["format"], ["balance"]],
      ({ format, balance }) => format === "text" || balance !== undefined,
      "expected a JSON Pointer to the amount, such as /data/balance",
    ),
    ["balance"],
  ),
  v.forward(
    v.partialCheck(
      [["method"], ["body"]],
      ({ method, body }) => method === "POST" || body === undefined,
      'expected no body: it is sent only with method = "POST"',
    ),
    ["body"],
  ),
  v.forward(
    v.partialCheck(
      [["url"], ["proxy"], ["health_url"], ["tls"]],
      ({ url, proxy = "", health_url: healthUrl = "", tls: files }) =>
        files === undefined || [url, proxy, healthUrl].some((each) => /^https:/i.test(each)),
      "expected no tls: the address does not start with https://",
    ),
    ["tls"],
  ),
  v.forward(
    v.partialCheck(
      [["format"], ["not_found"]],
      ({ format, not_found }) => format !== "text" || not_found.pointer === undefined,
      NOTHING_TO_POINT_INTO,
    ),
    ["not_found"],
  ),
  v.forward(
    v.partialCheck(
      [["format"], ["echo"]],
      ({ format, echo }) => format !== "text" || echo === undefined,
      NOTHING_TO_POINT_INTO,
    ),
    ["echo"],
  ),
  v.forward(
    v.partialCheck(
      [["format"], ["currency"]],
      ({ format, currency }) => format !== "text" || currency === undefined,
      NOTHING_TO_POINT_INTO,
    ),
    ["currency"],
  ),
);

export type Options = v.InferOutput<typeof optionsSchema>;
