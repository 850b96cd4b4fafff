/**
 * While new connections come, the runtime accepts, reads and answers them one after another, and its event loop does not
 * go on: established callers, timers, signals and the supervisor's pings would wait for as long as somebody floods the
 * port. So after this many calls the next one is only begun in the next turn of the loop. Who waits for his answer sends
 * nothing more until then: the runtime finds no new connection, and the turn ends.
 *
 * It is more than callers who keep their connections have under way at once. The runtime closes a connection on which
 * a second request comes before the first is answered, so a call that waits is bad for who sends several in a row.
 */
const MAX_CALLS = 128;

let calls = 0;
let next = Promise.withResolvers<void>();

/** What a call that has arrived now must wait for; `undefined`, as nearly always, if it can begin at once. */
export function nextTurn(): Promise<void> | undefined {
  if (calls === 0) setImmediate(endTurn);
  calls += 1;
  return calls > MAX_CALLS ? next.promise : undefined;
}

function endTurn(): void {
  const { resolve } = next;
  calls = 0;
  next = Promise.withResolvers();
  resolve();
}
