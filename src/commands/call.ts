import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import * as v from "valibot";
import type { Endpoint } from "../certify/connection.ts";
import { sign, SIGNATURE_HEADER, signingKey } from "../protocol/signature.ts";
import { configPath } from "../config/load.ts";
import { Failure } from "../failure.ts";
import { shownPath } from "../shown-path.ts";
import { endpointPath } from "../answer/listener.ts";
import { configOption, readConfig } from "./config-option.ts";
import { integerFrom } from "./integer-argument.ts";
import { parseWebhookUrl } from "./webhook-url-argument.ts";
import { chosenSecrets } from "./chosen-secrets.ts";
import { givenSecrets, secretFileOption, secretOption, type SecretOptions } from "./secret-option.ts";
import { reachable, signedCall } from "./signed-call.ts";

const replySchema = v.object({ status_code: v.string(), balance: v.optional(v.string()) });

interface CallResult {
  readonly http_status: number;
  readonly status_code: string | null;
  readonly balance: string | null;
  readonly signature: "valid" | "missing" | "wrong";
  readonly duration_ms: number;
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
      const target = await targetOf(command, options);
      const result = await call(target, playerId, options.timeoutMs);
      process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : describe(result));
      if (result.status_code !== "OK" || result.signature !== "valid") process.exitCode = 1;
    });
}

interface Target {
  readonly url: string;
  readonly secret: string;
  /** The server of the configuration, on this machine. */
  readonly isOurs: boolean;
}

type TargetOptions = SecretOptions & {
  readonly url?: Endpoint | undefined;
  readonly config?: string | undefined;
};

async function targetOf(command: CommandUnknownOpts, options: TargetOptions): Promise<Target> {
  if (options.url !== undefined) {
    return { url: options.url.url, secret: await secretForUrl(command, options), isOurs: false };
  }
  const { server, webhook } = await readConfig(options);
  const host = server.host.includes(":") ? `[${server.host}]` : server.host;
  const scheme = server.tls === undefined ? "http" : "https";
  const url = reachable(`${scheme}://${host}:${server.port}${endpointPath(webhook.path)}`);
  const [given] = givenSecrets(command, options);
  return { url, secret: given ?? webhook.secrets[0], isOurs: true };
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
  { url, secret, isOurs }: Target,
  playerId: string,
  timeoutMs: number,
): Promise<CallResult> {
  const { body, signature } = signedCall(secret, playerId);
  const startedMs = performance.now();
  try {
    const response = await fetch(url, {
      method: "POST",
      body,
      headers: { "Content-Type": "application/json", [SIGNATURE_HEADER]: signature },
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
      // Our own server is asked by an address of this machine, which its certificate does not name.
      tls: { rejectUnauthorized: !isOurs },
    });
    const bytes = await response.bytes();
    const durationMs = performance.now() - startedMs;
    const reply = parseReply(bytes);
    const header = response.headers.get(SIGNATURE_HEADER)?.toLowerCase();
    return {
      http_status: response.status,
      status_code: reply?.status_code ?? null,
      balance: reply?.balance ?? null,
      signature:
        header === undefined ? "missing" : header === sign(bytes, signingKey(secret)) ? "valid" : "wrong",
      duration_ms: Math.round(durationMs * 1000) / 1000,
    };
  } catch (error) {
    throw new Failure(`no answer from ${url}: ${describeCallError(error)}`, 1);
  }
}

function parseReply(bytes: Uint8Array): v.InferOutput<typeof replySchema> | undefined {
  try {
    const result = v.safeParse(replySchema, JSON.parse(new TextDecoder().decode(bytes)));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}

const UNTRUSTED =
  "its certificate is not trusted; the variable NODE_EXTRA_CA_CERTS names the file of an authority of your own";

const CALL_ERRORS = new Map([
  ["ECONNREFUSED", 'nothing listens there; is "klas-balance serve" running?'],
  ["ConnectionRefused", 'nothing listens there; is "klas-balance serve" running?'],
  ["ECONNRESET", "the connection was closed before the answer came"],
  ["ENOTFOUND", "the name cannot be resolved"],
  ["FailedToOpenSocket", "no connection can be made"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", UNTRUSTED],
  ["SELF_SIGNED_CERT_IN_CHAIN", UNTRUSTED],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", UNTRUSTED],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", UNTRUSTED],
]);

function describeCallError(error: unknown): string {
  if (error instanceof DOMException && error.name === "TimeoutError") return "not in time (--timeout-ms)";
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return CALL_ERRORS.get(code) ?? (error instanceof Error ? error.message : String(error));
}

const SIGNATURES = {
  valid: "valid",
  missing: "missing",
  wrong: "wrong: the reply was signed with another secret, or changed on its way",
} as const satisfies Record<CallResult["signature"], string>;

const PROXY = "  (from a proxy: is the server behind it running?)";

const STATUS_HINTS = new Map([
  [403, "  (is this address in server.allow_ips?)"],
  [404, "  (is --url the WEBHOOK_URL, without /balance?)"],
  [502, PROXY],
  [503, PROXY],
  [504, PROXY],
]);

function describe(result: CallResult): string {
  const hint = STATUS_HINTS.get(result.http_status) ?? "";
  const lines = [
    `HTTP status  ${result.http_status}${hint}`,
    `status_code  ${result.status_code ?? "none: the reply is not the protocol's JSON"}`,
    `balance      ${result.balance ?? "none"}`,
    `signature    ${SIGNATURES[result.signature]}`,
    `time         ${result.duration_ms} ms`,
  ];
  return `${lines.join("\n")}\n`;
}
