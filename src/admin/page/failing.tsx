import type { Failing, Status } from "../shapes.ts";
import { ago, count, moment, span, visible } from "./format.ts";
import { ReasonLink } from "./reason.tsx";
import { styleOf } from "./reasons.ts";

/** Calls are remembered from the start of the server on. */
interface Clock {
  readonly nowMs: number;
  readonly startedMs: number;
}

/** Within this time of the start everybody who goes on failing has failed once. */
const START_MS = 60_000;

type Run = Failing["runs"][number];

interface FailingProps {
  readonly status: Status;
  /** Lists the calls of one player, or of one reason. */
  readonly onList: (filter: { readonly player: string; readonly reason: string }) => void;
}

/** So many get a row each. If there are more they are counted, and a click lists them. */
const SHOWN_RUNS = 3;

/** Whose calls fail, since when and why: the question that this page is opened with. */
export function FailingCalls({ status, onList }: FailingProps) {
  const { failing, time_ms: nowMs, started_ms: startedMs } = status;
  const clock = { nowMs, startedMs };
  const now = failing.filter((each) => each.failing_now > 0);
  const over = failing.flatMap(({ reason, runs }) =>
    runs.filter((run) => run.is_over).map((run) => ({ reason, run })),
  );
  return (
    <section aria-labelledby="failing">
      <h2 id="failing">
        Failing calls {now.length > 0 && <a href="#/manual/troubleshooting">what to do</a>}
      </h2>
      {now.length === 0 && (
        <p class="muted">
          {failing.length === 0
            ? `No call has failed since the start, ${ago(startedMs, nowMs)}.`
            : "Whoever failed was answered again, or has not called for 15 minutes."}
        </p>
      )}
      {now.map((each) => (
        <OfReason key={each.reason} failing={each} clock={clock} onList={onList} />
      ))}
      {over.length > 0 && (
        <details>
          <summary>Over: {over.length}</summary>
          {over.map(({ reason, run }) => (
            <Row key={`${reason} ${keyOf(run)}`} reason={reason} run={run} clock={clock} onList={onList} />
          ))}
        </details>
      )}
    </section>
  );
}

interface OfReasonProps {
  readonly failing: Failing;
  readonly clock: Clock;
  readonly onList: FailingProps["onList"];
}

function OfReason({ failing, clock, onList }: OfReasonProps) {
  const { reason, calls, failing_now: total, since_ms: sinceMs, latest_ms: latestMs } = failing;
  const runs = failing.runs.filter((run) => !run.is_over);
  const rows = runs.map((run) => (
    <Row key={keyOf(run)} reason={reason} run={run} clock={clock} onList={onList} />
  ));
  if (total <= SHOWN_RUNS) return <>{rows}</>;
  const whose = runs.every(({ player_id }) => player_id === null) ? "callers" : "players";
  return (
    <div class="run">
      <ReasonLink reason={reason} />
      <button type="button" class="link" onClick={() => onList({ player: "", reason })}>
        {total >= 100 ? "100 or more" : total} {whose}
      </button>
      <div>
        <Times calls={calls} sinceMs={sinceMs} latestMs={latestMs} clock={clock} />
        <details>
          <summary>
            {runs.length < total ? `the ${runs.length} with the most calls` : `these ${total}`}
          </summary>
          {rows}
        </details>
      </div>
    </div>
  );
}

interface RowProps {
  readonly reason: string;
  readonly run: Run;
  readonly clock: Clock;
  readonly onList: FailingProps["onList"];
}

function Row({ reason, run, clock, onList }: RowProps) {
  const { endpoint, player_id: player, remote, calls, since_ms, latest_ms, answered_ms, detail } = run;
  return (
    <div class="run">
      <ReasonLink reason={reason} />
      <span>
        {player === null ? (
          `caller ${remote === null || remote === "" ? "not known" : visible(remote)}`
        ) : (
          <>
            player{" "}
            <button
              type="button"
              class="link id"
              title="list this player's calls"
              onClick={() => onList({ player, reason: "" })}
            >
              {visible(player)}
            </button>
          </>
        )}
        {endpoint !== "balance" && <span class="muted"> {endpoint}</span>}
      </span>
      <div>
        <Times calls={calls} sinceMs={since_ms} latestMs={latest_ms} clock={clock} />
        {answered_ms !== null && `, answered again ${moment(answered_ms, clock.nowMs)}`}
        {player !== null && answered_ms === null && calls > 1 && ", none answered since"}
        <div class="why">
          {styleOf(reason).words}
          {detail !== null && `: ${visible(detail)}`}
          {reason === "bad_signature" && (
            <>
              {" "}
              <a href="#/failed">what does not fit</a>
            </>
          )}
        </div>
      </div>
    </div>
  );
}

interface TimesProps {
  readonly calls: number;
  readonly sinceMs: number;
  readonly latestMs: number;
  readonly clock: Clock;
}

function Times({ calls, sinceMs, latestMs, clock }: TimesProps) {
  const { nowMs, startedMs } = clock;
  // What fails from the start on may have failed before it.
  const least = sinceMs - startedMs < START_MS ? "at least " : "";
  const since = `since ${least}${moment(sinceMs, nowMs)} (${span(nowMs - sinceMs)})`;
  return calls === 1 ? (
    <>
      1 call, {moment(latestMs, nowMs)} ({ago(latestMs, nowMs)})
    </>
  ) : (
    <>
      {count(calls, "call")} <strong>{since}</strong>, the latest {ago(latestMs, nowMs)}
    </>
  );
}

function keyOf({ endpoint, player_id, remote, since_ms }: Run): string {
  return `${endpoint} ${player_id} ${remote} ${since_ms}`;
}
