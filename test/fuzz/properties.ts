import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { BrokenRow, csvRows } from "../../src/commands/players/csv-rows.ts";
import { formatEntry, parseEntry } from "../../src/players/entry.ts";
import { compileTemplate, render, templateProblem } from "../../plugins/rest/template.ts";
import { jsonSources } from "../../plugins/rest/json-text.ts";
import { isPointer, parsePointer } from "../../plugins/rest/pointer.ts";
import { Failure } from "../../src/failure.ts";
import { interpolate } from "../../src/config/interpolate.ts";
import { readConfigFile } from "../../src/config/load.ts";
import { bindConfig } from "../../src/server/bind.ts";
import { ConfigError, type Problem } from "../../src/config/problem.ts";
import { amountFromMinorUnits, canonicalAmount, minorUnitsFromAmount } from "../../src/protocol/amount.ts";
import { knownCurrencies } from "../../src/protocol/currency.ts";
import { parseRequest } from "../../src/protocol/request.ts";
import { signingKey, verify } from "../../src/protocol/signature.ts";
import { signatureOf } from "../raw-http.ts";
import { mutatedText } from "./mutated-text.ts";
import { playerOf } from "./oracle.ts";
import { randomFrom } from "./random.ts";

/** A property that holds for any input. `folder` is for those that need a file. */
export interface FuzzedProperty {
  readonly name: string;
  property(folder: string): fc.IAsyncProperty<unknown>;
}

const SECRET = "hunter2secret";

function assert(isSo: boolean, message: string): void {
  if (!isSo) throw new Error(message);
}

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

const REQUEST =
  '{"request_id":"r","timestamp":1710000000,"session_id":"s","player_id":"12001","x":[1,{"y":null}]}';

const CONFIG = `[server]
port = 8080
[webhook]
path = "/klas/"
secrets = ["\${KLAS_SECRET}", "${SECRET}", "\${file:\${FOLDER}/none}"]
status_codes = { player_not_found = "ERR_PLAYER_NOT_FOUND" }
[sources.players]
plugin = "static"
players = { "12001" = "30" }
[log]
level = "info"
`;

const CSV = 'player_id,currency,balance\n12001,EUR,30.50\n"a ""b"", c",JPY,-7\nd,KWD,0.001\n';

const LITERAL_BRACES = new Map([
  ["{{", "{"],
  ["}}", "}"],
]);

const QUERY = { playerId: "", sessionId: "s", requestId: "r", timestamp: 0, traceparent: "" };

