import certify from "./certify.md" with { type: "text" };
import changes from "./changes.md" with { type: "text" };
import commands from "./commands.md" with { type: "text" };
import config from "./config.md" with { type: "text" };
import console from "./console.md" with { type: "text" };
import forward from "./forward.md" with { type: "text" };
import https from "./https.md" with { type: "text" };
import limits from "./limits.md" with { type: "text" };
import metrics from "./metrics.md" with { type: "text" };
import mysql from "./mysql.md" with { type: "text" };
import operations from "./operations.md" with { type: "text" };
import packages from "./packages.md" with { type: "text" };
import performance from "./performance.md" with { type: "text" };
import plugins from "./plugins.md" with { type: "text" };
import postgres from "./postgres.md" with { type: "text" };
import protocol from "./protocol.md" with { type: "text" };
import redis from "./redis.md" with { type: "text" };
import rest from "./rest.md" with { type: "text" };
import rotation from "./rotation.md" with { type: "text" };
import scale from "./scale.md" with { type: "text" };
import sqlite from "./sqlite.md" with { type: "text" };
import start from "./start.md" with { type: "text" };
import staticSource from "./static.md" with { type: "text" };
import troubleshooting from "./troubleshooting.md" with { type: "text" };

/** A page of the manual. */
export interface Topic {
  readonly name: string;
  /** The page's first heading, in plain text. */
  readonly title: string;
  /** The page, in Markdown. */
  readonly text: string;
}

/** In the order in which a newcomer meets them. */
export const topics: readonly Topic[] = [
  page("start", start),
  page("config", config),
  page("commands", commands),
  page("sqlite", sqlite),
  page("rest", rest),
  page("postgres", postgres),
  page("mysql", mysql),
  page("redis", redis),
  page("scale", scale),
  page("static", staticSource),
  page("plugins", plugins),
  page("forward", forward),
  page("https", https),
  page("rotation", rotation),
  page("operations", operations),
  page("console", console),
  page("metrics", metrics),
  page("troubleshooting", troubleshooting),
  page("certify", certify),
  page("protocol", protocol),
  page("limits", limits),
  page("packages", packages),
  page("performance", performance),
  page("changes", changes),
];

function page(name: string, text: string): Topic {
  const [heading = ""] = text.split("\n", 1);
  return { name, title: heading.replace(/^# /, "").replaceAll("`", ""), text };
}
