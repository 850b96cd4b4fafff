import { useState } from "preact/hooks";
import type { ShownCall } from "../shapes.ts";
import { dateAndTime, milliseconds, timeOfDay, visible } from "./format.ts";
import { ReasonLink } from "./reason.tsx";
import { isTrouble, REASONS, styleOf } from "./reasons.ts";

/** Which of the calls are listed. */
export interface Filter {
  readonly reason: string;
  readonly player: string;
  readonly request: string;
  /** Unix milliseconds; from a stretch of the chart. */
  readonly between: readonly [fromMs: number, toMs: number] | undefined;
}

export const NO_FILTER: Filter = { reason: "", player: "", request: "", between: undefined };

/** More rows than anybody reads would only slow the page down. */
const SHOWN_ROWS = 100;

function fits(call: ShownCall, { reason, player, request, between }: Filter): boolean {
  const isReason =
    reason === "" || call.reason === reason || (reason === "trouble" && isTrouble(call.reason));
  return (
    isReason &&
    (call.player_id ?? "").toLowerCase().includes(player.toLowerCase()) &&
    (call.request_id ?? "").includes(request) &&
    (between === undefined || (call.time_ms >= between[0] && call.time_ms <= between[1]))
  );
}

/** The filters that are active. */
function inWords({ reason, player, request, between }: Filter): string {
  const parts = [
    reason !== "" && `the reason ${reason === "trouble" ? "of a failure" : reason}`,
    player !== "" && `a player with "${visible(player)}"`,
    request !== "" && `a request id with "${visible(request)}"`,
    between !== undefined && `a time from ${timeOfDay(between[0])} to ${timeOfDay(between[1])}`,
  ];
  return parts.filter((part) => part !== false).join(" and ");
}

interface CallsProps {
  readonly calls: readonly ShownCall[];
  readonly leftOut: number;
  readonly isPaused: boolean;
  readonly onPause: (isPaused: boolean) => void;
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
}

/** The latest calls, the newest first. */
export function Calls({ calls, leftOut, isPaused, onPause, filter, onFilter }: CallsProps) {
  const [opened, setOpened] = useState<number>();
  const fitting = calls.filter((call) => fits(call, filter));
  const shown = fitting.slice(-SHOWN_ROWS).toReversed();
  const oldest = calls[0];
  const change = (part: Partial<Filter>) => onFilter({ ...filter, ...part });
  return (
    <section aria-labelledby="calls" class="wide">
      <h2 id="calls">Calls</h2>
      <div class="controls">
        <label>
          Reason{" "}
          <select value={filter.reason} onChange={(event) => change({ reason: event.currentTarget.value })}>
            <option value="">all</option>
            <option value="trouble">every failure</option>
            {REASONS.map(({ reason, words }) => (
              <option key={reason} value={reason}>
                {reason} ({words})
              </option>
            ))}
          </select>
        </label>
        <label>
          Player{" "}
          <input
            type="search"
            value={filter.player}
            onInput={(event) => change({ player: event.currentTarget.value })}
          />
        </label>
        <label>
          Request id{" "}
          <input
            type="search"
            value={filter.request}
            onInput={(event) => change({ request: event.currentTarget.value })}
          />
        </label>
        {filter.between !== undefined && (
          <button type="button" onClick={() => change({ between: undefined })}>
            {timeOfDay(filter.between[0])} to {timeOfDay(filter.between[1])}, show all times
          </button>
        )}
        {inWords(filter) !== "" && (
          <button type="button" onClick={() => onFilter(NO_FILTER)}>
            Clear filters
          </button>
        )}
        <button type="button" aria-pressed={isPaused} onClick={() => onPause(!isPaused)}>
          {isPaused ? "Go on" : "Pause"}
        </button>
      </div>
      <p class="muted">
        {shown.length < fitting.length
          ? `the newest ${shown.length} of ${fitting.length} that fit, out of the last ${calls.length}`
          : `${fitting.length} of the last ${calls.length}`}
        {leftOut > 0 ? `; ${leftOut} came too fast to be sent here` : ""}
        {isPaused ? "; paused" : ""}
      </p>
      {calls.length > 0 && fitting.length === 0 && <p>No call in the list has {inWords(filter)}.</p>}
      {filter.between !== undefined && oldest !== undefined && filter.between[0] < oldest.time_ms && (
        <p>The list reaches back to {dateAndTime(oldest.time_ms)}. Older calls are in the log.</p>
      )}
      <div
        class="scroll"
        tabindex={0}
        role="region"
        aria-label="The latest calls"
        onKeyDown={({ key }) => {
          if (key === "Escape") setOpened(undefined);
        }}
      >
        <table>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Endpoint</th>
              <th scope="col">Reason</th>
              <th scope="col">Player</th>
              <th scope="col">Duration</th>
              <th scope="col">Caller</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((call) => (
              <Row
                key={call.number}
                call={call}
                isOpen={opened === call.number}
                onToggle={() => setOpened(opened === call.number ? undefined : call.number)}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface RowProps {
  readonly call: ShownCall;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

function Row({ call, isOpen, onToggle }: RowProps) {
  return (
    <>
      <tr>
        <td>
          <button type="button" class="link" aria-expanded={isOpen} onClick={onToggle}>
            {timeOfDay(call.time_ms)}
          </button>
        </td>
        <td>{call.endpoint}</td>
        <td>
          <ReasonLink reason={call.reason} />
        </td>
        <td class="id">{visible(call.player_id ?? "")}</td>
        <td class="number">{milliseconds(call.duration_ms)}</td>
        <td>{call.remote ?? ""}</td>
      </tr>
      {isOpen && (
        <tr class="opened">
          <td colSpan={6}>
            <Details call={call} />
          </td>
        </tr>
      )}
    </>
  );
}

function Details({ call }: { readonly call: ShownCall }) {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["Time", dateAndTime(call.time_ms)],
    ["What happened", styleOf(call.reason).words],
    ["Detail", call.detail],
    ["Status code", call.status_code],
    ["Player", call.player_id],
    ["Request id", call.request_id],
    ["Trace id", call.trace_id],
    ["Caller", call.remote],
  ];
  return (
    <dl>
      {rows.map(([name, value]) =>
        value === undefined || value === "" ? undefined : (
          <>
            <dt>{name}</dt>
            <dd class="id">{visible(value)}</dd>
          </>
        ),
      )}
      {call.reason === "bad_signature" && (
        <>
          <dt>Body</dt>
          <dd>
            <a href={`#/failed/${call.time_ms}`}>what does not fit</a>
          </dd>
        </>
      )}
    </dl>
  );
}
