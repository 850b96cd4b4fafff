import { sharedDeadline } from "./shared-deadline.ts";

export type ReceivedBody =
  | { readonly whole: true; readonly body: Uint8Array }
  | {
      readonly whole: false;
      readonly status: 200 | 413;
      readonly problem: string;
      /** Whether the connection is of no more use: its rest is not worth waiting for. */
      readonly endsConnection: boolean;
    };

/**
 * How long a body may take. It is smaller than a few packets, so an honest caller takes less than a second; one that sends
 * a byte now and then would otherwise hold a connection for ever.
 */
const BODY_MS = 10_000;

const arrival = sharedDeadline(BODY_MS);

const TOO_SLOW: ReceivedBody = {
  whole: false,
  status: 200,
  problem: `the body was not complete after ${BODY_MS} ms`,
  endsConnection: true,
};

const CUT_OFF: ReceivedBody = {
  whole: false,
  status: 200,
  problem: "the connection ended before the body did",
  endsConnection: true,
};

/** Reads a request's body up to a limit. What is over it is not gathered, whether or not its length was announced. */
export async function readBody(request: Request, maxBodyBytes: number): Promise<ReceivedBody> {
  const tooLarge = (): ReceivedBody => ({
    whole: false,
    status: 413,
    problem: `more than ${maxBodyBytes} bytes`,
    endsConnection: false,
  });
  const announced = request.headers.get("Content-Length");
  if (announced !== null && Number(announced) > maxBodyBytes) return tooLarge();
  try {
    const reading = announced === null ? readStream(request.body, maxBodyBytes) : request.bytes();
    const body = await arrival.within(reading);
    if (body === "late") return TOO_SLOW;
    return body === undefined ? tooLarge() : { whole: true, body };
  } catch {
    return CUT_OFF;
  }
}

/** A body in chunks, or none at all. `undefined` if it is over the limit: the rest is not read. */
async function readStream(stream: ReadableStream<Uint8Array> | null, maxBodyBytes: number) {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream ?? []) {
    length += chunk.length;
    if (length > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
