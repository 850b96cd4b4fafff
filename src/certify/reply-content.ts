import { parseKeepingNumbers } from "../json-source.ts";
import type { HttpReply } from "./http-reply.ts";

/** What a reply says, read without trust: any of it may be missing. */
export interface ReplyContent {
  readonly text: string;
  /** The keys in their order, if the body is a JSON object. */
  readonly keys: readonly string[] | undefined;
  readonly statusCode: string | undefined;
  readonly currency: string | undefined;
  /** `text` holds every digit that was sent, even if the balance came as a number. */
  readonly balance: { readonly text: string; readonly isText: boolean } | undefined;
}

export function replyContent(reply: HttpReply): ReplyContent {
  const text = Buffer.from(reply.body).toString("utf8");
  const object = parseObject(text);
  const statusCode = object?.get("status_code");
  const currency = object?.get("currency");
  const balance = object?.get("balance");
  return {
    text,
    keys: object === undefined ? undefined : [...object.keys()],
    statusCode: typeof statusCode === "string" ? statusCode : undefined,
    currency: typeof currency === "string" ? currency : undefined,
    balance:
      balance === undefined ? undefined : { text: amountText(balance), isText: typeof balance === "string" },
  };
}

function parseObject(text: string): ReadonlyMap<string, unknown> | undefined {
  try {
    const value = parseKeepingNumbers(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return JSON.isRawJSON(value) ? undefined : new Map(Object.entries(value));
  } catch {
    return undefined;
  }
}

function amountText(balance: unknown): string {
  if (JSON.isRawJSON(balance)) return balance.rawJSON;
  return typeof balance === "string" ? balance : "";
}
