/**
 * The body of a reply: keys in the order of spec 1.3 and, with a currency, of 1.5, no white space. All values come from
 * closed alphabets (a canonical amount, the codes of currencies and statuses), so nothing has to be escaped.
 */
export function replyBody(statusCode: string, balance?: string, currency?: string): string {
  if (balance === undefined) return `{"status_code":"${statusCode}"}`;
  const first = currency === undefined ? "" : `"currency":"${currency}",`;
  return `{${first}"balance":"${balance}","status_code":"${statusCode}"}`;
}
