/** How each reason is drawn: a colour that colour-blind readers tell apart (Okabe and Ito), and a dash beside it. */
export interface ReasonStyle {
  readonly reason: string;
  /** The name of a custom property of the style sheet. */
  readonly colour: string;
  readonly dash: readonly number[];
  /** What it says, in a few words. */
  readonly words: string;
}

export const REASONS: readonly ReasonStyle[] = [
  { reason: "ok", colour: "--blue", dash: [], words: "answered" },
  { reason: "player_not_found", colour: "--muted", dash: [6, 3], words: "no such player" },
  { reason: "refused", colour: "--green", dash: [6, 3], words: "refused by the source" },
  { reason: "bad_signature", colour: "--orange", dash: [], words: "signature does not fit" },
  { reason: "stale_timestamp", colour: "--orange", dash: [2, 3], words: "clock too far off" },
  { reason: "invalid_body", colour: "--purple", dash: [], words: "not the protocol's JSON" },
  { reason: "source_timeout", colour: "--red", dash: [6, 3], words: "source too slow" },
  { reason: "source_failed", colour: "--red", dash: [], words: "source failed" },
  { reason: "overloaded", colour: "--purple", dash: [2, 3], words: "too many lookups" },
];

const OTHER: ReasonStyle = { reason: "other", colour: "--muted", dash: [1, 3], words: "" };

export function styleOf(reason: string): ReasonStyle {
  return REASONS.find((style) => style.reason === reason) ?? { ...OTHER, reason };
}

/** Whether an operator should look at it: the call was not answered as a caller may expect. */
export function isTrouble(reason: string): boolean {
  return reason !== "ok" && reason !== "refused" && reason !== "player_not_found";
}
