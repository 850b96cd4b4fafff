/** One deadline for many waits at once: a sweep now and then, because a timer for each would cost more than the wait. */
export interface SharedDeadline<Instead> {
  /**
   * Gives what `use` makes of the promise's value: of `late` if that takes too long (a sweep later at the most), of `failed`
   * if it rejects. Whatever comes after that is dropped. A promise of its own for the value would cost as much again.
   */
  within<Value, Result>(
    promise: Promise<Value>,
    use: (value: Value | Instead) => Result | Promise<Result>,
  ): Promise<Result>;
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
      wait.giveUp();
    }
    if (waits.size > 0) return;
    clearInterval(sweeping);
    sweeping = undefined;
  }

  return {
    within(promise, use) {
      return new Promise((resolve, reject) => {
        const end = (value: Parameters<typeof use>[0]): void => {
          if (!waits.delete(wait)) return;
          try {
            resolve(use(value));
          } catch (error) {
            reject(error);
          }
        };
        const wait = { startedMs: performance.now(), giveUp: () => end(late) };
        waits.add(wait);
        sweeping ??= setInterval(sweep, SWEEP_MS).unref();
        promise.then(end, () => end(failed));
      });
    },
  };
}
