import { type CommandNode, everyCommand, type Term } from "./command-tree.ts";

interface Edition {
  readonly version: string;
  /** `2026-01-31` */
  readonly date: string;
}

/** The manual page klas-balance(1), in the macros of man(7). */
export function manual(program: CommandNode, { version, date }: Edition): string {
  return `.TH KLAS\\-BALANCE 1 "${date}" "klas\\-balance ${unbroken(version)}" "User Commands"
.SH NAME
klas\\-balance \\- answers Klas Gaming's signed balance calls
.SH SYNOPSIS
.B klas\\-balance
.I command
.RI [ options ]
.SH DESCRIPTION
${roff(program.description)}
.PP
A configuration names where the balances live;
.B klas\\-balance init
writes one, and
.B klas\\-balance serve
answers the calls.
.SH OPTIONS
${program.options.map(termed).join("")}.SH COMMANDS
${everyCommand(program)
  .filter(({ path }) => path.length > 0)
  .map(section)
  .join("")}${CLOSING}`;
}

function section({ path, usage, description, arguments: operands, options }: CommandNode): string {
  return `.SS ${unbroken(path.join(" "))}
.B ${unbroken(usage)}
.PP
${roff(sentence(description))}
${[...operands, ...options].map(termed).join("")}`;
}

function termed({ term, description }: Term): string {
  return `.TP\n.B ${unbroken(term)}\n${roff(sentence(description))}\n`;
}

const CLOSING = `.SH ENVIRONMENT
.TP
.B KLAS_BALANCE_CONFIG
The configuration, where
.B \\-\\-config
is not given.
.TP
.B KLAS_SECRET
The shared secret, where neither
.B \\-\\-secret
nor
.B \\-\\-secret\\-file
is given.
.TP
.B NO_COLOR
Where it is set, nothing is coloured.
.SH FILES
.TP
.I config.toml
The configuration, where nothing else is named.
.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
It failed.
.TP
.B 2
Wrong usage, or a wrong configuration.
`;

/** A line of a paragraph; the formatter fills paragraphs anew. */
const LINE = /(.{1,66})(?: |$)/g;

function roff(paragraph: string): string {
  return Array.from(paragraph.matchAll(LINE), ([, line = ""]) => unbroken(line)).join("\n");
}

/** Text that means itself: no escapes, no requests, hyphens that can be copied as they are. */
function unbroken(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^(?=[.'])/, "\\&");
}

function sentence(text: string): string {
  const capitalized = `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
  return capitalized.endsWith(".") ? capitalized : `${capitalized}.`;
}
