import { type Program, start } from "./process.ts";
import { beside, type BenchOptions, SECRET, writeConfig } from "./setting.ts";
import { CLIENT_CPU, compare, line, print, run, startSubject, stop } from "./subject.ts";

const LATENCY_MS = 20;
const CALLERS = 256;

interface Upstream {
  readonly program: Program;
  readonly url: string;
}

export async function startUpstream(delayMs: number): Promise<Upstream> {
  const program = start(beside("upstream", String(delayMs)), CLIENT_CPU);
  const { url } = JSON.parse(await program.line());
  return { program, url: String(url) };
}

/** The REST source beside a bare proxy, against a core that answers at once. */
export async function benchRest(options: BenchOptions): Promise<void> {
  const { folder, binary, rounds, connections } = options;
  const upstream = await startUpstream(0);
  const source = `plugin = "rest"\nurl = "${upstream.url}players/{player_id}"\nbalance = "/data/balance"`;
  const config = writeConfig(folder, { name: "rest", source });
  const load = { secret: SECRET, players: 1000, connections };
  const subjects = [
    await startSubject("bare proxy", beside("proxy", upstream.url, "fetch"), load),
    await startSubject("… by Node's client", beside("proxy", upstream.url, "Node's client"), load),
    await startSubject("rest", [binary, "serve", "--config", config], load),
  ];
  await compare(subjects, rounds);
  print(`REST, ${connections} connections, a core that answers at once`, subjects);
  await stop(subjects);
  await upstream.program.stop();
}

/** Throughput against a slow core: it is bounded by `max_concurrency` / latency. */
export async function benchThroughput({ folder, binary }: BenchOptions): Promise<void> {
  const upstream = await startUpstream(LATENCY_MS);
  line(`\nREST, ${CALLERS} connections, a core of ${LATENCY_MS} ms`);
  line("max_concurrency   requests/s   max_concurrency / latency   failures");
  for (const concurrency of [16, 64, 128]) {
    const source = `plugin = "rest"\nurl = "${upstream.url}players/{player_id}"\nbalance = "/data/balance"\nmax_concurrency = ${concurrency}`;
    const config = writeConfig(folder, { name: `rest-${concurrency}`, source });
    const load = { secret: SECRET, players: 1000, connections: CALLERS };
    const subject = await startSubject("rest", [binary, "serve", "--config", config], load, 1);
    await run(subject, 1000);
    Object.assign(subject, { requests: 0, seconds: 0, failures: 0 });
    await run(subject, 3000);
    line(
      [
        String(concurrency).padStart(15),
        (subject.requests / subject.seconds).toFixed(0).padStart(12),
        ((concurrency / LATENCY_MS) * 1000).toFixed(0).padStart(27),
        String(subject.failures).padStart(10),
      ].join(" "),
    );
    await stop([subject]);
  }
  await upstream.program.stop();
}
