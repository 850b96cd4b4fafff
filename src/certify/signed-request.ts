import { randomUUID } from "node:crypto";
import { sign, SIGNATURE_HEADER, type SigningKey } from "../protocol/signature.ts";
import type { RawConnection, ReplyOrNone } from "./connection.ts";
import type { StandInCore } from "./stand-in-core.ts";
import type { EndpointAddress } from "./endpoint-address.ts";
import { encodeRequest, type HttpRequest, sendTo } from "./http-request.ts";

/** The endpoint under test and what is known about it. */
export interface TestedEndpoint {
  readonly endpoint: EndpointAddress;
  readonly key: SigningKey;
  readonly secret: string;
  readonly player: string;
  readonly unknownPlayer: string;
  /** The known player's balance, if the user gave it. */
  readonly balance: string | undefined;
  readonly timeoutMs: number;
  readonly samples: number;
  readonly samplingMs?: number | undefined;
  /** What stands for the operator's core, behind an endpoint that passes calls on. */
  readonly core?: StandInCore | undefined;
  /** Takes the duration of one good call on an open connection. */
  readonly recordMs: (durationMs: number) => void;
}

/** The four fields of a good request, with an id of its own. */
export interface Fields {
  readonly request_id: string;
  readonly timestamp: number;
  readonly session_id: string;
  readonly player_id: string;
}

export function goodFields(tested: TestedEndpoint): Fields {
  return {
    request_id: randomUUID(),
    timestamp: Math.floor(Date.now() / 1000),
    session_id: randomUUID(),
    player_id: tested.player,
  };
}

/** How a call differs from a good one. */
export interface Departure {
  /** Fields that replace or join the good ones; `undefined` removes one. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** The whole body, in place of the fields. */
  readonly body?: string | Uint8Array;
  /** The signature headers, from the right signature. */
  readonly signatures?: (right: string) => readonly string[];
  readonly signatureHeader?: string;
  readonly contentType?: string | undefined;
  readonly method?: string;
  readonly pathSuffix?: string;
  readonly chunked?: boolean;
}

/** A good call, except for its departure. */
export function requestWith(tested: TestedEndpoint, departure: Departure = {}): HttpRequest {
  const fields = { ...goodFields(tested), ...departure.fields };
  const body = bytesOf(departure.body ?? JSON.stringify(fields));
  const right = sign(body, tested.key);
  const signatures = departure.signatures?.(right) ?? [right];
  const contentType = "contentType" in departure ? departure.contentType : "application/json";
  const signatureHeader = departure.signatureHeader ?? SIGNATURE_HEADER;
  return {
    method: departure.method ?? "POST",
    path: tested.endpoint.path + (departure.pathSuffix ?? ""),
    headers: [
      ...(contentType === undefined ? [] : [["Content-Type", contentType] as const]),
      ...signatures.map((signature) => [signatureHeader, signature] as const),
    ],
    body,
    chunked: departure.chunked ?? false,
  };
}

function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === "string" ? Buffer.from(body) : body;
}

/** Sends a call over an open connection, in one piece. */
export function exchangeRequest(
  connection: RawConnection,
  tested: TestedEndpoint,
  call: HttpRequest,
): Promise<ReplyOrNone> {
  return connection.exchange([Buffer.concat(encodeRequest(call, tested.endpoint))]);
}

/** Sends a call over a connection of its own, so that no case can spoil the next one. */
export function sendRequest(tested: TestedEndpoint, call: HttpRequest): Promise<ReplyOrNone> {
  return sendTo(tested.endpoint, tested.timeoutMs, call);
}
