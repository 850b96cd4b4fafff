import { explainSignature } from "../explain/explain.ts";
import { canonicalAmount } from "../protocol/amount.ts";
import { SIGNATURE_HEADER, verify } from "../protocol/signature.ts";
import { isErrorCode } from "../../plugins/shared/status-code.ts";
import type { TestedEndpoint } from "./signed-request.ts";
import type { Expectation, Complaint } from "./case.ts";
import { headerValues, type HttpReply } from "./http-reply.ts";
import { type ReplyContent, replyContent } from "./reply-content.ts";

/** The reply is read, whatever it says; if there is none, that is the problem. */
function replied(check: (reply: HttpReply, tested: TestedEndpoint) => Complaint): Expectation {
  return {
    needsKnownPlayer: false,
    problem: (received, tested) => ("noReply" in received ? received.noReply : check(received, tested)),
  };
}

function content(
  check: (content: ReplyContent, reply: HttpReply, tested: TestedEndpoint) => Complaint,
): Expectation {
  return replied((reply, tested) => check(replyContent(reply), reply, tested));
}

/** For what is only meaningful in an answered balance. */
function answered(
  check: (content: ReplyContent, reply: HttpReply, tested: TestedEndpoint) => Complaint,
): Expectation {
  const expectation = content((found, reply, tested) =>
    found.statusCode === "OK" ? check(found, reply, tested) : unexpected("OK", found, reply),
  );
  return { ...expectation, needsKnownPlayer: true };
}

function unexpected(wanted: string, found: ReplyContent, reply: HttpReply): string {
  const code = found.statusCode;
  const shown =
    code === undefined ? "no status_code" : isShowable(code) ? code : "a status_code of another form";
  return `expected ${wanted}; got ${shown} (HTTP ${reply.status})`;
}

function isShowable(code: string): boolean {
  return code === "OK" || isErrorCode(code);
}

export const answersOk: Expectation = answered(() => undefined);

/** This very code; the HTTP status is the business of the cases named for it. */
export function answersCode(code: string): Expectation {
  return content((found, reply) => (found.statusCode === code ? undefined : unexpected(code, found, reply)));
}

/** Any code but `OK`. */
export const refuses: Expectation = content((found, reply) =>
  found.statusCode !== undefined && isErrorCode(found.statusCode)
    ? undefined
    : unexpected("a code other than OK", found, reply),
);

/** Like `answersCode`, or a 400 of an HTTP layer that does not let such bytes through. */
export function answersCodeOrBadRequest(code: string): Expectation {
  const expectation = answersCode(code);
  return replied((reply, tested) => (reply.status === 400 ? undefined : expectation.problem(reply, tested)));
}

/** Anything but an answered balance; no reply at all will do. */
export const neverOk: Expectation = {
  needsKnownPlayer: false,
  problem: (received) =>
    !("noReply" in received) && replyContent(received).statusCode === "OK" ? "answered OK" : undefined,
};

export function hasStatus(status: number): Expectation {
  return replied((reply) =>
    reply.status === status ? undefined : `expected HTTP ${status}; got HTTP ${reply.status}`,
  );
}

export const isJson: Expectation = replied((reply) => {
  const [type] = headerValues(reply, "content-type");
  return type?.split(";")[0]?.trim().toLowerCase() === "application/json"
    ? undefined
    : `expected Content-Type: application/json; got ${type === undefined ? "none" : "another"}`;
});

/** One `X-Signature`, of exactly the bytes of the reply; if it is not, the mistake is named if it can be. */
export const isSigned: Expectation = replied((reply, tested) => {
  const [signature, ...others] = headerValues(reply, SIGNATURE_HEADER);
  if (signature === undefined) return "the reply carries no X-Signature";
  if (others.length > 0) return "the reply carries several X-Signature headers";
  if (verify(reply.body, signature, [tested.key]).valid) return undefined;
  const { mistakes } = explainSignature(reply.body, signature, [tested.secret]);
  return mistakes.length === 0
    ? "X-Signature is not that of the reply's bytes"
    : `X-Signature is not that of the reply's bytes: ${mistakes.map(({ message }) => message).join("; ")}`;
});

