/**
 * While new connections come, the runtime accepts, reads and answers them one after another, and its event loop does not
 * go on: established callers, timers, signals and the supervisor's pings would wait for as long as somebody floods the
 * port. So after this many calls the next one is only begun in the next turn of the loop. A caller that waits for its
 * answer sends nothing more until then: the runtime finds no new connection, and the turn ends.
 */
const MAX_CALLS = 128;

/** What knows whom a request came from: the runtime's server. */
interface Peers {
  requestIP(request: Request): { readonly port: number } | null;
}

let calls = 0;
let latestPort: number | undefined;
let next = Promise.withResolvers<void>();

/**
 * What a call that has arrived now must wait for; `undefined`, as nearly always, if it can begin at once. So does one
 * that came behind another over the same connection, which has a port of its own: the runtime reads calls that were sent
 * in a row in a row, and closes a connection whose next call finds the one before unanswered.
 */
export function nextTurn(request: Request, server: Peers): Promise<void> | undefined {
  if (calls === 0) setImmediate(endTurn);
  calls += 1;
  if (calls < MAX_CALLS) return undefined;
  const port = server.requestIP(request)?.port;
  const isInRow = port === latestPort || calls === MAX_CALLS;
  latestPort = port;
  return isInRow ? undefined : next.promise;
}

function endTurn(): void {
  const { resolve } = next;
  calls = 0;
  next = Promise.withResolvers();
  resolve();
}
