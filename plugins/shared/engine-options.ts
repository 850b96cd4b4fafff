import * as v from "valibot";
import { integer } from "./integer.ts";
import { hostsOption } from "./lanes/host.ts";
import { queryOption } from "./query/parameters.ts";
import type { Dialect } from "./query/dialect.ts";

const MAX_CONNECTIONS = 100;
const MAX_STALENESS_MS = 86_400_000;

const text = v.pipe(v.string("expected text"), v.nonEmpty("expected text that is not empty"));
const flag = v.boolean("expected true or false");
const pemFile = v.pipe(
  v.string("expected the path of a PEM file"),
  v.nonEmpty("expected the path of a PEM file"),
);

export const engineTls = v.pipe(
  v.strictObject(
    {
      mode: v.optional(
        v.picklist(["verify-full", "require", "off"], 'expected "verify-full", "require" or "off"'),
        "verify-full",
      ),
      ca: v.optional(pemFile),
      cert: v.optional(pemFile),
      key: v.optional(pemFile),
      server_name: v.optional(text),
    },
    "expected a table",
  ),
  v.check(({ cert, key }) => (cert === undefined) === (key === undefined), "expected cert and key together"),
  v.check(
    ({ mode, ...others }) => mode !== "off" || Object.keys(others).length === 0,
    'expected nothing else beside mode = "off"',
  ),
);

export type EngineTls = v.InferOutput<typeof engineTls>;

/** Spec 3.3: what the SQL engines have in common. */
export function sqlEngineOptions(defaultPort: number, dialect: Dialect) {
  return {
    hosts: hostsOption(defaultPort),
    database: text,
    user: text,
    password: v.optional(v.string("expected text")),
    tls: v.optional(engineTls),
    query: v.optional(queryOption(dialect)),
    id_type: v.optional(
      v.picklist(["text", "bigint", "uuid"], 'expected "text", "bigint" or "uuid"'),
      "text",
    ),
    connections: v.optional(integer(1, MAX_CONNECTIONS), 4),
    pooler: v.optional(flag, false),
    role: v.optional(v.picklist(["primary", "any"], 'expected "primary" or "any"'), "primary"),
    max_staleness_ms: v.optional(integer(1, MAX_STALENESS_MS)),
    batch: v.optional(flag, true),
  } as const;
}

/** Whether a bound is where replicas are asked. */
export function boundsReplicas({
  role,
  max_staleness_ms,
}: {
  readonly role: "primary" | "any";
  readonly max_staleness_ms?: number | undefined;
}): boolean {
  return role === "any" || max_staleness_ms === undefined;
}

export const BOUNDS_NOTHING = 'expected no max_staleness_ms: without role = "any" no replica is asked';

export type IdType = "text" | "bigint" | "uuid";
