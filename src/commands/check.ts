import { Command } from "@commander-js/extra-typings";
import { configPath, readConfigFile, type Config } from "../config/load.ts";
import { environment } from "../environment.ts";
import { ConfigError } from "../config/problem.ts";
import { drainWarnings } from "../config/drain-warnings.ts";
import { secretWarnings, tokenWarnings } from "../config/secret-warnings.ts";
import { topics } from "../help/topics.ts";
import { openLog } from "../observe/log.ts";
import { withCurrency } from "../answer/authenticate.ts";
import { endpointPath } from "../answer/listener.ts";
import { isLoopback, withoutBrackets } from "../config/address.ts";
import { Failure } from "../failure.ts";
import { inWords, probe } from "../answer/probe.ts";
import { openSource, serviceOf, type Service } from "../answer/service.ts";
import { replyBody } from "../protocol/reply.ts";
import { type Outcome, statusCodeOf } from "../protocol/status.ts";
import { bindConfig, type BoundConfig } from "../server/bind.ts";
import { messageOf } from "../source/thrown.ts";
import { print } from "../standard-output.ts";
import { configOption, parseId } from "./arguments.ts";
import { reportExposed } from "./check/exposed.ts";
import type { Finding, ReportFinding } from "./check/report.ts";
import { reportPlaces, reportRunning } from "./check/running.ts";
import { paint } from "./paint.ts";
import { statusOfRunning } from "./running-server.ts";

/** `check`: validates the configuration, opens the source and probes it. */
export function checkCommand() {
  return new Command("check")
    .description(
      "validates the configuration, opens the source and probes it; reports on a running server, too",
    )
    .addOption(configOption())
    .option(
      "--player <id>",
      "a real player, who is looked up as for a call (default: webhook.probe_player)",
      parseId,
    )
    .option("--session <id>", "the session_id of that lookup (default: a made-up one)", parseId)
    .option("--json", "print an array of {level, message}")
    .addHelpText(
      "after",
      `
Exit status: 0 all is well, 1 the source or the running server is not,
2 the configuration is not.

Example:
  klas-balance check --player 12001`,
    )
    .action(async (options) => {
      const findings: Finding[] = [];
      const helpful = new Set<string>();
      process.exitCode = await check(options, (level, message, topic) => {
        findings.push({ level, message });
        if (topic !== undefined) helpful.add(topic);
        if (!options.json) print(`${mark(level)} ${message}\n`);
      });
      if (options.json) print(`${JSON.stringify(findings)}\n`);
      else for (const topic of helpful) print(`see "klas-balance help ${topic}"\n`);
    });
}

interface CheckOptions {
  readonly config?: string | undefined;
  readonly player?: string | undefined;
  readonly session?: string | undefined;
}

async function check(options: CheckOptions, report: ReportFinding): Promise<0 | 1 | 2> {
  try {
    const bound = await bindConfig(
      await readConfigFile(configPath(options.config, environment), environment),
    );
    const running = await statusOfRunning(bound.config);
    report("ok", `${bound.config.file} is valid`);
    const isPlaceable = reportPlaces(bound.config, running, report);
    await reportConfig(bound.config, report);
    for (const warning of bound.warnings) report("warning", warning);
    if (bound.tls !== undefined) report("ok", "the certificate and its key can be served");
    await reportForward(bound, report);
    const isSound = await checkSource(bound, options, report);
    const runs = reportRunning(bound.config, running, report);
    if (!isPlaceable) return 2;
    return isSound && runs ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    for (const line of error.message.split("\n")) report("error", line, "config");
    return error instanceof ConfigError ? 2 : 1;
  }
}

