/** Something that is tried again after a pause, which is doubled each time up to a maximum. */
export interface Pauses {
  readonly isWaiting: boolean;
  /** Begins a pause, unless there is one; then `onEnd` is called. After the end it does nothing. */
  wait(): void;
  /** The next pause is as short as the first one. */
  reset(): void;
  end(): void;
}

export function pauses(
  { first, max }: { readonly first: number; readonly max: number },
  onEnd: () => void,
): Pauses {
  let nextMs = first;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  return {
    get isWaiting() {
      return timer !== undefined;
    },
    wait() {
      if (timer !== undefined || isOver) return;
      timer = setTimeout(() => {
        timer = undefined;
        onEnd();
      }, nextMs);
      timer.unref();
      nextMs = Math.min(nextMs * 2, max);
    },
    reset() {
      nextMs = first;
    },
    end() {
      isOver = true;
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
