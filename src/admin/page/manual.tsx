import { useEffect, useState } from "preact/hooks";
import { read, readText } from "./requests.ts";

interface Topic {
  readonly name: string;
  readonly title: string;
}

/** The manual that is in the binary. */
export function Manual({ topic }: { readonly topic: string }) {
  const [topics, setTopics] = useState<readonly Topic[]>([]);
  const [html, setHtml] = useState("");
  const shown = topic === "" ? (topics[0]?.name ?? "") : topic;

  useEffect(() => {
    void read<{ topics: readonly Topic[] }>("/api/help").then(
      (answer) => setTopics(answer.topics),
      () => {},
    );
  }, []);
  useEffect(() => {
    if (shown === "") return;
    void readText(`/api/help/${encodeURIComponent(shown)}`).then(setHtml, (error: unknown) =>
      setHtml(`<p>${error instanceof Error ? "There is no such topic." : ""}</p>`),
    );
  }, [shown]);

  return (
    <section aria-label="Manual" class="wide manual">
      <nav aria-label="Topics">
        <ul>
          {topics.map(({ name, title }) => (
            <li key={name}>
              <a href={`#/manual/${name}`} aria-current={name === shown ? "page" : undefined}>
                {title}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      {/* The text is the program's own. */}
      <article dangerouslySetInnerHTML={{ __html: html }} />
    </section>
  );
}
