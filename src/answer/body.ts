import { sharedDeadline } from "./shared-deadline.ts";

/** Why a body did not come whole. */
export interface BodyProblem {
  readonly status: 200 | 413;
  readonly problem: string;
  /** Whether the connection is of no more use: its rest is not worth waiting for. */
  readonly endsConnection: boolean;
}

/**
 * How long a body may take. It is smaller than a few packets, so an honest caller takes less than a second; one that sends
 * a byte now and then would otherwise hold a connection for ever.
 */
const BODY_MS = 10_000;

const arrival = sharedDeadline<BodyProblem>(BODY_MS, {
  late: { status: 200, problem: `the body was not complete after ${BODY_MS} ms`, endsConnection: true },
  failed: { status: 200, problem: "the connection ended before the body did", endsConnection: true },
});

/**
 * Reads a request's body up to a limit, and gives what `answer` makes of it. What is over the limit is not gathered,
 * whether or not its length was announced. Rejects only if `answer` does.
 */
export function withBody<Answer>(
  request: Request,
  maxBodyBytes: number,
  answer: (received: Uint8Array | BodyProblem) => Answer | Promise<Answer>,
): Promise<Answer> {
  const announced = request.headers.get("Content-Length");
  const length = announced === null ? Number.NaN : Number(announced);
  if (length > maxBodyBytes) return Promise.resolve(tooLarge(maxBodyBytes)).then(answer);
  if (length <= maxBodyBytes) return arrival.within(request.bytes(), answer);
  return arrival.within<Uint8Array | BodyProblem, Answer>(readStream(request.body, maxBodyBytes), answer);
}

function tooLarge(maxBodyBytes: number): BodyProblem {
  return { status: 413, problem: `more than ${maxBodyBytes} bytes`, endsConnection: false };
}

/**
 * A body in chunks, or none at all, or one whose length was said twice, which the runtime gives as a list. If it is over
 * the limit, the rest is not read.
 */
async function readStream(
  stream: ReadableStream<Uint8Array> | null,
  maxBodyBytes: number,
): Promise<Uint8Array | BodyProblem> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream ?? []) {
    length += chunk.length;
    if (length > maxBodyBytes) return tooLarge(maxBodyBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
