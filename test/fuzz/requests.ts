import { type Connection, open, type Reply, signatureOf } from "../raw-http.ts";
import { BALANCES, type Expected, SECRETS } from "./oracle.ts";
import { type FuzzedRequest, fuzzedRequest } from "./mutations.ts";
import { type Random, randomFrom } from "./random.ts";

/** The configuration that the oracle speaks of. */
export const FUZZED_CONFIG = `
[webhook]
secrets = [${SECRETS.map((secret) => JSON.stringify(secret)).join(", ")}]
[sources.players]
plugin = "static"
players = { ${Array.from(BALANCES, ([id, balance]) => `${JSON.stringify(id)} = "${balance}"`).join(", ")} }
[log]
level = "error"
`;

const CONNECTIONS = 8;
const MAX_PIPELINED = 16;

export interface Counts {
  readonly requests: number;
  /** By HTTP status and body's status code. */
  readonly answers: ReadonlyMap<string, number>;
}

/**
 * Sends mutated requests over keep-alive connections, several in a row, and compares each reply with what
 * the oracle says. Throws with the seed and the request if one differs.
 */
export async function fuzzRequests(
  port: number,
  seed: number,
  isEnough: (requests: number) => boolean,
  onProgress: (requests: number) => void = () => {},
): Promise<Counts> {
  const random = randomFrom(seed);
  const answers = new Map<string, number>();
  let requests = 0;
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(port)));
  try {
    while (!isEnough(requests)) {
      const batches = connections.map((connection) => ({ connection, batch: batchOf(random) }));
      await Promise.all(batches.map(({ connection, batch }) => exchangeBatch(connection, batch, seed)));
      for (const { expected } of batches.flatMap(({ batch }) => batch)) {
        const key = `${expected.status} ${/"status_code":"(\w+)"/.exec(expected.body)?.[1]}`;
        answers.set(key, (answers.get(key) ?? 0) + 1);
        requests += 1;
      }
      onProgress(requests);
    }
  } finally {
    for (const connection of connections) connection.destroy();
  }
  return { requests, answers };
}

function batchOf(random: Random): readonly FuzzedRequest[] {
  return Array.from({ length: 1 + random.below(MAX_PIPELINED) }, () => fuzzedRequest(random));
}

async function exchangeBatch(
  connection: Connection,
  batch: readonly FuzzedRequest[],
  seed: number,
): Promise<void> {
  connection.send(Buffer.concat(batch.map(({ bytes }) => bytes)));
  for (const { bytes, expected } of batch) {
    const difference = differenceOf(await connection.next(), expected);
    if (difference !== undefined) {
      throw new Error(`seed ${seed}: ${difference}\nthe request, in base64: ${bytes.toString("base64")}`);
    }
  }
}

function differenceOf(reply: Reply | undefined, { status, body, secret }: Expected): string | undefined {
  if (reply === undefined) return `the connection was closed, expected ${body}`;
  const got = reply.body.toString();
  if (reply.status !== status || got !== body) return `${reply.status} ${got}, expected ${status} ${body}`;
  if (reply.headers.get("content-type") !== "application/json") return "the content type differs";
  if (reply.headers.get("x-signature") !== signatureOf(secret, body)) return "the reply's signature is wrong";
  return undefined;
}
