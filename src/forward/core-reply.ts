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
  const { status, headers, body } = reply;
  if (status < 200 || status > 299) return unusable(`the core answered with HTTP status ${status}`);
  const statusCode = statusCodeIn(body);
  if (statusCode === undefined) {
    const cause = obstacle(body, headers.get("content-encoding"));
    return unusable(`the core's answer is not a JSON object with a status_code${cause}`);
  }
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

/** Content codings that are in use (RFC 9110, section 8.4.1). Another name is not shown: it is the core's own text. */
const CODINGS = new Set(["gzip", "deflate", "br", "zstd", "compress"]);

const MARKS = [
  [0xef, 0xbb, 0xbf],
  [0xff, 0xfe],
  [0xfe, 0xff],
];

/** What may keep a sound answer from being read: the end of a sentence, or nothing. */
function obstacle(body: Uint8Array, contentEncoding = ""): string {
  const named = contentEncoding.trim().toLowerCase();
  const isGzip = body[0] === 0x1f && body[1] === 0x8b;
  const coding = CODINGS.has(named) ? named : isGzip && "gzip";
  if (coding) return `: it is compressed (${coding}), and no coding was accepted (Accept-Encoding: identity)`;
  const isMarked = MARKS.some((mark) => mark.every((byte, index) => body[index] === byte));
  return isMarked
    ? ": it begins with a byte-order mark, which JSON does not have (RFC 8259, section 8.1)"
    : "";
}

function unusable(detail: string): Outcome {
  return { reason: "source_failed", detail };
}
