/** Why a call was answered as it was: one word for the log, the metrics and the table below. */
export type Reason =
  | "ok"
  | "bad_signature"
  | "stale_timestamp"
  | "invalid_body"
  | "player_not_found"
  | "refused"
  | "source_timeout"
  | "source_failed"
  | "overloaded";

/** The reasons whose `status_code` is looked up: `ok` is always `OK`, `refused` brings its own. */
export type MappedReason = Exclude<Reason, "ok" | "refused">;

export type StatusCodes = Readonly<Record<MappedReason, string>>;

/**
 * Spec 1.3. Klas documents `OK`, `ERR_UNKNOWN`, `ERR_TIMEOUT`, `ERR_INVALID_BODY` and
 * `ERR_INTEGRITY_CHECK_FAILED`; what it leaves open can be overridden.
 */
export const DEFAULT_STATUS_CODES = {
  bad_signature: "ERR_INTEGRITY_CHECK_FAILED",
  stale_timestamp: "ERR_INTEGRITY_CHECK_FAILED",
  invalid_body: "ERR_INVALID_BODY",
  player_not_found: "ERR_PLAYER_NOT_FOUND",
  source_timeout: "ERR_TIMEOUT",
  source_failed: "ERR_UNKNOWN",
  overloaded: "ERR_UNKNOWN",
} as const satisfies StatusCodes;

/**
 * The end of one call. `balance` is in canonical form; `currency` has the form of a code and is there if the
 * source gave one; `detail` is for the log and never for the caller.
 */
export type Outcome =
  | { readonly reason: "ok"; readonly balance: string; readonly currency?: string }
  | { readonly reason: "refused"; readonly statusCode: string }
  | { readonly reason: MappedReason; readonly detail?: string };

/** As much of an outcome as its `status_code` depends on. */
type Answered =
  | { readonly reason: "refused"; readonly statusCode: string }
  | { readonly reason: Exclude<Reason, "refused"> };

/** The `status_code` that an outcome is answered with. */
export function statusCodeOf(outcome: Answered, statusCodes: StatusCodes): string {
  if (outcome.reason === "ok") return "OK";
  if (outcome.reason === "refused") return outcome.statusCode;
  return statusCodes[outcome.reason];
}
