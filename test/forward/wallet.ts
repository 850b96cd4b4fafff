/**
 * `bun wallet.ts balances.db 9000` (or Node from version 22.18 on): books the bets and credits that klas-balance passes on
 * with `forward = { url = "http://127.0.0.1:9000" }`, in the database that it answers /balance from. Their signatures
 * have been verified, so this listens on this machine alone.
 */
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";

const [file = "balances.db", port = "9000"] = process.argv.slice(2);
const database = new DatabaseSync(file);
database.exec("PRAGMA busy_timeout = 5000");
database.exec(
  "CREATE TABLE IF NOT EXISTS transfers (transfer_id TEXT PRIMARY KEY, reply TEXT NOT NULL) STRICT",
);
const findReply = database.prepare("SELECT reply FROM transfers WHERE transfer_id = ?");
const keepReply = database.prepare("INSERT INTO transfers (transfer_id, reply) VALUES (?, ?)");
const findBalance = database.prepare("SELECT balance_minor FROM players WHERE player_id = ?");
const book = database.prepare("UPDATE players SET balance_minor = balance_minor + ? WHERE player_id = ?");

/** "1.5" is 150 cents. Text and whole numbers, because 0.1 + 0.2 is not 0.3. */
function cents(amount: string): number {
  const [, whole = "", decimals = ""] = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(amount) ?? [];
  return whole === "" ? NaN : Number(whole) * 100 + Number(decimals.padEnd(2, "0"));
}

const SIGNS: Readonly<Record<string, number>> = { "/bet": -1, "/credit": 1, "/refund": 1 };

/** Books a transfer, and says again what was said if it is booked already: Klas asks again if it got no answer. */
function transfer(endpoint: string, text: string): string {
  const { transfer_id, player_id, amount } = JSON.parse(text);
  const booked = findReply.get(transfer_id);
  if (booked !== undefined) return String(booked["reply"]);
  const change = (SIGNS[endpoint] ?? NaN) * cents(amount);
  if (Number.isNaN(change)) return '{"status_code":"ERR_INVALID_BODY"}';
  const balance = findBalance.get(player_id);
  if (balance === undefined) return '{"status_code":"ERR_PLAYER_NOT_FOUND"}';
  const after = Number(balance["balance_minor"]) + change;
  if (after < 0) return '{"status_code":"ERR_INSUFFICIENT_FUNDS"}';
  const reply = JSON.stringify({ balance: (after / 100).toFixed(2), status_code: "OK" });
  book.run(change, player_id);
  keepReply.run(transfer_id, reply);
  return reply;
}

const server = createServer(async (request, response) => {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  try {
    database.exec("BEGIN IMMEDIATE");
    const reply = transfer(request.url ?? "", text);
    database.exec("COMMIT");
    response.end(reply);
  } catch {
    if (database.isTransaction) database.exec("ROLLBACK");
    response.writeHead(500).end();
  }
});
server.listen(Number(port), "127.0.0.1", () => process.stdout.write(`${JSON.stringify(server.address())}\n`));
