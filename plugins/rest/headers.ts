const VALUE = /^[\x20-\x7e\xa0-\xff]*$/;

/**
 * Latin-1 without control characters, and no white space at an end, which the receiver takes away: what a header
 * carries unharmed (RFC 9110, section 5.5).
 */
export function isHeaderValue(text: string): boolean {
  return VALUE.test(text) && text.trim() === text;
}
