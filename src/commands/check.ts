import { stat } from "node:fs/promises";
import { Command } from "@commander-js/extra-typings";
import type { Config } from "../config/load.ts";
import { ConfigError } from "../config/problem.ts";
import { secretWarnings } from "../config/secret-warnings.ts";
import { openLog } from "../observe/log.ts";
import { endpointPath } from "../answer/listener.ts";
import { Failure } from "../failure.ts";
import { readServerTls } from "../answer/tls.ts";
import { openService } from "../answer/service.ts";
import { messageOf } from "../source/thrown.ts";
import { configOption, readConfig } from "./config-option.ts";
import { paint } from "./paint.ts";

interface Finding {
  readonly level: "ok" | "warning" | "error";
  readonly message: string;
}

type Report = (level: Finding["level"], message: string) => void;

/** `check`: validates the configuration, opens the source and probes it. */
export function checkCommand() {
  return new Command("check")
    .description("validates the configuration, opens the source and probes it")
    .addOption(configOption())
    .option("--json", "print an array of {level, message}")
    .addHelpText("after", "\nExit status: 0 all is well, 1 the source is not, 2 the configuration is not.")
    .action(async (options) => {
      const findings: Finding[] = [];
      process.exitCode = await check(options, (level, message) => {
        findings.push({ level, message });
        if (!options.json) process.stdout.write(`${mark(level)} ${message}\n`);
      });
      if (options.json) process.stdout.write(`${JSON.stringify(findings)}\n`);
    });
}

async function check(options: { readonly config?: string | undefined }, report: Report): Promise<0 | 1 | 2> {
  try {
    const config = await readConfig(options);
    const tls = await readServerTls(config);
    await reportConfig(config, report);
    if (tls !== undefined) report("ok", "the certificate and its key can be served");
    return (await probe(config, report)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    for (const line of error.message.split("\n")) report("error", line);
    return error instanceof ConfigError ? 2 : 1;
  }
}

async function reportConfig(config: Config, report: Report): Promise<void> {
  const { server, webhook, sources } = config;
  report("ok", `${config.file} is valid`);
  report(
    "ok",
    `would listen on ${server.host} port ${server.port} and answer POST ${endpointPath(webhook.path)}`,
  );
  const { mode } = await stat(config.file);
  if ((mode & 0o007) !== 0) {
    report(
      "warning",
      `every user of this machine can read ${config.file}, and it may hold a secret: chmod 600`,
    );
  }
  for (const [index, { length }] of webhook.secrets.entries()) {
    const use = index === 0 ? "signs and verifies" : "verifies";
    report("ok", `secret ${index + 1} (****, ${length} characters) ${use}`);
  }
  for (const warning of secretWarnings(webhook.secrets)) report("warning", warning);
  for (const { name, plugin } of sources.values()) {
    report(
      "ok",
      `source "${name}" (${plugin}) is configured well${name === webhook.source ? ", and in use" : ""}`,
    );
  }
}

async function probe(config: Config, report: Report): Promise<boolean> {
  const errors = openLog({ level: "error", format: config.log.format }, { fileDescriptor: 2 });
  const log = {
    ...errors,
    warn: (message: string) => report("warning", `source "${config.source.name}": ${message}`),
  };
  const { source } = await openService(config, { log, isRehearsal: true });
  const problem = await source.check();
  const closing = await source.close().then(() => undefined, messageOf);
  if (problem === undefined) report("ok", `source "${config.source.name}" opens and answers`);
  else report("error", `source "${config.source.name}" is not ready: ${problem}`);
  if (closing !== undefined) report("error", `source "${config.source.name}" does not close: ${closing}`);
  await log.flush();
  return problem === undefined && closing === undefined;
}

const COLOURS = { ok: "green", warning: "yellow", error: "red" } as const;

function mark(level: Finding["level"]): string {
  return paint(COLOURS[level], level.padEnd(7));
}
