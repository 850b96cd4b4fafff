import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import * as v from "valibot";
import { exchange, post, signatureOf } from "../raw-http.ts";
import { run } from "../server-process.ts";
import { operate, type Operated, SECRET } from "../operations/operated.ts";

const OWN = 'plugin = "sqlite"\nfile = "balances.db"';
const INVALID = '{"status_code":"ERR_INVALID_BODY"}';

setDefaultTimeout(40_000);

function ok(balance: string): string {
  return `{"balance":"${balance}","status_code":"OK"}`;
}

/** The operator's program, and where it listens. */
async function startWallet(database: string) {
  const command = [process.execPath, join(import.meta.dir, "wallet.ts"), database, "0"];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const first = await child.stdout.getReader().read();
  const { port } = v.parse(v.object({ port: v.number() }), JSON.parse(new TextDecoder().decode(first.value)));
  return { url: `http://127.0.0.1:${port}`, child, [Symbol.dispose]: () => child.kill() };
}

async function transfer(server: Operated, endpoint: string, transferId: string, amount: unknown) {
  const body = JSON.stringify({
    request_id: "r-1",
    timestamp: 1_710_000_000,
    transfer_id: transferId,
    player_id: "12001",
    amount,
  });
  const reply = await exchange(
    server.process.port,
    post(body, [`X-Signature: ${signatureOf(SECRET, body)}`], `/${endpoint}`),
  );
  const text = reply?.body.toString() ?? "";
  expect(reply?.headers.get("x-signature")).toBe(signatureOf(SECRET, text));
  return text;
}

test("a small operator's whole integration: a program of his own books, and each balance is the one just booked", async () => {
  await using server = await operate({ source: OWN });
  const set = await run(["players", "set", "12001", "30", "EUR"], { cwd: server.folder });
  expect(set.exitCode).toBe(0);
  using wallet = await startWallet(join(server.folder, "balances.db"));
  const webhook = `secrets = ["${SECRET}"]\nauthenticate = true\nforward = { url = "${wallet.url}" }`;
  expect((await server.change({ source: OWN, webhook })).msg).toBe("reloaded");
  const session = JSON.stringify({ request_id: "r", timestamp: 1, session_id: "s", player_id: "12001" });
  const launch = post(session, [`X-Signature: ${signatureOf(SECRET, session)}`], "/authenticate");
  expect((await exchange(server.process.port, launch))?.body.toString()).toBe(
    '{"currency":"EUR","balance":"30","status_code":"OK"}',
  );
  expect(await transfer(server, "bet", "t-1", "1.50")).toBe(ok("28.50"));
  expect(await server.balance()).toBe(ok("28.5"));
  // Klas asks again: it is booked once.
  expect(await transfer(server, "bet", "t-1", "1.50")).toBe(ok("28.50"));
  expect(await transfer(server, "credit", "t-2", "10")).toBe(ok("38.50"));
  expect(await transfer(server, "refund", "t-3", "0.07")).toBe(ok("38.57"));
  expect(await transfer(server, "bet", "t-4", "38.58")).toBe('{"status_code":"ERR_INSUFFICIENT_FUNDS"}');
  for (const amount of ["-1", "1.505", "1e3", "", null]) {
    expect(await transfer(server, "bet", "t-5", amount)).toBe(INVALID);
  }
  for (let bets = 0; bets < 20; bets += 1) {
    await transfer(server, "bet", `many-${bets}`, "1.01");
    expect(await server.balance()).toBe(ok(String((3857 - 101 * (bets + 1)) / 100)));
  }
  wallet.child.kill();
  await wallet.child.exited;
  expect(await transfer(server, "bet", "t-6", "1")).toBe('{"status_code":"ERR_UNKNOWN"}');
  expect(await server.balance()).toBe(ok("18.37"));
});
