import net from "node:net";
import tls, { type SecureContext } from "node:tls";
import { failureInWords } from "../../plugins/shared/exchange-failure.ts";
import { withoutBrackets } from "../config/address.ts";

/** A core that takes longer is no good, and `check` has a person waiting for it. */
const MAX_REACH_MS = 5000;

/**
 * Why the core cannot be connected to, in words; `undefined` if it can. Nothing is sent: whatever a core is asked may move
 * money.
 */
export function reachCore(
  { hostname, port, protocol }: URL,
  secureContext: SecureContext | undefined,
  timeoutMs: number,
): Promise<string | undefined> {
  const host = withoutBrackets(hostname);
  const isSecure = protocol === "https:";
  const waitMs = Math.min(timeoutMs, MAX_REACH_MS);
  return new Promise((resolve) => {
    const address = { host, port: Number(port || (isSecure ? 443 : 80)) };
    const socket = isSecure
      ? tls.connect({
          ...address,
          ...(net.isIP(host) === 0 ? { servername: host } : {}),
          ...(secureContext === undefined ? {} : { secureContext }),
          rejectUnauthorized: true,
        })
      : net.connect(address);
    const end = (problem: string | undefined): void => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(problem);
    };
    const deadline = setTimeout(() => end(`no connection within ${waitMs} ms`), waitMs);
    socket.once(isSecure ? "secureConnect" : "connect", () => end(undefined));
    socket.on("error", (error) => end(failureInWords(error)));
    socket.once("close", () => end(failureInWords(undefined)));
  });
}
