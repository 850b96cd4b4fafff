/** Numbers that no other process uses at the same time, so that its answers are not taken for ours. */
let last = BigInt(`0x${crypto.randomUUID().replaceAll("-", "").slice(0, 15)}`);

/** What a batch is marked with: its answers bear it. */
export function nextTag(): string {
  last += 1n;
  return String(last);
}
