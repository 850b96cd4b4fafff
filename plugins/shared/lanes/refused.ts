import { lookup } from "node:dns/promises";
import type { Host } from "./host.ts";

/** Why no connection could be made at all, in words that follow the host's name: the runtime says the same of each cause. */
export async function explainRefused({ hostname, port, socket }: Host): Promise<string> {
  if (socket !== undefined) return "is not a socket that a server listens on";
  try {
    await lookup(hostname);
  } catch {
    return "has a name that is not known: correct hosts, or the DNS";
  }
  return `cannot be reached: nothing listens on port ${port}, or there is no route`;
}
