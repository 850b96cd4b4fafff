import type { RedisClient } from "bun";

/** A command and its arguments. */
export type Command = readonly [name: string, ...words: string[]];

/**
 * Sends commands in one round trip. A command that fails by what it finds is an `Error` among the replies; a connection
 * that is lost throws.
 */
export async function pipeline(
  client: RedisClient,
  commands: readonly Command[],
): Promise<readonly unknown[]> {
  const replies = await Promise.allSettled(commands.map(([name, ...words]) => client.send(name, words)));
  return replies.map((reply) => {
    if (reply.status === "fulfilled") return reply.value;
    if (isServers(reply.reason)) return reply.reason;
    throw reply.reason;
  });
}

function isServers(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_REDIS_SERVER_ERROR";
}
