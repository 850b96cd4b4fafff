/** Numbers that no other process uses at the same time, so that its answers are not taken for ours. */
let last = BigInt(`0x${crypto.randomUUID().replaceAll("-", "").slice(0, 15)}`);

/** The mark of a batch, which its answers carry. */
export function nextTag(): string {
  last += 1n;
  return String(last);
}
