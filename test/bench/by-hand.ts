/**
 * The yardstick: a server that was written by hand to answer balance calls from one SQLite file and to do nothing else.
 * It verifies, reads what is committed when it is asked, and signs; it has no limits, no deadline, no log.
 */
import { Database } from "bun:sqlite";
import { timingSafeEqual } from "node:crypto";

const [file = "", secret = ""] = process.argv.slice(2);
const database = new Database(file, { readonly: true, safeIntegers: true });
const player = database.prepare<{ currency: string; balance_minor: bigint }, [string]>(
  "SELECT currency, balance_minor FROM players WHERE player_id = ?",
);
const key = new Bun.CryptoHasher("sha256", secret);
const SIGNATURE = /^[0-9a-fA-F]{64}$/;

function decimal(minor: bigint): string {
  const digits = String(minor < 0n ? -minor : minor).padStart(3, "0");
  const fraction = digits.slice(-2).replace(/0+$/, "");
  return `${minor < 0n ? "-" : ""}${digits.slice(0, -2)}${fraction === "" ? "" : `.${fraction}`}`;
}

function answer(body: Uint8Array, signature: string | null): string {
  if (signature === null || !SIGNATURE.test(signature)) return '{"status_code":"ERR_INTEGRITY_CHECK_FAILED"}';
  const digest = key.copy().update(body).digest();
  if (!timingSafeEqual(digest, Buffer.from(signature, "hex")))
    return '{"status_code":"ERR_INTEGRITY_CHECK_FAILED"}';
  const { request_id, session_id, player_id, timestamp } = JSON.parse(new TextDecoder().decode(body));
  const areTexts = typeof request_id === "string" && typeof session_id === "string";
  if (!areTexts || typeof player_id !== "string" || typeof timestamp !== "number")
    return '{"status_code":"ERR_INVALID_BODY"}';
  const row = player.get(player_id);
  if (row === null) return '{"status_code":"ERR_PLAYER_NOT_FOUND"}';
  return `{"balance":"${decimal(row.balance_minor)}","status_code":"OK"}`;
}

export const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 120,
  routes: {
    "/balance": {
      POST: async (request) => {
        const reply = answer(await request.bytes(), request.headers.get("X-Signature"));
        return new Response(reply, {
          headers: {
            "Content-Type": "application/json",
            "X-Signature": key.copy().update(reply).digest("hex"),
          },
        });
      },
    },
  },
});
process.stdout.write(`${JSON.stringify({ msg: "listening", url: `${server.url.href}balance` })}\n`);
