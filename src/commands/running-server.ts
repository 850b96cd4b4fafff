import * as v from "valibot";
import { endpointOf } from "../certify/endpoint.ts";
import { sendTo } from "../certify/http-request.ts";
import type { HttpReply } from "../certify/http-reply.ts";
import type { Config } from "../config/load.ts";
import { originOf } from "../certify/signed-call.ts";

/** It may be asking its source: that takes as long as readiness is granted. */
const ANSWER_MS = 5000;

/**
 * What the admin listener of a server that runs with this configuration answers; `undefined` if none does. The
 * environment has no say in how it is reached: its token goes nowhere else.
 */
export async function askRunningServer({ admin }: Config, path: string): Promise<HttpReply | undefined> {
  if (admin === undefined || admin.port === 0) return undefined;
  const endpoint = endpointOf(originOf("http", admin));
  if (endpoint === undefined) return undefined;
  const reply = await sendTo(endpoint, ANSWER_MS, {
    method: "GET",
    path,
    headers: admin.token === undefined ? [] : [["Authorization", `Bearer ${admin.token}`]],
    body: new Uint8Array(),
    chunked: false,
  });
  return "noReply" in reply ? undefined : reply;
}

const readinessSchema = v.object({
  ready: v.boolean(),
  not_ready: v.array(v.string()),
  warnings: v.array(v.string()),
});

export type Readiness = v.InferOutput<typeof readinessSchema>;

/** What a running server says of itself; `"closed"` if it wants another token, `undefined` if there is none. */
export async function readinessOfRunning(config: Config): Promise<Readiness | "closed" | undefined> {
  const reply = await askRunningServer(config, "/readyz");
  if (reply?.status === 401) return "closed";
  return reply === undefined ? undefined : readinessOf(Buffer.from(reply.body).toString("utf8"));
}

/** Another program may have that port. */
function readinessOf(text: string): Readiness | undefined {
  try {
    const result = v.safeParse(readinessSchema, JSON.parse(text));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}
