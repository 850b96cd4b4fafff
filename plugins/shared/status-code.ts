/**
 * What a status code other than `OK` may look like. One secret signs both directions, so a reply with free text from
 * a source or a caller would be a signature on demand.
 */
const ERROR_CODE = /^[A-Z][A-Z0-9_]{1,63}$/;

/** True for a code that says something other than success: `OK` without a balance would be a lie. */
export function isErrorCode(text: string): boolean {
  return text !== "OK" && ERROR_CODE.test(text);
}
