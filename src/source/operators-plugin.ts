import * as v from "valibot";
import { masking } from "../config/masking.ts";
import { validate } from "../config/validate.ts";
import type { Source, SourceState } from "../plugin.ts";
import type { Bound, Plugin } from "./binding.ts";
import { type PluginShape, sourceShape } from "./shape.ts";
import { messageOf } from "./thrown.ts";

/** A plugin, or a polyfill that it brings, may replace it. */
const clone = structuredClone;

/** Binds a plugin that may do anything: each step has a time limit, and each problem names the file. */
export function operatorsPlugin(
  { options: schema, open }: PluginShape,
  file: string,
  stepMs: number,
): Plugin {
  // Each step works on a copy: what a plugin does to its options reaches neither the host nor the next step.
  async function check(given: unknown): Promise<ReturnType<typeof validate>> {
    const copy: unknown = clone(given);
    if (schema === undefined) return { valid: true, value: copy };
    const mask = masking(given);
    try {
      const result = await within(validate(schema, copy), "checking the options", stepMs);
      if (result.valid) return result;
      const problems = result.problems.map(({ path, message }) => ({ path, message: mask(message) }));
      return { valid: false, problems };
    } catch (error) {
      return { valid: false, problems: [{ path: [], message: `${file}: ${mask(messageOf(error))}` }] };
    }
  }

  return {
    schema,
    file,
    async bind(given): Promise<Bound> {
      const kept: unknown = clone(given);
      const checked = await check(kept);
      if (!checked.valid) return checked;
      return {
        valid: true,
        async open(context) {
          const checkedAgain = await check(kept);
          if (!checkedAgain.valid) throw new Error(`${file}: the options are not accepted a second time`);
          try {
            return await openWithin((accepted) => open(accepted, context), checkedAgain.value, stepMs);
          } catch (error) {
            throw new Error(`${file}: ${messageOf(error)}`, { cause: error });
          }
        },
      };
    },
  };
}

async function openWithin(
  open: (options: unknown) => unknown,
  options: unknown,
  stepMs: number,
): Promise<Source> {
  let isGivenUp = false;
  const opening = (async () => {
    const source = await open(options);
    if (isGivenUp) closeQuietly(source);
    return source;
  })();
  const source = await within(opening, "open", stepMs).catch((error: unknown) => {
    isGivenUp = true;
    throw error;
  });
  if (!v.is(sourceShape, source)) {
    throw new Error("open did not return an object with lookup, and check and close as functions");
  }
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the guard checks what comes back
    lookup: (query, signal) => source.lookup(query, signal) as ReturnType<Source["lookup"]>,
    async check(signal) {
      await source.check?.(signal);
    },
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the guard checks what comes back
    state: () => (source.state?.() ?? {}) as SourceState,
    async close() {
      await within((async () => source.close?.())(), "close", stepMs);
    },
  };
}

/** Nobody waits any more for a source that opened too late. */
function closeQuietly(source: unknown): void {
  if (v.is(sourceShape, source)) (async () => source.close?.())().catch(() => {});
}

/** Waits for a step for at most so long. If it fails later, that is ignored. */
export async function within<Result>(step: Promise<Result>, name: string, stepMs: number): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${name} did not end within ${stepMs} ms`)), stepMs);
  try {
    return await Promise.race([step, late.promise]);
  } finally {
    clearTimeout(timer);
    step.catch(() => {});
  }
}
