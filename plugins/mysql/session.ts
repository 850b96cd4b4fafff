import { SQL } from "bun";
import type { HostTls } from "../shared/engine-tls.ts";
import { type Host, isOnThisMachine } from "../shared/lanes/host.ts";
import { CONNECT_SECONDS } from "../shared/lanes/sql-lane.ts";
import { withoutEnvironment } from "../shared/without-environment.ts";

/** Who we are to the server. */
interface Account {
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

/** What a connection to a host needs. */
export type Reach = (host: Host) => { readonly host: Host; readonly account: Account; readonly tls: HostTls };

/**
 * A client with one connection. Every field is given, even defaults, because the runtime takes missing ones from
 * environment variables.
 */
export function clientOf({ host, account, tls }: ReturnType<Reach>, onClosed?: () => void): SQL {
  const options = {
    adapter: "mysql",
    hostname: host.address ?? host.hostname,
    port: host.port,
    ...(host.socket === undefined ? {} : { path: host.socket }),
    database: account.database,
    username: account.user,
    password: account.password,
    tls: tls === false ? "disable" : tls,
    // In plain text, MySQL wants the password encrypted with a key that it sends first. On a network, somebody else could
    // send one.
    allowPublicKeyRetrieval: isOnThisMachine(host),
    max: 1,
    idleTimeout: 0,
    maxLifetime: 0,
    connectionTimeout: CONNECT_SECONDS,
    onclose: () => onClosed?.(),
  } as const;
  return withoutEnvironment(() => new SQL(options));
}
