import { stringify } from "smol-toml";
import { isTable } from "../../config/interpolate.ts";
import type { Config, SourceTable } from "../../config/load.ts";
import { builtIns } from "../../source/built-in.ts";

const MASK = "****";

/** Anything below such a key may be a secret, whatever its name. */
const SECRET_KEY = /^(?:auth|headers|body)$|secret|token|password|passphrase|credential|api_?key/i;

const URL = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * In a URL: a name and a password before the host, up to the last `@`, because a password may hold one; and what a query
 * holds beside placeholders.
 */
const URL_SECRETS = /(?<=^[^/]+\/\/)[^/?#]+(?=@)|(?<=[?&][^=&#]+=)(?!\{)[^&#]+/g;

/** The configuration that is in effect, the host's defaults included, as TOML. What is or may be a secret is masked. */
export function shownConfig(config: Config): string {
  const { server, webhook, currencies, admin, log, tables, inserted } = config;
  const sources = Object.fromEntries(
    Array.from(tables.values(), (table) => [table.name, shownSource(table)]),
  );
  // The longest first, so that nothing is left of one that begins with another.
  const inOrder = inserted.toSorted((left, right) => right.length - left.length);
  const shown = withoutInserted({ server, webhook, sources, currencies, admin, log }, inOrder);
  return stringify(isTable(shown) ? shown : {});
}

/** Below such a key that may hold secrets: what holds none. */
const OPEN_KEY = /^(?:user|header|accept|content-type)$/i;

/** Where a configuration holds a secret, or what may be one, itself: `webhook.secrets`, each place once. */
export function literalSecrets({ webhook, admin, tables, inserted }: Config): readonly string[] {
  const sources = Object.fromEntries(Array.from(tables.values(), ({ name, options }) => [name, options]));
  const isInserted = (text: string) => inserted.some((value) => value !== "" && text.includes(value));
  function placesIn(value: unknown, place: readonly string[], isSecret: boolean): readonly string[] {
    if (typeof value === "string") {
      const holdsOne = isSecret || (URL.test(value) && value.search(URL_SECRETS) >= 0);
      return holdsOne && value.replaceAll(/\{\w+\}/g, "") !== "" && !isInserted(value)
        ? [place.join(".")]
        : [];
    }
    if (Array.isArray(value)) return value.flatMap((each) => placesIn(each, place, isSecret));
    if (!isTable(value)) return [];
    return Object.entries(value).flatMap(([key, each]) =>
      placesIn(each, [...place, key], (isSecret && !OPEN_KEY.test(key)) || SECRET_KEY.test(key)),
    );
  }
  return [...new Set(placesIn({ webhook, admin, sources }, [], false))];
}

/** Nobody knows what an operator's own plugin calls its secrets, so none of its texts is shown. */
function shownSource({ plugin, options }: SourceTable) {
  const isKnown = builtIns.has(plugin);
  return {
    plugin,
    ...Object.fromEntries(Object.entries(options).map(([key, value]) => [key, isKnown ? value : MASK])),
  };
}

/** A copy without what is not set; `inserted` is what came from variables and files, the longest first. */
function withoutInserted(value: unknown, inserted: readonly string[], isSecret = false): unknown {
  if (typeof value === "string") return isSecret ? MASK : shownText(value, inserted);
  if (Array.isArray(value)) return value.map((each) => withoutInserted(each, inserted, isSecret));
  if (!isTable(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) =>
      each === undefined ? [] : [[key, withoutInserted(each, inserted, isSecret || SECRET_KEY.test(key))]],
    ),
  );
}

function shownText(text: string, inserted: readonly string[]): string {
  const known = inserted
    .filter((value) => value !== "")
    .reduce((left, value) => left.replaceAll(value, MASK), text);
  return URL.test(known) ? known.replaceAll(URL_SECRETS, MASK) : known;
}