/** What issue after issue adds its parsers to. */
export const fuzzedProperties: readonly FuzzedProperty[] = [
  {
    name: "signature: only the one signature of a body is valid",
    property: () =>
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), seeds, async (body, seed) => {
        const good = signatureOf(SECRET, body);
        const header = mutatedText(randomFrom(seed), good);
        const { valid } = verify(body, header, [signingKey(SECRET)]);
        assert(valid === (header.toLowerCase() === good), `${JSON.stringify(header)} is ${valid}`);
      }),
  },
  {
    name: "request: valid if the plainest reading of the rules says so",
    property: () =>
      fc.asyncProperty(seeds, async (seed) => {
        const body = Buffer.from(mutatedText(randomFrom(seed), REQUEST), seed % 3 === 0 ? "latin1" : "utf8");
        const parsed = parseRequest(body);
        const playerId = parsed.valid ? parsed.request.player_id : undefined;
        assert(playerId === playerOf(body), `${JSON.stringify(parsed)} for ${body.toString("base64")}`);
      }),
  },
  {
    name: "amount: canonical, of the same value, or none",
    property: () =>
      fc.asyncProperty(
        seeds,
        fc.constantFrom("30", "-0.070", "12345678901234567.89", "9".repeat(38), "0"),
        async (seed, start) => {
          const text = mutatedText(randomFrom(seed), start);
          const amount = canonicalAmount(text);
          if (amount === undefined) return;
          assert(/^-?\d+(\.\d+)?$/.test(text), `${JSON.stringify(text)} is not a decimal`);
          assert(/^(0|-?([1-9]\d*|0(?=\.))(\.\d*[1-9])?)$/.test(amount), `${amount} is not canonical`);
          assert(scaled(text) === scaled(amount), `${text} is not ${amount}`);
        },
      ),
  },
  {
    name: "amount: minor units and back",
    property: () =>
      fc.asyncProperty(
        fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
        fc.nat(38),
        async (units, exponent) => {
          const amount = amountFromMinorUnits(units, exponent) ?? "";
          assert(minorUnitsFromAmount(amount, exponent) === units, `${units} at ${exponent} is ${amount}`);
        },
      ),
  },
  {
    name: "configuration: a reference is replaced or reported, and shows nothing",
    property: (folder) =>
      fc.asyncProperty(seeds, async (seed) => {
        const text = mutatedText(
          randomFrom(seed),
          "a${KLAS_SECRET}b${file:${KLAS_SECRET}}$${x}${${KLAS_SECRET}}",
        );
        const problems: Problem[] = [];
        interpolate(
          text,
          { variables: { KLAS_SECRET: SECRET }, directory: folder, values: [], files: [] },
          problems,
        );
        assert(!JSON.stringify(problems).includes(SECRET), `shown for ${JSON.stringify(text)}`);
      }),
  },
  {
    name: "configuration: a file is valid, or every problem is named without a secret",
    property: (folder) =>
      fc.asyncProperty(seeds, async (seed) => {
        const file = join(folder, "config.toml");
        writeFileSync(file, mutatedText(randomFrom(seed), CONFIG));
        try {
          await bindConfig(await readConfigFile(file, { KLAS_SECRET: SECRET, FOLDER: folder }));
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          const lines = error.message.split("\n");
          assert(
            lines.every((line) => line.includes("config.toml: ")),
            error.message,
          );
          assert(!error.message.includes(SECRET), error.message);
        }
      }),
  },
  {
    name: "template: refused, or made into a text in which the ids stand encoded",
    property: () =>
      fc.asyncProperty(seeds, fc.string({ unit: "grapheme", minLength: 1 }), async (seed, playerId) => {
        const text = mutatedText(
          randomFrom(seed),
          "/players/{player_id}/{{wallet}}?s={session_id}&r={request_id}",
        );
        if (templateProblem(text) !== undefined) return;
        const made = render(compileTemplate(text), { ...QUERY, playerId }, () => "\u0000");
        const expected = text.replace(/\{\{|\}\}|\{\w+\}/g, (found) => LITERAL_BRACES.get(found) ?? "\u0000");
        assert(made === expected, `${JSON.stringify(text)} is ${JSON.stringify(made)}`);
      }),
  },
  {
    name: "pointer: leads to the value whose names it was made of, and to none of another's",
    property: () =>
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), async (document, other) => {
        const sources = jsonSources(JSON.stringify(document));
        for (const [name, value] of Object.entries(document)) {
          const pointer = `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
          assert(isPointer(pointer), pointer);
          assert(sources(parsePointer(pointer)) === JSON.stringify(value), pointer);
        }
        if (isPointer(other)) assert(typeof sources(parsePointer(other)) !== "object", other);
      }),
  },
  {
    name: "CSV: read row by row or refused in words, and what is a player reads back the same",
    property: (folder) =>
      fc.asyncProperty(seeds, async (seed) => {
        const file = join(folder, "players.csv");
        writeFileSync(file, mutatedText(randomFrom(seed), CSV));
        try {
          for await (const { fields } of csvRows(file)) assertReadsBack(fields);
        } catch (error) {
          if (!(error instanceof Failure || error instanceof BrokenRow)) throw error;
        }
      }),
  },
];

const exponentOf = knownCurrencies({});
const RULES = { exponentOf, allowsNegative: true };

function assertReadsBack([player_id = "", currency = "", balance = ""]: readonly string[]): void {
  const parsed = parseEntry({ player_id, currency, balance }, RULES);
  if (parsed.player === undefined) return;
  const written = formatEntry(parsed.player, exponentOf);
  const again = parseEntry(written, RULES);
  assert(again.player?.balanceMinor === parsed.player.balanceMinor, `${balance} ${currency}`);
  assert(written.balance === canonicalAmount(balance), `${balance} ${currency}`);
}

/** A decimal's value as an integer, by text alone. */
function scaled(text: string): bigint {
  const [integer = "", fraction = ""] = text.split(".");
  return BigInt(integer + fraction.padEnd(200, "0"));
}
