import * as v from "valibot";
import { problemSchema } from "../admin/shapes.ts";
import type { Config } from "../config/load.ts";
import { Failure } from "../failure.ts";
import { listenerOrigin } from "../certify/signed-call.ts";

/** The admin listener of a running server, as a command of the same configuration asks it. */
export interface AdminClient {
  readonly url: string;
  /** `undefined` if nothing answers. */
  reach(path: string): Promise<Response | undefined>;
  /** Throws, with a message for the user, if nothing answers or it is refused. */
  get(path: string): Promise<Response>;
}

/** An event stream has an answer's head at once, too. */
const HEAD_MS = 5000;

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
  const reach = (path: string) => ask(`${url}${path}`, headers);
  return {
    url,
    reach,
    async get(path) {
      const response = await reach(path);
      if (response === undefined)
        throw new Failure(`no answer from ${url}: is "klas-balance serve" running?`, 1);
      if (response.ok) return response;
      if (response.status === 401) {
        throw new Failure(
          `${url} wants another token than admin.token in ${file}: was it changed since the start?`,
          1,
        );
      }
      const told = v.safeParse(problemSchema, await response.json().catch(() => undefined));
      throw new Failure(
        told.success
          ? `${url}: ${told.output.problem}`
          : `${url} answers ${path} with status ${response.status}: is it another program?`,
        1,
      );
    },
  };
}

async function ask(url: string, headers: Record<string, string>): Promise<Response | undefined> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), HEAD_MS);
  try {
    return await fetch(url, { headers, redirect: "manual", signal: controller.signal });
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
