import { callWith, exchangeCall, type Subject } from "./signed-request.ts";
import type { Problem } from "./case.ts";
import { type Connection, type NoReply, openConnection } from "./connection.ts";
import { answersOk } from "./expectation.ts";
import { type HttpReply, keepsAlive } from "./http-reply.ts";

/** Makes `samples` good calls one after the other, on one connection where the peer keeps it, and records their times. */
export async function callSequentially(subject: Subject): Promise<Problem> {
  let idle: Connection | undefined;
  for (let sent = 1; sent <= subject.samples; sent += 1) {
    const timed = await timedCall(subject, idle);
    const problem = answersOk.problem("noReply" in timed ? timed : timed.reply, subject);
    if (problem !== undefined) return `call ${sent} of ${subject.samples}: ${problem}`;
    if ("noReply" in timed) continue;
    subject.recordMs(timed.durationMs);
    idle = keepsAlive(timed.reply) ? timed.connection : undefined;
    if (idle === undefined) timed.connection.close();
  }
  idle?.close();
  return undefined;
}

interface TimedCall {
  readonly reply: HttpReply;
  readonly durationMs: number;
  readonly connection: Connection;
}

async function timedCall(subject: Subject, idle: Connection | undefined): Promise<TimedCall | NoReply> {
  const connection = idle ?? (await openConnection(subject.endpoint, subject.timeoutMs));
  if ("noReply" in connection) return connection;
  const call = callWith(subject);
  const startedAtMs = performance.now();
  const reply = await exchangeCall(connection, subject, call);
  const durationMs = performance.now() - startedAtMs;
  if (!("noReply" in reply)) return { reply, durationMs, connection };
  connection.close();
  // A peer may close a connection that idles at any moment; a fresh one has no such excuse.
  return idle === undefined ? reply : timedCall(subject, undefined);
}
