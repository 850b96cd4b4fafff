import { Command, Option } from "@commander-js/extra-typings";
import { eventSchema, type ShownCall } from "../admin/shapes.ts";
import { Failure } from "../failure.ts";
import { printable } from "../printable.ts";
import { DEFAULT_STATUS_CODES } from "../protocol/status.ts";
import { print, printed } from "../standard-output.ts";
import { adminClient } from "./admin-client.ts";
import { configOption, parseId, readAdmin } from "./arguments.ts";
import { paint } from "./paint.ts";

/** `ok` and `refused` are the two whose `status_code` is not looked up. */
const REASONS = ["ok", "refused", ...Object.keys(DEFAULT_STATUS_CODES)];

interface Filter {
  readonly failed?: boolean | undefined;
  readonly player?: string | undefined;
  readonly reason?: string | undefined;
}

/** `tail`: the calls of the running server, as they come. */
export function tailCommand() {
  return new Command("tail")
    .description("follows the calls of the running server until Ctrl-C, beginning with the latest")
    .addOption(configOption())
    .option("--failed", "only calls that were not answered with a balance")
    .option("--player <id>", "only this player's calls", parseId)
    .addOption(new Option("--reason <reason>", "only calls with this reason").choices(REASONS))
    .option("--json", "print one JSON object per line")
    .addHelpText("after", "\nExample:\n  klas-balance tail --failed")
    .action(async ({ json = false, ...options }) => {
      for await (const event of adminClient(await readAdmin(options)).follow("/api/events", eventSchema)) {
        for (const call of event.calls) {
          if (fits(call, options)) print(json ? `${JSON.stringify(call)}\n` : `${describe(call)}\n`);
        }
        if (event.left_out > 0)
          process.stderr.write(`${event.left_out} more calls came too fast to be shown\n`);
        await printed();
      }
      throw new Failure("the server ended, or cut this off", 1);
    });
}

function fits(call: ShownCall, { failed = false, player, reason }: Filter): boolean {
  return (
    (!failed || call.reason !== "ok") &&
    (player === undefined || call.player_id === player) &&
    (reason === undefined || call.reason === reason)
  );
}

const COLOURS = new Map<string, "green" | "yellow">([
  ["ok", "green"],
  ["player_not_found", "yellow"],
  ["refused", "yellow"],
]);

function describe(call: ShownCall): string {
  const { time_ms, endpoint, reason, status_code, player_id = "-", duration_ms, remote = "-", detail } = call;
  const time = new Date(time_ms).toISOString().slice(11, 23);
  const fields = [
    time,
    endpoint,
    paint(COLOURS.get(reason) ?? "red", reason.padEnd(16)),
    status_code,
    printable(player_id),
    `${duration_ms} ms`,
    remote,
    ...(detail === undefined ? [] : [printable(detail)]),
  ];
  return fields.join("  ");
}
