import { canonicalAmount } from "../../src/protocol/amount.ts";
import { replyBody } from "../../src/protocol/reply.ts";
import { parseRequest } from "../../src/protocol/request.ts";
import { sign, SIGNATURE_HEADER, signingKey, verify } from "../../src/protocol/signature.ts";

export const SECRET = "klas-certify-тест";
export const PLAYER = "12001";
export const BALANCE = "12345678901234567.89";

/** A correct endpoint, in steps of which a test replaces one to get a broken one. */
export interface Steps {
  verify(body: Uint8Array, header: string | null): boolean;
  parse(body: Uint8Array): ReturnType<typeof parseRequest>;
  lookup(playerId: string): string | null;
  reply(statusCode: string, balance: string | undefined, body: Uint8Array): string;
  respond(reply: string, status: number): Response | Promise<Response>;
}

const MAX_BODY_BYTES = 16_384;
const key = signingKey(SECRET);
const players = new Map([[PLAYER, BALANCE]]);

/** The steps of a correct endpoint. */
export const correct: Steps = {
  verify: (body, header) => verify(body, header, [key]).valid,
  parse: parseRequest,
  lookup: (playerId) => players.get(playerId) ?? null,
  reply: (statusCode, balance) => replyBody(statusCode, balance),
  respond: (reply, status) => signedResponse(reply, status, signatureOf(reply)),
};

export function signatureOf(text: string | Uint8Array): string {
  return sign(text, key);
}

export function signedResponse(reply: string, status: number, signature: string | undefined): Response {
  const headers = new Headers({ "Content-Type": "application/json" });
  if (signature !== undefined) headers.set(SIGNATURE_HEADER, signature);
  return new Response(reply, { status, headers });
}

/** Serves the steps on a loopback port until it is stopped. */
export function serveSteps(changes: Partial<Steps> = {}) {
  const steps = { ...correct, ...changes };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    error: () => new Response("<h1>Internal error</h1>", { status: 500 }),
    fetch: (request) => answer(steps, request),
  });
  return { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
}

async function answer(steps: Steps, request: Request): Promise<Response> {
  if (new URL(request.url).pathname !== "/balance") return new Response(null, { status: 404 });
  if (request.method !== "POST") return new Response(null, { status: 405, headers: { Allow: "POST" } });
  const body = new Uint8Array(await request.arrayBuffer());
  const refuse = (code: string, status = 200): Response | Promise<Response> =>
    steps.respond(steps.reply(code, undefined, body), status);
  if (body.length > MAX_BODY_BYTES) return refuse("ERR_INVALID_BODY", 413);
  if (!steps.verify(body, request.headers.get(SIGNATURE_HEADER))) return refuse("ERR_INTEGRITY_CHECK_FAILED");
  const parsed = steps.parse(body);
  if (!parsed.valid) return refuse("ERR_INVALID_BODY");
  const balance = steps.lookup(parsed.request.player_id);
  if (balance === null) return refuse("ERR_PLAYER_NOT_FOUND");
  return steps.respond(steps.reply("OK", canonicalAmount(balance), body), 200);
}
