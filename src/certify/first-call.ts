import { createHmac } from "node:crypto";
import { explainSignature } from "../explain/explain.ts";
import { bodyVariants, keyVariants } from "../explain/variants.ts";
import { SIGNATURE_HEADER } from "../protocol/signature.ts";
import { DEFAULT_STATUS_CODES } from "../protocol/status.ts";
import { headerValues, type HttpReply } from "./http-reply.ts";
import { replyContent } from "./reply-content.ts";
import { goodFields, requestWith, sendRequest, type TestedEndpoint } from "./signed-request.ts";

const PROXY = "from a proxy: is the server behind it running?";

/** `ENDPOINT` stands for the name of the one that was called. */
const STATUS_HINTS = new Map([
  [401, "something before the endpoint asks for credentials, which Klas Gaming does not send"],
  [403, "is this address in server.allow_ips?"],
  [404, "is --url the WEBHOOK_URL, without /ENDPOINT?"],
  [405, "the endpoint does not take POST: is --url the WEBHOOK_URL, without /ENDPOINT?"],
  [413, "the body is longer than the endpoint takes: is server.max_body_bytes very small?"],
  [502, PROXY],
  [503, PROXY],
  [504, PROXY],
]);

/** What an HTTP status that is not an answer may mean. */
export function statusHint({ status, headers }: HttpReply, endpoint = "balance"): string | undefined {
  const location = new Map(headers).get("location");
  if (status >= 300 && status < 400 && location !== undefined) {
    return `it redirects to ${location}, and Klas Gaming does not follow: give that URL, without /${endpoint}`;
  }
  const hint = STATUS_HINTS.get(status)?.replace("ENDPOINT", endpoint);
  return status === 404 && endpoint !== "balance" ? `${hint} And is /${endpoint} answered there?` : hint;
}

/** Why a good call may be refused, found out by further calls; `undefined` if nothing is known. */
export async function causeOfRefusal(tested: TestedEndpoint, reply: HttpReply): Promise<string | undefined> {
  const { path } = tested.endpoint;
  if (path.endsWith("/balance/balance") && (await answersAt(tested, path.slice(0, -"/balance".length)))) {
    return "--url ends in /balance already: it is the WEBHOOK_URL, to which /balance is added";
  }
  const { statusCode } = replyContent(reply);
  if (statusCode === DEFAULT_STATUS_CODES.bad_signature) return await causeOfBadSignature(tested, reply);
  if (statusCode === DEFAULT_STATUS_CODES.player_not_found) {
    return `the endpoint knows no player ${JSON.stringify(tested.player)} (--player)`;
  }
  if (statusCode === DEFAULT_STATUS_CODES.invalid_body) {
    return "it calls a body invalid that has the four fields of the protocol and nothing else";
  }
  return statusHint(reply, path.slice(path.lastIndexOf("/") + 1));
}

async function answersAt(tested: TestedEndpoint, path: string): Promise<boolean> {
  return await isAnswered(tested, { ...requestWith(tested), path });
}

async function isAnswered(tested: TestedEndpoint, request: ReturnType<typeof requestWith>): Promise<boolean> {
  const reply = await sendRequest(tested, request);
  return !("noReply" in reply) && replyContent(reply).statusCode === "OK";
}

const ANOTHER_SECRET =
  "the endpoint has another secret: its reply is signed with one that is not the one given here (compare them, the file and the line ends as well)";

async function causeOfBadSignature(tested: TestedEndpoint, reply: HttpReply): Promise<string> {
  const taken = await signatureThatIsTaken(tested);
  if (taken !== undefined) return `the endpoint takes another signature for the right one: ${taken}`;
  const [signature] = headerValues(reply, SIGNATURE_HEADER);
  if (signature === undefined) {
    return "the endpoint has another secret, or verifies something other than the bytes of the body (its reply has no signature, which would tell)";
  }
  const { fits, mistakes } = explainSignature(reply.body, signature, [tested.secret]);
  if (fits) {
    return "the endpoint has this secret, as the signature of its reply shows, but verifies something other than the bytes of the body";
  }
  if (mistakes.length === 0) return ANOTHER_SECRET;
  return `the endpoint signs its own reply in another way, and may verify so: ${mistakes.map(({ message }) => message).join("; ")}`;
}

/** How long other signatures are tried: somebody is waiting. */
const TRYING_MS = 5000;

/** How the endpoint verifies, if it is a known mistake. */
async function signatureThatIsTaken(tested: TestedEndpoint): Promise<string | undefined> {
  const untilMs = performance.now() + TRYING_MS;
  const body = JSON.stringify(goodFields(tested));
  for (const { message, header } of otherSignatures(body, tested.secret)) {
    if (performance.now() > untilMs) return undefined;
    if (await isAnswered(tested, requestWith(tested, { body, signatures: () => [header] }))) return message;
  }
  return undefined;
}

interface OtherSignature {
  readonly message: string;
  readonly header: string;
}

function* otherSignatures(body: string, secret: string): Generator<OtherSignature> {
  const bytes = Buffer.from(body);
  const right = createHmac("sha256", secret).update(bytes);
  const digest = right.digest();
  yield { message: "the header must be base64", header: digest.toString("base64") };
  yield {
    message: "the header must have sha256= before the digits",
    header: `sha256=${digest.toString("hex")}`,
  };
  yield { message: "the header must be in upper case", header: digest.toString("hex").toUpperCase() };
  for (const variant of keyVariants(secret)) {
    if (variant.mistake === undefined) continue;
    const header = createHmac("sha256", variant.bytes).update(bytes).digest("hex");
    yield { message: variant.mistake.message, header };
  }
  for (const variant of bodyVariants(bytes)) {
    if (variant.mistake === undefined) continue;
    yield {
      message: variant.mistake.message,
      header: createHmac("sha256", secret).update(variant.bytes).digest("hex"),
    };
  }
}
