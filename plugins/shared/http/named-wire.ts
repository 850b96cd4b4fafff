import { lookup } from "node:dns/promises";
import { lateWire } from "./late-wire.ts";
import { plainWire } from "./plain-wire.ts";
import type { Wire, WireEvents } from "./wire.ts";

/** How long an address may be silent before the next one is tried as well (RFC 8305, section 8). */
const HEAD_START_MS = 250;

/**
 * A wire to a host by its name, in plain TCP. The name is looked up for each, because the runtime remembers an address for
 * 30 seconds, in which a core may have moved. Of several addresses the first one that can be connected to is used.
 */
export function namedWire(name: string, port: number, events: WireEvents): Wire {
  /** Not yet tried. */
  const addresses: string[] = [];
  const attempts = new Set<Wire>();
  let wire: Wire | undefined;
  let isOver = false;
  let nextStart: Timer | undefined;

  function lost(error: unknown): void {
    if (isOver) return;
    isOver = true;
    events.onLost(error);
  }

  function attempt(): void {
    clearTimeout(nextStart);
    const address = addresses.shift();
    if (address === undefined) return;
    if (addresses.length > 0) nextStart = setTimeout(attempt, HEAD_START_MS);
    const mine = plainWire(address, port, {
      onOpen() {
        clearTimeout(nextStart);
        wire = mine;
        for (const other of attempts) if (other !== mine) other.close();
        events.onOpen();
      },
      onBytes: events.onBytes,
      onEnd: events.onEnd,
      onLost(error) {
        attempts.delete(mine);
        if (wire === mine || (addresses.length === 0 && attempts.size === 0)) lost(error);
        else attempt();
      },
    });
    attempts.add(mine);
  }

  async function begin(): Promise<void> {
    try {
      for (const { address } of await lookup(name, { all: true })) addresses.push(address);
      if (!isOver) attempt();
    } catch (error) {
      lost(error);
    }
  }

  void begin();

  return lateWire(
    () => wire,
    () => {
      isOver = true;
      clearTimeout(nextStart);
      for (const each of attempts) each.close();
    },
  );
}
