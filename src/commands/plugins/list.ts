import { describeOptions, type OptionDescription } from "../../config/describe-schema.ts";
import type { OptionsSchema } from "../../plugin.ts";
import { builtIns } from "../../source/built-in.ts";
import { findPlugin, ownPlugins } from "../../source/find-plugin.ts";

/** One line of `plugins list`, as `--json` prints it. */
export interface Listed {
  readonly name: string;
  /** `null` for a built-in. */
  readonly file: string | null;
  /** `null` if the schema does not tell, or there is none. */
  readonly options: readonly OptionDescription[] | null;
  /** Why there are no options to show, or why the plugin does not load. */
  readonly note?: string;
  readonly problem?: string;
}

/** The built-ins, then the files in `plugins/` beside the configuration. */
export async function listPlugins(directory: string): Promise<readonly Listed[]> {
  const listed: Listed[] = [];
  for (const name of [...builtIns.keys(), ...(await ownPlugins(directory))]) {
    // A file with a built-in's name is never loaded.
    if (listed.some((each) => each.name === name)) continue;
    const found = await findPlugin(name, directory);
    if (!found.valid) listed.push({ name, file: null, options: null, problem: found.problem });
    else listed.push({ name, file: found.plugin.file ?? null, ...optionsOf(found.plugin.schema) });
  }
  return listed;
}

function optionsOf(schema: OptionsSchema<unknown> | undefined): Pick<Listed, "options" | "note"> {
  if (schema === undefined) return { options: null, note: "no schema: any option is passed on" };
  const options = describeOptions(schema);
  const { vendor } = schema["~standard"];
  return options === undefined
    ? { options: null, note: `checked by a schema of ${vendor}, which does not show its options` }
    : { options };
}

/** For people: a paragraph per plugin, a line per option. */
export function listText(listed: readonly Listed[]): string {
  return listed.map(paragraph).join("\n");
}

function paragraph({ name, file, options, note, problem }: Listed): string {
  if (problem !== undefined) return `${name}\n  does not load: ${problem}\n`;
  const head = `${name} (${file ?? "built in"})\n`;
  if (options === null) return `${head}  ${note}\n`;
  if (options.length === 0) return `${head}  no options\n`;
  const nameWidth = Math.max(...options.map((option) => option.name.length));
  const typeWidth = Math.max(
    ...options.map((option) => option.type.length).filter((width) => width <= 24),
    0,
  );
  return head + options.map((option) => `  ${line(option, nameWidth, typeWidth)}\n`).join("");
}

function line(option: OptionDescription, nameWidth: number, typeWidth: number): string {
  return `${option.name.padEnd(nameWidth)}  ${option.type.padEnd(typeWidth)}  ${need(option)}`;
}

function need({ required, required_in: table, default: byDefault }: OptionDescription): string {
  if (required) return "required";
  if (table !== undefined) return `required in ${table}`;
  return byDefault === undefined ? "optional" : `default ${JSON.stringify(byDefault)}`;
}
