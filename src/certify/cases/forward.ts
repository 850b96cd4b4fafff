import { SIGNATURE_HEADER } from "../../protocol/signature.ts";
import { DEFAULT_STATUS_CODES } from "../../protocol/status.ts";
import type { Case, Complaint } from "../case.ts";
import type { ReplyOrNone } from "../connection.ts";
import { answersCode, hasStatus, isSigned } from "../expectation.ts";
import { goodFields, requestWith, sendRequest, type TestedEndpoint } from "../signed-request.ts";

const CORES_REPLY = '{ "status_code": "OK",  "balance": "70.00" }';

function http(status: string, body: string, ...headers: readonly string[]): string {
  const lines = [
    `HTTP/1.1 ${status}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    ...headers,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

const JSON_TYPE = "Content-Type: application/json";

/**
 * A call that no core would move money for: it lacks all that a bet has. No JSON library writes its bytes like this.
 */
function bodyOf(tested: TestedEndpoint): string {
  const fields = { ...goodFields(tested), player_id: tested.unknownPlayer };
  return `${JSON.stringify(fields, null, 1)
    .replace("{", "{ \t")
    .replace("certify", String.raw`\u0063ertify`)}\n`;
}

interface Passing {
  /** What the core answers; `undefined`: it closes the connection. */
  readonly core: string | undefined;
  /** The signature headers, from the right signature. */
  readonly signatures?: (right: string) => readonly string[];
  readonly pathSuffix?: string;
  readonly judge: (reply: ReplyOrNone, tested: TestedEndpoint, body: string) => Complaint;
  /** How often the core is to see it. */
  readonly times: 0 | 1;
}

async function pass(tested: TestedEndpoint, passing: Passing): Promise<Complaint> {
  const { core } = tested;
  if (core === undefined) return "there is no --core";
  const { signatures, pathSuffix } = passing;
  core.expect(passing.core);
  const body = bodyOf(tested);
  const request = requestWith(tested, {
    body,
    ...(signatures === undefined ? {} : { signatures }),
    ...(pathSuffix === undefined ? {} : { pathSuffix }),
  });
  const reply = await sendRequest(tested, request);
  // A retry comes after a pause.
  if (passing.times === 1 && passing.core?.startsWith("HTTP/1.1 200") !== true) await Bun.sleep(AGAIN_MS);
  const seen = core.seen.length;
  if (seen === 0 && passing.times === 1 && !core.isReached) return NOT_REACHED;
  if (seen !== passing.times) return `the core saw the call ${seen} times, not ${passing.times}`;
  return passing.judge(reply, tested, body);
}

const AGAIN_MS = 300;
const NOT_REACHED = "nothing reached the core that --core stands for: does webhook.forward.url lead there?";

const refusedHere = (signatures: (right: string) => readonly string[]): Passing => ({
  core: http("200 OK", CORES_REPLY, JSON_TYPE),
  signatures,
  judge: both(answersCode(DEFAULT_STATUS_CODES.bad_signature).problem, isSigned.problem),
  times: 0,
});

const unknown: Passing["judge"] = both(
  hasStatus(200).problem,
  answersCode(DEFAULT_STATUS_CODES.source_failed).problem,
  isSigned.problem,
);

function both(...judges: readonly Passing["judge"][]): Passing["judge"] {
  return (reply, tested, body) => {
    for (const judge of judges) {
      const complaint = judge(reply, tested, body);
      if (complaint !== undefined) return complaint;
    }
    return undefined;
  };
}

const isCoresReply: Passing["judge"] = (reply) =>
  "noReply" in reply || Buffer.from(reply.body).toString() === CORES_REPLY
    ? undefined
    : "the reply is not the core's, byte for byte";

const cameUnchanged: Passing["judge"] = (_reply, { core, endpoint }, body) => {
  const [call] = core?.seen ?? [];
  if (call === undefined) return undefined;
  if (call.method !== "POST") return `the core got ${call.method}, not POST`;
  const name = endpoint.path.slice(endpoint.path.lastIndexOf("/"));
  if (!call.path.endsWith(name)) return `the core was asked for another path than …${name}`;
  if (call.body.toString() !== body) return "the core got other bytes than were sent";
  return call.headers.has(SIGNATURE_HEADER.toLowerCase()) ? undefined : "the core got no X-Signature";
};

interface Described {
  readonly id: string;
  readonly about: string;
  readonly passing: Passing;
}

const DESCRIBED: readonly Described[] = [
  {
    id: "forward-unchanged",
    about:
      "The core gets the call once, byte for byte, with its X-Signature; its reply goes back so, signed.",
    passing: {
      core: http("200 OK", CORES_REPLY, JSON_TYPE),
      judge: both(cameUnchanged, hasStatus(200).problem, isCoresReply, isSigned.problem),
      times: 1,
    },
  },
  {
    id: "forward-wrong-signature",
    about: "A call with a wrong signature is answered here, signed, and the core never sees it.",
    passing: refusedHere(() => ["0".repeat(64)]),
  },
  {
    id: "forward-no-signature",
    about: "A call without a signature is answered here, signed, and the core never sees it.",
    passing: refusedHere(() => []),
  },
  {
    id: "forward-core-signature",
    about: "A reply that the core signed with something else is signed again.",
    passing: {
      core: http("200 OK", CORES_REPLY, JSON_TYPE, `${SIGNATURE_HEADER}: ${"0".repeat(64)}`),
      judge: both(isCoresReply, isSigned.problem),
      times: 1,
    },
  },
  {
    id: "forward-core-closes",
    about: "A core that closes the connection without a reply is asked once: the call may have moved money.",
    passing: { core: undefined, judge: unknown, times: 1 },
  },
  {
    id: "forward-core-cut-short",
    about: "A reply that is cut short is ERR_UNKNOWN, and the core is asked once.",
    passing: {
      core: http("200 OK", CORES_REPLY, JSON_TYPE).slice(0, -10),
      judge: unknown,
      times: 1,
    },
  },
  {
    id: "forward-core-503",
    about: "A core that answers 503 is asked once.",
    passing: { core: http("503 Service Unavailable", CORES_REPLY, JSON_TYPE), judge: unknown, times: 1 },
  },
  {
    id: "forward-core-html",
    about: "A core's HTML page is not passed on as a reply.",
    passing: { core: http("200 OK", "<h1>Login</h1>", "Content-Type: text/html"), judge: unknown, times: 1 },
  },
  {
    id: "forward-core-no-status-code",
    about: "JSON without a status_code is not a reply: nobody could tell whether the money moved.",
    passing: { core: http("200 OK", '{"balance":"70"}', JSON_TYPE), judge: unknown, times: 1 },
  },
  {
    id: "forward-unknown-endpoint",
    about: "A path below the endpoint is 404, and the core never sees it.",
    passing: {
      core: http("200 OK", CORES_REPLY, JSON_TYPE),
      pathSuffix: "/certify",
      judge: hasStatus(404).problem,
      times: 0,
    },
  },
];

/** Section 1.6: an endpoint whose calls are passed on to a core, which certify stands for. */
export const forwardCases: readonly Case[] = DESCRIBED.map(({ id, about, passing }, index) => ({
  id,
  section: "1.6",
  level: "must",
  about,
  needsKnownPlayer: false,
  // The first one finds out; the others would only repeat it.
  lacks: ({ core }) => (index === 0 || core?.isReached === true ? undefined : NOT_REACHED),
  run: (tested) => pass(tested, passing),
}));
