import { Command } from "@commander-js/extra-typings";
import { withoutBrackets } from "../config/address.ts";
import { configPath, readConfigFile, type Reading } from "../config/load.ts";
import { environment } from "../environment.ts";
import { serve } from "../process/serve.ts";
import { endProcess } from "../host-process.ts";
import { printFromServer } from "../standard-output.ts";
import { configOption, integerFrom, parseId } from "./arguments.ts";
import { signedCurl } from "../certify/signed-call.ts";

/** `serve`: runs the server until SIGTERM or SIGINT. */
export function serveCommand() {
  return new Command("serve")
    .description("runs the server")
    .addOption(configOption())
    .option("--host <address>", "the address to listen on, instead of server.host", withoutBrackets)
    .option("--port <number>", "the port to listen on, instead of server.port", integerFrom(0, 65_535))
    .option(
      "--show-call <player>",
      "once ready, print a signed curl command that asks for this player's balance",
      parseId,
    )
    .addHelpText("after", "\nExample:\n  klas-balance serve --config /srv/klas/config.toml")
    .action(async ({ showCall, ...options }) => {
      const file = configPath(options.config, environment);
      const read = async () => withOverrides(await readConfigFile(file, environment), options);
      await serve(read, ({ webhook }, url) => {
        if (showCall === undefined) return;
        printFromServer(`\nTry it:\n\n${signedCurl(url, webhook.secrets[0], showCall)}\n\n`);
      });
      // A core's pooled connection, or what a plugin left behind, would keep the process alive.
      endProcess(0);
    });
}

function withOverrides(
  reading: Reading,
  { host, port }: { host?: string | undefined; port?: number | undefined },
): Reading {
  if (!reading.valid) return reading;
  const { server } = reading.config;
  const overridden = { ...server, host: host ?? server.host, port: port ?? server.port };
  return { valid: true, config: { ...reading.config, server: overridden } };
}
