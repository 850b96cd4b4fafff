/** Bidirectional and other invisible marks, which could make a caller's text look like another. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** A caller's text, with what cannot be seen as `\u202e`. */
export function visible(text: string): string {
  return text.replace(
    INVISIBLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** `14:03:07` in the reader's time zone. */
export function timeOfDay(timeMs: number): string {
  return new Date(timeMs).toLocaleTimeString("en-GB");
}

/** `14:03:07` as in the log. */
export function timeOfDayUtc(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(11, 19);
}

/** `99.9 %`; 100 only if it is all of them. */
export function percent(part: number, whole: number): string {
  return `${Math.floor((part / whole) * 1000) / 10} %`;
}

export function dateAndTime(timeMs: number): string {
  return `${new Date(timeMs).toLocaleDateString("en-CA")} ${timeOfDay(timeMs)}`;
}

export function milliseconds(durationMs: number | null): string {
  if (durationMs === null) return "–";
  if (durationMs >= 1000) return `${(durationMs / 1000).toPrecision(3)} s`;
  return `${Number(durationMs.toPrecision(3))} ms`;
}

/** The time of day; with the date if it was another day. */
export function moment(timeMs: number, nowMs: number): string {
  const isToday = new Date(timeMs).toDateString() === new Date(nowMs).toDateString();
  return isToday ? timeOfDay(timeMs) : dateAndTime(timeMs);
}

/** `1 call`, `2,500 calls` */
export function count(number: number, what: string): string {
  return `${number.toLocaleString("en-GB")} ${what}${number === 1 ? "" : "s"}`;
}

/** `3 min ago`, or `never`. */
export function ago(timeMs: number | null, nowMs: number): string {
  return timeMs === null ? "never" : `${span(nowMs - timeMs)} ago`;
}

export function span(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}
