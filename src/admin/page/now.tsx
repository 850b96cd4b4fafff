import type { Status } from "../shapes.ts";
import {
  ago,
  count,
  dateAndTime,
  milliseconds,
  percent,
  span,
  timeOfDay,
  timeOfDayUtc,
  visible,
} from "./format.ts";
import { isTrouble } from "./reasons.ts";

/** Whether it works: the one line to read first. */
export function Verdict({ status, lost }: { readonly status: Status | undefined; readonly lost: string }) {
  if (lost !== "") {
    return (
      <p class="verdict bad" role="alert">
        <strong>No connection</strong> to the server: {lost}. Trying again.
      </p>
    );
  }
  if (status === undefined) return <p class="verdict">Asking the server …</p>;
  return (
    <div role="status">
      {status.ready ? (
        <ReadyBar status={status} />
      ) : (
        <div class="verdict bad">
          <strong>Not ready</strong>
          <ul>
            {status.not_ready.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </div>
      )}
      {status.warnings.length > 0 && (
        <div class="verdict warn">
          <strong>Warning</strong>
          <ul>
            {status.warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

/** More names than this would push the page down. */
const NAMED = 3;

/** Ready, and whose calls fail all the same. */
function ReadyBar({ status }: { readonly status: Status }) {
  const names = status.failing
    .filter(({ reason, failing_now: now }) => now > 0 && isTrouble(reason))
    .flatMap(({ reason, runs }) => runs.filter((run) => !run.is_over).map((run) => run.player_id ?? reason));
  const failing = [...new Set(names)];
  if (failing.length === 0) {
    return (
      <p class="verdict good">
        <strong>Ready</strong>
      </p>
    );
  }
  return (
    <p class="verdict warn">
      <strong>Ready</strong>; failing:{" "}
      <a href="#/" onClick={() => document.getElementById("failing")?.scrollIntoView()}>
        {failing.slice(0, NAMED).map(visible).join(", ")}
        {failing.length > NAMED && " and others"}
      </a>
    </p>
  );
}

/** Whether calls come at all, and how they end: a server that is ready may be asked nothing. */
export function Traffic({ status }: { readonly status: Status }) {
  const { last_minute: minute, latest_call_ms: latestMs, time_ms: nowMs, started_ms: startedMs } = status;
  if (latestMs === null) return <p>No call since the start, {ago(startedMs, nowMs)}.</p>;
  if (minute.calls === 0) return <p>No call for {span(nowMs - latestMs)}.</p>;
  return (
    <p>
      {count(minute.calls, "call")} in the last minute: {percent(minute.ok, minute.calls)} OK, p50{" "}
      {milliseconds(minute.p50_ms)}, p99 {milliseconds(minute.p99_ms)}.
    </p>
  );
}

/** In UTC, as in the log; with the date if it was another day there. */
function startOf({ started_ms: startedMs, time_ms: nowMs }: Status): string {
  const date = new Date(startedMs).toISOString().slice(0, 10);
  const isToday = new Date(nowMs).toISOString().startsWith(date);
  return `${isToday ? "" : `${date} `}${timeOfDayUtc(startedMs)}`;
}

/** What serves, since when, and how full it is. */
export function Now({ status }: { readonly status: Status }) {
  const { source, workers, reload, time_ms: nowMs } = status;
  const limit = status.max_in_flight * Math.max(1, workers.length);
  return (
    <section aria-labelledby="now">
      <h2 id="now">Now</h2>
      <dl>
        <dt>Endpoint</dt>
        <dd>{status.url}</dd>
        <dt>Source</dt>
        <dd>
          {source.name} ({source.plugin})
        </dd>
        <dt>In flight</dt>
        <dd>
          {status.in_flight} of {limit}
        </dd>
        {workers.map((worker) => (
          <Worker key={worker.number} worker={worker} />
        ))}
        <dt>Time</dt>
        <dd>
          {timeOfDayUtc(nowMs)} UTC, as in the log
          {timeOfDay(nowMs) !== timeOfDayUtc(nowMs) && `; here ${timeOfDay(nowMs)}`}
        </dd>
        <dt>Latest reload</dt>
        <dd>
          {reload === null
            ? "none yet"
            : `${dateAndTime(reload.time_ms)}: ${reload.problem ?? "took effect"}`}
        </dd>
        <dt>Running for</dt>
        <dd>
          {span(nowMs - status.started_ms)}, started {startOf(status)} UTC
        </dd>
        <dt>Version</dt>
        <dd>
          {status.version} ({status.revision})
        </dd>
        <dt>Configuration</dt>
        <dd>{status.config_file}</dd>
      </dl>
    </section>
  );
}

function Worker({ worker }: { readonly worker: Status["workers"][number] }) {
  const details = Object.entries(worker.source).map(
    ([name, value]) => `${name.replaceAll("_", " ")}: ${value}`,
  );
  return (
    <>
      <dt>Worker {worker.number}</dt>
      <dd>
        {worker.up ? `up, pid ${worker.pid}` : `down, ${worker.failures} times in a row`}
        {details.length > 0 && <div class="muted">{details.join(", ")}</div>}
      </dd>
    </>
  );
}

/** Which secret is in use: once the old one is not, it can go. */
export function Secrets({ status }: { readonly status: Status }) {
  const { secrets, time_ms: nowMs, started_ms: startedMs } = status;
  const latest = secrets.toSorted((one, other) => (other.last_used_ms ?? 0) - (one.last_used_ms ?? 0))[0];
  return (
    <section aria-labelledby="secrets">
      <h2 id="secrets">
        Secrets <a href="#/manual/rotation">rotate</a>
      </h2>
      <dl>
        {secrets.map((secret) => (
          <>
            <dt>{secret.position === 1 ? "1, signs" : secret.position}</dt>
            <dd>
              <Use secret={secret} nowMs={nowMs} />
              <div>{advice(secret, secrets, nowMs)}</div>
              <div class="muted">
                ****, {count(secret.characters, "character")}
                {secret.is_trial ? ", a trial: not Klas Gaming's" : ""}
              </div>
            </dd>
          </>
        ))}
      </dl>
      <p class="muted">
        {latest === undefined || latest.last_used_ms === null
          ? "No call has come with any of them"
          : secrets.length > 1 && `The latest call came with secret ${latest.position}`}
        {(secrets.length > 1 || latest?.last_used_ms === null) &&
          `. Counted since the start, ${ago(startedMs, nowMs)}; calls that you try here do not count.`}
      </p>
    </section>
  );
}

type Secret = Status["secrets"][number];

/** A secret that verified a call so recently is in use. */
const IN_USE_MS = 60_000;

function isInUse({ last_used_ms: lastMs }: Secret, nowMs: number): boolean {
  return lastMs !== null && nowMs - lastMs < IN_USE_MS;
}

/** What that means for whoever rotates secrets. */
function advice(secret: Secret, secrets: readonly Secret[], nowMs: number): string {
  const others = secrets.filter((other) => other !== secret);
  const othersAreInUse = others.some((other) => isInUse(other, nowMs));
  if (others.length === 0) return "";
  if (isInUse(secret, nowMs)) {
    return othersAreInUse ? "Do not remove it." : "It carries all calls: do not remove it.";
  }
  if (!othersAreInUse) return "No calls come now that could tell: do not remove it.";
  return secret.position === 1
    ? "Klas Gaming does not sign with it yet."
    : "It can go if Klas Gaming has switched to another.";
}

function Use({ secret, nowMs }: { readonly secret: Secret; readonly nowMs: number }) {
  const { uses, last_used_ms: lastMs } = secret;
  if (lastMs === null) return <strong>not used</strong>;
  if (isInUse(secret, nowMs)) {
    return (
      <>
        <strong>in use</strong>, the latest call {ago(lastMs, nowMs)}, {count(uses, "call")}
      </>
    );
  }
  return (
    <>
      <strong>not used for {span(nowMs - lastMs)}</strong>, {count(uses, "call")} before
    </>
  );
}
