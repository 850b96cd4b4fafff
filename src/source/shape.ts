import * as v from "valibot";
import type { OpenContext, OptionsSchema } from "../plugin.ts";

/** The version of `plugin.ts` that this host speaks. */
const API_VERSION = 1;

/** What is known of a plugin's export before any of it is called. */
export interface PluginShape {
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

/** The plugin that a module exports, or what is wrong with it. May throw what the plugin throws. */
export function pluginShape(module: unknown): PluginShape | string {
  const plugin: unknown = v.is(v.looseObject({}), module) ? module["default"] : undefined;
  if (plugin === undefined) {
    return "there is no default export; expected export default { apiVersion: 1, open(options, context) { … } }";
  }
  if (typeof plugin !== "object" || plugin === null) {
    return "the default export is not an object; expected { apiVersion: 1, open(options, context) { … } }";
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

/** What `open` has to return, as far as that can be seen. */
export const sourceShape = v.looseObject({
  lookup: method,
  check: v.optional(method),
  state: v.optional(method),
  close: v.optional(method),
});
