import { notAnAmount, plainDecimal } from "../../plugins/shared/decimal.ts";
import { isErrorCode } from "../../plugins/shared/status-code.ts";
import { amountFromMinorUnits, canonicalAmount } from "../protocol/amount.ts";
import { isCurrencyCode } from "../protocol/currency.ts";
import type { Outcome } from "../protocol/status.ts";
import { messageOf } from "./thrown.ts";

const NOT_FOUND: Outcome = { reason: "player_not_found" };

/**
 * What an answer amounts to. It comes from code that is not ours: every type is checked again, and
 * reading it may throw. The value itself never shows up in the detail.
 */
export function judge(answer: unknown): Outcome {
  try {
    if (answer === null) return NOT_FOUND;
    if (typeof answer !== "object")
      return nonsense(`the lookup returned ${typeof answer}, expected an object or null`);
    if ("refused" in answer) return judgeRefusal(answer.refused);
    const currency = "currency" in answer ? answer.currency : undefined;
    if ("balance" in answer) return judgeCurrency(currency, judgeBalance(answer.balance));
    if ("balanceMinor" in answer) {
      const exponent = "exponent" in answer ? answer.exponent : undefined;
      return judgeCurrency(currency, judgeMinorUnits(answer.balanceMinor, exponent));
    }
    return nonsense("the lookup returned an object without balance, balanceMinor or refused");
  } catch (error) {
    return failed(error);
  }
}

function judgeRefusal(code: unknown): Outcome {
  if (typeof code === "string" && isErrorCode(code)) return { reason: "refused", statusCode: code };
  return nonsense("the source refused with something that is not a status code");
}

function judgeBalance(text: unknown): Outcome {
  if (typeof text !== "string") return nonsense(`balance is a ${typeof text}, expected a decimal as text`);
  const decimal = plainDecimal(text);
  if (decimal === undefined) return nonsense(`balance is ${notAnAmount(text)}`);
  const balance = canonicalAmount(decimal);
  if (balance === undefined) return nonsense("balance is a number of more than 38 digits");
  return { reason: "ok", balance };
}

function judgeMinorUnits(minorUnits: unknown, exponent: unknown): Outcome {
  if (typeof minorUnits !== "bigint")
    return nonsense(`balanceMinor is a ${typeof minorUnits}, expected a bigint`);
  const balance = typeof exponent === "number" ? amountFromMinorUnits(minorUnits, exponent) : undefined;
  if (balance === undefined)
    return nonsense("balanceMinor and exponent do not make an amount of at most 38 digits");
  return { reason: "ok", balance };
}

/** The outcome with the currency of its amount, if the source gave one. */
function judgeCurrency(currency: unknown, outcome: Outcome): Outcome {
  if (currency === undefined || outcome.reason !== "ok") return outcome;
  if (typeof currency !== "string")
    return nonsense(`currency is a ${typeof currency}, expected a code as text`);
  if (!isCurrencyCode(currency)) return nonsense("currency is not a code such as EUR");
  return { ...outcome, currency };
}

function nonsense(detail: string): Outcome {
  return { reason: "source_failed", detail };
}

/** A lookup that threw. */
export function failed(error: unknown): Outcome {
  return { reason: "source_failed", detail: messageOf(error) };
}