/** Lower-case hex; that there is a signature at all is the business of other cases. */
export const isSignedInLowerCase: Expectation = replied((reply) =>
  headerValues(reply, SIGNATURE_HEADER).some((signature) => /[A-F]/.test(signature))
    ? "X-Signature has upper-case digits"
    : undefined,
);

export const balanceIsText: Expectation = answered(({ balance }) => {
  if (balance === undefined) return "there is no balance";
  return balance.isText ? undefined : "the balance is not a JSON string";
});

export const balanceIsCanonical: Expectation = answered(({ balance }) => {
  if (balance === undefined || canonicalAmount(balance.text) === balance.text) return undefined;
  return canonicalAmount(balance.text) === undefined
    ? "the balance is not a decimal of at most 38 digits"
    : "the balance has needless zeros";
});

/** The amount given by `--balance`, compared digit by digit. */
export const balanceIsAsGiven: Expectation = answered(({ balance }, _reply, tested) =>
  balance !== undefined && canonicalAmount(balance.text) === canonicalAmount(tested.balance ?? "")
    ? undefined
    : "the balance is not the amount of --balance",
);

export const hasNoBalance: Expectation = content((found, reply) => {
  if (found.statusCode === "OK") return unexpected("a code other than OK", found, reply);
  return found.balance === undefined ? undefined : "a refusal carries a balance";
});

/** The fields of a reply in their order; the first one is the launch call's alone. */
const FIELDS = ["currency", "balance", "status_code"];

/** `{"balance":"…","status_code":"…"}`: this order, no white space. */
export const isCompact: Expectation = content(({ text, keys }) => {
  if (keys === undefined) return "the reply is not a JSON object";
  if (/\s/.test(text)) return "the reply has white space";
  const order = keys.map((key) => FIELDS.indexOf(key)).filter((place) => place !== -1);
  if (order.every((place, index) => index === 0 || (order[index - 1] ?? 0) < place)) return undefined;
  return `the order of the fields is not ${FIELDS.filter((field) => keys.includes(field)).join(", ")}`;
});

/** Nothing of the marker, whatever else the reply says. */
export function doesNotContain(marker: string): Expectation {
  return content(({ text }) => (text.includes(marker) ? "the reply repeats text of the request" : undefined));
}

/** No field but those of a reply. */
export const hasNoFurtherFields: Expectation = content(({ keys }, _reply, { endpoint }) => {
  const fields = endpoint.path.endsWith("/authenticate") ? FIELDS : FIELDS.slice(1);
  return keys?.every((key) => fields.includes(key)) === true
    ? undefined
    : `the reply has fields besides ${fields.join(", ")}`;
});

export const currencyIsNamed: Expectation = answered(({ currency }) => {
  if (currency === undefined) return "there is no currency";
  return /^[A-Z][A-Z0-9]{1,11}$/.test(currency) ? undefined : "the currency is not a code of capital letters";
});

export const hasNoCurrency: Expectation = content(({ currency }) =>
  currency === undefined ? undefined : "a refusal names a currency",
);

export const allowsOnlyPost: Expectation = replied((reply) => {
  if (reply.status !== 405) return `expected HTTP 405; got HTTP ${reply.status}`;
  const allowed = headerValues(reply, "allow").join(",").toUpperCase().split(",");
  return allowed.some((method) => method.trim() === "POST") ? undefined : "405 without Allow: POST";
});

export const isTooLarge: Expectation = content((found, reply) => {
  if (reply.status !== 413) return `expected HTTP 413; got HTTP ${reply.status}`;
  return found.statusCode === "ERR_INVALID_BODY" ? undefined : unexpected("ERR_INVALID_BODY", found, reply);
});