async function reportConfig(config: Config, report: ReportFinding): Promise<void> {
  const { webhook, admin, tables } = config;
  if (/\/balance\/*$/.test(webhook.path)) {
    report("warning", "webhook.path ends with /balance, to which Klas Gaming adds /balance: leave it out");
  }
  reportFurtherEndpoints(webhook, report);
  for (const warning of drainWarnings(config)) report("warning", warning, "operations");
  await reportExposed(config, report);
  for (const [index, { length }] of webhook.secrets.entries()) {
    const use = index === 0 ? "signs and verifies" : "verifies";
    report("ok", `secret ${index + 1} (****, ${length} characters) ${use}`);
  }
  for (const warning of secretWarnings(webhook.secrets)) report("warning", warning, "rotation");
  for (const warning of tokenWarnings(admin?.token)) report("warning", warning, "console");
  for (const { name, plugin } of tables.values()) {
    report(
      "ok",
      `source "${name}" (${plugin}) is configured well${name === webhook.source ? ", and in use" : ""}`,
    );
  }
}

/** What is answered below the WEBHOOK_URL besides `balance`. */
function reportFurtherEndpoints(webhook: Config["webhook"], report: ReportFinding): void {
  const { authenticate, currency, probe_player: probePlayer, forward } = webhook;
  if (authenticate) {
    report("ok", `would answer POST ${endpointPath(webhook.path, "authenticate")}`);
    if (currency === undefined && probePlayer === undefined) {
      report(
        "warning",
        "webhook.currency is not set: authenticate works only for players whose source names their currency",
        "protocol",
      );
    }
  }
  if (forward === undefined) return;
  const { host, hostname, protocol } = new URL(forward.url);
  const names = forward.endpoints.filter((name) => !(authenticate && name === "authenticate"));
  report("ok", `would pass ${names.join(", ")} on to ${protocol}//${host}, each call at most once`);
  if (protocol === "http:" && !isLoopback(withoutBrackets(hostname))) {
    report("warning", `webhook.forward.url: what is passed on to ${host} is not encrypted; use https://`);
  }
}

/** A core that is down says nothing against the rest, so it is no error. */
async function reportForward({ forwarder, config }: BoundConfig, report: ReportFinding): Promise<void> {
  const { forward } = config.webhook;
  if (forwarder === undefined || forward === undefined) return;
  const problem = await forwarder.reach();
  const core = `the core at ${new URL(forward.url).host}`;
  if (problem === undefined) report("ok", `${core} takes connections; it was asked nothing`);
  else report("warning", `webhook.forward: ${core} cannot be reached: ${problem}`, "troubleshooting");
}

async function checkSource(
  { config, source: bound, forwarder }: BoundConfig,
  options: CheckOptions,
  report: ReportFinding,
): Promise<boolean> {
  const { name } = config.source;
  const errors: string[] = [];
  const log = {
    ...openLog({ level: "error" }, { fileDescriptor: 2 }),
    debug() {},
    info: (message: string) => report("ok", `source "${name}": ${message}`),
    warn: (message: string) => report("warning", `source "${name}": ${message}`),
    error: (message: string) => void errors.push(message),
  };
  /** What a source logs as an error is mostly what it is not ready for, too. */
  const reportErrors = (finding = ""): void => {
    for (const message of new Set(errors.splice(0))) if (!finding.includes(message)) log.warn(message);
  };
  const topic = sourceTopic(config.source.plugin);
  const source = await openSource(config, bound, { log, isRehearsal: true }).catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    reportErrors(error.message);
    report("error", error.message, topic);
  });
  if (source === undefined) return false;
  const problem = await source.check();
  reportErrors(problem);
  const isMade = source.state()["not_made_yet"] !== true;
  if (problem !== undefined) report("error", `source "${name}" is not ready: ${problem}`, topic);
  else if (isMade) report("ok", `source "${name}" opens and answers`);
  const isAnswered =
    problem !== undefined && (options.player ?? config.webhook.probe_player) === undefined
      ? false
      : await lookUpPlayer(serviceOf(config, source, forwarder, { log }), config, options, report, isMade);
  const closing = await source.close().then(() => undefined, messageOf);
  reportErrors();
  if (closing !== undefined) report("error", `source "${name}" does not close: ${closing}`);
  return isAnswered && problem === undefined && closing === undefined;
}

/** The page about a source: a built-in's own, or the one about plugins. */
function sourceTopic(plugin: string): string {
  return topics.some(({ name }) => name === plugin) ? plugin : "plugins";
}

/** Whether a real player gets a balance, if one is known. */
async function lookUpPlayer(
  service: Service,
  { webhook }: Config,
  { player = webhook.probe_player, session }: CheckOptions,
  report: ReportFinding,
  isMade: boolean,
): Promise<boolean> {
  if (player === undefined) {
    report(
      "warning",
      'no real player was looked up: "check --player ID" does it, and webhook.probe_player does it for readiness, too',
    );
    return true;
  }
  const startedMs = performance.now();
  const outcome = await probe(service.source, player, session);
  const durationMs = (performance.now() - startedMs).toFixed(1);
  const who = `player ${JSON.stringify(player)}`;
  const hint = isMade ? WRONG_PLACE : "";
  const isAnswered = reportAnswer(`${who} gets`, ` after ${durationMs} ms`, outcome, service, report, {
    hint,
  });
  if (!webhook.authenticate || !isAnswered) return isAnswered;
  return reportAnswer(`authenticate: ${who} gets`, "", withCurrency(outcome, service), service, report, {
    showsCurrency: true,
  });
}

/** Whether it is a balance that a call would be answered. */
function reportAnswer(
  start: string,
  end: string,
  outcome: Outcome,
  { statusCodes }: Service,
  report: ReportFinding,
  { showsCurrency = false, hint = "" }: { readonly showsCurrency?: boolean; readonly hint?: string },
): boolean {
  const statusCode = statusCodeOf(outcome, statusCodes);
  if (outcome.reason === "ok") {
    const reply = replyBody(statusCode, outcome.balance, showsCurrency ? outcome.currency : undefined);
    report("ok", `${start} ${reply}${end}`);
    return true;
  }
  const where = outcome.reason === "player_not_found" ? hint : "";
  report("error", `${start} ${replyBody(statusCode)}${end}: ${inWords(outcome)}${where}`, "troubleshooting");
  return false;
}

const WRONG_PLACE =
  " (is the id right? If it is, the source asks in the wrong place: another path, column or key)";

const COLOURS = { ok: "green", warning: "yellow", error: "red" } as const;

function mark(level: Finding["level"]): string {
  return paint(COLOURS[level], level.padEnd(7));
}
