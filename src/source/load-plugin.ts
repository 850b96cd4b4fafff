import { realpath } from "node:fs/promises";
import { relative, sep } from "node:path";
import type { Plugin } from "./binding.ts";
import { importAnew, placeInStack, withoutEditions } from "./modules.ts";
import { operatorsPlugin, within } from "./operators-plugin.ts";
import { protectProcess } from "../host-process.ts";
import { pluginShape } from "./shape.ts";
import { catchStrayErrors } from "./stray-errors.ts";
import { messageOf } from "./thrown.ts";
import { writableWarnings } from "./writable.ts";

/** How long a plugin may take to load, to check its options, to open or to close. */
const STEP_MS = 10_000;

export type Loaded =
  | { readonly valid: true; readonly plugin: Plugin }
  | { readonly valid: false; readonly problem: string };

/**
 * Loads an operator's plugin from a file as it is now: edits since an earlier load, here or in a file that it
 * imports, are picked up. A problem starts with the file, relative to `directory`.
 */
export async function loadPlugin(file: string, directory: string, stepMs = STEP_MS): Promise<Loaded> {
  const shownFile = relative(directory, file);
  catchStrayErrors();
  protectProcess();
  try {
    // The runtime names modules by their real path.
    const path = await realpath(file);
    const module = await within(importAnew(path), "loading", stepMs);
    const shape = pluginShape(module);
    if (typeof shape === "string") return { valid: false, problem: `${shownFile}: ${shape}` };
    const warnings = await writableWarnings(path);
    return { valid: true, plugin: { ...operatorsPlugin(shape, shownFile, stepMs), warnings } };
  } catch (error) {
    return { valid: false, problem: loadProblem(error, shownFile, await realpath(directory)) };
  } finally {
    // The plugin may have removed our listeners.
    catchStrayErrors();
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

/** `/etc/klas/plugins/core.ts:12:3`, or `undefined` if the error does not say. */
function placeOf(error: unknown): string | undefined {
  if (error instanceof BuildMessage && error.position !== null) {
    return `${error.position.file}:${error.position.line}:${error.position.column}`;
  }
  return error instanceof Error ? placeInStack(String(error.stack))?.position : undefined;
}
