const VALUE = /^[\x20-\x7e\xa0-\xff]*$/;
const PRINTABLE_ASCII = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * An id as the value of a header, percent-encoded if its characters, or a space at an end, would not arrive
 * unchanged. No id may make a lookup fail.
 */
export function idForHeader(id: string): string {
  return PRINTABLE_ASCII.test(id) ? id : encodeURIComponent(id);
}

/**
 * Whether a header carries the text unchanged: Latin-1 without control characters, and no white space at an end,
 * which the receiver would strip (RFC 9110, section 5.5).
 */
export function isHeaderValue(text: string): boolean {
  return VALUE.test(text) && text.trim() === text;
}
