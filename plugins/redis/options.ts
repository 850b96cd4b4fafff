import * as v from "valibot";
import { engineTls } from "../shared/engine-options.ts";
import { integer } from "../shared/integer.ts";
import { hostsOption } from "../shared/lanes/host.ts";

const DEFAULT_PORT = 6379;
const SENTINEL_PORT = 26_379;
const MAX_EXPONENT = 38;

const text = v.pipe(v.string("expected text"), v.nonEmpty("expected text that is not empty"));

/** Spec 3.4: every option, its bounds and its default. */
export const optionsSchema = v.pipe(
  v.strictObject(
    {
      hosts: v.optional(hostsOption(DEFAULT_PORT)),
      sentinels: v.optional(hostsOption(SENTINEL_PORT)),
      master: v.optional(text),
      tls: v.optional(engineTls),
      user: v.optional(text),
      password: v.optional(v.string("expected text")),
      key: v.optional(
        v.pipe(
          v.string("expected a key with {player_id}"),
          v.regex(
            /^[^{}]*\{player_id\}[^{}]*$/,
            "expected a key with {player_id} once, and no other placeholder",
          ),
        ),
        "balance:{player_id}",
      ),
      field: v.optional(text),
      unit: v.optional(v.picklist(["major", "minor"], 'expected "major" or "minor"'), "major"),
      exponent: v.optional(integer(0, MAX_EXPONENT)),
      currency_field: v.optional(text),
    },
    "expected a table",
  ),
  v.forward(
    v.partialCheck(
      [["hosts"], ["sentinels"]],
      ({ hosts, sentinels }) => (hosts === undefined) !== (sentinels === undefined),
      'expected either hosts, such as ["redis1:6379"], or sentinels and master',
    ),
    ["hosts"],
  ),
  v.forward(
    v.partialCheck(
      [["sentinels"], ["master"]],
      ({ sentinels, master }) => (sentinels === undefined) === (master === undefined),
      "expected sentinels and master together",
    ),
    ["master"],
  ),
  v.forward(
    v.partialCheck(
      [["user"], ["password"]],
      ({ user, password }) => user === undefined || password !== undefined,
      "expected a password beside user",
    ),
    ["password"],
  ),
  v.forward(
    v.partialCheck(
      [["field"], ["currency_field"]],
      ({ field, currency_field }) => field !== undefined || currency_field === undefined,
      "expected no currency_field without field: a string has no fields",
    ),
    ["currency_field"],
  ),
);

export type Options = v.InferOutput<typeof optionsSchema>;
