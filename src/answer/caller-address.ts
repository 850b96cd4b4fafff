import type { BlockList } from "node:net";
import { isIP } from "node:net";
import { includesAddress, withoutMapping } from "../config/address.ts";

/**
 * Who is calling: the peer of the connection or, where that is a trusted proxy, the right-most hop of
 * `X-Forwarded-For` that is not. What stands further left was written by whoever called, and is not believed.
 * `undefined` where a trusted proxy forwarded something that is no address.
 */
export function callerAddress(
  peer: string,
  forwardedFor: string | null,
  trustedProxies: BlockList | undefined,
): string | undefined {
  const address = withoutMapping(peer);
  if (trustedProxies === undefined || forwardedFor === null) return address;
  const hops = forwardedFor.split(",").map((hop) => withoutMapping(hop.trim()));
  let caller = address;
  while (includesAddress(trustedProxies, caller)) {
    const hop = hops.pop();
    if (hop === undefined) return caller;
    // A zone (RFC 4007) may be any text, of any length.
    if (isIP(hop) === 0 || hop.includes("%")) return undefined;
    caller = hop;
  }
  return caller;
}
