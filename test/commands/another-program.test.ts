import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../temporary-folder.ts";
import { runProgram } from "./run-program.ts";

// An answer that has no end is given up after seconds.
setDefaultTimeout(30_000);

const folder = temporaryFolder();

const REST =
  '[webhook]\nsecrets = ["a-secret-of-some-length"]\n[sources.players]\nplugin = "static"\nplayers = {}\n';

const JSON_TYPE = { "Content-Type": "application/json" };
const EVENTS_TYPE = { "Content-Type": "text/event-stream" };

/** What a command says of whatever answers at the address of the admin listener. */
async function told(command: string, answer: () => Response): Promise<string> {
  using server = Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 0, fetch: answer });
  writeFileSync(join(folder, "config.toml"), `[admin]\nport = ${server.port}\n${REST}`);
  const { stdout, stderr, exitCode } = await runProgram([command], { cwd: folder });
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
  return stderr.replaceAll(String(server.port), "PORT");
}

function endless(start: string): ReadableStream {
  return new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from(start)) });
}

const answersOf = (path: string) =>
  `error: http://127.0.0.1:PORT answers ${path} with what this version does not know: is it another program, or another version of klas-balance?\n`;

test.each([
  ["a page", () => new Response("<h1>Hello</h1>")],
  ["JSON of another program", () => new Response('"hello"', { headers: JSON_TYPE })],
  ["too few fields", () => Response.json({ ready: true, version: "0.1.0" })],
  ["a body that has no end", () => new Response(endless('{"ready":'), { headers: JSON_TYPE })],
])("status says so in a line if it is answered %s", async (_what, answer) => {
  expect(await told("status", answer)).toBe(answersOf("/api/status"));
});

test.each([
  ["a page", () => new Response("<h1>Hello</h1>")],
  ["events of no JSON", () => new Response("data: hello\n\n", { headers: EVENTS_TYPE })],
  ["events with too few fields", () => new Response('data: {"calls":[]}\n\n', { headers: EVENTS_TYPE })],
])("tail says so in a line if it is answered %s", async (_what, answer) => {
  expect(await told("tail", answer)).toBe(answersOf("/api/events"));
});

test("an error that has no end is told by its status", async () => {
  expect(await told("status", () => new Response(endless("<h1>"), { status: 500 }))).toBe(
    "error: http://127.0.0.1:PORT answers /api/status with status 500: is it another program?\n",
  );
});
