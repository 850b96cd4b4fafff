import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { childrenOf, eventually, isAlive, OK, operate, SECRET, STATIC } from "../operations/operated.ts";
import { startLoad } from "./load.ts";

export interface KillCounts {
  readonly kills: number;
  answered: number;
  refused: number;
  wrong: number;
  /** Requests that the killed worker had taken, or was about to. */
  lost: number;
  /** Requests that another worker had: that must not be. */
  lostElsewhere: number;
  maxLostInOneKill: number;
}

/** A worker that dies again and again is started with more and more delay: so after a few kills a new server takes over. */
const KILLS_A_SERVER = 10;

/** Kills one of two workers with SIGKILL, again and again, under load. */
export async function soakKills(kills: number): Promise<KillCounts> {
  const total = { kills, answered: 0, refused: 0, wrong: 0, lost: 0, lostElsewhere: 0, maxLostInOneKill: 0 };
  for (let done = 0; done < kills; done += KILLS_A_SERVER) {
    await killSome(Math.min(KILLS_A_SERVER, kills - done), total);
  }
  return total;
}

async function killSome(kills: number, total: KillCounts): Promise<void> {
  const source = `${STATIC}\ndelay_ms = 5`;
  await using server = await operate({ server: "workers = 2", source, log: 'level = "warn"' });
  const { port, pid } = server.process;
  await using load = startLoad({ port, keepAlive: 8, fresh: 8, secret: () => SECRET, right: () => [OK] });
  for (let kill = 1; kill <= kills; kill += 1) {
    await Bun.sleep(100);
    const [victim = 0, survivor = 0] = childrenOf(pid);
    const before = load.counts.failed.length;
    const survivorsPorts = callersOf(survivor);
    process.kill(victim, "SIGKILL");
    await eventually("the end", () => Promise.resolve(!isAlive(victim)));
    await eventually("two workers", async () => (await server.readyz()).status === 200);
    const lost = load.counts.failed.slice(before).filter(({ how }) => how === "lost");
    const elsewhere = lost.filter(({ localPort }) => survivorsPorts.has(localPort)).length;
    total.lost += lost.length - elsewhere;
    total.lostElsewhere += elsewhere;
    total.maxLostInOneKill = Math.max(total.maxLostInOneKill, lost.length);
  }
  const { answered, refused, failed } = await load.stop();
  total.answered += answered;
  total.refused += refused;
  total.wrong += failed.filter(({ how }) => how === "wrong").length;
}

/** The ports, at the callers' end, of the connections that a process has. */
function callersOf(pid: number): ReadonlySet<number> {
  const folder = `/proc/${pid}/fd`;
  const inodes = new Set(readdirSync(folder).map((handle) => socketOf(`${folder}/${handle}`)));
  const rows = readFileSync(`/proc/${pid}/net/tcp`, "utf8").trimEnd().split("\n").slice(1);
  return new Set(
    rows.flatMap((row) => {
      const [, , remote = "", , , , , , , inode] = row.trim().split(/\s+/);
      return inodes.has(inode) ? [Number.parseInt(remote.split(":")[1] ?? "", 16)] : [];
    }),
  );
}

/** The number of the socket behind a handle. One that was closed meanwhile is none. */
function socketOf(handle: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(handle))?.[1];
  } catch {
    return undefined;
  }
}
