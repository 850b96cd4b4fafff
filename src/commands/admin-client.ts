import * as v from "valibot";
import { problemSchema } from "../admin/shapes.ts";
import type { Config } from "../config/load.ts";
import { Failure } from "../failure.ts";
import { listenerOrigin } from "../certify/signed-call.ts";

/** The admin listener of a running server, as a command of the same configuration asks it. */
export interface AdminClient {
  /** `undefined` if nothing answers. */
  reach(path: string): Promise<AdminAnswer | undefined>;
  /** Throws, with a message for the user, if nothing answers, it is refused, or it is not of this shape. */
  get<Schema extends v.GenericSchema>(path: string, schema: Schema): Promise<v.InferOutput<Schema>>;
  /** The same of a stream of events, each of this shape; it ends when the stream does, however that is. */
  follow<Schema extends v.GenericSchema>(
    path: string,
    schema: Schema,
  ): AsyncGenerator<v.InferOutput<Schema>, void>;
}

export interface AdminAnswer {
  readonly status: number;
  /** `undefined` if it is not JSON, or has no end. */
  readonly content: unknown;
}

/**
 * An answer in JSON is whole by then, even if the server waits for a worker that does not answer; an event stream has an
 * answer's head at once, too.
 */
const ANSWER_MS = 10_000;

const EVENT_STREAM = "text/event-stream";

export function adminClient({ admin, file }: Pick<Config, "admin" | "file">): AdminClient {
  if (admin === undefined) {
    throw new Failure(
      `${file} has no [admin] table, so a running server tells nothing: add one, then restart`,
      2,
    );
  }
  const { host, port, token } = admin;
  const url = listenerOrigin("http", { host, port });
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };

  async function ask<Read>(path: string, read: (response: Response) => Promise<Read>) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), ANSWER_MS);
    try {
      return await read(
        await fetch(`${url}${path}`, { headers, redirect: "manual", signal: controller.signal }),
      );
    } catch {
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  function parsed<Schema extends v.GenericSchema>(path: string, schema: Schema, content: unknown) {
    const result = v.safeParse(schema, content);
    if (result.success) return result.output;
    throw notKnown(path);
  }

  function notKnown(path: string): Failure {
    return new Failure(
      `${url} answers ${path} with what this version does not know: is it another program, or another version of klas-balance?`,
      1,
    );
  }

  function refused(path: string, answer: AdminAnswer | undefined): Failure {
    if (answer === undefined)
      return new Failure(`no answer from ${url}: is "klas-balance serve" running?`, 1);
    if (answer.status === 401) {
      return new Failure(
        `${url} wants another token than admin.token in ${file}: was it changed since the start?`,
        1,
      );
    }
    const told = v.safeParse(problemSchema, answer.content);
    return new Failure(
      told.success
        ? `${url}: ${told.output.problem}`
        : `${url} answers ${path} with status ${answer.status}: is it another program?`,
      1,
    );
  }

  const reach = (path: string) => ask(path, wholeAnswer);
  return {
    reach,
    async get(path, schema) {
      const answer = await reach(path);
      if (answer === undefined || !isOk(answer)) throw refused(path, answer);
      return parsed(path, schema, answer.content);
    },
    async *follow(path, schema) {
      const answer = await ask(path, async (response) => {
        const isStream = response.headers.get("content-type")?.startsWith(EVENT_STREAM) ?? false;
        return response.ok && isStream ? response : await wholeAnswer(response);
      });
      if (!(answer instanceof Response)) {
        throw answer !== undefined && isOk(answer) ? notKnown(path) : refused(path, answer);
      }
      for await (const text of eventsOf(answer)) yield parsed(path, schema, jsonOf(text));
    },
  };
}

function isOk({ status }: AdminAnswer): boolean {
  return status >= 200 && status < 300;
}

async function wholeAnswer(response: Response): Promise<AdminAnswer> {
  return { status: response.status, content: await response.json().catch(() => undefined) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The data of server-sent events, each of which is one line, which is all that our server sends. */
async function* eventsOf({ body }: Response): AsyncGenerator<string, void> {
  let text = "";
  const decoder = new TextDecoder();
  const reader = body?.getReader();
  for (;;) {
    const { done, value } = await (reader?.read() ?? ENDED).catch(() => ENDED);
    if (done || value === undefined) return;
    const lines = `${text}${decoder.decode(value, { stream: true })}`.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data: ")) yield line.slice("data: ".length);
  }
}

const ENDED = Promise.resolve({ done: true, value: undefined });
