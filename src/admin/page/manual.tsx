import { useEffect, useRef, useState } from "preact/hooks";
import { read, readText } from "./requests.ts";

interface Topic {
  readonly name: string;
  readonly title: string;
}

interface ManualProps {
  readonly topic: string;
  /** A word that the reader looks for: the page opens at the table row that begins with it. */
  readonly term: string;
}

/** The manual that is in the binary. */
export function Manual({ topic, term }: ManualProps) {
  const article = useRef<HTMLElement>(null);
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
  useEffect(() => {
    if (html === "" || topic === "") return;
    const rows = [...(article.current?.querySelectorAll("tr") ?? [])];
    const row = term === "" ? undefined : rows.find(({ cells }) => cells[0]?.textContent === term);
    row?.classList.add("sought");
    // On a narrow screen the list of topics is above the text.
    (row ?? article.current)?.scrollIntoView({ block: row === undefined ? "start" : "center" });
  }, [html, topic, term]);

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
      <article ref={article} dangerouslySetInnerHTML={{ __html: html }} />
    </section>
  );
}
