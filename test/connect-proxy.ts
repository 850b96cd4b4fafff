import { connect, createServer } from "node:net";

export interface ConnectProxy extends AsyncDisposable {
  readonly port: number;
  /** The heads of the requests that came, in order. */
  readonly heads: readonly string[];
}

/** An HTTP proxy that makes tunnels, or refuses to. */
export async function startConnectProxy(refusal?: string): Promise<ConnectProxy> {
  const heads: string[] = [];
  const server = createServer((client) => {
    client.on("error", () => client.destroy());
    client.once("data", (data) => {
      const head = data.toString("latin1");
      heads.push(head);
      const [, host = "", port] = /^CONNECT \[?([^\]\s]*?)\]?:(\d+) HTTP\/1\.1\r\n/.exec(head) ?? [];
      if (refusal !== undefined || port === undefined) {
        client.end(refusal ?? "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      const upstream = connect({ host, port: Number(port) }, () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        client.pipe(upstream);
        upstream.pipe(client);
      });
      upstream.on("error", () => client.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  const { port } = address;
  return {
    port,
    heads,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
