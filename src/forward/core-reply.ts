import { isErrorCode } from "../../plugins/shared/status-code.ts";
import type { Outcome } from "../protocol/status.ts";
import { SIGNATURE_HEADER, type SigningKey, verify } from "../protocol/signature.ts";
import type { CoreReply } from "./exchange.ts";

/** A core's reply that goes back byte for byte. */
export interface PassedOn {
  /** As for an outcome of our own: the core said `OK`, or something else. */
  readonly reason: "ok" | "refused";
  readonly statusCode: string;
  readonly body: Uint8Array;
  /** The core's own, if it fits one of the secrets. */
  readonly signature: string | undefined;
}

/** Judges the core's reply (spec 1.6). No text of the core's appears in a detail. */
export function judgeReply(reply: CoreReply, keys: readonly SigningKey[]): Outcome | PassedOn {
  if (!reply.received) {
    return { reason: reply.isLate ? "source_timeout" : "source_failed", detail: reply.problem };
  }
  const { status, headers, body } = reply;
  if (status < 200 || status > 299) return unusable(`the core answered with HTTP status ${status}`);
  const statusCode = statusCodeIn(body);
  if (statusCode === undefined) return unusable("the core's answer is not a JSON object with a status_code");
  const own = headers.get(SIGNATURE_HEADER.toLowerCase());
  const isSigned = own !== undefined && verify(body, own, keys).valid;
  return {
    reason: statusCode === "OK" ? "ok" : "refused",
    statusCode: statusCode === "OK" || isErrorCode(statusCode) ? statusCode : "other",
    body,
    signature: isSigned ? own : undefined,
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function statusCodeIn(body: Uint8Array): string | undefined {
  try {
    const value: unknown = JSON.parse(utf8.decode(body));
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    if (!("status_code" in value) || typeof value.status_code !== "string") return undefined;
    return value.status_code === "" ? undefined : value.status_code;
  } catch {
    return undefined;
  }
}

function unusable(detail: string): Outcome {
  return { reason: "source_failed", detail };
}
