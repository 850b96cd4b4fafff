import { realpath } from "node:fs/promises";
import { relative, sep } from "node:path";
import * as v from "valibot";
import { validate } from "../config/validate.ts";
import type { OpenContext, OptionsSchema, Source } from "../plugin.ts";
import type { Bound, Plugin } from "./binding.ts";
import { importAnew, placeInStack, withoutEditions } from "./modules.ts";
import { protectProcess } from "./process.ts";
import { catchStrayErrors } from "./stray-errors.ts";
import { messageOf } from "./thrown.ts";

/** The version of `plugin.ts` that this host speaks. */
const API_VERSION = 1;

/** How long a plugin may take to load, to check its options, to open or to close. */
export const STEP_MS = 10_000;

export type Loaded =
  | { readonly valid: true; readonly plugin: Plugin }
  | { readonly valid: false; readonly problem: string };

/**
 * Loads an operator's plugin from a file as it is now: what was edited since an earlier load, here or in
 * a file that it imports, is picked up. A problem starts with the file, seen from `directory`.
 */
export async function loadPlugin(file: string, directory: string, stepMs = STEP_MS): Promise<Loaded> {
  const shownFile = relative(directory, file);
  catchStrayErrors();
  protectProcess();
  try {
    // The runtime names modules by where links lead to.
    const module = await within(importAnew(await realpath(file)), "loading", stepMs);
    const shape = pluginShape(module);
    if (typeof shape === "string") return { valid: false, problem: `${shownFile}: ${shape}` };
    return { valid: true, plugin: operatorsPlugin(shape, shownFile, stepMs) };
  } catch (error) {
    return { valid: false, problem: loadProblem(error, shownFile, await realpath(directory)) };
  }
}

/** What is known of a plugin's export before anything of it was called. */
interface PluginShape {
  readonly options: OptionsSchema<unknown> | undefined;
  readonly open: (options: unknown, context: OpenContext) => unknown;
}

const isFunction = (value: unknown): boolean => typeof value === "function";
const method = v.custom<(...given: unknown[]) => unknown>(isFunction);

const optionsSchema = v.custom<OptionsSchema<unknown>>((value) => {
  // A schema may be a function too (arktype).
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard: unknown = Reflect.get(value, "~standard");
  return v.is(v.looseObject({ version: v.literal(1), vendor: v.string(), validate: method }), standard);
});

/** The plugin in a module, or what is wrong with it. */
function pluginShape(module: unknown): PluginShape | string {
  const plugin: unknown = v.is(v.looseObject({}), module) ? module["default"] : undefined;
  if (plugin === undefined) {
    return "there is no default export; expected export default { apiVersion: 1, open(options, context) { … } }";
  }
  if (typeof plugin !== "object" || plugin === null) {
    return "the default export is no object; expected { apiVersion: 1, open(options, context) { … } }";
  }
  const apiVersion: unknown = Reflect.get(plugin, "apiVersion");
  if (apiVersion === undefined) return `apiVersion is missing; expected apiVersion: ${API_VERSION}`;
  if (apiVersion !== API_VERSION) {
    const version = typeof apiVersion === "number" ? apiVersion : JSON.stringify(apiVersion);
    return `was written for contract version ${version}; this klas-balance speaks ${API_VERSION}`;
  }
  const open: unknown = Reflect.get(plugin, "open");
  if (!v.is(method, open)) return "open is not a function; expected open(options, context)";
  const options: unknown = Reflect.get(plugin, "options");
  if (options !== undefined && !v.is(optionsSchema, options)) {
    return "options is not a Standard Schema of version 1, as valibot and zod make them";
  }
  return { options, open: (given, context) => Reflect.apply(open, plugin, [given, context]) };
}

/** Binds a plugin that may do anything: each step has its time, and each problem the file's name. */
function operatorsPlugin({ options: schema, open }: PluginShape, file: string, stepMs: number): Plugin {
  // Each step works on a copy: what a plugin does to its options reaches neither the host nor the next step.
  async function check(given: unknown): Promise<ReturnType<typeof validate>> {
    const copy: unknown = structuredClone(given);
    if (schema === undefined) return { valid: true, value: copy };
    try {
      return await within(validate(schema, copy), "checking the options", stepMs);
    } catch (error) {
      return { valid: false, problems: [{ path: [], message: `${file}: ${messageOf(error)}` }] };
    }
  }

  return {
    schema,
    file,
    async bind(given): Promise<Bound> {
      const kept: unknown = structuredClone(given);
      const checked = await check(kept);
      if (!checked.valid) return checked;
      return {
        valid: true,
        options: kept,
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

const sourceShape = v.looseObject({
  lookup: method,
  check: v.optional(method),
  close: v.optional(method),
});

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
    async close() {
      await within((async () => source.close?.())(), "close", stepMs);
    },
  };
}

/** Nobody waits any more for a source that opened too late. */
function closeQuietly(source: unknown): void {
  if (v.is(sourceShape, source)) (async () => source.close?.())().catch(() => {});
}

async function within<Result>(step: Promise<Result>, name: string, stepMs: number): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${name} did not end within ${stepMs} ms`)), stepMs);
  try {
    return await Promise.race([step, late.promise]);
  } finally {
    clearTimeout(timer);
    step.catch(() => {});
  }
}

/** Why a file could not be loaded: every syntax error with its place, else the one error. */
function loadProblem(error: unknown, shownFile: string, directory: string): string {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  const fromDirectory = (text: string) => withoutEditions(text).replaceAll(`${directory}${sep}`, "");
  return errors
    .map((each) => `${fromDirectory(placeOf(each) ?? shownFile)}: ${fromDirectory(messageOf(each))}`)
    .join("; ");
}

/** `/etc/klas/plugins/core.ts:12:3`, or `undefined` where an error does not tell. */
function placeOf(error: unknown): string | undefined {
  if (error instanceof BuildMessage && error.position !== null) {
    return `${error.position.file}:${error.position.line}:${error.position.column}`;
  }
  return error instanceof Error ? placeInStack(String(error.stack))?.position : undefined;
}
