import {
  AggregatorRegistry,
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from "prom-client";
import type { Outcome, Reason } from "../protocol/status.ts";
import { revision, version } from "../version.ts";
import { type Distribution, openDistribution, openSeries, type MetricSeries } from "./series.ts";

/** What one process counts. Every label comes from a closed set or is bounded here: a caller makes no series. */
export interface Metrics {
  /** A call was answered. */
  answered(endpoint: string, reason: Reason, statusCode: string, seconds: number): void;
  /** A source answered, or did not. */
  lookedUp(source: string, outcome: Outcome["reason"], seconds: number): void;
  /** The clock of a verified request against ours. */
  skewed(seconds: number): void;
  /** An event that a source counts. */
  happened(source: string, event: string): void;
  snapshot(): Promise<MetricsSnapshot>;
}

/** The metrics of a process as data, which can be sent and summed. */
export type MetricsSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

/** Read when the metrics are asked for. */
export interface Gauges {
  readonly inFlight: () => number;
  readonly forwardsInFlight: () => number;
  readonly isSourceUp: () => Promise<boolean>;
  /** As of the latest answer or check, if the source knows. */
  readonly staleness: () => { readonly source: string; readonly seconds: number } | undefined;
}

/** From 50 µs, which an answer from SQLite takes, to the longest deadline in use. */
const BUCKETS_SECONDS = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
];

/** Sources make up codes and events. So many of them are told apart; the rest count as `other`. */
const MAX_NAMES = 32;

export function openMetrics(gauges: Gauges): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const answers = openSeries(() => ({ count: 0 }));
  const requests = new Counter({
    name: "klas_balance_requests_total",
    help: "Calls that were answered.",
    labelNames: ["status_code", "reason", "endpoint"],
    registers,
    collect() {
      requests.reset();
      for (const [[endpoint, reason, status_code], { count }] of answers.entries()) {
        requests.inc({ status_code, reason, endpoint }, count);
      }
    },
  });
  const requestSeconds = openHistogram({
    name: "klas_balance_request_duration_seconds",
    help: "Time from a call's arrival to its answer.",
    labelNames: ["endpoint"],
    registers,
  });
  const sourceSeconds = openHistogram({
    name: "klas_balance_source_duration_seconds",
    help: "Time of a lookup in the source.",
    labelNames: ["source", "outcome"],
    registers,
  });
  let skewSeconds: number | undefined;
  const skew = new Gauge({
    name: "klas_balance_clock_skew_seconds",
    help: "The clock of the latest verified call, minus ours.",
    aggregator: "average",
    registers,
    collect() {
      if (skewSeconds !== undefined) skew.set(skewSeconds);
    },
  });
  // Until a call is verified there is none; the library's 0 would weigh in the average of the processes.
  skew.remove();
  const events = new Counter({
    name: "klas_balance_source_events_total",
    help: "What sources count, such as a circuit breaker's changes.",
    labelNames: ["source", "event"],
    registers,
  });
  const inFlight = new Gauge({
    name: "klas_balance_in_flight",
    help: "Lookups under way.",
    registers,
    collect() {
      inFlight.set(gauges.inFlight());
    },
  });
  const forwardsInFlight = new Gauge({
    name: "klas_balance_forward_in_flight",
    help: "Calls that were passed on and are not answered yet.",
    registers,
    collect() {
      forwardsInFlight.set(gauges.forwardsInFlight());
    },
  });
  const staleness = new Gauge({
    name: "klas_balance_source_staleness_seconds",
    help: "How far the database that answers may be behind its primary, if that is bounded.",
    labelNames: ["source"],
    aggregator: "max",
    registers,
    async collect() {
      // The check asks the server, which an idle source has not done lately.
      await gauges.isSourceUp();
      const known = gauges.staleness();
      staleness.reset();
      if (known !== undefined) staleness.set({ source: known.source }, known.seconds);
    },
  });
  const sourceUp = new Gauge({
    ...SOURCE_UP,
    registers,
    async collect() {
      sourceUp.set((await gauges.isSourceUp()) ? 1 : 0);
    },
  });
  new Gauge({
    name: "klas_balance_build_info",
    help: "Always 1.",
    labelNames: ["version", "revision"],
    aggregator: "max",
    registers,
  }).set({ version, revision }, 1);
  collectProcessMetrics(registry);

  const boundedCode = bounded();
  const boundedEvent = bounded();
  return {
    answered(endpoint, reason, statusCode, seconds) {
      const code = reason === "refused" ? boundedCode(statusCode) : statusCode;
      answers.of(endpoint, reason, code).count += 1;
      requestSeconds.of(endpoint).observe(seconds);
    },
    lookedUp: (source, outcome, seconds) => sourceSeconds.of(source, outcome).observe(seconds),
    skewed(seconds) {
      skewSeconds = seconds;
    },
    happened: (source, event) => events.inc({ source, event: boundedEvent(event) }),
    snapshot: () => registry.getMetricsAsJSON(),
  };
}

