import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { firstFit } from "./first-fit.ts";
import type { Host } from "./host.ts";
import { type Connect, HostProblem } from "./lane.ts";

/** How long the DNS may take. */
const RESOLVE_MS = 5000;

/** Gives the addresses of a name; rejects if it has none. */
type Resolve = (name: string) => Promise<readonly string[]>;

const byDns: Resolve = async (name) => (await lookup(name, { all: true })).map(({ address }) => address);

/**
 * Asks the DNS for each connection, because the runtime remembers an address for 30 seconds. After a failover by DNS it
 * would connect to the old primary for that long, which may still take itself for one. If a name has several addresses,
 * the first of them that is fit is used.
 */
export function resolved(connect: Connect, resolve: Resolve = byDns): Connect {
  return async (host, { signal, onClosed }) => {
    const closed = new Set<Host>();
    let chosen: Host | undefined;
    const lane = await firstFit(
      await addressesOf(host, signal, resolve),
      (address, ends) =>
        connect(address, {
          signal: ends,
          onClosed() {
            closed.add(address);
            if (chosen === address) onClosed();
          },
        }),
      signal,
    );
    chosen = lane.host;
    if (closed.has(chosen)) onClosed();
    return { ...lane, host };
  };
}

/** Rejects at once if the signal aborts: nobody else ends a lookup of a name. */
export async function addressesOf(
  host: Host,
  signal: AbortSignal,
  resolve: Resolve = byDns,
): Promise<readonly Host[]> {
  if (host.hostname === "" || isIP(host.hostname) !== 0) return [host];
  const given = Promise.withResolvers<never>();
  const giveUp = () => given.reject(new Error("nobody waits for it"));
  const timer = setTimeout(giveUp, RESOLVE_MS);
  signal.addEventListener("abort", giveUp);
  try {
    if (signal.aborted) giveUp();
    const addresses = await Promise.race([given.promise, resolve(host.hostname)]);
    if (addresses.length === 0) throw new Error("it has no address");
    return addresses.map((address) => Object.assign({}, host, { address }));
  } catch {
    throw new HostProblem(`${host.name} has a name that does not resolve: correct hosts, or the DNS`, {
      mayPass: true,
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  }
}
