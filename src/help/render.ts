/** How wide a line may be: what an 80-column terminal shows. */
export const COLUMNS = 80;

const CODE_INDENT = "    ";

/** Code within a line. The renderer breaks the line if the Markdown does, though it is a space there. */
const CODE_SPAN = /`[^`]+`/g;

/** A fenced block of code, and what follows it on its last line. */
const FENCED = /^```[a-z]*\n(.*?)^```$/gms;

/**
 * Markdown for a terminal, by the runtime's own renderer. Code is set in by spaces instead of the renderer's frame, so
 * that a command can be copied as it stands.
 */
export function renderMarkdown(markdown: string, isColoured: boolean): string {
  const theme = { colors: isColoured, columns: COLUMNS, hyperlinks: false };
  const rendered = (prose: string): string =>
    Bun.markdown.ansi(
      prose.replace(CODE_SPAN, (code) => code.replaceAll("\n", " ")),
      theme,
    );
  const parts: string[] = [];
  let end = 0;
  for (const match of markdown.matchAll(FENCED)) {
    parts.push(rendered(markdown.slice(end, match.index)), indented(match[1] ?? ""));
    end = match.index + match[0].length;
  }
  parts.push(rendered(markdown.slice(end)));
  return `${parts
    .map((part) => part.replace(/^\n+|\n+$/g, ""))
    .filter((part) => part !== "")
    .join("\n\n")}\n`;
}

function indented(code: string): string {
  return code.replace(/^(?=.)/gm, CODE_INDENT);
}
