import { type Footprint, footprint, OK, operate } from "../operations/operated.ts";

/** What callers got while something lasted. */
export interface Phase extends Footprint {
  readonly name: string;
  readonly seconds: number;
  readonly answers: Readonly<Record<string, number>>;
}

export interface OutageCounts {
  /** Answers that do not fit their phase. */
  readonly wrong: number;
  /** From the core's return to the first balance. */
  readonly backAfterMs: number;
}

const UNKNOWN = '{"status_code":"ERR_UNKNOWN"}';
const TIMEOUT = '{"status_code":"ERR_TIMEOUT"}';

const CALLERS = 8;
const PAUSE_MS = 100;
const WELL_SECONDS = 5;

/**
 * The core is well, then gone (its port is closed), then worse than gone (it takes calls and never answers), then back,
 * while callers go on asking and somebody reads the readiness.
 */
export async function soakOutage(
  outageSeconds: number,
  onPhase: (phase: Phase) => void,
): Promise<OutageCounts> {
  const hung = Promise.withResolvers<Response>();
  let core = serveCore(0, () => Response.json({ balance: 30 }));
  const port = core.port ?? 0;
  await using server = await operate({
    source: `plugin = "rest"\nurl = "http://127.0.0.1:${port}/{player_id}"\nbalance = "/balance"`,
    log: 'level = "error"',
  });
  let wrong = 0;

  async function observe(name: string, seconds: number, right: readonly string[]): Promise<void> {
    const answers: Record<string, number> = {};
    const endMs = performance.now() + seconds * 1000;
    async function ask(): Promise<void> {
      while (performance.now() < endMs) {
        const answer = (await server.balance()) ?? "none";
        answers[answer] = (answers[answer] ?? 0) + 1;
        if (!right.includes(answer)) wrong += 1;
        await Bun.sleep(PAUSE_MS);
      }
    }
    await Promise.all([...Array.from({ length: CALLERS }, ask), server.readyz()]);
    onPhase({ name, seconds, answers, ...footprint(server.process.pid) });
  }

  await observe("well", WELL_SECONDS, [OK]);
  await core.stop(true);
  await observe("gone", outageSeconds / 2, [UNKNOWN]);
  core = serveCore(port, () => hung.promise);
  await observe("hung", outageSeconds / 2, [UNKNOWN, TIMEOUT]);
  await core.stop(true);
  core = serveCore(port, () => Response.json({ balance: 30 }));
  const backMs = performance.now();
  while ((await server.balance()) !== OK) await Bun.sleep(10);
  const backAfterMs = Math.round(performance.now() - backMs);
  await observe("back", WELL_SECONDS, [OK]);
  await core.stop(true);
  return { wrong, backAfterMs };
}

function serveCore(port: number, fetch: () => Response | Promise<Response>): Bun.Server<undefined> {
  return Bun.serve({ hostname: "127.0.0.1", port, idleTimeout: 255, fetch });
}
