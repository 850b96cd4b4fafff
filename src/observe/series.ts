/**
 * What is counted at every call, per combination of up to three labels. The library checks, sorts and joins labels each
 * time, which costs more than a player's lookup. Here a series is found without creating anything; the library prints it.
 */
export interface MetricSeries<Value> {
  /** The value of these labels, made if it is the first one. */
  of(first: string, second?: string, third?: string): Value;
  entries(): Iterable<readonly [labels: readonly [string, string, string], value: Value]>;
}

export function openSeries<Value>(make: () => Value): MetricSeries<Value> {
  const all = new Map<string, Map<string, Map<string, Value>>>();
  /** Nearly all calls have the labels of the call before. */
  let latest: { first: string; second: string; third: string; value: Value } | undefined;

  function add(first: string, second: string, third: string): Value {
    const value = make();
    const bySecond = all.get(first) ?? new Map<string, Map<string, Value>>();
    const byThird = bySecond.get(second) ?? new Map<string, Value>();
    all.set(first, bySecond.set(second, byThird.set(third, value)));
    return value;
  }

  return {
    of(first, second = "", third = "") {
      if (latest?.first === first && latest.second === second && latest.third === third) return latest.value;
      const value = all.get(first)?.get(second)?.get(third) ?? add(first, second, third);
      latest = { first, second, third, value };
      return value;
    },
    *entries() {
      for (const [first, bySecond] of all) {
        for (const [second, byThird] of bySecond) {
          for (const [third, value] of byThird) yield [[first, second, third], value];
        }
      }
    },
  };
}

/** Durations in buckets. A bucket counts what is longer than the bound before, and at most as long as its own. */
export interface Distribution {
  observe(seconds: number): void;
  /** Cumulative, as Prometheus wants buckets: `[[0.001, 3], ["+Inf", 4]]`. */
  cumulative(): readonly (readonly [bound: number | "+Inf", count: number])[];
  readonly sumSeconds: number;
}

export function openDistribution(boundsSeconds: readonly number[]): Distribution {
  const counts = new Float64Array(boundsSeconds.length + 1);
  let sumSeconds = 0;
  return {
    observe(seconds) {
      let bucket = 0;
      // Most durations are short, so this ends early.
      while (bucket < boundsSeconds.length && seconds > (boundsSeconds[bucket] ?? Infinity)) bucket += 1;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      sumSeconds += seconds;
    },
    cumulative() {
      let total = 0;
      return [...boundsSeconds, "+Inf" as const].map((bound, bucket) => {
        total += counts[bucket] ?? 0;
        return [bound, total];
      });
    },
    get sumSeconds() {
      return sumSeconds;
    },
  };
}
