import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "../raw-http.ts";
import { eventually } from "../operations/operated.ts";

/** nginx as the manual shows it: a connection to the server for each call. */
export interface Proxy extends AsyncDisposable {
  readonly port: number;
}

/** Throws if there is no nginx. */
export async function startProxy(upstreamPort: number): Promise<Proxy> {
  const folder = mkdtempSync(join(tmpdir(), "klas-balance-nginx-"));
  const port = freePort();
  const configuration = `daemon off; pid nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 100000000;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://127.0.0.1:${upstreamPort}; proxy_set_header Host $host; }
  }
}
`;
  writeFileSync(join(folder, "nginx.conf"), configuration);
  const child = Bun.spawn(["nginx", "-p", folder, "-c", "nginx.conf"], {
    stdout: "ignore",
    stderr: "inherit",
  });
  await eventually("nginx", async () => {
    const connection = await open(port).catch(() => undefined);
    connection?.destroy();
    return connection !== undefined;
  });
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One that was free just now: nginx cannot be asked which one it took. */
function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}
