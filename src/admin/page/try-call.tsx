import { useState } from "preact/hooks";
import type { CallResult, ShownCall } from "../shapes.ts";
import { milliseconds, visible } from "./format.ts";
import { ReasonLink } from "./reason.tsx";
import { post } from "./requests.ts";

interface TryCallProps {
  readonly calls: readonly ShownCall[];
  /** Lists one call. */
  readonly onList: (filter: { readonly request: string }) => void;
}

interface Tried {
  readonly player: string;
  readonly result: CallResult;
}

/** One signed call to this server, as Klas Gaming makes it. */
export function TryCall({ calls, onList }: TryCallProps) {
  const [player, setPlayer] = useState("");
  const [tried, setTried] = useState<Tried>();
  const [problem, setProblem] = useState("");
  const [isWaiting, setWaiting] = useState(false);

  function forget(): void {
    setProblem("");
    setTried(undefined);
  }

  async function call(): Promise<void> {
    setWaiting(true);
    forget();
    try {
      const result = await post<CallResult>("/api/call", JSON.stringify({ player_id: player }));
      setTried(result && { player, result });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setWaiting(false);
  }

  return (
    <section aria-labelledby="try">
      <h2 id="try">Try a call</h2>
      <form
        class="controls"
        onSubmit={(event) => {
          event.preventDefault();
          void call();
        }}
      >
        <label>
          Player{" "}
          <input
            required
            maxLength={256}
            value={player}
            onInput={(event) => {
              setPlayer(event.currentTarget.value);
              // What is shown was another player's.
              if (!isWaiting) forget();
            }}
          />
        </label>
        <button type="submit" disabled={isWaiting}>
          Call
        </button>
      </form>
      <div class="answer" aria-live="polite">
        {problem !== "" && <p class="trouble">{problem}</p>}
        {tried !== undefined && (
          <Result
            {...tried}
            call={calls.findLast(({ request_id: id }) => id === tried.result.request_id)}
            onList={onList}
          />
        )}
      </div>
    </section>
  );
}

interface ResultProps extends Tried {
  /** As soon as it is in the list. */
  readonly call: ShownCall | undefined;
  readonly onList: TryCallProps["onList"];
}

function Result({ player, result, call, onList }: ResultProps) {
  return (
    <>
      <dl>
        <dt>Player</dt>
        <dd class="id">{visible(player)}</dd>
        <dt>Reason</dt>
        <dd>
          {call === undefined ? (
            "not in the list of calls"
          ) : (
            <>
              <ReasonLink reason={call.reason} />{" "}
              <button type="button" class="link" onClick={() => onList({ request: result.request_id })}>
                its row
              </button>
            </>
          )}
        </dd>
        {result.http_status !== 200 && (
          <>
            <dt>HTTP status</dt>
            <dd>
              <strong>{result.http_status}</strong>
              {result.hint !== undefined && `: ${result.hint}`}
            </dd>
          </>
        )}
        <dt>Status code</dt>
        <dd>{result.status_code ?? "none: the reply is not the protocol's JSON"}</dd>
        <dt>Balance</dt>
        <dd>{result.balance ?? "none"}</dd>
        <dt>Signature</dt>
        <dd>{result.signature}</dd>
        <dt>Time</dt>
        <dd>{milliseconds(result.duration_ms)}</dd>
        <dt>Request id</dt>
        <dd class="id">{visible(result.request_id)}</dd>
      </dl>
      <details>
        <summary>A new call as a command</summary>
        <pre tabindex={0}>{result.curl}</pre>
      </details>
    </>
  );
}
