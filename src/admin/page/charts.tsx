import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { Series } from "../shapes.ts";
import { markStretch, nextStretch, type Brushed, stretchEnds, stretchInWords } from "./chart-stretch.ts";
import { milliseconds, timeOfDay } from "./format.ts";
import { REASONS, styleOf } from "./reasons.ts";
import { read } from "./requests.ts";

type Step = "second" | "minute";

const REFRESH_MS: Readonly<Record<Step, number>> = { second: 1000, minute: 15_000 };
const HEIGHT_PX = 180;

// oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is in the library's types alone
const LOGARITHMIC: uPlot.Scale = { distr: 3 };

interface ChartsProps {
  /** Before that nothing was counted. */
  readonly startedMs: number;
  readonly isPaused: boolean;
  readonly onBrush: (fromMs: number, toMs: number) => void;
}

/** Calls per second by reason, and latency, over a quarter of an hour or a day. */
export function Charts({ startedMs, isPaused, onBrush }: ChartsProps) {
  const [step, setStep] = useState<Step>("second");
  const [series, setSeries] = useState<Series>();

  useEffect(() => {
    if (isPaused) return undefined;
    let isOver = false;
    async function refresh(): Promise<void> {
      // The line at the top says if the server cannot be reached.
      const latest = await read<Series>(`/api/series?step=${step}`).catch(() => undefined);
      if (!isOver && latest !== undefined) setSeries(latest);
    }
    void refresh();
    const timer = window.setInterval(() => void refresh(), REFRESH_MS[step]);
    return () => {
      isOver = true;
      window.clearInterval(timer);
    };
  }, [step, isPaused]);

  return (
    <section aria-labelledby="time" class="wide">
      <h2 id="time">Over time</h2>
      <div class="controls" role="group" aria-label="Stretch of time">
        <button type="button" aria-pressed={step === "second"} onClick={() => setStep("second")}>
          15 minutes
        </button>
        <button type="button" aria-pressed={step === "minute"} onClick={() => setStep("minute")}>
          24 hours
        </button>
        <span class="muted">
          Drag across a chart to list the calls of that stretch; or by keyboard: arrow keys with Shift, then
          Enter.
        </span>
      </div>
      {series !== undefined && (
        <>
          <Chart title="Calls per second" plot={callsPlot(series, startedMs)} onBrush={onBrush} />
          <Chart title="Latency" plot={latencyPlot(series)} onBrush={onBrush} />
          <Summary series={series} startedMs={startedMs} />
        </>
      )}
    </section>
  );
}

interface Line {
  readonly label: string;
  readonly colour: string;
  readonly dash: readonly number[];
  readonly values: readonly (number | null)[];
}

interface Plot {
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly isLogarithmic: boolean;
  readonly show: (value: number | null) => string;
}

function timesOf({ step_seconds: stepSeconds, end, p50_ms: { length } }: Series): readonly number[] {
  return Array.from({ length }, (_, index) => (end - length + index) * stepSeconds);
}

/** Always in the same order. */
function reasonsOf({ counts }: Series): readonly string[] {
  const known = REASONS.map(({ reason }) => reason).filter((reason) => reason in counts);
  return [...known, ...Object.keys(counts).filter((reason) => !known.includes(reason))];
}

function callsPlot(series: Series, startedMs: number): Plot {
  const reasons = reasonsOf(series);
  const times = timesOf(series);
  const none = times.map(() => 0);
  const isBefore = (index: number) => ((times[index] ?? 0) + series.step_seconds) * 1000 <= startedMs;
  const drawn = reasons.length === 0 ? ["ok"] : reasons;
  return {
    times,
    lines: drawn.map((reason) => ({
      label: reason,
      colour: styleOf(reason).colour,
      dash: styleOf(reason).dash,
      values: (series.counts[reason] ?? none).map((count, index) =>
        isBefore(index) ? null : count / series.step_seconds,
      ),
    })),
    isLogarithmic: false,
    show: (value) => (value === null ? "–" : `${Number(value.toPrecision(3))}/s`),
  };
}

function latencyPlot(series: Series): Plot {
  return {
    times: timesOf(series),
    lines: [
      { label: "p50", colour: "--blue", dash: [], values: series.p50_ms },
      { label: "p95", colour: "--green", dash: [6, 3], values: series.p95_ms },
      { label: "p99", colour: "--red", dash: [2, 3], values: series.p99_ms },
    ],
    isLogarithmic: true,
    show: milliseconds,
  };
}

interface ChartProps {
  readonly title: string;
  readonly plot: Plot;
  readonly onBrush: (fromMs: number, toMs: number) => void;
}

