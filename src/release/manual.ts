import { topics } from "../help/topics.ts";
import { type CommandNode, everyCommand, type Term } from "./command-tree.ts";
import { filled, literal } from "./roff.ts";

export interface Edition {
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
  .join("")}${CLOSING}${seeAlso()}`;
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
The configuration, if
.B \\-\\-config
is not given.
.TP
.B KLAS_SECRET
The shared secret, if neither
.B \\-\\-secret
nor
.B \\-\\-secret\\-file
is given.
.TP
.B NO_COLOR
If it is set, nothing is coloured.
.SH FILES
.TP
.I config.toml
The configuration, if nothing else is named.
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

function roff(paragraph: string): string {
  return filled(literal(paragraph));
}

/** Text in one line that means itself. */
function unbroken(text: string): string {
  return literal(text).replace(/^(?=[.'])/, "\\&");
}

/** The pages of the manual beside this one. */
function seeAlso(): string {
  const pages = topics.map(({ name }) => `.BR klas\\-balance\\-${name} (7)`);
  return `.SH SEE ALSO\n${pages.join(" ,\n")}\n`;
}

function sentence(text: string): string {
  const capitalized = `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
  return capitalized.endsWith(".") ? capitalized : `${capitalized}.`;
}
