import { print } from "../standard-output.ts";

/** As git does: leave when the text fits, keep colours, leave it on the screen. */
const LESS_OPTIONS = "FRX";

/**
 * Shows a text: page by page on a terminal that has a pager (`PAGER`, else `less`), as it is everywhere else. Settles when the
 * reader has left the pager.
 */
export async function showText(text: string): Promise<void> {
  const pager = process.stdout.isTTY ? pagerCommand() : undefined;
  if (pager === undefined) {
    print(text);
    return;
  }
  const child = Bun.spawn(["sh", "-c", pager], {
    stdin: Buffer.from(text),
    stdout: "inherit",
    stderr: "inherit",
    env: { ...process.env, LESS: process.env["LESS"] ?? LESS_OPTIONS },
  });
  await child.exited;
}

function pagerCommand(): string | undefined {
  const chosen = process.env["PAGER"];
  if (chosen !== undefined) return chosen === "" || chosen === "cat" ? undefined : chosen;
  return Bun.which("sh") !== null && Bun.which("less") !== null ? "less" : undefined;
}
