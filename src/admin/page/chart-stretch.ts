import type uPlot from "uplot";
import { timeOfDay } from "./format.ts";

/** What the keyboard has chosen, in Unix seconds: both ends are one if it is only a moment. */
export interface Brushed {
  readonly from: number;
  /** Where the next key moves on, before or after the other end. */
  readonly to: number;
}

/** How many steps a key moves on; to an end, all of them. */
const KEYS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  PageUp: -60,
  PageDown: 60,
  Home: -Infinity,
  End: Infinity,
};

/** `undefined` if it is no key that moves. With Shift, only one end moves. */
export function nextStretch(
  before: Brushed | undefined,
  { key, shiftKey }: KeyboardEvent,
  times: readonly number[],
): Brushed | undefined {
  const steps = KEYS[key];
  const [first, second] = times;
  const last = times.at(-1);
  if (steps === undefined || first === undefined || second === undefined || last === undefined) {
    return undefined;
  }
  const from = before ?? { from: last, to: last };
  const to = Math.min(last, Math.max(first, from.to + steps * (second - first)));
  return { from: shiftKey ? from.from : to, to };
}

/** The earlier end first; with a factor of 1000 in Unix milliseconds. */
export function stretchEnds({ from, to }: Brushed, factor: number): [number, number] {
  return [Math.min(from, to) * factor, Math.max(from, to) * factor];
}

/** For whoever sees the chart, and whoever does not. */
export function stretchInWords(stretch: Brushed): string {
  const [from, to] = stretchEnds(stretch, 1000).map(timeOfDay);
  return from === to
    ? `${from}: an arrow key with Shift begins a stretch`
    : `${from} to ${to}: Enter lists its calls`;
}

/** Draws it; anew with new numbers, because time goes on under it. */
export function markStretch(chart: uPlot | undefined, stretch: Brushed | undefined): void {
  if (chart === undefined) return;
  if (stretch === undefined) {
    chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    return;
  }
  const [left = 0, right = 0] = stretchEnds(stretch, 1).map((time) => chart.valToPos(time, "x"));
  chart.setSelect({ left, width: Math.max(1, right - left), top: 0, height: chart.over.clientHeight }, false);
  chart.setCursor({ left: chart.valToPos(stretch.to, "x"), top: 0 });
}
