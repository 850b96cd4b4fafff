import { join } from "node:path";

/** Runs the commands under test in a process of their own. */
export async function runProgram(
  arguments_: readonly string[],
  {
    input = "",
    environment = {},
    cwd = process.cwd(),
  }: { input?: string; environment?: Record<string, string>; cwd?: string } = {},
) {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "../../src/main.ts"), ...arguments_], {
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
    cwd,
    env: { PATH: process.env["PATH"], ...environment },
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, exitCode };
}
