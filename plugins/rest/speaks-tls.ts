import { connect } from "node:tls";

/**
 * Whether the host speaks TLS on a port that was asked in plain HTTP. Most such hosts close the connection without a
 * word, which looks like a broken core.
 */
export function speaksTls({ hostname, port }: URL, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    // Nothing is sent and nothing is believed, so it does not matter whose certificate it is.
    const socket = connect({ host, port: Number(port || 80), rejectUnauthorized: false });
    const end = (speaks: boolean) => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(speaks);
    };
    const onAbort = () => end(false);
    signal.addEventListener("abort", onAbort);
    socket.once("secureConnect", () => end(true));
    socket.on("error", () => end(false));
    socket.once("close", () => end(false));
  });
}