interface HistogramOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly [string, string?];
  readonly registers: Registry[];
}

/**
 * A histogram of the library that shows our own counts. The library takes none that were made elsewhere, so its `get` is
 * replaced, which is what it calls to print or to sum a metric.
 */
function openHistogram({
  labelNames: [first, second],
  ...options
}: HistogramOptions): MetricSeries<Distribution> {
  const series = openSeries(() => openDistribution(BUCKETS_SECONDS));
  const labelNames = [first, ...(second === undefined ? [] : [second])];
  const histogram = new Histogram({ ...options, labelNames, buckets: BUCKETS_SECONDS });
  const describe = histogram.get.bind(histogram);
  histogram.get = async () => ({
    ...(await describe()),
    values: Array.from(series.entries()).flatMap(([values, distribution]) => {
      const labels = Object.fromEntries(labelNames.map((name, index) => [name, values[index] ?? ""]));
      const value = (suffix: string, count: number, further: object = {}) => {
        return { value: count, labels: { ...further, ...labels }, metricName: `${options.name}_${suffix}` };
      };
      const buckets = distribution.cumulative();
      const sum = [value("sum", distribution.sumSeconds), value("count", buckets.at(-1)?.[1] ?? 0)];
      return buckets.map(([le, count]) => value("bucket", count, { le })).concat(sum);
    }),
  });
  return series;
}

/**
 * The library's metrics of a process. Those about Node's internals mean nothing in this runtime, and what it calls the heap
 * is reserved address space (6.4 GB for a process that uses 69 MB).
 */
function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const { name } of registry.getMetricsAsArray()) {
    if (name.startsWith("nodejs_") || name === "process_heap_bytes") registry.removeSingleMetric(name);
  }
}

function bounded(): (name: string) => string {
  const names = new Set<string>();
  return (name) => {
    if (names.size < MAX_NAMES) names.add(name);
    return names.has(name) ? name : "other";
  };
}

/** The metrics of all processes as Prometheus text: counters and gauges summed, unless a gauge says otherwise. */
export function metricsText(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  return AggregatorRegistry.aggregate(snapshots.map((snapshot) => [...snapshot])).metrics();
}

const SOURCE_UP = {
  name: "klas_balance_source_up",
  help: "1 if the source could be asked just now.",
  aggregator: "min",
} as const;

/** For a process that does not answer, or if there is none: nobody could ask the source. An absent series alarms nobody. */
export async function sourceDown(): Promise<MetricsSnapshot> {
  const registry = new Registry();
  new Gauge({ ...SOURCE_UP, registers: [registry] }).set(0);
  return await registry.getMetricsAsJSON();
}

/** Whether a process tells of its source. */
export function tellsOfSource(snapshot: MetricsSnapshot): boolean {
  return snapshot.some(({ name }) => name === SOURCE_UP.name);
}

/** What processes counted that are gone, as one snapshot. Their gauges are left out: they told of a present that is over. */
export async function sumOfCounts(snapshots: readonly MetricsSnapshot[]): Promise<MetricsSnapshot> {
  const counts = snapshots.map((snapshot) =>
    snapshot.filter(({ name, type }) => COUNTS.has(String(type)) && !name.startsWith("process_")),
  );
  return AggregatorRegistry.aggregate(counts).getMetricsAsJSON();
}

const COUNTS: ReadonlySet<string> = new Set(["counter", "histogram"]);

export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;
