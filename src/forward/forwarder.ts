import { authorizer } from "../../plugins/shared/authorize.ts";
import { idForHeader } from "../../plugins/shared/header-id.ts";
import { type ClientTls, readTls } from "../../plugins/shared/tls.ts";
import type { Config } from "../config/load.ts";
import type { Problem } from "../config/problem.ts";
import { SIGNATURE_HEADER } from "../protocol/signature.ts";
import type { Outcome } from "../protocol/status.ts";
import type { Trace } from "../protocol/trace.ts";
import { judgeReply, type PassedOn } from "./core-reply.ts";
import { openCore } from "./exchange.ts";

/** A call whose signature holds, as it came. */
export interface VerifiedCall {
  /** The last part of the address. */
  readonly endpoint: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly requestId: string | undefined;
  readonly trace: Trace;
}

/** Passes calls on to the operator's core, each of them at most once (spec 1.6). */
export interface Forwarder {
  readonly endpoints: readonly string[];
  readonly maxBodyBytes: number;
  readonly timeoutMs: number;
  /** Calls under way. */
  readonly inFlight: number;
  /** Why the core cannot be connected to, in words; `undefined` if it can. Nothing is sent. */
  reach(): Promise<string | undefined>;
  /** Resolves to the answer. Never rejects. */
  pass(call: VerifiedCall): Promise<Outcome | PassedOn>;
}

type ForwardOptions = NonNullable<Config["webhook"]["forward"]>;

const OVERLOADED: Outcome = { reason: "overloaded", detail: "webhook.forward.max_in_flight" };

/** The one control character that the runtime takes in a header's value (RFC 9110, section 5.5). */
const DELETE = "\u007f";

/** Some firewalls turn away clients without a User-Agent. */
const USER_AGENT = "klas-balance";

/** The forwarder that a configuration asks for. Its certificates are read; nothing is open yet. */
export async function bindForwarder({ webhook: { forward }, directory }: Config): Promise<{
  readonly forwarder: Forwarder | undefined;
  readonly problems: readonly Problem[];
}> {
  if (forward === undefined) return { forwarder: undefined, problems: [] };
  try {
    return { forwarder: openForwarder(forward, await readTls(forward.tls, directory)), problems: [] };
  } catch (error) {
    return {
      forwarder: undefined,
      problems: [
        { path: ["webhook", "forward"], message: error instanceof Error ? error.message : String(error) },
      ],
    };
  }
}

function openForwarder(options: ForwardOptions, tls: ClientTls | undefined): Forwarder {
  const authorize = authorizer(options.auth);
  const { post, reach } = openCore({
    url: new URL(options.url),
    tls,
    timeoutMs: options.timeout_ms,
    maxResponseBytes: options.max_response_bytes,
  });
  let inFlight = 0;
  return {
    endpoints: options.endpoints,
    maxBodyBytes: options.max_body_bytes,
    timeoutMs: options.timeout_ms,
    get inFlight() {
      return inFlight;
    },
    reach,
    async pass(call) {
      if (inFlight >= options.max_in_flight) return OVERLOADED;
      inFlight += 1;
      try {
        const headers = headersOf(call);
        const odd = Object.entries(headers).find(([, value]) => value.includes(DELETE));
        if (odd !== undefined) {
          return {
            reason: "source_failed",
            detail: `the caller's ${odd[0]} has a character that no header may hold`,
          };
        }
        authorize(headers, call.body);
        return judgeReply(await post(call.endpoint, headers, call.body));
      } finally {
        inFlight -= 1;
      }
    },
  };
}

function headersOf({ headers, requestId, trace }: VerifiedCall): Record<string, string> {
  const sent: Record<string, string> = {
    "content-type": headers.get("Content-Type") ?? "application/json",
    // The reply goes back byte for byte. Without this a core may choose any coding (RFC 9110, section 12.5.3).
    "accept-encoding": "identity",
    "user-agent": USER_AGENT,
    traceparent: trace.traceparent,
  };
  if (requestId !== undefined) sent["x-request-id"] = idForHeader(requestId);
  if (trace.tracestate !== undefined) sent["tracestate"] = trace.tracestate;
  for (const name of [SIGNATURE_HEADER, "X-Timestamp"]) {
    const value = headers.get(name);
    if (value !== null) sent[name.toLowerCase()] = value;
  }
  return sent;
}
