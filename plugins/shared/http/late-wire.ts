import type { Wire } from "./wire.ts";

/** A wire that stands for another one, which is there only once it is open. */
export function lateWire(current: () => Wire | undefined, close: () => void): Wire {
  return {
    write(bytes) {
      current()?.write(bytes);
    },
    get isFlushed() {
      return current()?.isFlushed ?? true;
    },
    holdProcess(holds) {
      current()?.holdProcess(holds);
    },
    close,
  };
}
