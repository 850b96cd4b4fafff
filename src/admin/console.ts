import { callBalance, ourTarget } from "../certify/balance-call.ts";
import { signedCurl } from "../certify/signed-call.ts";
import type { Config } from "../config/load.ts";
import { TRIAL_PREFIX } from "../config/secret-warnings.ts";
import { topics } from "../help/topics.ts";
import { type AnsweredCall, type FailedBody, secretId } from "../observe/recorder.ts";
import { formatEntry } from "../players/entry.ts";
import { hasOwnDatabase, ownDatabase } from "../players/own-database.ts";
import { revision, version } from "../version.ts";
import type { Latest } from "./recent.ts";
import type { CallResult, PlayersPage, Series, Status } from "./shapes.ts";
import type { Step } from "./timeline.ts";
import type { Watch } from "./watch.ts";

/** What the serving process knows of itself. */
export interface RunningServer {
  readonly config: Config;
  readonly startedMs: number;
  /** The public listener's; empty until there is one. */
  readonly url: string;
  readonly reload: Status["reload"];
  notReady(): Promise<readonly string[]>;
  warnings(): readonly string[];
}

/** What the console shows and does. */
export interface ConsoleSubject {
  /** As of the latest refresh. */
  status(): Status;
  /** Asks the workers for what is new. */
  refresh(): Promise<void>;
  /** Up to the last step of which all calls are known. */
  series(step: Step): Series;
  readonly calls: Latest<AnsweredCall>;
  /** How many calls came too fast to be among them, since the start. */
  leftOut(): number;
  readonly failedBodies: Latest<FailedBody>;
  /** Those in use now, for `explain`. */
  secrets(): readonly string[];
  /** Makes one signed call to this server. Throws, with a message for the reader, if there is no answer. */
  call(playerId: string): Promise<CallResult>;
  /**
   * A page of klas-balance's own players; `undefined` if the source in use has none. Throws, with a message for the
   * reader, if they cannot be read.
   */
  players(from: string): Promise<PlayersPage | undefined>;
  readonly manual: {
    readonly topics: readonly { readonly name: string; readonly title: string }[];
    html(name: string): string | undefined;
  };
}

const CALL_MS = 10_000;
const PLAYERS_PER_PAGE = 50;

/** Puts together what the console shows, from what was watched and what the running server knows. */
export function consoleSubject(running: () => RunningServer, watch: Watch): ConsoleSubject {
  let notReady: readonly string[] = [];
  return {
    series: (step) => watch.timeline.series(step, watch.knownUntilMs),
    calls: watch.calls,
    leftOut: () => watch.leftOut,
    failedBodies: watch.failedBodies,
    status: () => statusOf(running(), watch, notReady),
    async refresh() {
      const [problems] = await Promise.all([running().notReady(), watch.refresh()]);
      notReady = problems;
    },
    secrets: () => running().config.webhook.secrets,
    call: (playerId) => call(running(), watch, playerId),
    players: (from) => playersPage(running().config, from),
    manual: {
      topics,
      html: (name) => {
        const topic = topics.find((each) => each.name === name);
        return topic && Bun.markdown.html(topic.text);
      },
    },
  };
}

function statusOf(running: RunningServer, watch: Watch, notReady: readonly string[]): Status {
  const { config, startedMs, url, reload } = running;
  const { source, webhook, admin } = config;
  const nowMs = Date.now();
  const workers = watch.workers.map(({ number, pid = null, isUp, failures, news }) => ({
    number,
    pid,
    up: isUp,
    failures,
    in_flight: news?.inFlight ?? 0,
    source: news?.source ?? {},
  }));
  return {
    time_ms: nowMs,
    version,
    revision,
    started_ms: startedMs,
    config_file: config.file,
    url,
    ready: notReady.length === 0,
    not_ready: notReady,
    warnings: running.warnings(),
    source: { name: source.name, plugin: source.plugin },
    last_minute: watch.timeline.latest(60, watch.knownUntilMs),
    latest_call_ms: watch.timeline.latestCallMs,
    in_flight: workers.reduce((sum, worker) => sum + worker.in_flight, 0),
    max_in_flight: webhook.max_in_flight,
    workers,
    failing: watch.failing.shown(nowMs),
    reload,
    secrets: webhook.secrets.map((secret, index) => {
      const used = watch.usesOf(secretId(secret));
      return {
        position: index + 1,
        characters: secret.length,
        is_trial: secret.startsWith(TRIAL_PREFIX),
        uses: used?.uses ?? 0,
        last_used_ms: used?.last_used_ms ?? null,
      };
    }),
    capture_failed: admin?.capture_failed ?? 0,
    has_players: hasOwnDatabase(config),
  };
}

async function call({ config, url }: RunningServer, watch: Watch, playerId: string): Promise<CallResult> {
  // If port 0 was asked for, only the listener knows which it got.
  const port = Number(URL.parse(url)?.port) || config.server.port;
  const target = ourTarget({ ...config, server: { ...config.server, port } });
  const result = await watch.tryCall(secretId(target.secret), () => callBalance(target, playerId, CALL_MS));
  return { ...result, curl: signedCurl(url, config.webhook.secrets[0], playerId) };
}

async function playersPage(config: Config, from: string): Promise<PlayersPage | undefined> {
  if (!hasOwnDatabase(config)) return undefined;
  const { exponentOf, open } = await ownDatabase(config);
  return await open("read", async (players) => {
    const page: PlayersPage["players"] = [];
    for await (const player of players.list(from)) {
      if (page.length === PLAYERS_PER_PAGE) return { players: page, next: player.playerId };
      // A player who cannot be shown must not hide the others, and is looked for here when something is wrong.
      const isKnown = exponentOf(player.currency) !== undefined;
      const { playerId: player_id, currency, balanceMinor } = player;
      page.push(
        isKnown
          ? formatEntry(player, exponentOf)
          : { player_id, currency, balance: null, minor_units: String(balanceMinor) },
      );
    }
    return { players: page, next: null };
  });
}
