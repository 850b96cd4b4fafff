import { existsSync } from "node:fs";
import { join } from "node:path";
import { endMariaDb, startMariaDb } from "../engines/mariadb-server.ts";
import { endPostgres, startPostgres } from "../engines/postgres-server.ts";
import { endRedis, startRedis } from "../engines/redis-server.ts";
import { ownPlayers } from "../plugins/postgres/own-players.ts";
import { beside, type BenchOptions, makeDatabase, SECRET, type Serving, writeConfig } from "./setting.ts";
import { compare, print, printRatio, startSubject, stop, type Subject } from "./subject.ts";

interface Engine {
  /** A program of it that npm does not bring. */
  readonly needs?: string;
  /** Starts a server with that many players; returns the tables of the sources that ask it, by their names. */
  fill(players: number): Promise<Readonly<Record<string, string>>>;
  end(): Promise<void>;
}

/** Each has the players of `makeDatabase`. */
const engines: Readonly<Record<"postgres" | "mysql" | "redis", Engine>> = {
  postgres: {
    async fill(players) {
      const server = await startPostgres();
      await ownPlayers(server, "bench", {});
      await server.run(
        `INSERT INTO players SELECT i::text, 'EUR', i * 7 FROM generate_series(0, ${players - 1}) i; ANALYZE players`,
        "bench",
      );
      return batchedAndNot("postgres", server.port, 'database = "bench"');
    },
    end: endPostgres,
  },
  mysql: {
    needs: "/usr/sbin/mariadbd",
    async fill(players) {
      const server = await startMariaDb();
      await server.run(
        "CREATE TABLE casino.wallet (id varchar(64) PRIMARY KEY, currency char(3), cents bigint)",
        `INSERT INTO casino.wallet SELECT seq, 'EUR', seq * 7 FROM casino.seq_0_to_${players - 1}`,
        "ANALYZE TABLE casino.wallet",
      );
      const query =
        "SELECT id AS player_id, currency, cents AS balance_minor FROM wallet WHERE id = :player_id";
      return batchedAndNot("mysql", server.port, `database = "casino"\nquery = "${query}"`);
    },
    end: endMariaDb,
  },
  redis: {
    needs: "/usr/bin/redis-server",
    async fill(players) {
      const server = await startRedis();
      const script = "for i = 0, ARGV[1] - 1 do redis.call('SET', 'balance:' .. i, i * 7) end";
      await server.run("EVAL", script, "0", String(players));
      return { redis: `plugin = "redis"\nhosts = ["127.0.0.1:${server.port}"]\nunit = "minor"` };
    },
    end: endRedis,
  },
};

function batchedAndNot(plugin: string, port: number, further: string): Readonly<Record<string, string>> {
  const source = `plugin = "${plugin}"\nhosts = ["127.0.0.1:${port}"]\nuser = "klas"\n${further}`;
  return { [plugin]: source, [`${plugin}, batch = false`]: `${source}\nbatch = false` };
}

/**
 * A database server of the engine's beside SQLite; its own CPU is not counted. Returns why it did not run, if the server
 * is not on this machine.
 */
export async function benchEngine(
  name: keyof typeof engines,
  { folder, binary, rounds, connections }: BenchOptions,
  players: number,
): Promise<string | undefined> {
  const engine = engines[name];
  if (engine.needs !== undefined && !existsSync(engine.needs)) return `there is no ${engine.needs}`;
  const database = join(folder, "beside.db");
  if (!existsSync(database)) await makeDatabase(database, players);
  const asked = await engine.fill(players);
  const load = { secret: SECRET, players, connections };
  const serve = (serving: Serving) => {
    const config = writeConfig(folder, { ...serving, name: serving.name.replace(/\W+/g, "-") });
    return startSubject(serving.name, [binary, "serve", "--config", config], load);
  };
  const sqlite = 'plugin = "sqlite"\nfile = "beside.db"';
  const floor = await startSubject("floor", beside("floor"), load);
  const quiet = await serve({ name: "sqlite", source: sqlite });
  const quietly: Subject[] = [];
  for (const [each, source] of Object.entries(asked)) quietly.push(await serve({ name: each, source }));
  const logged = await serve({ name: "sqlite, with the request log", source: sqlite, level: "info" });
  const alsoLogged = await serve({
    name: `${name}, with the request log`,
    source: asked[name] ?? "",
    level: "info",
  });
  const subjects = [floor, quiet, ...quietly, logged, alsoLogged];
  await compare(subjects, rounds);
  print(`${players} players, ${connections} connections, ${rounds} rounds`, subjects);
  for (const each of quietly) printRatio(each, quiet);
  printRatio(alsoLogged, logged);
  await stop(subjects);
  await engine.end();
  return undefined;
}
