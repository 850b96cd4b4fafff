/**
 * The floor of what asks a core: a bare route in the same runtime that reads the body, fetches, and returns one constant
 * signed reply. With `fresh` it passes the body on, over a connection of its own.
 */
const [upstream = "", connection = "pooled"] = process.argv.slice(2);
const reply = '{"balance":"30","status_code":"OK"}';
const signature = new Bun.CryptoHasher("sha256", "floor").update(reply).digest("hex");

export const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 120,
  routes: {
    "/balance": {
      POST: async (request) => {
        const body = await request.bytes();
        const response =
          connection === "fresh"
            ? await fetch(`${upstream}bet`, { method: "POST", body, keepalive: false })
            : await fetch(`${upstream}players/1`);
        await response.text();
        return new Response(reply, {
          headers: { "Content-Type": "application/json", "X-Signature": signature },
        });
      },
    },
  },
});
process.stdout.write(`${JSON.stringify({ msg: "listening", url: `${server.url.href}balance` })}\n`);
