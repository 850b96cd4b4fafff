/** A line of a paragraph; the formatter fills paragraphs itself. */
const LINE = /(.{1,60})(?: |$)/g;

/** Literal text: no escape in it is read as one. */
export function escaped(text: string): string {
  return text.replaceAll("\\", "\\e");
}

/** Hyphens that can be copied as they are; a plain one may be set as another character. */
export function copyable(escapedText: string): string {
  return escapedText.replaceAll("-", "\\-");
}

export function literal(text: string): string {
  return copyable(escaped(text));
}

/** A paragraph in lines that no formatter complains about and that none takes for a request. */
export function filled(text: string): string {
  const paragraph = text.trim().replaceAll(/\s+/g, " ");
  return Array.from(paragraph.matchAll(LINE), ([, line = ""]) => line.replace(/^(?=[.'])/, "\\&")).join("\n");
}
