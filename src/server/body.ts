export type ReceivedBody =
  | { readonly whole: true; readonly body: Uint8Array }
  | { readonly whole: false; readonly status: 200 | 413; readonly problem: string };

/** Reads a request's body up to a limit. What is over it is not gathered, whether or not its length was announced. */
export async function readBody(request: Request, maxBodyBytes: number): Promise<ReceivedBody> {
  const tooLarge: ReceivedBody = { whole: false, status: 413, problem: `more than ${maxBodyBytes} bytes` };
  const announced = request.headers.get("Content-Length");
  try {
    if (announced === null) {
      const body = await readStream(request.body, maxBodyBytes);
      return body === undefined ? tooLarge : { whole: true, body };
    }
    if (Number(announced) > maxBodyBytes) return tooLarge;
    return { whole: true, body: await request.bytes() };
  } catch {
    return { whole: false, status: 200, problem: "the connection ended before the body did" };
  }
}

/** A body in chunks, or none at all. `undefined` where it is over the limit: the rest is not read. */
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
