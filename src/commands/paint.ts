import { styleText } from "node:util";

type Colour = "green" | "red" | "yellow" | "dim";

/**
 * Text for standard output, coloured only on a terminal and without `NO_COLOR` (spec 4). `styleText` would put
 * `FORCE_COLOR` above both, which build servers set, and anyone who reads a pipe would find escape codes.
 */
export function paint(colour: Colour, text: string): string {
  return isColoured() ? styleText(colour, text, { validateStream: false }) : text;
}

/** Whether standard output may carry colours. */
export function isColoured(): boolean {
  // `isTTY` is not there at all if it is a pipe or a file.
  return process.stdout.isTTY ? (process.env["NO_COLOR"] ?? "") === "" : false;
}
