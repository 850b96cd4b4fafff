import type { HostTls } from "../shared/engine-tls.ts";
import { explainRefused, type Host } from "../shared/lanes/host.ts";
import type { Address } from "./client.ts";

/** How long the server is given to say what is wrong. */
const PATIENCE_MS = 1000;

const EXPLANATIONS: readonly (readonly [reply: RegExp, words: string, mayPass: boolean])[] = [
  [/^-WRONGPASS/, "refuses the user or the password: correct them", false],
  [
    /^-ERR (?:invalid password|AUTH .*without any password)/,
    "refuses the password: correct it, or leave it out",
    false,
  ],
  [/^-NOAUTH/, "wants a password: set password, and user if there are several", false],
  [
    /^-NOPERM/,
    "does not let this user look up: grant +hello +echo +role +get, and +exists +hmget for a hash",
    false,
  ],
  [/^-DENIED/, "is in protected mode, and lets nobody in from another machine: give it a password", false],
  [/^-LOADING/, "is still reading its data", true],
];

/**
 * Why no connection could be made, worded to follow the host's name. The runtime's client only says that it was
 * closed, so the server is asked once more in its own protocol, and its reply is read.
 */
export async function diagnose(address: Address): Promise<readonly [words: string, mayPass: boolean]> {
  const reply = await replyOf(address);
  if (reply === undefined) return [explainRefused(address.host), true];
  if (reply === "") {
    const isPlain = address.tls === false;
    return isPlain
      ? ["does not answer: it hangs, speaks TLS, or a firewall drops what is sent there", true]
      : [
          "does not answer by TLS: its certificate does not fit, or it speaks no TLS: see tls; or it hangs, or a firewall drops what is sent there",
          true,
        ];
  }
  const known = EXPLANATIONS.find(([pattern]) => pattern.test(reply));
  if (known !== undefined) return [known[1], known[2]];
  return reply.startsWith("-") ? [`says: ${reply.slice(1)}`, false] : ["closed the connection", true];
}

/** Whether it answers nobody who gives no password. */
export async function wantsPassword(address: Omit<Address, "user" | "password">): Promise<boolean> {
  const reply = await replyOf({ ...address, user: undefined, password: undefined });
  return reply?.startsWith("-NOAUTH") === true;
}

/** The first complaint, or the last reply; `""` if there is none, and `undefined` if nothing listens. */
async function replyOf({ host, user, password, tls }: Address): Promise<string | undefined> {
  const login = password === undefined ? [] : [["AUTH", ...(user === undefined ? [] : [user]), password]];
  const commands = [...login, ["PING"], ["ROLE"]];
  const { promise: finished, resolve: finish } = Promise.withResolvers<undefined>();
  let received = "";
  const timer = setTimeout(finish, PATIENCE_MS, undefined);
  const socket = {
    data(_socket: unknown, bytes: Buffer) {
      received += bytes.toString("latin1");
      if (received.startsWith("-") || received.includes("\r\n*") || received.includes("\r\n-"))
        finish(undefined);
    },
    close: () => finish(undefined),
    error: () => finish(undefined),
  };
  const connecting = connect(host, tls, socket);
  try {
    // The runtime would try for minutes to reach a host that drops packets.
    const connection = await Promise.race([connecting, finished]);
    connection?.write(commands.map(encode).join(""));
    await finished;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    // It may still open, too late, or have failed.
    connecting.then(
      (connection) => connection.end(),
      () => {},
    );
  }
  const lines = received.split("\r\n");
  return lines.find((line) => line.startsWith("-")) ?? lines[0] ?? "";
}

async function connect(host: Host, tls: HostTls, socket: Bun.SocketHandler): Promise<Bun.Socket<unknown>> {
  if (host.socket !== undefined) return await Bun.connect({ unix: host.socket, socket });
  const hostname = host.address ?? host.hostname;
  return await Bun.connect({ hostname, port: host.port, ...(tls === false ? {} : { tls }), socket });
}

function encode(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join("")}`;
}
