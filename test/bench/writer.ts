/**
 * Another program that writes balances while the server reads them, each in a transaction of its own, at a fixed rate.
 * A line of input ends it; it answers with how many it wrote.
 */
import { Database } from "bun:sqlite";

const [file = "", rate = "", players = ""] = process.argv.slice(2);
export const database = new Database(file, { readwrite: true });
database.run("PRAGMA busy_timeout = 1000");
const write = database.prepare("UPDATE players SET balance_minor = balance_minor + 1 WHERE player_id = ?");

let written = 0;
const startedMs = performance.now();
const timer = setInterval(() => {
  const due = ((performance.now() - startedMs) / 1000) * Number(rate);
  for (; written < due; written += 1) write.run(String(Math.floor(Math.random() * Number(players))));
}, 5);

for await (const _line of console) break;
clearInterval(timer);
database.close(true);
process.stdout.write(`${written}\n`);
