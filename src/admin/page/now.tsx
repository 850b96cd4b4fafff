import type { Status } from "../shapes.ts";
import { ago, dateAndTime, span } from "./format.ts";

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
        <p class="verdict good">
          <strong>Ready</strong>
        </p>
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
        <dt>Latest reload</dt>
        <dd>
          {reload === null
            ? "none yet"
            : `${dateAndTime(reload.time_ms)}: ${reload.problem ?? "took effect"}`}
        </dd>
        <dt>Running for</dt>
        <dd>{span(nowMs - status.started_ms)}</dd>
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
  const { secrets, time_ms: nowMs } = status;
  return (
    <section aria-labelledby="secrets">
      <h2 id="secrets">
        Secrets <a href="#/manual/rotation">rotate</a>
      </h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Position</th>
            <th scope="col">Secret</th>
            <th scope="col">Calls</th>
            <th scope="col">Last used</th>
          </tr>
        </thead>
        <tbody>
          {secrets.map(({ position, characters, is_trial, uses, last_used_ms }) => (
            <tr key={position}>
              <td>{position === 1 ? "1, signs" : position}</td>
              <td>
                ****, {characters} characters{is_trial ? ", a trial: not Klas Gaming's" : ""}
              </td>
              <td class="number">{uses}</td>
              <td>{ago(last_used_ms, nowMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
