import { isErrorCode } from "../../plugins/shared/status-code.ts";
import type { Outcome } from "../protocol/status.ts";
import type { CoreReply } from "./exchange.ts";

/**
 * A core's reply that goes back byte for byte. It is signed as every reply is, with the secret that verified the call: a
 * core that signs with that secret makes the very same signature, and no other one would be accepted.
 */
export interface PassedOn {
  /** As for an outcome of our own: the core said `OK`, or something else. */
  readonly reason: "ok" | "refused";
  readonly statusCode: string;
  readonly body: Uint8Array;
}

/** Judges the core's reply (spec 1.6). No text of the core's appears in a detail. */
export function judgeReply(reply: CoreReply): Outcome | PassedOn {
  if (!reply.received) {
    return { reason: reply.isLate ? "source_timeout" : "source_failed", detail: reply.problem };
  }
  const { status, body } = reply;
  if (status < 200 || status > 299) return unusable(`the core answered with HTTP status ${status}`);
  const statusCode = statusCodeIn(body);
  if (statusCode === undefined) return unusable("the core's answer is not a JSON object with a status_code");
  return {
    reason: statusCode === "OK" ? "ok" : "refused",
    statusCode: statusCode === "OK" || isErrorCode(statusCode) ? statusCode : "other",
    body,
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
