import { useEffect, useState } from "preact/hooks";
import type { PlayersPage } from "../shapes.ts";
import { visible } from "./format.ts";
import { read } from "./requests.ts";

/** The players of klas-balance's own database, to look at. */
export function Players() {
  const [from, setFrom] = useState("");
  const [before, setBefore] = useState<readonly string[]>([]);
  const [page, setPage] = useState<PlayersPage>();
  const [problem, setProblem] = useState("");

  useEffect(() => {
    let isOver = false;
    async function refresh(): Promise<void> {
      try {
        const answer = await read<PlayersPage>(`/api/players?from=${encodeURIComponent(from)}`);
        if (isOver) return;
        setPage(answer);
        setProblem("");
      } catch (error) {
        if (!isOver) setProblem(error instanceof Error ? error.message : String(error));
      }
    }
    void refresh();
    return () => {
      isOver = true;
    };
  }, [from]);

  const next = page?.next ?? null;
  return (
    <section aria-labelledby="players" class="wide">
      <h2 id="players">Players</h2>
      <div class="controls">
        <label>
          From the id{" "}
          <input
            type="search"
            value={from}
            onInput={(event) => {
              setFrom(event.currentTarget.value);
              setBefore([]);
            }}
          />
        </label>
        <button
          type="button"
          disabled={before.length === 0}
          onClick={() => {
            setFrom(before.at(-1) ?? "");
            setBefore(before.slice(0, -1));
          }}
        >
          Previous page
        </button>
        <button
          type="button"
          disabled={next === null}
          onClick={() => {
            setFrom(next ?? "");
            setBefore([...before, from]);
          }}
        >
          Next page
        </button>
      </div>
      {problem !== "" && <p role="alert">{problem}</p>}
      {page?.players.length === 0 && (
        <p>{from === "" ? "There are no players." : `There is no player from "${visible(from)}" on.`}</p>
      )}
      {page !== undefined && page.players.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Player</th>
              <th scope="col">Currency</th>
              <th scope="col">Balance</th>
            </tr>
          </thead>
          <tbody>
            {page.players.map(({ player_id, currency, balance, minor_units }) => (
              <tr key={player_id}>
                <td class="id">{visible(player_id)}</td>
                <td>{visible(currency)}</td>
                <td class="number">
                  {balance ?? (
                    <span class="trouble">
                      {minor_units} minor units of {visible(currency)}: the currency is neither in ISO 4217
                      nor in [currencies]
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p class="muted">Changes are made by "klas-balance players", and here only seen.</p>
    </section>
  );
}
