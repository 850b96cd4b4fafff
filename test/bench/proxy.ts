/** The floor of the REST source: a bare route in the same runtime that reads the body, fetches, and returns one constant signed reply. */
const upstream = process.argv[2] ?? "";
const reply = '{"balance":"30","status_code":"OK"}';
const signature = new Bun.CryptoHasher("sha256", "floor").update(reply).digest("hex");

export const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 120,
  routes: {
    "/balance": {
      POST: async (request) => {
        await request.bytes();
        const response = await fetch(`${upstream}players/1`);
        await response.text();
        return new Response(reply, {
          headers: { "Content-Type": "application/json", "X-Signature": signature },
        });
      },
    },
  },
});
process.stdout.write(`${JSON.stringify({ msg: "listening", url: `${server.url.href}balance` })}\n`);
