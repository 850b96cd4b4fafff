import { Failure } from "../failure.ts";
import { printable } from "../printable.ts";
import { shownPath } from "../shown-path.ts";
import { masking } from "./masking.ts";

/** One thing that is wrong with a configuration. Never holds a value: a value may be a secret. */
export interface Problem {
  /** The place in the file, such as `["webhook", "timeout_ms"]`; empty for the file as a whole. */
  readonly path: readonly string[];
  readonly message: string;
}

/** The parts of a configuration that an error needs. */
interface ReadFile {
  readonly file: string;
  /** Values from the environment and from files. An unknown name is quoted, and may be one of them. */
  readonly inserted?: readonly string[];
}

/** A configuration that is not valid: one line per problem, none of which shows a secret. */
export class ConfigError extends Failure {
  override readonly name = "ConfigError";
  readonly file: string;
  readonly problems: readonly Problem[];

  constructor({ file, inserted = [] }: ReadFile, found: readonly Problem[]) {
    const mask = masking(inserted);
    const problems = found.map(({ path, message }) => ({ path, message: mask(message) }));
    super(problems.map((problem) => formatProblem(shownPath(file), problem)).join("\n"), 2);
    this.file = file;
    this.problems = problems;
  }
}

const BARE_KEY = /^(?:[A-Za-z0-9_-]+|\*{4})$/;

/** `config.toml: webhook.timeout_ms: expected an integer from 1 to 60000` */
export function formatProblem(file: string, { path, message }: Problem): string {
  const key = path.map((part) => (BARE_KEY.test(part) ? part : JSON.stringify(part))).join(".");
  return printable(key === "" ? `${file}: ${message}` : `${file}: ${key}${position(path)}: ${message}`);
}

/** All else that speaks of a secret, metrics and console included, counts from 1. */
function position([table, key, index = ""]: Problem["path"]): string {
  if (table !== "webhook" || key !== "secrets" || !/^\d+$/.test(index)) return "";
  return ` (secret ${Number(index) + 1})`;
}
