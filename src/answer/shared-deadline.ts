/** One deadline for many waits at once: a sweep now and then, because a timer for each would cost more than the wait. */
export interface SharedDeadline<Instead> {
  /** What the promise gives, `late` if that takes too long (a sweep later at the most), `failed` if it rejects. */
  within<Value>(promise: Promise<Value>): Promise<Value | Instead>;
}

const SWEEP_MS = 1000;

export function sharedDeadline<Instead>(
  afterMs: number,
  { late, failed }: { readonly late: Instead; readonly failed: Instead },
): SharedDeadline<Instead> {
  // In the order of their start, so a sweep ends at the first one that still has time.
  const waits = new Set<{ readonly startedMs: number; giveUp(): void }>();
  let sweeping: Timer | undefined;

  function sweep(): void {
    const latestMs = performance.now() - afterMs;
    for (const wait of waits) {
      if (wait.startedMs > latestMs) break;
      waits.delete(wait);
      wait.giveUp();
    }
    if (waits.size > 0) return;
    clearInterval(sweeping);
    sweeping = undefined;
  }

  function within<Value>(promise: Promise<Value>): Promise<Value | Instead> {
    return new Promise((resolve) => {
      const wait = { startedMs: performance.now(), giveUp: () => resolve(late) };
      waits.add(wait);
      sweeping ??= setInterval(sweep, SWEEP_MS).unref();
      const end = (instead: Value | Instead): void => {
        waits.delete(wait);
        resolve(instead);
      };
      promise.then(end, () => end(failed));
    });
  }

  return { within };
}
