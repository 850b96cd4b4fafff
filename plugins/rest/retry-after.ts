/** How long `Retry-After` asks to wait: seconds or an HTTP date (RFC 9110, section 10.2.3). 0 for anything else. */
export function retryAfterMs(header: string | undefined, nowMs = Date.now()): number {
  if (header === undefined) return 0;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? 0 : Math.max(0, dateMs - nowMs);
}
