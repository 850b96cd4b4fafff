/** A core that answers every request with the same balance and `status_code`, after `process.argv[2]` milliseconds. */
const delayMs = Number(process.argv[2] ?? 0);
const body = '{"data":{"balance":30.00},"status_code":"OK"}';

export const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch() {
    if (delayMs > 0) await Bun.sleep(delayMs);
    return new Response(body, { headers: { "Content-Type": "application/json" } });
  },
});
process.stdout.write(`${JSON.stringify({ msg: "listening", url: server.url.href })}\n`);
