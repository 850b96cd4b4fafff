import type { Source } from "../../src/plugin.ts";
import { openSource } from "../plugins/postgres/open-source.ts";
import { ownPlayers } from "../plugins/postgres/own-players.ts";
import { PLAYERS } from "./callers.ts";
import { openMysql } from "./debian/open-mysql.ts";
import { endMariaDb, type MariaDbServer, startMariaDb } from "./mariadb-server.ts";
import { endPostgres, type PostgresServer, startPostgres } from "./postgres-server.ts";

const DATABASE = "casino";

/** A server that is made to fail. */
export interface FaultyServer {
  readonly port: number;
  start(): Promise<void>;
  stopInOrder(): Promise<void>;
  kill(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): void;
  /** Ends the connections of the source, as an administrator does. */
  endConnections(): Promise<void>;
  /** Makes a primary of a replica. */
  promote(): Promise<void>;
}

export interface FaultyEngine {
  /** Two servers with all players. If it is replicated, the second one follows the first one. */
  pair(isReplicated: boolean): Promise<readonly [FaultyServer, FaultyServer]>;
  open(servers: readonly FaultyServer[], timeoutMs: number): Promise<Source>;
  end(): Promise<void>;
}

const postgres: FaultyEngine = {
  async pair(isReplicated) {
    const first = await filledPostgres();
    return [ofPostgres(first), ofPostgres(isReplicated ? await first.replica() : await filledPostgres())];
  },
  async open(servers, timeoutMs) {
    const { source } = await openSource(
      { hosts: hostsOf(servers), database: DATABASE, user: "klas" },
      { timeoutMs },
    );
    return source;
  },
  end: endPostgres,
};

async function filledPostgres(): Promise<PostgresServer> {
  const server = await startPostgres();
  await ownPlayers(server, DATABASE, {});
  await server.run(
    `INSERT INTO players SELECT i::text, 'EUR', i FROM generate_series(1, ${PLAYERS}) i`,
    DATABASE,
  );
  return server;
}

function ofPostgres(server: PostgresServer): FaultyServer {
  return {
    port: server.port,
    start: () => server.start(),
    stopInOrder: () => server.end("SIGINT"),
    kill: () => server.end("SIGKILL"),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    async endConnections() {
      await server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'klas'");
    },
    async promote() {
      await server.run("SELECT pg_promote()");
    },
  };
}

const mysql: FaultyEngine = {
  async pair(isReplicated) {
    const first = await startMariaDb("--server-id=1", "--log-bin=log");
    await fillMariaDb(first);
    const second = await startMariaDb("--server-id=2", ...(isReplicated ? ["--read-only"] : []));
    if (isReplicated) await follow(second, first);
    else await fillMariaDb(second);
    return [ofMariaDb(first), ofMariaDb(second)];
  },
  async open(servers, timeoutMs) {
    const { source } = await openMysql(
      {
        hosts: hostsOf(servers),
        database: DATABASE,
        user: "klas",
        query: "SELECT id AS player_id, cents AS balance_minor FROM wallet WHERE id = :player_id",
      },
      { timeoutMs },
    );
    return source;
  },
  end: endMariaDb,
};

async function fillMariaDb(server: MariaDbServer): Promise<void> {
  await server.run(
    "CREATE TABLE casino.wallet (id varchar(64) PRIMARY KEY, cents bigint)",
    `INSERT INTO casino.wallet SELECT seq, seq FROM seq_1_to_${PLAYERS}`,
  );
}

async function follow(replica: MariaDbServer, { port }: MariaDbServer): Promise<void> {
  await replica.run(
    "DROP DATABASE casino",
    "DROP USER klas@'127.0.0.1'",
    `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${port}, MASTER_USER = 'root', MASTER_USE_GTID = slave_pos`,
    "START SLAVE",
  );
  const filled = `SELECT 1 FROM information_schema.tables WHERE table_schema = 'casino' AND table_rows = ${PLAYERS}`;
  while ((await replica.run(filled)).length === 0) await Bun.sleep(50);
}

function ofMariaDb(server: MariaDbServer): FaultyServer {
  return {
    port: server.port,
    start: () => server.start(),
    stopInOrder: () => server.end("SIGTERM"),
    kill: () => server.end("SIGKILL"),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    async endConnections() {
      await server.run("KILL CONNECTION USER klas@'127.0.0.1'");
    },
    async promote() {
      await server.run("STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL read_only = 0");
    },
  };
}

function hostsOf(servers: readonly FaultyServer[]): string[] {
  return servers.map(({ port }) => `127.0.0.1:${port}`);
}

/** By the name of their source. MariaDB is Debian's. */
export const ENGINES: ReadonlyMap<string, FaultyEngine> = new Map([
  ["postgres", postgres],
  ["mysql", mysql],
]);
