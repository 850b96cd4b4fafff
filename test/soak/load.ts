import { open, post, type Reply, signatureOf } from "../raw-http.ts";

/** How one request ended that was not answered as it should be. */
export interface Failed {
  readonly requestId: string;
  readonly kind: "keep-alive" | "fresh";
  /** `lost`: sent, and the connection ended without a reply. */
  readonly how: "lost" | "wrong";
  readonly localPort: number;
  /** Whether it was the first one on its connection. */
  readonly isFirst: boolean;
  readonly detail: string;
}

export interface Counts {
  answered: number;
  /** Connections that were not made: nothing was asked. */
  refused: number;
  readonly failed: Failed[];
}

export interface LoadOptions {
  readonly port: number;
  /** Connections that serve one request after the other. */
  readonly keepAlive: number;
  /** Clients that open a connection for each request. */
  readonly fresh: number;
  /** The secret to sign with, when a request is made. */
  readonly secret: () => string;
  /** The replies that are right, at the time of asking; asked when a request is sent and when its reply is there. */
  readonly right: () => readonly string[];
}

export interface Load extends AsyncDisposable {
  readonly counts: Counts;
  /** Ends after the requests under way. */
  stop(): Promise<Counts>;
}

const REFUSED_PAUSE_MS = 5;

/** Asks without a pause, each client one request at a time, and looks at every reply. */
export function startLoad({ port, keepAlive, fresh, secret, right }: LoadOptions): Load {
  const counts: Counts = { answered: 0, refused: 0, failed: [] };
  const ending = new AbortController();
  let asked = 0;

  async function client(kind: "keep-alive" | "fresh"): Promise<void> {
    while (!ending.signal.aborted) {
      const connection = await open(port).catch(() => undefined);
      if (connection === undefined) {
        counts.refused += 1;
        await Bun.sleep(REFUSED_PAUSE_MS);
        continue;
      }
      const { localPort } = connection;
      for (let isFirst = true; ; isFirst = false) {
        asked += 1;
        const requestId = `request-${asked}`;
        const key = secret();
        const expected = right();
        connection.send(request(requestId, key, kind === "fresh"));
        const reply = await connection.next();
        const problem = reply && problemOf(reply, key, [...expected, ...right()]);
        const failed = { requestId, kind, localPort, isFirst };
        if (reply === undefined) counts.failed.push({ ...failed, how: "lost", detail: "" });
        else if (problem !== undefined) counts.failed.push({ ...failed, how: "wrong", detail: problem });
        else counts.answered += 1;
        const isOver = kind === "fresh" || reply?.headers.get("connection") === "close";
        if (reply === undefined || isOver || ending.signal.aborted) break;
      }
      connection.destroy();
    }
  }

  const clients = [
    ...Array.from({ length: keepAlive }, () => client("keep-alive")),
    ...Array.from({ length: fresh }, () => client("fresh")),
  ];
  async function stop(): Promise<Counts> {
    ending.abort();
    await Promise.all(clients);
    return counts;
  }
  return { counts, stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}

function request(requestId: string, secret: string, closes: boolean): Buffer {
  const body = JSON.stringify({
    request_id: requestId,
    timestamp: 1_710_000_000,
    session_id: "s-1",
    player_id: "12001",
  });
  const headers = [`X-Signature: ${signatureOf(secret, body)}`, ...(closes ? ["Connection: close"] : [])];
  return post(body, headers);
}

function problemOf(reply: Reply, secret: string, right: readonly string[]): string | undefined {
  const text = reply.body.toString();
  if (reply.status !== 200 || !right.includes(text))
    return `${reply.status} ${text}, expected ${right.join(" or ")}`;
  if (reply.headers.get("x-signature") !== signatureOf(secret, text)) return "the reply's signature is wrong";
  return undefined;
}
