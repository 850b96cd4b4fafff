import { Command } from "@commander-js/extra-typings";
import { type Failing, type Status, statusSchema } from "../admin/shapes.ts";
import { printable } from "../printable.ts";
import { print } from "../standard-output.ts";
import { adminClient } from "./admin-client.ts";
import { configOption, readAdmin } from "./arguments.ts";
import { paint } from "./paint.ts";

/** `status`: what the console's page shows of now. */
export function statusCommand() {
  return new Command("status")
    .description(
      "shows the state of the running server: ready or not, and why; its workers, source and secrets",
    )
    .addOption(configOption())
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      "\nExit status: 0 it is ready, 1 it is not or does not answer.\n\nExample:\n  klas-balance status",
    )
    .action(async (options) => {
      const status = await adminClient(await readAdmin(options)).get("/api/status", statusSchema);
      print(options.json ? `${JSON.stringify(status)}\n` : describe(status));
      if (!status.ready) process.exitCode = 1;
    });
}

function describe(status: Status): string {
  const { source, reload, time_ms: nowMs } = status;
  const lines = [
    status.ready ? paint("green", "ready") : paint("red", "not ready"),
    ...status.not_ready.map((problem) => `  - ${problem}`),
    ...status.warnings.map((warning) => `${paint("yellow", "warning")} ${warning}`),
    row("endpoint", status.url),
    row("source", `${source.name} (${source.plugin})`),
    row("calls", describeTraffic(status)),
    row("in flight", `${status.in_flight} of ${status.max_in_flight} per worker`),
    ...status.workers.map(worker),
    ...status.failing.flatMap((failing) => describeFailing(failing, nowMs)),
    ...status.secrets.map((secret) => row(`secret ${secret.position}`, describeSecret(secret, nowMs))),
    row(
      "reload",
      reload === null
        ? "none yet"
        : `${span(nowMs - reload.time_ms)} ago, ${reload.problem ?? "took effect"}`,
    ),
    row("running for", span(nowMs - status.started_ms)),
    row("version", `${status.version} (${status.revision})`),
    row("config", status.config_file),
  ];
  return `${lines.join("\n")}\n`;
}

/** Whether calls come at all, and how they end. */
function describeTraffic({
  last_minute,
  latest_call_ms: latestMs,
  time_ms: nowMs,
  started_ms,
}: Status): string {
  const { calls, ok, p99_ms } = last_minute;
  if (latestMs === null) return `none since the start, ${span(nowMs - started_ms)} ago`;
  if (calls === 0) return `none for ${span(nowMs - latestMs)}`;
  const share = Math.floor((ok / calls) * 1000) / 10;
  return `${calls} in the last minute, ${share} % OK, p99 ${p99_ms ?? 0} ms`;
}

function row(name: string, value: string): string {
  return `${name.padEnd(12)} ${value}`;
}

function worker({ number, pid, up, failures, source }: Status["workers"][number]): string {
  const details = Object.entries(source).map(([name, value]) => `, ${name.replaceAll("_", " ")} ${value}`);
  const state = up ? `up, pid ${pid}${details.join("")}` : `down, ${failures} times in a row`;
  return row(`worker ${number}`, state);
}

/** More players than these, or callers, are counted. */
const SHOWN_RUNS = 3;

/** Whose calls fail now, since when and why. Times as in the log, which is searched with them. */
function describeFailing({ reason, failing_now: total, runs, ...all }: Failing, nowMs: number): string[] {
  const lines = runs
    .filter((run) => !run.is_over)
    .slice(0, SHOWN_RUNS)
    .map((run) => describeRun(run, nowMs));
  const why = paint("red", reason);
  if (lines.length <= 1) return lines.map((line) => row("failing", `${why}, ${line}`));
  const whose = total === lines.length ? "" : `, most of the calls by ${lines.length} of them`;
  return [
    row("failing", `${why}, ${describeCalls(all, nowMs)}, of ${total} players or callers${whose}:`),
    ...lines.map((line) => row("", line)),
  ];
}

function describeRun(run: Failing["runs"][number], nowMs: number): string {
  const { endpoint, player_id, remote, detail } = run;
  const who = player_id === null ? `caller ${remote || "not known"}` : `player ${player_id}`;
  const why = detail === null ? "" : `: ${detail}`;
  return printable(`${who} (${endpoint}), ${describeCalls(run, nowMs)}${why}`);
}

function describeCalls(
  { calls, since_ms, latest_ms }: Pick<Failing, "calls" | "since_ms" | "latest_ms">,
  nowMs: number,
): string {
  const since = new Date(since_ms).toISOString().replace(/\.\d+/, "");
  return `${calls} ${calls === 1 ? "call" : "calls"} since ${since}, the latest ${span(nowMs - latest_ms)} ago`;
}

function describeSecret(secret: Status["secrets"][number], nowMs: number): string {
  const { position, characters, is_trial, uses, last_used_ms } = secret;
  const use = position === 1 ? "signs" : "verifies";
  const last =
    last_used_ms === null
      ? "never used"
      : `${uses} ${uses === 1 ? "call" : "calls"}, the last ${span(nowMs - last_used_ms)} ago`;
  return `****, ${characters} characters, ${use}, ${last}${is_trial ? "; a trial secret, not Klas Gaming's" : ""}`;
}

/** `3 min`; the unit in which it is at least 1. */
function span(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}
