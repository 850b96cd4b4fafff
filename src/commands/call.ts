import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import {
  callBalance,
  type BalanceCallResult,
  NOT_RUNNING,
  ourTarget,
  type Target,
} from "../certify/balance-call.ts";
import type { EndpointAddress, ProxyAddress } from "../certify/endpoint-address.ts";
import { configPath } from "../config/load.ts";
import { Failure } from "../failure.ts";
import { shownPath } from "../shown-path.ts";
import {
  chosenSecrets,
  givenSecrets,
  secretFileOption,
  secretOption,
  type SecretOptions,
} from "./secret-option.ts";
import { print } from "../standard-output.ts";
import { configOption, integerFrom, parseId, parseWebhookUrl, proxyOption, readConfig } from "./arguments.ts";
import { isItsOwn, portProblem, recordOfCall, statusOfRunning } from "./running-server.ts";

function isGood({ status_code: statusCode, balance, signature }: BalanceCallResult): boolean {
  return statusCode === "OK" && balance !== null && signature === "valid";
}

/** `call PLAYER_ID`: a signed call as Klas would make it. */
export function callCommand() {
  return new Command("call")
    .description("makes a signed call as Klas Gaming would, to the configured server or to --url")
    .argument("<player_id>", "the player's id", parseId)
    .option("--url <webhook-url>", "a WEBHOOK_URL, to which /balance is added", parseWebhookUrl)
    .addOption(secretOption())
    .addOption(secretFileOption())
    .addOption(configOption())
    .addOption(proxyOption())
    .option("--timeout-ms <milliseconds>", "how long to wait for the answer", integerFrom(1, 600_000), 5000)
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      `
Exit status: 0 the answer is OK with a balance and a valid signature,
1 it is not, 2 wrong usage.

Examples:
  klas-balance call 12001
  klas-balance call 12001 --url https://api.example --secret-file secret`,
    )
    .action(async (playerId, options, command) => {
      const { timeoutMs } = options;
      const target = await targetOf(command, options);
      const answered = await callBalance(target, playerId, timeoutMs).catch((error: unknown) =>
        explained(error, target, options),
      );
      const result = { ...answered, ...(await recorded(target, options, answered.request_id)) };
      print(options.json ? `${JSON.stringify(result)}\n` : describe(result));
      if (!isGood(result)) process.exitCode = 1;
    });
}

type TargetOptions = SecretOptions & {
  readonly url?: EndpointAddress | undefined;
  readonly proxy?: ProxyAddress | undefined;
  readonly config?: string | undefined;
};

async function targetOf(command: CommandUnknownOpts, options: TargetOptions): Promise<Target> {
  const { url: endpoint, proxy } = options;
  if (endpoint !== undefined) {
    const secret = await secretForUrl(command, options);
    return { endpoint: { ...endpoint, proxy }, secret, isOurs: false };
  }
  const ours = ourTarget(await readConfig(options));
  const [given] = givenSecrets(command, options);
  return { ...ours, endpoint: { ...ours.endpoint, proxy }, secret: given ?? ours.secret };
}

/** With `--url` the secret of this folder's configuration is a guess, and said to be one. */
async function secretForUrl(command: CommandUnknownOpts, options: TargetOptions): Promise<string> {
  const [given] = givenSecrets(command, options);
  if (given !== undefined) return given;
  const [secret] = await chosenSecrets(command, options);
  const file = shownPath(configPath(options.config, process.env));
  process.stderr.write(`signed with the first secret of ${file}; --secret-file FILE names another\n`);
  return secret;
}

/** What the server knows of the call beyond its reply. */
interface Recorded {
  readonly reason?: string | undefined;
  readonly detail?: string | undefined;
}

async function recorded({ isOurs }: Target, options: TargetOptions, requestId: string): Promise<Recorded> {
  const call = isOurs ? await recordOfCall(await readConfig(options), requestId) : undefined;
  return call === undefined ? {} : { reason: call.reason, detail: call.detail };
}

/** A server that is there and does not answer may listen elsewhere. */
async function explained(error: unknown, { isOurs }: Target, options: TargetOptions): Promise<never> {
  if (!isOurs || !(error instanceof Failure)) throw error;
  const config = await readConfig(options);
  const status = await statusOfRunning(config);
  const problem =
    typeof status === "object" && isItsOwn(config, status) ? portProblem(config, status) : undefined;
  if (problem === undefined) throw error;
  // It is running, so whether it is, is no question.
  throw new Failure(`${error.message.replace(NOT_RUNNING, "")}; ${problem}`, 1);
}

const SEE = 'see "klas-balance help troubleshooting"';

const SIGNATURES = {
  valid: "valid",
  missing: "missing",
  wrong: "wrong: the reply was signed with another secret, or changed on its way",
} as const satisfies Record<BalanceCallResult["signature"], string>;

function describe(result: BalanceCallResult & Recorded): string {
  const hint = result.hint === undefined ? "" : `  (${result.hint})`;
  const lines = [
    `HTTP status  ${result.http_status}${hint}`,
    `status_code  ${result.status_code ?? "none: the reply is not the protocol's JSON"}`,
    `balance      ${result.balance ?? "none"}`,
    `signature    ${SIGNATURES[result.signature]}`,
    `time         ${result.duration_ms} ms`,
    `request_id   ${result.request_id}`,
    ...(result.reason === undefined ? [] : [`reason       ${result.reason}`]),
    ...(result.detail === undefined ? [] : [`detail       ${result.detail}`]),
    ...(isGood(result) ? [] : [SEE]),
  ];
  return `${lines.join("\n")}\n`;
}
