import { pageAssets } from "../../src/admin/page-assets.ts";
import type { ConsoleEvent, Series, ShownCall, Status } from "../../src/admin/shapes.ts";

/** The console's page, and a server behind it whose seconds pass as fast as the page asks for its charts. */
export interface AcceleratedServer extends Disposable {
  readonly url: string;
  /** Seconds that have passed for the page. */
  readonly seconds: number;
}

/** Each look at the charts, which the page takes once a second, is so many seconds; so is each event. */
const SECONDS_PER_LOOK = 30;
const SECONDS_PER_EVENT = 5;
const CALLS_PER_EVENT = 100;
const POINTS = 900;

const REASONS = ["ok", "ok", "ok", "player_not_found", "source_timeout", "bad_signature", "refused"];

export async function accelerate(): Promise<AcceleratedServer> {
  const assets = await pageAssets();
  const startMs = Date.UTC(2026, 0, 2);
  let seconds = 0;
  let calls = 0;
  let stream: ReadableStreamDefaultController<string> | undefined;

  function callOf(number: number): ShownCall {
    // Which reasons there are changes now and then, and with them the lines of the charts.
    const reason = REASONS[(number * 7 + Math.floor(seconds / 600)) % REASONS.length] ?? "ok";
    return {
      number,
      time_ms: startMs + seconds * 1000,
      endpoint: "balance",
      reason,
      status_code: reason === "ok" ? "OK" : "ERR_UNKNOWN",
      duration_ms: (number % 97) / 10,
      request_id: crypto.randomUUID(),
      player_id: `player-${number % 5000}`,
      remote: `203.0.113.${number % 250}`,
      trace_id: crypto.randomUUID(),
      ...(reason === "ok" ? {} : { detail: `what happened to call ${number}` }),
    };
  }

  function pass(): void {
    seconds += SECONDS_PER_EVENT;
    const fresh = Array.from({ length: CALLS_PER_EVENT }, (_, index) => callOf(calls + index + 1));
    calls += CALLS_PER_EVENT;
    const event = {
      status: statusAt(startMs, startMs + seconds * 1000),
      calls: fresh,
      left_out: seconds % 3,
      newest_failed: Math.floor(seconds / 60),
    } satisfies ConsoleEvent;
    stream?.enqueue(`data: ${JSON.stringify(event)}\n\n`);
  }

  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch({ url }) {
      const { pathname } = new URL(url);
      const asset = assets.get(pathname === "/" ? "index.html" : pathname.replace("/page/", ""));
      if (asset !== undefined) return new Response(asset.bytes, { headers: { "Content-Type": asset.type } });
      if (pathname === "/api/series") {
        for (let second = 0; second < SECONDS_PER_LOOK; second += SECONDS_PER_EVENT) pass();
        return Response.json(seriesUntil(Math.floor(startMs / 1000) + seconds));
      }
      if (pathname === "/api/events") {
        const events = new ReadableStream<string>({ start: (controller) => void (stream = controller) });
        return new Response(events.pipeThrough(new TextEncoderStream()), {
          headers: { "Content-Type": "text/event-stream" },
        });
      }
      return new Response(null, { status: 404 });
    },
  });
  return {
    url: server.url.href,
    get seconds() {
      return seconds;
    },
    [Symbol.dispose]: () => void server.stop(true),
  };
}

function seriesUntil(end: number): Series {
  const points = (height: number) =>
    Array.from({ length: POINTS }, (_, index) => height * (2 + Math.sin((end + index) / 40)));
  const names = [...new Set(REASONS)].filter(
    (_, index) => index === 0 || Math.floor(end / 600) % 6 !== index,
  );
  return {
    step_seconds: 1,
    end,
    counts: Object.fromEntries(names.map((name, index) => [name, points(index + 1).map(Math.round)])),
    p50_ms: points(0.3),
    p95_ms: points(1.2),
    p99_ms: points(4),
  };
}

function statusAt(startedMs: number, nowMs: number): Status {
  const minute = Math.floor((nowMs - startedMs) / 60_000);
  const run = (index: number) => ({
    endpoint: "balance",
    player_id: `player-${minute + index}`,
    remote: null,
    since_ms: nowMs - 60_000 * index,
    calls: minute + index,
    latest_ms: nowMs,
    answered_ms: index % 2 === 0 ? null : nowMs,
    is_over: index % 2 === 1,
    detail: `of minute ${minute}`,
  });
  return {
    time_ms: nowMs,
    version: "0",
    revision: "0",
    started_ms: startedMs,
    config_file: "/etc/klas-balance/config.toml",
    url: "http://127.0.0.1:8080/balance",
    ready: minute % 10 !== 9,
    not_ready: minute % 10 === 9 ? [`the source "players": of minute ${minute}`] : [],
    warnings: minute % 7 === 0 ? [`a warning of minute ${minute}`] : [],
    source: { name: "players", plugin: "rest" },
    last_minute: { calls: 1200, ok: 500 + minute, p50_ms: 0.2, p99_ms: (minute % 50) / 10 },
    latest_call_ms: nowMs,
    in_flight: minute % 9,
    max_in_flight: 1024,
    workers: [1, 2].map((number) => ({
      number,
      pid: 4000 + number + minute,
      up: true,
      failures: 0,
      in_flight: minute % 5,
      source: { host: `core-${minute % 3}` },
    })),
    failing: ["source_failed", "player_not_found"].map((reason) => ({
      reason,
      since_ms: startedMs,
      calls: minute,
      latest_ms: nowMs,
      failing_now: 5,
      runs: Array.from({ length: 10 }, (_, index) => run(index)),
    })),
    reload: { time_ms: startedMs, problem: null },
    secrets: [
      { position: 1, characters: 40, is_trial: false, uses: minute, last_used_ms: nowMs },
      { position: 2, characters: 40, is_trial: false, uses: 0, last_used_ms: null },
    ],
    capture_failed: 20,
    has_players: false,
  };
}
