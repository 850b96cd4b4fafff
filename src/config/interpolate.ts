import { resolve } from "node:path";
import { readAtMost } from "../bounded-file.ts";
import { describeFileError } from "../file-error.ts";
import type { Problem } from "./problem.ts";

/** Where `${…}` in a configuration gets its values from. */
export interface Origins {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The folder that `${file:PATH}` starts from: that of the configuration file. */
  readonly directory: string;
  /** Records each value that is put in, none of which may appear in a message. */
  readonly values: string[];
  /** Records the absolute path of each file that is read. */
  readonly files: string[];
}

/** The largest file that `${file:…}` reads: it is meant for secrets. */
const MAX_FILE_BYTES = 65_536;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * A copy of a parsed configuration in which every string has its `${NAME}`, `${file:PATH}` and `$${`
 * replaced (spec 2). What could not be replaced is added to `problems`. A value that was put in is not
 * looked at again, so a secret may hold any characters.
 */
export function interpolate(
  value: unknown,
  origins: Origins,
  problems: Problem[],
  path: readonly string[] = [],
): unknown {
  if (typeof value === "string") {
    const { text, faults } = interpolateText(value, origins);
    problems.push(...Array.from(faults, (message) => ({ path, message })));
    return text;
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => interpolate(item, origins, problems, [...path, String(index)]));
  }
  if (isTable(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, interpolate(item, origins, problems, [...path, key])]),
    );
  }
  return value;
}

/** True for a table. TOML's dates are objects, too, but values. */
export function isTable(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

interface Interpolated {
  readonly text: string;
  readonly faults: ReadonlySet<string>;
}

/** A problem shows a reference as it is written in the configuration, because its value may be a secret. */
function interpolateText(source: string, { variables, directory, values, files }: Origins): Interpolated {
  const faults: string[] = [];
  let position = 0;

  /** Reads up to the end of the text or, inside a reference, up to its closing brace. */
  function read(inReference: boolean): string {
    let result = "";
    while (position < source.length) {
      if (source.startsWith("$${", position)) {
        result += "${";
        position += 3;
      } else if (source.startsWith("${", position)) {
        result += readReference();
      } else if (inReference && source[position] === "}") {
        position += 1;
        return result;
      } else {
        result += source[position];
        position += 1;
      }
    }
    if (inReference) faults.push('"${" is not closed by "}"; write "$${" for a literal "${"');
    return result;
  }

  function readReference(): string {
    position += 2;
    const start = position;
    const faultsBefore = faults.length;
    const reference = read(true);
    // The rest of a broken part would only be reported again, and show what it was put together from.
    return faults.length > faultsBefore ? "" : dereference(reference, source.slice(start, position - 1));
  }

  function dereference(reference: string, written: string): string {
    if (reference.startsWith("file:") && reference !== "file:")
      return readFile(reference.slice("file:".length), written.replace(/^file:/, ""));
    if (!VARIABLE_NAME.test(reference)) {
      faults.push('expected ${NAME} or ${file:PATH}; write "$${" for a literal "${"');
      return "";
    }
    // The environment is an object: it would have a "constructor", too.
    const value = Object.hasOwn(variables, reference) ? variables[reference] : undefined;
    if (value === undefined) faults.push(`the environment variable ${written} is not set`);
    values.push(value ?? "");
    return value ?? "";
  }

  function readFile(path: string, written: string): string {
    const file = resolve(directory, path);
    files.push(file);
    try {
      const content = readAtMost(file, MAX_FILE_BYTES);
      const text = content && decodeUtf8(content);
      if (text !== undefined) {
        const value = text.replace(/\r?\n$/, "");
        values.push(value);
        return value;
      }
      faults.push(
        content === undefined
          ? `${written} has more than ${MAX_FILE_BYTES} bytes`
          : `${written} is not UTF-8`,
      );
    } catch (error) {
      faults.push(`cannot read ${written}: ${describeFileError(error)}`);
    }
    return "";
  }

  return { text: read(false), faults: new Set(faults) };
}

/** `undefined` if the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
