/** `uri-host [ ":" port ]` (RFC 9112, section 3.2; RFC 3986, section 3.2.2). */
const HOST = /^(?:\[[0-9A-Fa-f:.]{2,45}\]|(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})*)(?::\d{0,5})?$/;

/** Callers name the same one in call after call. */
let latestSound: string | undefined;

/**
 * Whether a request says soundly which host it is for. Two header lines arrive joined by a comma, which no host
 * has to have. None at all is for the runtime to refuse: HTTP/1.0 needs none.
 */
export function hasSoundHost({ headers }: Request): boolean {
  const host = headers.get("Host");
  if (host === null || host === latestSound) return true;
  if (!HOST.test(host)) return false;
  latestSound = host;
  return true;
}
