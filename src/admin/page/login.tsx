import { useState } from "preact/hooks";
import { post } from "./requests.ts";

/** Asks for `admin.token`. The server answers it with a cookie that no script can read. */
export function Login({ onDone }: { readonly onDone: () => void }) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState("");

  async function login(): Promise<void> {
    try {
      await post("/api/login", token);
      onDone();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <main>
      <h1>klas-balance</h1>
      <form
        class="controls"
        onSubmit={(event) => {
          event.preventDefault();
          void login();
        }}
      >
        <label>
          Token (admin.token in config.toml){" "}
          <input
            type="password"
            required
            autocomplete="current-password"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Log in</button>
      </form>
      {problem !== "" && (
        <p role="alert" class="trouble">
          {problem}
        </p>
      )}
    </main>
  );
}
