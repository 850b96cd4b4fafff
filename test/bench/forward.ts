import { startUpstream } from "./rest.ts";
import { beside, type BenchOptions, SECRET, writeConfig } from "./setting.ts";
import { compare, print, startSubject, stop, withClient } from "./subject.ts";

/**
 * A forwarded call beside the bare proxy, and beside those that, as forwarding must, open a connection for each call.
 * The core answers at once.
 */
export async function benchForward(options: BenchOptions): Promise<void> {
  const { folder, binary, rounds, connections } = options;
  const upstream = await startUpstream(0);
  const config = writeConfig(folder, {
    name: "forward",
    source: 'plugin = "static"\nplayers = { "0" = "30" }',
    webhook: `forward = { url = "${upstream.url}" }`,
  });
  const load = { secret: SECRET, players: 1000, connections };
  const proxy = (name: string, way: string) => startSubject(name, beside("proxy", upstream.url, way), load);
  const proxies = [
    await proxy("bare proxy", "fetch"),
    await proxy("… a connection per call", "fetch, a connection per call"),
    await proxy("… and by Node's client", "Node's client, a connection per call"),
  ];
  const server = await startSubject("balance", [binary, "serve", "--config", config], load);
  const forwarded = withClient(server, "forwarded /bet", load, "bet");
  const subjects = [...proxies, forwarded];
  await compare(subjects, rounds);
  print(`forwarding, ${connections} connections, ${rounds} rounds, a core that answers at once`, subjects);
  await stop([...subjects, server]);
  await upstream.program.stop();
}
