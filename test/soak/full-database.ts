import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { openToWrite } from "../../plugins/sqlite/own/open.ts";
import { OK, operate, SECRET } from "../operations/operated.ts";
import { run } from "../server-process.ts";
import { startLoad } from "./load.ts";
import { type FileSystem, mountSmallDisk } from "./small-disk.ts";

export interface FullDatabaseCounts {
  readonly answered: number;
  /** Calls that were not answered, or wrongly. */
  readonly failed: number;
  /** What is not as it should be. */
  readonly problems: readonly string[];
}

const DISK_MEBIBYTES = 16;
const IMPORTED = 5000;
const EMPTY = "player_id,currency,balance\n12001,EUR,30\n";
const FULL = "the disk is full";

/** klas-balance's own database is on a disk that is full: it is read on, and no write does half of it. */
export async function soakFullDatabase(fileSystem: FileSystem): Promise<FullDatabaseCounts> {
  using disk = mountSmallDisk(fileSystem, DISK_MEBIBYTES);
  const file = join(disk.folder, "balances.db");
  {
    using database = await openToWrite(file);
    database.run("INSERT INTO players VALUES ('12001', 'EUR', 3000, 0)");
  }
  await using server = await operate({ source: `plugin = "sqlite"\nfile = "${file}"` });
  const { port } = server.process;
  await using load = startLoad({ port, keepAlive: 4, fresh: 2, secret: () => SECRET, right: () => [OK] });
  const rows = Array.from({ length: IMPORTED }, (_, player) => `p${player},EUR,30`);
  writeFileSync(join(server.folder, "all.csv"), ["player_id,currency,balance", ...rows, ""].join("\n"));
  const exported = join(disk.folder, "all.csv");
  const problems: string[] = [];

  async function expectOf(command: readonly string[], exitCode: number, says: string): Promise<void> {
    const done = await run(command, { cwd: server.folder });
    if (done.exitCode === exitCode && `${done.stdout}${done.stderr}`.includes(says)) return;
    problems.push(`${command.join(" ")}: ${done.exitCode} ${done.stdout}${done.stderr}`);
  }

  async function expectReadsAlone(): Promise<void> {
    await expectOf(["players", "set", "12001", "31", "EUR"], 1, FULL);
    await expectOf(["players", "import", "all.csv"], 1, FULL);
    await expectOf(["players", "export"], 0, EMPTY);
    await expectOf(["players", "export", exported], 1, `cannot write ${exported}`);
    await expectOf(["init", join(disk.folder, "new")], 1, "cannot write to");
    await expectOf(["check"], 0, "opens and answers");
    const { msg } = await server.reload();
    if (msg !== "reloaded") problems.push(msg);
    const { not_ready } = await server.readyz();
    problems.push(...not_ready);
  }

  disk.fill();
  await expectReadsAlone();
  disk.makeSpace();
  await expectOf(["players", "import", "all.csv"], 0, `imported ${IMPORTED} players`);
  const { answered, failed } = await load.stop();

  // Without a server there is no index of the log, and no space to make one.
  server.process.signal("SIGTERM");
  await server.process.exited;
  disk.fill();
  await expectOf(["serve"], 2, FULL);
  disk.makeSpace();
  await expectOf(["players", "get", "12001"], 0, "30");
  return { answered, failed: failed.length, problems };
}
