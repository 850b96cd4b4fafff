import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { CASES_BY_ENDPOINT } from "../certify/cases.ts";
import { type StandInCore, startStandInCore } from "../certify/stand-in-core.ts";
import { besides } from "../certify/endpoint-address.ts";
import { listenProblem } from "../answer/port.ts";
import { certify } from "../certify/certify.ts";
import { print } from "../standard-output.ts";
import { integerFrom, parseId, parseWebhookUrl, proxyOption } from "./arguments.ts";
import { conforms } from "../certify/report.ts";
import { reportJson } from "../certify/report-json.ts";
import { reportJunit } from "../certify/report-junit.ts";
import { headLine, resultLines, summaryLines } from "../certify/report-table.ts";
import { selectCases } from "../certify/select-cases.ts";
import { canonicalAmount } from "../protocol/amount.ts";
import { describeFileError } from "../file-error.ts";
import { paint } from "./paint.ts";
import { replaceFile, tryToReplace } from "./whole-file.ts";
import { requiredSecret, secretFileOption, secretOption } from "./secret-option.ts";

const ENDPOINTS = ["balance", "authenticate", "forward"] as const;
const MAX_TIMEOUT_MS = 600_000;
const MAX_SAMPLES = 100_000;
const DEFAULT_SAMPLES = 200;
/** Unless a number of samples is asked for: 200 calls to a slow endpoint would take its time. */
const SAMPLING_MS = 2000;

/** `certify --url WEBHOOK_URL --player ID`: status 1 if a must-case fails or the endpoint cannot be reached. */
export function certifyCommand() {
  const command = new Command("certify")
    .description("runs the protocol's cases against any implementation of the endpoint")
    .requiredOption("--url <webhook-url>", "the WEBHOOK_URL, to which /balance is added", parseWebhookUrl)
    .option("--player <id>", "a player whom the endpoint knows; needed unless calls are passed on", parseId)
    .addOption(
      new Option("--endpoint <name>", "what to test: balances, the launch call, or calls that are passed on")
        .choices(ENDPOINTS)
        .default("balance" as const),
    )
    .option(
      "--core <[host:]port>",
      "with --endpoint forward: where webhook.forward.url leads to; certify listens there in place of the core",
      parseCore,
    )
    .addOption(secretOption())
    .addOption(secretFileOption())
    .option("--unknown-player <id>", "a player whom it does not know (a random id if none is given)", parseId)
    .addOption(proxyOption())
    .option(
      "--balance <amount>",
      "the known player's balance, to check the amount to the last digit",
      parseAmount,
    )
    .option("--timeout-ms <ms>", "how long one call may take", integerFrom(1, MAX_TIMEOUT_MS), 5000)
    .option(
      "--samples <count>",
      `good calls whose times are measured (default: ${DEFAULT_SAMPLES}, or fewer in ${SAMPLING_MS / 1000} s)`,
      integerFrom(0, MAX_SAMPLES),
    )
    .addOption(
      new Option("--only <id>", "run this case, or those of a pattern such as signature-*; repeatable")
        .argParser(collect)
        .default([], "all of them"),
    )
    .option("--skip <id>", "leave out this case, or those of a pattern; repeatable", collect)
    .option("--keep-going", "run what can be run even if a good call is not answered")
    .option("--failed", "print the cases that failed, and no others")
    .option("--json", "print the report as JSON")
    .option("--junit <file>", "also write the report as JUnit XML")
    .addHelpText(
      "after",
      `
Exit status: 0 every must is met, 1 it is not, 2 wrong usage.

Examples:
  klas-balance certify --url https://api.example --secret-file secret \\
    --player 12001
  klas-balance certify --url http://127.0.0.1:8080 --secret-file secret \\
    --endpoint forward --core 9000`,
    )
    .action(async (options) => {
      const {
        url,
        proxy,
        endpoint: name,
        core: place,
        json = false,
        junit,
        samples,
        only,
        failed: failedAlone,
        ...target
      } = options;
      const { player } = options;
      if (name === "forward" && place === undefined) fail("--endpoint forward needs --core [HOST:]PORT", 2);
      if (name !== "forward" && player === undefined)
        fail("--player is needed: one whom the endpoint knows", 2);
      const endpoint = { ...besides(url, name === "forward" ? "bet" : name), proxy };
      const secret = requiredSecret(command, options);
      const selection = selectCases(CASES_BY_ENDPOINT[name], only, options.skip ?? []);
      const cases = selection.valid ? selection.cases : fail(selection.problem, 2);

      if (junit !== undefined) await tryToReplace(junit).catch((error: unknown) => failWriting(junit, error));
      const idWidth = Math.max(...cases.map(({ id }) => id.length));
      let isHeadPrinted = false;
      const subject = {
        ...target,
        endpoint,
        core: await coreOf(name === "forward" ? place : undefined),
        player: player ?? "",
        secret,
        samples: samples ?? DEFAULT_SAMPLES,
        samplingMs: samples === undefined ? SAMPLING_MS : undefined,
        // Anyone who names cases wants them run.
        keepsGoing: options.keepGoing === true || only.length > 0,
      };
      const outcome = await certify(subject, cases, (result) => {
        if (json || (failedAlone === true && result.result !== "failed")) return;
        if (!isHeadPrinted) print(`${headLine(idWidth, paint)}\n`);
        isHeadPrinted = true;
        print(`${resultLines(result, idWidth, paint)}\n`);
      });
      await subject.core?.[Symbol.asyncDispose]();
      const report =
        "unreachable" in outcome ? fail(`cannot reach ${endpoint.url}: ${outcome.unreachable}`, 1) : outcome;
      print(
        json ? `${reportJson(report)}\n` : `${isHeadPrinted ? "\n" : ""}${summaryLines(report, paint)}\n`,
      );
      if (!conforms(report)) process.exitCode = 1;
      if (junit !== undefined) await writeReport(junit, reportJunit(report));
    });

  async function coreOf(place: Place | undefined): Promise<StandInCore | undefined> {
    try {
      return place && (await startStandInCore(place.host, place.port));
    } catch (error) {
      const problem = listenProblem(error, place?.port ?? 0, { host: "--core", port: "--core" });
      return fail(`cannot listen at --core: ${problem}`, 1);
    }
  }

  async function writeReport(file: string, text: string): Promise<void> {
    try {
      await replaceFile(file, [text]);
    } catch (error) {
      failWriting(file, error);
    }
  }

  function failWriting(file: string, error: unknown): never {
    return fail(`cannot write ${file}: ${describeFileError(error)}`, 1);
  }

  function fail(message: string, exitCode: 1 | 2): never {
    return command.error(`error: ${message}`, { exitCode });
  }

  return command;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

function parseCore(text: string): Place {
  const [, host = "127.0.0.1", port = ""] = /^(?:\[?([^\]]+)\]?:)?(\d{1,5})$/.exec(text) ?? [];
  if (port === "" || Number(port) > 65_535) throw new InvalidArgumentError("Expected a port, or host:port.");
  return { host, port: Number(port) };
}

function parseAmount(text: string): string {
  const amount = canonicalAmount(text);
  if (amount === undefined) throw new InvalidArgumentError("Expected a decimal such as 30 or 30.50.");
  return amount;
}

function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}
