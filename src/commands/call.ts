import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { speaksTls } from "../certify/connection.ts";
import { sendTo } from "../certify/http-request.ts";
import { REFUSED } from "../certify/dial.ts";
import { type Endpoint, endpointOf, type Proxy } from "../certify/endpoint.ts";
import { statusHint } from "../certify/first-call.ts";
import { headerValues } from "../certify/http-reply.ts";
import { replyContent } from "../certify/reply-content.ts";
import { isLoopback } from "../config/address.ts";
import { configPath } from "../config/load.ts";
import { Failure } from "../failure.ts";
import { sign, SIGNATURE_HEADER, signingKey } from "../protocol/signature.ts";
import { shownPath } from "../shown-path.ts";
import { chosenSecrets } from "./chosen-secrets.ts";
import { configOption, readConfig } from "./config-option.ts";
import { integerFrom } from "./integer-argument.ts";
import { givenSecrets, secretFileOption, secretOption, type SecretOptions } from "./secret-option.ts";
import { originOf, signedCall } from "./signed-call.ts";
import { parseWebhookUrl, proxyOption } from "./webhook-url-argument.ts";

interface CallResult {
  readonly request_id: string;
  readonly http_status: number;
  readonly status_code: string | null;
  readonly balance: string | null;
  readonly signature: "valid" | "missing" | "wrong";
  readonly duration_ms: number;
  /** What the HTTP status may mean. */
  readonly hint: string | undefined;
}

function isGood({ status_code: statusCode, balance, signature }: CallResult): boolean {
  return statusCode === "OK" && balance !== null && signature === "valid";
}

/** `call PLAYER_ID`: a signed call as Klas would make it. */
export function callCommand() {
  return new Command("call")
    .description("makes a signed call as Klas Gaming would, to the configured server or to --url")
    .argument("<player_id>")
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
Examples:
  klas-balance call 12001
  klas-balance call 12001 --url https://api.example --secret-file secret`,
    )
    .action(async (playerId, options, command) => {
      const { timeoutMs } = options;
      const target = await targetOf(command, options);
      const result = await call(target, playerId, timeoutMs);
      process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : describe(result));
      if (!isGood(result)) process.exitCode = 1;
    });
}

interface Target {
  readonly endpoint: Endpoint;
  readonly secret: string;
  /** The server of the configuration, on this machine. */
  readonly isOurs: boolean;
}

type TargetOptions = SecretOptions & {
  readonly url?: Endpoint | undefined;
  readonly proxy?: Proxy | undefined;
  readonly config?: string | undefined;
};

async function targetOf(command: CommandUnknownOpts, options: TargetOptions): Promise<Target> {
  const { url: endpoint, proxy } = options;
  if (endpoint !== undefined) {
    const secret = await secretForUrl(command, options);
    return { endpoint: { ...endpoint, proxy }, secret, isOurs: false };
  }
  const { server, webhook } = await readConfig(options);
  const origin = originOf(server.tls === undefined ? "http" : "https", server);
  const ours = endpointOf(origin + webhook.path);
  if (ours === undefined) throw new Failure(`server.host is not an address that can be called: ${origin}`, 2);
  const [given] = givenSecrets(command, options);
  return {
    endpoint: { ...ours, proxy, trustsAnyCertificate: true },
    secret: given ?? webhook.secrets[0],
    isOurs: true,
  };
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

async function call(
  { endpoint, secret, isOurs }: Target,
  playerId: string,
  timeoutMs: number,
): Promise<CallResult> {
  const { requestId, body, signature } = signedCall(secret, playerId);
  const startedMs = performance.now();
  const reply = await sendTo(endpoint, timeoutMs, {
    method: "POST",
    path: endpoint.path,
    headers: [
      ["Content-Type", "application/json"],
      [SIGNATURE_HEADER, signature],
    ],
    body: Buffer.from(body),
    chunked: false,
  });
  const durationMs = performance.now() - startedMs;
  if ("noReply" in reply) {
    const isRefused = reply.noReply === REFUSED && (isOurs || isLoopback(endpoint.host));
    const hint = isRefused ? ': nothing listens there; is "klas-balance serve" running?' : "";
    const wrongScheme = (await speaksTls(endpoint, timeoutMs)) ? WRONG_SCHEME : "";
    throw new Failure(`no answer from ${endpoint.url}: ${reply.noReply}${hint}${wrongScheme}`, 1);
  }
  const { statusCode, balance } = replyContent(reply);
  const header = headerValues(reply, SIGNATURE_HEADER)[0]?.toLowerCase();
  return {
    request_id: requestId,
    http_status: reply.status,
    status_code: statusCode ?? null,
    balance: balance?.isText === true ? balance.text : null,
    signature:
      header === undefined ? "missing" : header === sign(reply.body, signingKey(secret)) ? "valid" : "wrong",
    duration_ms: Math.round(durationMs * 1000) / 1000,
    hint: statusHint(reply),
  };
}

const SEE = 'see "klas-balance help troubleshooting"';

const WRONG_SCHEME = "; it speaks TLS there: the URL begins with https://";

const SIGNATURES = {
  valid: "valid",
  missing: "missing",
  wrong: "wrong: the reply was signed with another secret, or changed on its way",
} as const satisfies Record<CallResult["signature"], string>;

function describe(result: CallResult): string {
  const hint = result.hint === undefined ? "" : `  (${result.hint})`;
  const lines = [
    `HTTP status  ${result.http_status}${hint}`,
    `status_code  ${result.status_code ?? "none: the reply is not the protocol's JSON"}`,
    `balance      ${result.balance ?? "none"}`,
    `signature    ${SIGNATURES[result.signature]}`,
    `time         ${result.duration_ms} ms`,
    `request_id   ${result.request_id}`,
    ...(isGood(result) ? [] : [SEE]),
  ];
  return `${lines.join("\n")}\n`;
}
