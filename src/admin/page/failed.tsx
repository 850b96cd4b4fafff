import { useEffect, useRef, useState } from "preact/hooks";
import type { ShownFailure } from "../shapes.ts";
import { dateAndTime, visible } from "./format.ts";
import { read } from "./requests.ts";

interface FailedProps {
  /** Changes when there is a new one. */
  readonly newest: number;
  readonly limit: number;
  /** When the call came whose body the reader looks for. */
  readonly soughtMs: number;
  readonly onList: FailureProps["onList"];
}

/** The bodies whose signature failed, each with what may be wrong. */
export function Failed({ newest, limit, soughtMs, onList }: FailedProps) {
  const [failed, setFailed] = useState<readonly ShownFailure[]>([]);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    async function refresh(): Promise<void> {
      try {
        setFailed((await read<{ failed: readonly ShownFailure[] }>("/api/failed")).failed);
        setProblem("");
      } catch (error) {
        setProblem(error instanceof Error ? error.message : String(error));
      }
    }
    void refresh();
  }, [newest]);

  return (
    <section aria-labelledby="failed" class="wide">
      <h2 id="failed">
        Failed signatures <a href="#/manual/troubleshooting">what to do</a>
      </h2>
      <p class="muted">
        {limit === 0
          ? "admin.capture_failed = 0: no body is kept."
          : `The last ${limit} bodies whose signature did not fit. They are in memory only; a restart forgets them.`}
      </p>
      {problem !== "" && <p role="alert">{problem}</p>}
      {limit > 0 && failed.length === 0 && problem === "" && <p>None.</p>}
      {failed.map((each) => (
        <Failure key={each.number} failure={each} isSought={each.time_ms === soughtMs} onList={onList} />
      ))}
    </section>
  );
}

interface FailureProps {
  readonly failure: ShownFailure;
  readonly isSought: boolean;
  /** Lists the call that had this body. */
  readonly onList: (filter: {
    readonly reason: string;
    readonly between: readonly [fromMs: number, toMs: number];
  }) => void;
}

function Failure({ failure, isSought, onList }: FailureProps) {
  const article = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isSought) article.current?.scrollIntoView();
  }, [isSought]);
  const { number, time_ms, endpoint, remote, problem, body_bytes, body_sha256, text, hex, findings } =
    failure;
  return (
    <article ref={article}>
      <h3 class={isSought ? "sought" : undefined}>
        {dateAndTime(time_ms)} <span class="muted">{endpoint}</span> from {remote}: signature {problem}
      </h3>
      <ul>
        {findings.map((finding) => (
          <li key={finding}>{finding}</li>
        ))}
      </ul>
      <p>
        <a href="#/" onClick={() => onList({ reason: "bad_signature", between: [time_ms, time_ms] })}>
          its row in the list of calls
        </a>
      </p>
      <details>
        <summary>
          The body, {body_bytes} bytes, SHA-256 {body_sha256}
        </summary>
        <h4>As text</h4>
        <pre tabindex={0}>{visible(text)}</pre>
        <h4>As hex</h4>
        <pre tabindex={0}>{hex}</pre>
        <p>
          <a href={`/api/failed/${number}`} download>
            Download the bytes
          </a>
          , then: klas-balance explain FILE --signature HEX
        </p>
      </details>
    </article>
  );
}
