import type { LookupResult } from "../../src/plugin.ts";
import { integerOf, notAnAmount, plainDecimal } from "../shared/decimal.ts";
import type { ImpliedExponent } from "../shared/implied-exponent.ts";
import type { ResponseHeaders } from "../shared/http/response-head.ts";
import { decodeText } from "./charset.ts";
import { PARSERS, type Document } from "./document.ts";
import { echoOf } from "./echo.ts";
import type { CoreResponse, AnswerReader } from "./exchange.ts";
import { NotNow, retryAfterMs, ServerError } from "./failure.ts";
import { oneOf } from "./one-of.ts";
import type { Options } from "./options.ts";
import { describePointers } from "./pointer.ts";
import type { CoreRequest } from "./request.ts";

const TRY_AGAIN = new Set([429, 502, 503, 504]);
const MEDIA_TYPE = /^[\w.+-]{1,40}\/[\w.+-]{1,40}/;

/** An answer's document, or why there is none. */
type Parsed =
  | { readonly document: Document; readonly problem?: undefined }
  | { readonly document?: undefined; readonly problem: string };

/**
 * Turns what the core answered into what we answer. A status that the options name means what they say; then 429,
 * 502, 503 and 504 are worth another try; then the document decides. Throws `Unavailable` if another try may help,
 * `WrongEcho` if the answer is to another question, and any other error if it is no answer.
 */
export function answerReader(options: Options, implied: ImpliedExponent): AnswerReader<LookupResult> {
  const refusals = new Map(
    Object.entries(options.status_map).map(([status, code]) => [Number(status), code]),
  );
  const notFoundStatus = new Set(options.not_found.status);
  const { balance = "", not_found: notFound } = options;
  const saysNotFound = oneOf([notFound.equals ?? []].flat());
  const place = options.format === "text" ? "" : ` at ${balance || "the top"}`;
  const places = [balance, options.currency, notFound.pointer, options.echo].filter(
    (each) => each !== undefined,
  );
  const parse: (text: string) => Document = PARSERS[options.format](places);
  const echo = echoOf(options);

  function needsBody(status: number): boolean {
    if (refusals.has(status) || notFoundStatus.has(status) || TRY_AGAIN.has(status)) return false;
    return isSuccess(status) || (notFound.pointer !== undefined && status >= 400);
  }

  function read({ status, headers, body, isEndMarked }: CoreResponse, request: CoreRequest): LookupResult {
    const refused = refusals.get(status);
    if (refused !== undefined || notFoundStatus.has(status)) {
      assertToThisCall(headers, request);
      return refused === undefined ? null : { refused };
    }
    if (TRY_AGAIN.has(status)) {
      throw new NotNow(`status ${status}`, retryAfterMs(headers.get("retry-after")));
    }
    if (!needsBody(status)) throw statusError(status);

    const { document, problem } = parsed(body, headers);
    // An answer that was cut off must not count: `1234` would be `12`.
    const isWhole = document?.marksItsEnd === true || isEndMarked;
    const isNamed = document !== undefined && isWhole && echo.isNamedBy(document, request);
    const isNotFound = document !== undefined && isWhole && isNobody(document);
    if (!isNotFound && !isSuccess(status)) throw statusError(status);
    assertToThisCall(headers, request);
    if (isNotFound) return null;
    if (body.length === 0) throw new Error(`${status}, but no body`);
    if (document === undefined) throw new Error(`${status}, but ${problem}`);
    if (!isWhole) throw new Error(`${status}, but the answer's end is not marked (no Content-Length)`);
    if (!isNamed) {
      throw new Error(`${status}, but no player id at ${options.echo} (echo)${contents(document.root)}`);
    }
    return amount(status, document);
  }

  function assertToThisCall(headers: ResponseHeaders, request: CoreRequest): void {
    echo.assertHeader(headers, request);
    const age = headers.get("age");
    if (age === undefined) return;
    const seconds = ageSeconds(age);
    if (seconds > 0) throw new Error(`the answer is from a cache, ${seconds} s old (Age)`);
  }

  function parsed(bytes: Uint8Array, headers: ResponseHeaders): Parsed {
    const contentType = headers.get("content-type");
    const { text, problem } = decodeText(bytes, contentType, options.format);
    if (text === undefined) return { problem };
    try {
      const document = parse(text);
      const { doubledName } = document;
      if (doubledName === undefined) return { document };
      return { problem: `${JSON.stringify(doubledName)} stands in it twice` };
    } catch {
      return { problem: `not ${options.format}${mediaType(contentType)}` };
    }
  }

  function isNobody(document: Document): boolean {
    const found = notFound.pointer === undefined ? undefined : document.textAt(notFound.pointer);
    return found !== undefined && saysNotFound(found.trim());
  }

  function amount(status: number, document: Document): LookupResult {
    const text = document.textAt(balance);
    // If there is text, the pointer is right, and a list of other places would mislead.
    if (text === undefined) throw new Error(`${status}, but no number${place}${contents(document.root)}`);
    const decimal = plainDecimal(text);
    if (decimal === undefined) throw new Error(`${status}, but ${notAnAmount(text)}${place}`);
    const currency = currencyOf(status, document);
    if (options.unit === "major") return { balance: decimal, currency };
    const minorUnits = integerOf(decimal);
    if (minorUnits === undefined)
      throw new Error(`${status}, but the minor units${place} are not an integer`);
    return { balanceMinor: minorUnits, exponent: options.exponent ?? implied.of(currency), currency };
  }

  /** `undefined` means that the configuration's currency holds, so what cannot be read must not pass for it. */
  function currencyOf(status: number, document: Document): string | undefined {
    if (options.currency === undefined) return undefined;
    const text = document.textAt(options.currency);
    if (text === undefined && !document.isNothingAt(options.currency)) {
      throw new Error(`${status}, but no text at ${options.currency} (currency)${contents(document.root)}`);
    }
    return text?.trim();
  }

  return { needsBody, read };
}

/** A part of a document, which nobody asked for (RFC 9110, section 15.3.7): as plain text `12` of `1234` looks whole. */
const PARTIAL_CONTENT = 206;

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300 && status !== PARTIAL_CONTENT;
}

/** `Age` says that the core did not make or confirm the answer for this call (RFC 9111, section 5.1). 0 without a number. */
function ageSeconds(header: string): number {
  return Number(/^\d{1,9}/.exec(header)?.[0] ?? 0);
}

function statusError(status: number): Error {
  if (status >= 500) return new ServerError(`status ${status}`);
  if (status === PARTIAL_CONTENT) return new Error("status 206: only a part of the answer");
  return new Error(`status ${status}${status >= 300 && status < 400 ? ": redirects are not followed" : ""}`);
}

/** The names in a document, never its values. */
function contents(root: unknown): string {
  if (typeof root !== "object" || root === null) return "";
  const pointers = describePointers(root);
  return pointers === "" ? "; the document is empty" : `; the document has: ${pointers}`;
}

function mediaType(contentType: string | undefined): string {
  const type = MEDIA_TYPE.exec(contentType ?? "")?.[0];
  return type === undefined ? "" : ` (${type})`;
}
