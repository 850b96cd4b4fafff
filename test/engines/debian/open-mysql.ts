import * as v from "valibot";
import plugin from "../../../plugins/mysql/index.ts";
import { optionsSchema } from "../../../plugins/mysql/options.ts";
import { type Opened, openPlugin } from "../../plugins/postgres/open-source.ts";

/** Opens the plugin as the host does. It is the caller's to close. */
export async function openMysql(
  options: v.InferInput<typeof optionsSchema>,
  opening: Parameters<typeof openPlugin>[2] = {},
): Promise<Opened> {
  return await openPlugin(plugin, v.parse(optionsSchema, options), opening);
}
