const VALUE = /^[\x20-\x7e\xa0-\xff]*$/;
const PRINTABLE_ASCII = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * An id as the value of a header that must not be the reason for a failed lookup: percent-encoded if
 * it would not arrive as it is, because of its characters or of a space at an end.
 */
export function idForHeader(id: string): string {
  return PRINTABLE_ASCII.test(id) ? id : encodeURIComponent(id);
}

/**
 * Latin-1 without control characters, and no white space at an end, which the receiver takes away: what a header
 * carries unharmed (RFC 9110, section 5.5).
 */
export function isHeaderValue(text: string): boolean {
  return VALUE.test(text) && text.trim() === text;
}