function Chart({ title, plot, onBrush }: ChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot | undefined>(undefined);
  const brush = useRef(onBrush);
  brush.current = onBrush;
  const times = useRef(plot.times);
  times.current = plot.times;
  const [stretch, setStretch] = useState<Brushed>();
  const names = plot.lines.map(({ label }) => label).join(" ");
  const isDark = useDarkness();

  // A chart is made anew if its lines or colours change. New numbers go into the one that is there.
  useEffect(() => {
    const element = holder.current;
    if (element === null) return undefined;
    const chart = new uPlot(optionsOf(title, plot, element, brush), dataOf(plot), element);
    drawn.current = chart;
    const watcher = new ResizeObserver(() =>
      chart.setSize({ width: element.clientWidth, height: HEIGHT_PX }),
    );
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      chart.destroy();
    };
  }, [names, isDark]);
  useEffect(() => {
    drawn.current?.setData(dataOf(plot));
    markStretch(drawn.current, stretch);
  }, [plot]);

  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const next = nextStretch(stretch, event, times.current);
    if (next !== undefined || event.key === "Escape") {
      setStretch(next);
      markStretch(drawn.current, next);
    } else if (event.key === "Enter" && stretch !== undefined && stretch.from !== stretch.to) {
      onBrush(...stretchEnds(stretch, 1000));
    } else return;
    event.preventDefault();
  }

  return (
    <div class="chart" role="group" aria-label={title} tabindex={0} ref={holder} onKeyDown={onKey}>
      <p class="muted" aria-live="polite">
        {stretch !== undefined && stretchInWords(stretch)}
      </p>
    </div>
  );
}

function useDarkness(): boolean {
  const [isDark, setDark] = useState(() => matchMedia("(prefers-color-scheme: dark)").matches);
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const follow = () => setDark(query.matches);
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, []);
  return isDark;
}

function dataOf({ times, lines }: Plot): uPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])];
}

function optionsOf(
  title: string,
  { lines, isLogarithmic, show }: Plot,
  element: HTMLElement,
  brush: { readonly current: ChartProps["onBrush"] },
): uPlot.Options {
  const styles = getComputedStyle(document.documentElement);
  // On a logarithmic scale there is room for the powers of ten only.
  const isDrawn = (tick: number) => !isLogarithmic || Number.isInteger(Math.log10(tick));
  const filter: uPlot.Axis.Filter = (_chart, ticks) => ticks.map((tick) => (isDrawn(tick) ? tick : null));
  const colour = (name: string) => styles.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--muted"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    title,
    width: element.clientWidth,
    height: HEIGHT_PX,
    legend: { live: true },
    cursor: { drag: { x: true, y: false, setScale: false } },
    scales: {
      y: isLogarithmic ? LOGARITHMIC : { range: (_chart, _low, high) => [0, Math.max(1, high * 1.1)] },
    },
    axes: [
      {
        ...axis,
        size: 30,
        values: (_chart, times) => times.map((time) => timeOfDay(time * 1000).slice(0, 5)),
      },
      {
        ...axis,
        grid: { ...axis.grid, filter },
        size: 56,
        values: (_chart, ticks) => ticks.map((tick) => (isDrawn(tick) ? show(tick) : "")),
      },
    ],
    series: [
      { value: (_chart: uPlot, time: number | null) => (time === null ? "–" : timeOfDay(time * 1000)) },
      ...lines.map(({ label, colour: name, dash }) => ({
        label,
        stroke: colour(name),
        width: 1.5,
        dash: [...dash],
        points: { show: false },
        value: (_chart: uPlot, value: number | null) => show(value),
      })),
    ],
    hooks: {
      setSelect: [
        (chart) => {
          const { left, width } = chart.select;
          if (width < 2) return;
          brush.current(chart.posToVal(left, "x") * 1000, chart.posToVal(left + width, "x") * 1000);
        },
      ],
    },
  };
}

/** The same in words, for people who do not see the charts. */
function Summary({ series, startedMs }: { readonly series: Series; readonly startedMs: number }) {
  const seconds = series.p50_ms.length * series.step_seconds;
  const sums = reasonsOf(series).map((reason) => {
    const sum = (series.counts[reason] ?? []).reduce((total, count) => total + count, 0);
    return `${reason} ${sum}`;
  });
  const isWhole = startedMs <= (series.end * series.step_seconds - seconds) * 1000;
  const stretch = series.step_seconds === 1 ? "15 minutes" : "24 hours";
  const latest = series.p99_ms.findLast((value) => value !== null) ?? null;
  return (
    <p class="muted">
      {isWhole ? `In the last ${stretch}` : `Since the start at ${timeOfDay(startedMs)}`}:{" "}
      {sums.length === 0 ? "no calls" : sums.join(", ")}. Latest p99: {milliseconds(latest)}.
    </p>
  );
}
