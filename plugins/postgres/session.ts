import { SQL } from "bun";
import type { HostTls } from "../shared/engine-tls.ts";
import type { Host } from "../shared/lanes/host.ts";
import { CONNECT_SECONDS } from "../shared/lanes/sql-lane.ts";
import { withoutEnvironment } from "../shared/without-environment.ts";

/** Who we are to the server. */
export interface Account {
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

/** The settings that a connection begins with; none if there is a pooler in between. */
type StartUpParameters = Readonly<Record<string, string>>;

/** What a connection to a host needs, whatever it is for. */
interface Address {
  readonly host: Host;
  readonly account: Account;
  readonly tls: HostTls;
}

export type Reach = (host: Host) => Address;

interface SessionOptions extends Address {
  readonly startUp: StartUpParameters;
  /** A named statement stays with its connection to the server, and a pooler gives that to others. */
  readonly prepare: boolean;
  readonly onClosed?: () => void;
}

/**
 * A client of one connection. Every field is given, even defaults: the runtime would take missing ones from `PG*` and
 * `*_URL` variables of the environment.
 */
export function clientOf({ host, account, tls, startUp, prepare, onClosed }: SessionOptions): SQL {
  const options = {
    adapter: "postgres",
    hostname: host.address ?? host.hostname,
    port: host.port,
    ...(host.socket === undefined ? {} : { path: host.socket }),
    database: account.database,
    username: account.user,
    password: account.password,
    tls: tls === false ? "disable" : tls,
    connection: { application_name: "klas-balance", ...startUp },
    prepare,
    max: 1,
    idleTimeout: 0,
    maxLifetime: 0,
    connectionTimeout: CONNECT_SECONDS,
    onclose: () => onClosed?.(),
  } as const;
  return withoutEnvironment(() => new SQL(options));
}

/** Rows as lists of values, without what the driver adds. */
export async function rowsOf(
  session: SQL,
  text: string,
  parameters: unknown[],
): Promise<readonly unknown[][]> {
  return [...(await session.unsafe<unknown[][]>(text, parameters).values())];
}
