import { operate, type Tables } from "../operations/operated.ts";
import { type Counts, startLoad } from "./load.ts";

export interface ReloadCounts extends Counts {
  readonly reloads: number;
  readonly rotations: number;
}

const SETTLE_MS = 20;

/**
 * Reloads again and again under load: each with another balance, each fourth one a step of a rotation of the
 * secret, as an operator does it: add the new one, let the caller change over, take the old one away.
 */
export async function soakReloads(reloads: number, workers: number): Promise<ReloadCounts> {
  let secrets = ["secret-0"];
  let signing = "secret-0";
  let rotations = 0;
  let right = [balance(0)];
  const tablesOf = (amount: number): Tables => ({
    server: `workers = ${workers}`,
    webhook: `secrets = ${JSON.stringify(secrets)}`,
    source: `plugin = "static"\nplayers = { "12001" = "${amount}" }`,
    admin: false,
    log: 'level = "warn"',
  });
  await using server = await operate(tablesOf(0));
  const { port } = server.process;
  await using load = startLoad({ port, keepAlive: 8, fresh: 8, secret: () => signing, right: () => right });
  for (let reload = 1; reload <= reloads; reload += 1) {
    if (reload % 4 === 1) secrets = secrets.concat(`secret-${reload}`);
    if (reload % 4 === 3) secrets = secrets.slice(1);
    right = [balance(reload - 1), balance(reload)];
    const { msg, problem } = await server.change(tablesOf(reload));
    if (msg !== "reloaded") throw new Error(`reload ${reload}: ${String(problem)}`);
    right = [balance(reload)];
    if (reload % 4 === 1) {
      signing = secrets.at(-1) ?? signing;
      rotations += 1;
    }
    // What was signed before is answered before the old secret goes.
    await Bun.sleep(SETTLE_MS);
  }
  return { ...(await load.stop()), reloads, rotations };
}

function balance(amount: number): string {
  return `{"balance":"${amount}","status_code":"OK"}`;
}
