/**
 * The body of a reply: keys in the order of spec 1.3, no white space. Both values come from closed
 * alphabets (a canonical amount, a status code), so nothing has to be escaped.
 */
export function replyBody(statusCode: string, balance?: string): string {
  return balance === undefined
    ? `{"status_code":"${statusCode}"}`
    : `{"balance":"${balance}","status_code":"${statusCode}"}`;
}
