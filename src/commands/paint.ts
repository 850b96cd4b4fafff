import { styleText } from "node:util";

type Colour = "green" | "red" | "yellow" | "dim";

/**
 * Text for standard output, coloured only on a terminal and without `NO_COLOR` (spec 4). `styleText` would put
 * `FORCE_COLOR` above both, which build servers set, and whoever reads a pipe would find escape codes.
 */
export function paint(colour: Colour, text: string): string {
  const isColoured = process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "";
  return isColoured ? styleText(colour, text, { validateStream: false }) : text;
}
