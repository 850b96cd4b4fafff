/** At most so many at a time; the rest wait in order of arrival. */
export interface Slots {
  /** Takes a slot if one is free. */
  tryTake(): boolean;
  /** Settles when a slot is taken; rejects when `signal` aborts, which also leaves the queue. */
  take(signal: AbortSignal): Promise<void>;
  release(): void;
  readonly taken: number;
  readonly waiting: number;
}

/** The queue needs no limit of its own: the host's `max_in_flight` bounds it. */
export function slots(limit: number): Slots {
  let free = limit;
  const waiting = new Set<() => void>();

  return {
    tryTake() {
      if (free === 0) return false;
      free--;
      return true;
    },
    take(signal) {
      return new Promise((resolve, reject) => {
        const leave = () => {
          waiting.delete(enter);
          reject(signal.reason);
        };
        const enter = () => {
          signal.removeEventListener("abort", leave);
          resolve();
        };
        waiting.add(enter);
        signal.addEventListener("abort", leave, { once: true });
      });
    },
    get taken() {
      return limit - free;
    },
    get waiting() {
      return waiting.size;
    },
    release() {
      const [next] = waiting;
      if (next === undefined) {
        free++;
        return;
      }
      // The slot is handed over directly, so that no newcomer can overtake.
      waiting.delete(next);
      next();
    },
  };
}
