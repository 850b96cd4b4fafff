import { join } from "node:path";
import { endPostgres, startPostgres } from "../engines/postgres-server.ts";
import { ownPlayers } from "../plugins/postgres/own-players.ts";
import { beside, type BenchOptions, makeDatabase, SECRET, writeConfig } from "./setting.ts";
import { compare, print, startSubject, stop } from "./subject.ts";

/** PostgreSQL's own table, batched and one by one, beside SQLite's; the server of the database is not counted. */
export async function benchPostgres(
  { folder, binary, rounds, connections }: BenchOptions,
  players: number,
): Promise<void> {
  await makeDatabase(join(folder, "beside.db"), players);
  const server = await startPostgres();
  await ownPlayers(server, "bench", {});
  await server.run(
    `INSERT INTO players SELECT i::text, 'EUR', i * 7 FROM generate_series(0, ${players - 1}) i; ANALYZE players`,
    "bench",
  );
  const own = `plugin = "postgres"\nhosts = ["127.0.0.1:${server.port}"]\ndatabase = "bench"\nuser = "klas"`;
  const sources = {
    sqlite: `plugin = "sqlite"\nfile = "beside.db"`,
    postgres: own,
    "postgres, batch = false": `${own}\nbatch = false`,
  };
  const load = { secret: SECRET, players, connections };
  const subjects = [await startSubject("floor", beside("floor"), load)];
  for (const [name, source] of Object.entries(sources)) {
    const config = writeConfig(folder, { name: name.replace(/\W+/g, "-"), source });
    subjects.push(await startSubject(name, [binary, "serve", "--config", config], load));
  }
  await compare(subjects, rounds);
  print(`${players} players, ${connections} connections, ${rounds} rounds`, subjects);
  await stop(subjects);
  await endPostgres();
}
