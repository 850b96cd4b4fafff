import type { LogFields } from "../plugin.ts";
import { shownPath } from "../shown-path.ts";
import { loadedPlugins, placeInStack } from "./modules.ts";
import { Refusal } from "../host-process.ts";
import { messageOf } from "./thrown.ts";

/** Takes errors that nobody waits for: from a timer, or by a promise that nobody handles. */
export type StrayErrorReport = (message: string, fields: LogFields) => void;

/** A plugin's timer may throw a thousand times a second. */
const MAX_REPORTS = 20;
const WINDOW_MS = 60_000;

let report: StrayErrorReport = reportToStandardError;
let reports = 0;
let windowStartedMs = -Infinity;

/** From here on, stray errors are reported and end nothing. A later call changes where they go. */
export function catchStrayErrors(to?: StrayErrorReport): void {
  report = to ?? report;
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    if (!process.rawListeners(event).includes(take)) process.on(event, take);
  }
}

function take(error: unknown, _context?: unknown): void {
  const nowMs = performance.now();
  if (nowMs - windowStartedMs > WINDOW_MS) {
    windowStartedMs = nowMs;
    reports = 0;
  }
  reports += 1;
  if (reports > MAX_REPORTS) return;
  const { message, fields } = describe(error);
  const held = reports === MAX_REPORTS ? { more: `not shown for ${WINDOW_MS / 1000} s` } : undefined;
  report(message, { ...fields, ...held });
}

const ELSEWHERE = "an error was thrown that nothing was waiting for";

function describe(error: unknown): { readonly message: string; readonly fields: LogFields } {
  const stack = stackOf(error);
  const problem = messageOf(error);
  const place = placeInStack(stack);
  if (place !== undefined) {
    const fields = { plugin: shownPath(place.plugin), at: shownPath(place.position), problem };
    return { message: `${ELSEWHERE}, by a plugin`, fields };
  }
  const plugins = loadedPlugins();
  // An error without a stack is not ours, nor do we call what is kept from plugins.
  if (plugins.length > 0 && (stack === "" || error instanceof Refusal)) {
    const plugin = plugins.map(shownPath).join(", ");
    return { message: `${ELSEWHERE}, by a plugin as it seems`, fields: { plugin, problem } };
  }
  return { message: "a bug: please report it", fields: { stack: stack || problem } };
}

function stackOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.stack) : "";
  } catch {
    return "";
  }
}

/** Before there is a log, and for commands that have none. */
function reportToStandardError(message: string, fields: LogFields): void {
  process.stderr.write(`${message}: ${JSON.stringify(fields)}\n`);
}
