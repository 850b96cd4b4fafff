import { type BlockList, isIP } from "node:net";
import { includesAddress, withoutMapping } from "../config/address.ts";

/** Who is calling. */
export interface Caller {
  /** Empty if that is unknown. */
  readonly address: string;
  /** What a trusted proxy forwarded in place of an address, cut. */
  readonly unreadableHop?: string;
}

const MAX_HOP_CHARACTERS = 64;

/**
 * The peer of the connection or, if that is a trusted proxy, the right-most hop of `X-Forwarded-For` that is not.
 * What is further left was written by the caller and is not believed.
 */
export function callerOf(
  peer: string,
  forwardedFor: string | null,
  trustedProxies: BlockList | undefined,
): Caller {
  let address = withoutMapping(peer);
  if (trustedProxies === undefined || forwardedFor === null) return { address };
  const hops = forwardedFor.split(",");
  while (includesAddress(trustedProxies, address)) {
    const hop = hops.pop()?.trim();
    if (hop === undefined) return { address };
    const forwarded = addressOfHop(hop);
    if (forwarded === undefined) return { address: "", unreadableHop: hop.slice(0, MAX_HOP_CHARACTERS) };
    address = forwarded;
  }
  return { address };
}

/** `[2001:db8::1]`, `[2001:db8::1]:443` and `203.0.113.5:51234`, as some proxies write an address. */
const BRACKETED_OR_WITH_PORT = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/;

/** `undefined` if the hop is not an address. */
function addressOfHop(hop: string): string | undefined {
  const [, bracketed, withPort] = BRACKETED_OR_WITH_PORT.exec(hop) ?? [];
  if (bracketed !== undefined && isIP(bracketed) !== 6) return undefined;
  const address = withoutMapping(bracketed ?? withPort ?? hop);
  // A zone (RFC 4007) may be any text, of any length.
  return isIP(address) === 0 || address.includes("%") ? undefined : address;
}
