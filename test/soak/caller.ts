import type { Socket, TCPSocketConnectOptions } from "bun";

/** Where calls go. */
export interface Target {
  readonly port: number;
  /** The certificate of the one that signed the server's, if it speaks TLS. */
  readonly ca?: string | undefined;
  /** Whether one connection serves all of its calls, or each call has its own. */
  readonly isKept: boolean;
}

/** Makes calls one after the other. */
export interface Caller {
  /** The whole reply as text, or `undefined` if the connection was not made or ended before it. */
  call(bytes: Uint8Array): Promise<string | undefined>;
  close(): void;
}

const LENGTH = /\r\nContent-Length: (\d+)\r\n/i;

/** A caller over the runtime's own sockets: `raw-http.ts` looks at more, and so makes fewer calls a second. */
export function caller(target: Target): Caller {
  let received = "";
  let settle: ((reply: string | undefined) => void) | undefined;
  let socket: Socket | undefined;

  /** Resolves when it can be written to. */
  async function connect(): Promise<Socket | undefined> {
    const ready = Promise.withResolvers<Socket | undefined>();
    const end = (ended: Socket): void => {
      ready.resolve(undefined);
      // A connection of an earlier call may close later than the next one is made.
      if (ended === socket) settle?.(undefined);
    };
    const options: TCPSocketConnectOptions = {
      hostname: "127.0.0.1",
      port: target.port,
      data: undefined,
      socket: {
        open(opened) {
          // With TLS, what is written before the handshake is over is not sent.
          if (target.ca === undefined) ready.resolve(opened);
        },
        handshake: (opened) => ready.resolve(opened),
        data(_socket, chunk) {
          received += chunk.toString("latin1");
          if (isWhole(received)) settle?.(received);
        },
        close: end,
        error: end,
        connectError: () => ready.resolve(undefined),
      },
      ...(target.ca === undefined ? {} : { tls: { ca: target.ca } }),
    };
    Bun.connect(options).catch(() => ready.resolve(undefined));
    return await ready.promise;
  }

  function close(): void {
    const open = socket;
    socket = undefined;
    open?.terminate();
  }

  return {
    async call(bytes) {
      received = "";
      socket ??= await connect();
      if (socket === undefined) return undefined;
      const reply = new Promise<string | undefined>((resolve) => (settle = resolve));
      socket.write(bytes);
      const text = await reply;
      if (text === undefined || !target.isKept) close();
      return text;
    },
    close,
  };
}

function isWhole(received: string): boolean {
  const head = received.indexOf("\r\n\r\n");
  const length = LENGTH.exec(received)?.[1];
  return head >= 0 && length !== undefined && received.length >= head + 4 + Number(length);
}
