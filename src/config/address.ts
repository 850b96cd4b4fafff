import { BlockList, isIP } from "node:net";

/** True for an IP address, or a range of them in CIDR form (RFC 4632). */
export function isAddressRange(text: string): boolean {
  const [address = "", prefix, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || address.includes("%") || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
}

/** A set of addresses and ranges that have been checked by `isAddressRange`. */
export function addressSet(ranges: readonly string[]): BlockList {
  const set = new BlockList();
  for (const range of ranges) {
    const [address = "", prefix] = range.split("/");
    const family = isIP(address) === 4 ? "ipv4" : "ipv6";
    if (prefix === undefined) set.addAddress(address, family);
    else set.addSubnet(address, Number(prefix), family);
  }
  return set;
}

/** True if the set holds the address; `::ffff:192.0.2.1` is `192.0.2.1` (RFC 4291, section 2.5.5.2). */
export function includesAddress(set: BlockList, address: string): boolean {
  const plain = withoutMapping(address);
  const version = isIP(plain);
  return version !== 0 && set.check(plain, version === 4 ? "ipv4" : "ipv6");
}

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An IPv4 address that a socket for both families shows as IPv6, as IPv4. */
export function withoutMapping(address: string): string {
  return MAPPED_IPV4.exec(address)?.[1] ?? address;
}

const IPV6_GROUPS = 8;
/** Of these a network has one, and its machines all the rest (RFC 4291, section 2.5.4). */
const NETWORK_GROUPS = 4;

/**
 * Whose an address is, for counting: an IPv4 address itself; of IPv6 the /64, of which one customer has every address; of
 * this machine's own addresses there is one.
 */
export function networkOf(address: string): string {
  const plain = withoutMapping(address);
  if (isLoopback(plain)) return "loopback";
  if (isIP(plain) !== 6) return plain;
  const [front = [], back = []] = plain.split("::").map((part) => (part === "" ? [] : part.split(":")));
  const zeros = Array.from({ length: IPV6_GROUPS - front.length - back.length }, () => "0");
  const groups = [...front, ...zeros, ...back].slice(0, NETWORK_GROUPS);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}

/** An IPv6 address as a URL has it, without its brackets: `[::1]` is `::1`. */
export function withoutBrackets(host: string): string {
  return /^\[(.*)\]$/.exec(host)?.[1] ?? host;
}

/** True if only this machine can reach a listener on the host. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || includesAddress(loopback, host);
}

const loopback = addressSet(["127.0.0.0/8", "::1"]);
