import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { firstFit } from "./first-fit.ts";
import type { Host } from "./host.ts";
import { type Connect, HostProblem } from "./lane.ts";

/** How long the DNS may take. */
const RESOLVE_MS = 5000;

/**
 * Asks the DNS for each connection, because the runtime remembers an address for 30 seconds: after a failover by DNS it
 * would connect to the old primary for so long, which may still take itself for one. If a name has several addresses,
 * the first of them that is fit is used.
 */
export function resolved(connect: Connect): Connect {
  return async (host, { signal, onClosed }) => {
    const closed = new Set<Host>();
    let chosen: Host | undefined;
    const lane = await firstFit(
      await addressesOf(host),
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

async function addressesOf(host: Host): Promise<readonly Host[]> {
  if (host.hostname === "" || isIP(host.hostname) !== 0) return [host];
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("the DNS does not answer")), RESOLVE_MS);
  try {
    const found = await Promise.race([lookup(host.hostname, { all: true }), late.promise]);
    return found.map(({ address }) => Object.assign({}, host, { address }));
  } catch {
    throw new HostProblem(`${host.name} has a name that does not resolve: correct hosts, or the DNS`, {
      mayPass: true,
    });
  } finally {
    clearTimeout(timer);
  }
}
