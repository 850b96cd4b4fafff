/**
 * The floor of what asks a core: a bare route in the same runtime that reads the body, asks the core, and returns one
 * constant signed reply. The second argument says how it asks.
 */
import http from "node:http";

const [upstream = "", way = ""] = process.argv.slice(2);
const reply = '{"balance":"30","status_code":"OK"}';
const signature = new Bun.CryptoHasher("sha256", "floor").update(reply).digest("hex");
const kept = new http.Agent({ keepAlive: true });
const perCall = new http.Agent({ keepAlive: false });

/** Each of them resolves when the core's answer is read. */
const ways: Readonly<Record<string, (body: ArrayBuffer) => Promise<unknown>>> = {
  fetch: async () => (await fetch(`${upstream}players/1`)).text(),
  "fetch, a connection per call": async (body) =>
    (await fetch(`${upstream}bet`, { method: "POST", body, keepalive: false })).text(),
  "Node's client": () => byNode(kept, "GET", "players/1"),
  "Node's client, a connection per call": (body) => byNode(perCall, "POST", "bet", body),
};

function byNode(agent: http.Agent, method: string, path: string, body?: ArrayBuffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.request(`${upstream}${path}`, { agent, method }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve(text));
    });
    request.on("error", reject);
    request.end(body === undefined ? "" : new Uint8Array(body));
  });
}

const ask = ways[way];
if (ask === undefined) throw new Error(`no way "${way}": ${Object.keys(ways).join("; ")}`);

export const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 120,
  routes: {
    "/balance": {
      POST: async (request) => {
        await ask(await request.arrayBuffer());
        return new Response(reply, {
          headers: { "Content-Type": "application/json", "X-Signature": signature },
        });
      },
    },
  },
});
process.stdout.write(`${JSON.stringify({ msg: "listening", url: `${server.url.href}balance` })}\n`);
