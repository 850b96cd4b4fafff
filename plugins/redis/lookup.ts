import type { BalanceQuery, LookupResult } from "../../src/plugin.ts";
import { integerOf } from "../shared/decimal.ts";
import type { ImpliedExponent } from "../shared/implied-exponent.ts";
import { type LaneAnswer, ForeignAnswer } from "../shared/lanes/lane.ts";
import type { Options } from "./options.ts";
import type { Command } from "./pipeline.ts";

/** The commands of a lookup, and what their replies mean. */
export interface Lookups {
  /** Each lookup has the same number of commands. */
  commands(tag: string, queries: readonly BalanceQuery[]): readonly Command[];
  /** Throws `ForeignAnswer` if the echoes among the replies are not the ones that were sent. */
  answers(replies: readonly unknown[], tag: string, queries: readonly BalanceQuery[]): readonly LaneAnswer[];
}

type ValueOptions = Pick<Options, "key" | "field" | "unit" | "exponent" | "currency_field">;

/**
 * A key's name is the player's id and the text around it. Each lookup begins with an echo of the batch and the id, and
 * the batch ends with one: replies come in the order of the commands, so what stands between two echoes that are in
 * their places is the reply to what was sent between them.
 */
export function lookupsFor(options: ValueOptions, implied: ImpliedExponent): Lookups {
  const { key, field, currency_field: currencyField } = options;
  const [before = "", after = ""] = key.split("{player_id}");

  function commandsOf(tag: string, { playerId }: BalanceQuery): readonly Command[] {
    const name = before + playerId + after;
    const echo: Command = ["ECHO", echoOf(tag, playerId)];
    if (field === undefined) return [echo, ["GET", name]];
    const fields = currencyField === undefined ? [field] : [field, currencyField];
    return [echo, ["EXISTS", name], ["HMGET", name, ...fields]];
  }

  const size = field === undefined ? 2 : 3;

  function answerOf(replies: readonly unknown[]): LaneAnswer {
    const failed = replies.find((reply) => reply instanceof Error);
    if (failed !== undefined) return { problem: failed.message };
    try {
      return { result: field === undefined ? ofString(replies[1]) : ofHash(replies[1], replies[2]) };
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error) };
    }
  }

  function ofString(value: unknown): LookupResult {
    return value === null ? null : balanceOf(value);
  }

  function ofHash(exists: unknown, values: unknown): LookupResult {
    if (exists === 0) return null;
    if (exists !== 1 || !Array.isArray(values)) throw new Error("the replies answer something else");
    const [amount, currency]: readonly unknown[] = values;
    if (amount === null) throw new Error(`the key has no field ${JSON.stringify(field)}`);
    return typeof currency === "string" ? { ...balanceOf(amount, currency), currency } : balanceOf(amount);
  }

  function balanceOf(value: unknown, currency?: string) {
    if (typeof value !== "string") throw new Error("the value is not text");
    if (options.unit === "major") return { balance: value };
    const balanceMinor = integerOf(value);
    if (balanceMinor === undefined) throw new Error("the value is not an integer, as minor units are");
    return { balanceMinor, exponent: options.exponent ?? implied.of(currency) };
  }

  return {
    commands: (tag, queries) => [...queries.flatMap((query) => commandsOf(tag, query)), ["ECHO", tag]],
    answers(replies, tag, queries) {
      const isInPlace =
        replies.length === queries.length * size + 1 &&
        replies.at(-1) === tag &&
        queries.every(({ playerId }, index) => replies[index * size] === echoOf(tag, playerId));
      if (!isInPlace) throw new ForeignAnswer("an answer was to another question");
      return queries.map((_, index) => answerOf(replies.slice(index * size, (index + 1) * size)));
    },
  };
}

function echoOf(tag: string, playerId: string): string {
  return `${tag}:${playerId}`;
}
