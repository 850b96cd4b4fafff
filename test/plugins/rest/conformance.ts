import type { Subjects } from "../held-to-the-contract.ts";

let core: Bun.Server<undefined> | undefined;

/** A core for as long as the tests run; nothing waits for it. */
function coreUrl(): string {
  core ??= Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      const asked = request.method === "POST" ? await request.json() : searchParams.get("player");
      const id = typeof asked === "object" ? Reflect.get(asked ?? {}, "player") : asked;
      if (id !== "12001") return new Response(null, { status: 404 });
      return pathname === "/text" ? new Response("30") : Response.json({ data: { balance: 30 } });
    },
  });
  core.unref();
  return core.url.href;
}

export const subjects: Subjects = {
  "asked by GET": async () => ({ url: `${coreUrl()}?player={player_id}`, balance: "/data/balance" }),
  "asked by POST": async () => ({
    url: coreUrl(),
    method: "POST",
    body: { player: "{player_id}" },
    balance: "/data/balance",
  }),
  "that answers by text": async () => ({ url: `${coreUrl()}text?player={player_id}`, format: "text" }),
  "with what joins and remembers calls": async () => ({
    url: `${coreUrl()}?player={player_id}`,
    balance: "/data/balance",
    coalesce: true,
    cache_ms: 50,
  }),
};
