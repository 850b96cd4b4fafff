import { parseKeepingNumbers } from "../json-source.ts";

/** A text that other webhooks sign in place of the body, with a description. */
export interface Scheme {
  readonly id: "timestamp-and-body" | "path-and-body" | "fields";
  readonly message: string;
  readonly text: string;
}

/** What the providers of webhooks put between the parts, with a description. */
const SEPARATORS: readonly (readonly [separator: string, words: string])[] = [
  [".", "joined by a dot"],
  ["", "joined by nothing"],
  [":", "joined by a colon"],
  ["|", "joined by a bar"],
  ["\n", "joined by a newline"],
  ["&", "joined by &"],
  [",", "joined by a comma"],
  ["-", "joined by a dash"],
  ["_", "joined by an underscore"],
  [";", "joined by a semicolon"],
];

/** For the many orders of fields. */
const COMMON_SEPARATORS = SEPARATORS.slice(0, 4);

const ENDPOINTS = ["balance", "authenticate", "bet", "credit", "refund", "terminate"];

/** The texts that the usual schemes of other webhooks make of a body, the likeliest first. */
export function otherSchemes(body: string, headerTimestamp: string | undefined): readonly Scheme[] {
  const fields = fieldsOf(body);
  return [
    ...withTimestamp(body, fields, headerTimestamp),
    ...withPath(body),
    ...(fields === undefined ? [] : ofFields(fields)),
  ];
}

type Fields = ReadonlyMap<string, string>;

/** The fields of an object with their values as they are written, text without its quotation marks. */
function fieldsOf(body: string): Fields | undefined {
  try {
    const value = parseKeepingNumbers(body);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const entries = Object.entries(value);
    // Few enough that all of their orders can be tried. A body with more is not a call of Klas Gaming's.
    return entries.length === 0 || entries.length > MAX_FIELDS
      ? undefined
      : new Map(entries.map(([name, field]) => [name, written(field)]));
  } catch {
    return undefined;
  }
}

const MAX_FIELDS = 24;

function written(value: unknown): string {
  if (typeof value === "string") return value;
  if (JSON.isRawJSON(value)) return value.rawJSON;
  return JSON.stringify(value);
}

function withTimestamp(
  body: string,
  fields: Fields | undefined,
  headerTimestamp: string | undefined,
): readonly Scheme[] {
  const own = fields?.get("timestamp");
  const requestId = fields?.get("request_id");
  const times: (readonly [words: string, time: string])[] = [];
  if (headerTimestamp !== undefined) times.push(["the header's timestamp", headerTimestamp]);
  if (own !== undefined) times.push(["the timestamp", own], ["the timestamp in milliseconds", `${own}000`]);
  return times.flatMap(([name, time]) => {
    const joined = SEPARATORS.flatMap(([separator, words]): readonly Scheme[] => [
      scheme("timestamp-and-body", `${name} and the body, ${words}`, `${time}${separator}${body}`),
      scheme("timestamp-and-body", `the body and ${name}, ${words}`, `${body}${separator}${time}`),
    ]);
    const versioned = scheme(
      "timestamp-and-body",
      `v0, ${name} and the body, joined by colons`,
      `v0:${time}:${body}`,
    );
    if (requestId === undefined) return joined.concat(versioned);
    const withId = `the request_id, ${name} and the body, joined by dots`;
    return joined.concat(versioned, scheme("timestamp-and-body", withId, `${requestId}.${time}.${body}`));
  });
}

function withPath(body: string): readonly Scheme[] {
  return ENDPOINTS.map((name) => `/${name}`).flatMap((path) => [
    scheme("path-and-body", `the path ${path} and the body`, `${path}${body}`),
    scheme("path-and-body", `the path ${path} and the body, joined by a newline`, `${path}\n${body}`),
    scheme("path-and-body", `the path ${path} and the body, joined by a dot`, `${path}.${body}`),
    scheme("path-and-body", `POST, the path ${path} and the body`, `POST${path}${body}`),
    scheme(
      "path-and-body",
      `POST, the path ${path} and the body, joined by newlines`,
      `POST\n${path}\n${body}`,
    ),
    scheme("path-and-body", `the body and the path ${path}`, `${body}${path}`),
  ]);
}

/** Whose values are joined: all of the body, and the four of the protocol in any order. */
function ofFields(fields: Fields): readonly Scheme[] {
  const names = [...fields.keys()];
  const sorted = names.toSorted();
  const orders = new Map<string, readonly string[]>([
    ["of all fields in their order", names],
    ["of all fields, sorted by name", sorted],
  ]);
  const four = ["request_id", "timestamp", "session_id", "player_id"].filter((name) => fields.has(name));
  for (const chosen of arrangements(four)) orders.set(`of ${chosen.join(", ")}`, chosen);
  const valueOf = (name: string): string => fields.get(name) ?? "";
  const values = [...orders].flatMap(([which, order]) =>
    COMMON_SEPARATORS.map(([separator, words]) =>
      scheme("fields", `the values ${which}, ${words}`, order.map(valueOf).join(separator)),
    ),
  );
  const pairs = [
    ["in their order", names],
    ["sorted by name", sorted],
  ] as const;
  return [
    ...pairs.flatMap(([which, order]) => [
      scheme(
        "fields",
        `name=value&… of the fields, ${which}`,
        order.map((name) => `${name}=${valueOf(name)}`).join("&"),
      ),
      scheme(
        "fields",
        `the fields as a form (application/x-www-form-urlencoded), ${which}`,
        new URLSearchParams(order.map((name): [string, string] => [name, valueOf(name)])).toString(),
      ),
      scheme(
        "fields",
        `names and values of the fields, ${which}`,
        order.map((name) => name + valueOf(name)).join(""),
      ),
    ]),
    ...values,
  ];
}

/** Every order of two or more of them. */
function arrangements(names: readonly string[]): readonly (readonly string[])[] {
  return names.flatMap((name) => {
    const others = names.filter((other) => other !== name);
    const pairs = others.map((other) => [name, other]);
    return pairs.concat(arrangements(others).map((tail) => [name].concat(tail)));
  });
}

function scheme(id: Scheme["id"], what: string, text: string): Scheme {
  return { id, message: `it was made over ${what}, not over the bytes of the body alone`, text };
}
