import { requestWith, exchangeRequest, type TestedEndpoint } from "./signed-request.ts";
import type { Complaint } from "./case.ts";
import { type RawConnection, openConnection } from "./connection.ts";
import type { NoReply } from "./dial.ts";
import { answersOk } from "./expectation.ts";
import { type HttpReply, keepsAlive } from "./http-reply.ts";

/** Fewer say nothing about how long a call takes. */
const FEWEST_SAMPLES = 20;

/** Makes `samples` good calls one after the other, on one connection if the peer keeps it, and records their times. */
export async function callSequentially(tested: TestedEndpoint): Promise<Complaint> {
  let idle: RawConnection | undefined;
  const untilMs = performance.now() + (tested.samplingMs ?? Infinity);
  for (let sent = 1; sent <= tested.samples; sent += 1) {
    if (sent > FEWEST_SAMPLES && performance.now() > untilMs) break;
    const timed = await timedCall(tested, idle);
    const problem = answersOk.problem("noReply" in timed ? timed : timed.reply, tested);
    if (problem !== undefined) return `call ${sent} of ${tested.samples}: ${problem}`;
    if ("noReply" in timed) continue;
    tested.recordMs(timed.durationMs);
    idle = keepsAlive(timed.reply) ? timed.connection : undefined;
    if (idle === undefined) timed.connection.close();
  }
  idle?.close();
  return undefined;
}

interface TimedCall {
  readonly reply: HttpReply;
  readonly durationMs: number;
  readonly connection: RawConnection;
}

async function timedCall(
  tested: TestedEndpoint,
  idle: RawConnection | undefined,
): Promise<TimedCall | NoReply> {
  const connection = idle ?? (await openConnection(tested.endpoint, tested.timeoutMs));
  if ("noReply" in connection) return connection;
  const call = requestWith(tested);
  const startedAtMs = performance.now();
  const reply = await exchangeRequest(connection, tested, call);
  const durationMs = performance.now() - startedAtMs;
  if (!("noReply" in reply)) return { reply, durationMs, connection };
  connection.close();
  // A peer may close an idle connection at any moment. A fresh one has no such excuse.
  return idle === undefined ? reply : timedCall(tested, undefined);
}
