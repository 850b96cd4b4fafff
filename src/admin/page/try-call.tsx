import { useState } from "preact/hooks";
import type { CallResult } from "../shapes.ts";
import { milliseconds, visible } from "./format.ts";
import { post } from "./requests.ts";

/** One signed call to this server, as Klas Gaming makes it. */
export function TryCall() {
  const [player, setPlayer] = useState("");
  const [result, setResult] = useState<CallResult>();
  const [problem, setProblem] = useState("");
  const [isWaiting, setWaiting] = useState(false);

  async function call(): Promise<void> {
    setWaiting(true);
    setProblem("");
    setResult(undefined);
    try {
      setResult(await post<CallResult>("/api/call", JSON.stringify({ player_id: player })));
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
            onInput={(event) => setPlayer(event.currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={isWaiting}>
          Call
        </button>
      </form>
      <div aria-live="polite">
        {problem !== "" && <p class="trouble">{problem}</p>}
        {result !== undefined && <Result result={result} />}
      </div>
    </section>
  );
}

function Result({ result }: { readonly result: CallResult }) {
  return (
    <>
      <dl>
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
        <summary>The same as a command</summary>
        <pre tabindex={0}>{result.curl}</pre>
      </details>
    </>
  );
}
