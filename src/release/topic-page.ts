import type { Topic } from "../help/topics.ts";
import type { Edition } from "./manual.ts";
import { copyable, escaped, filled, literal } from "./roff.ts";

/** Ends a cell of a table; no page holds it. */
const CELL_END = "\u001f";

/** A paragraph begins by itself after a heading. */
const EMPTY_PARAGRAPH = /^(\.S[HS] .*\n)\.PP\n/gm;

/** A page of the manual as klas-balance-TOPIC(7), in the macros of man(7). */
export function topicPage({ name, title, text }: Topic, { version, date }: Edition): string {
  const page = literal(`klas-balance-${name}`);
  return `.TH ${page.toUpperCase()} 7 "${date}" "klas\\-balance ${literal(version)}" "klas\\-balance manual"
.nh
.ad l
.SH NAME
${page} \\- ${escaped(title)}
${described(body(text)).replaceAll(EMPTY_PARAGRAPH, "$1")}.SH SEE ALSO
.BR klas\\-balance (1)
`;
}

/** What comes before the first heading needs one, or it would be part of the name. */
function described(page: string): string {
  return page.startsWith(".SH") ? page : `.SH DESCRIPTION\n${page}`;
}

function body(markdown: string): string {
  let labels: readonly string[] = [];
  return Bun.markdown.render(markdown, {
    text: escaped,
    codespan: (code) => `\\fB${copyable(code)}\\fR`,
    strong: (content) => `\\fB${content}\\fR`,
    emphasis: (content) => `\\fI${content}\\fR`,
    heading: (content, { level }) => (level === 1 ? "" : `.${level === 2 ? "SH" : "SS"} ${content}\n`),
    paragraph: (content) => `.PP\n${filled(content)}\n`,
    code: (content) => `.PP\n.RS 4\n.EX\n${verbatim(content)}\n.EE\n.RE\n`,
    list: (items) => items,
    listItem: (content, { ordered, index, start = 1 }) =>
      `.IP ${ordered ? `${start + index}.` : String.raw`\(bu`} 4\n${filled(content)}\n`,
    th: (content) => content + CELL_END,
    td: (content) => content + CELL_END,
    thead(row) {
      labels = cells(row);
      return "";
    },
    tr: (row) => `${row}\n`,
    tbody: (rows) =>
      rows
        .trimEnd()
        .split("\n")
        .map((row) => tagged(cells(row), labels))
        .join(""),
  });
}

function cells(row: string): readonly string[] {
  return row.trim().split(CELL_END).slice(0, -1);
}

/** A row: its first cell, and the others below it, labelled if there are several. */
function tagged([first = "", ...others]: readonly string[], [, ...labels]: readonly string[]): string {
  const lines = others.flatMap((cell, index) => {
    if (cell === "") return [];
    return [filled(others.length > 1 ? `${labels[index]}: ${cell}` : cell)];
  });
  return `.TP\n${filled(first || String.raw`\(bu`)}\n${lines.join("\n.br\n")}\n`;
}

/** Code, whose text is escaped by now, line by line. */
function verbatim(code: string): string {
  return copyable(code.trimEnd()).replaceAll(/^(?=[.'])/gm, "\\&");
}
