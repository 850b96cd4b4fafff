import * as v from "valibot";

/** Where a server is: an address, or the path of a socket. */
export interface Host {
  /** As it is written in the options, for messages. */
  readonly name: string;
  readonly hostname: string;
  /** What the name resolved to, for the connection that is being made. */
  readonly address?: string;
  readonly port: number;
  /** The path of a Unix socket; then `hostname` and `port` are not used. */
  readonly socket: string | undefined;
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([^:/\s[\]]+))(?::(\d{1,5}))?$/;
const EXPECTED = 'expected a host such as "db1:5432", "db1" or "[::1]:5432"';
const MAX_PORT = 65_535;

/** The option `hosts`: addresses in the order in which they are tried, or the path of one socket. */
export function hostsOption(defaultPort: number) {
  return v.pipe(
    v.array(
      v.pipe(
        v.string(EXPECTED),
        v.rawTransform(({ dataset, addIssue, NEVER }) => {
          const host = parseHost(dataset.value, defaultPort);
          if (host !== undefined) return host;
          addIssue({ message: EXPECTED });
          return NEVER;
        }),
      ),
      `expected a list of hosts, such as ["db1:${defaultPort}", "db2"]`,
    ),
    v.minLength(1, "expected at least one host"),
    v.check(
      (hosts) => hosts.length === 1 || hosts.every(({ socket }) => socket === undefined),
      "expected addresses, or one path of a socket",
    ),
    v.check(
      (hosts) => new Set(hosts.map(({ hostname, port }) => `${hostname}:${port}`)).size === hosts.length,
      "expected each host once",
    ),
  );
}

function parseHost(text: string, defaultPort: number): Host | undefined {
  if (text.startsWith("/")) return { name: text, hostname: "", port: defaultPort, socket: text };
  const [, address, name, digits] = ADDRESS.exec(text) ?? [];
  const hostname = address ?? name;
  const port = digits === undefined ? defaultPort : Number(digits);
  if (hostname === undefined || port < 1 || port > MAX_PORT) return undefined;
  return { name: text, hostname, port, socket: undefined };
}

/** Whether what is sent there never leaves this machine. */
export function isOnThisMachine({ hostname, socket }: Host): boolean {
  return socket !== undefined || /^(?:localhost|127(?:\.\d+){3}|::1)$/i.test(hostname);
}

/**
 * Why no connection could be made at all, worded to follow the host's name. The runtime reports every cause alike.
 */
export function explainRefused({ port, socket }: Host): string {
  if (socket !== undefined) return "is not a socket that a server listens on";
  return `cannot be reached: nothing listens on port ${port}, or there is no route`;
}
