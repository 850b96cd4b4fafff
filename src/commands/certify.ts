import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { CASES } from "../certify/cases.ts";
import { certify } from "../certify/certify.ts";
import { parseWebhookUrl, proxyOption } from "./webhook-url-argument.ts";
import { conforms } from "../certify/report.ts";
import { reportJson } from "../certify/report-json.ts";
import { reportJunit } from "../certify/report-junit.ts";
import { resultLines, summaryLines } from "../certify/report-table.ts";
import { selectCases } from "../certify/select.ts";
import { canonicalAmount } from "../protocol/amount.ts";
import { integerFrom } from "./integer-argument.ts";
import { describeFileError } from "../file-error.ts";
import { paint } from "./paint.ts";
import { replaceFile } from "./whole-file.ts";
import { requiredSecret, secretFileOption, secretOption } from "./secret-option.ts";

const MAX_TIMEOUT_MS = 600_000;
const MAX_SAMPLES = 100_000;

/** `certify --url WEBHOOK_URL --player ID`: status 1 where a must-case fails or the endpoint cannot be reached. */
export function certifyCommand() {
  const command = new Command("certify")
    .description("runs the protocol's cases against any implementation of the balance endpoint")
    .requiredOption("--url <webhook-url>", "the WEBHOOK_URL, to which /balance is added", parseWebhookUrl)
    .requiredOption("--player <id>", "a player whom the endpoint knows")
    .addOption(secretOption())
    .addOption(secretFileOption())
    .option("--unknown-player <id>", "a player whom it does not know (a random id where not given)")
    .addOption(proxyOption())
    .option(
      "--balance <amount>",
      "the known player's balance, to check the amount to the last digit",
      parseAmount,
    )
    .option("--timeout-ms <ms>", "how long one call may take", integerFrom(1, MAX_TIMEOUT_MS), 5000)
    .option("--samples <count>", "good calls whose times are measured", integerFrom(0, MAX_SAMPLES), 200)
    .option(
      "--only <id>",
      "run this case, or those of a pattern such as signature-*; repeatable",
      collect,
      [],
    )
    .option("--skip <id>", "leave out this case, or those of a pattern; repeatable", collect)
    .option("--json", "print the report as JSON")
    .option("--junit <file>", "also write the report as JUnit XML")
    .addHelpText(
      "after",
      "\nExample:\n  klas-balance certify --url https://api.example --secret-file secret --player 12001",
    )
    .action(async (options) => {
      const { url, proxy, json = false, junit, ...target } = options;
      const endpoint = { ...url, proxy };
      const secret = requiredSecret(command, options);
      const selection = selectCases(CASES, options.only ?? [], options.skip ?? []);
      const cases = selection.valid ? selection.cases : fail(selection.problem, 2);

      const idWidth = Math.max(...cases.map(({ id }) => id.length));
      const outcome = await certify({ ...target, endpoint, secret }, cases, (result) => {
        if (!json) printLine(resultLines(result, idWidth, paint));
      });
      const report =
        "unreachable" in outcome ? fail(`cannot reach ${endpoint.url}: ${outcome.unreachable}`, 1) : outcome;
      printLine(json ? reportJson(report) : `\n${summaryLines(report, paint)}`);
      if (!conforms(report)) process.exitCode = 1;
      if (junit !== undefined) await writeReport(junit, reportJunit(report));
    });

  async function writeReport(file: string, text: string): Promise<void> {
    try {
      await replaceFile(file, [text]);
    } catch (error) {
      fail(`cannot write ${file}: ${describeFileError(error)}`, 1);
    }
  }

  function fail(message: string, exitCode: 1 | 2): never {
    return command.error(`error: ${message}`, { exitCode });
  }

  return command;
}

function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

function parseAmount(text: string): string {
  const amount = canonicalAmount(text);
  if (amount === undefined) throw new InvalidArgumentError("Expected a decimal such as 30 or 30.50.");
  return amount;
}

function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}
