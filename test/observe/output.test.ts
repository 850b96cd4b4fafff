import { describe, expect, test } from "bun:test";
import { closeSync, constants, mkdirSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { openOutput } from "../../src/observe/output.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const folder = temporaryFolder();
let files = 0;

function fresh(): string {
  files += 1;
  return join(folder, String(files));
}

const lostLines = (count: number) => `lost ${count}\n`;

/** A pipe with a name, so that both of its ends can be opened and closed at will. */
function fifo(): { readonly reader: number; readonly writer: number; readonly path: string } {
  const path = fresh();
  Bun.spawnSync(["mkfifo", path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  return { reader, writer, path };
}

/** What is in the pipe now. */
function drain(reader: number): string {
  const chunks: Buffer[] = [];
  const chunk = Buffer.alloc(65_536);
  for (;;) {
    try {
      const length = readSync(reader, chunk);
      if (length === 0) break;
      chunks.push(Buffer.from(chunk.subarray(0, length)));
    } catch {
      break; // EAGAIN: it is empty
    }
  }
  return Buffer.concat(chunks).toString();
}

async function drainUntil(reader: number, isEnough: (text: string) => boolean): Promise<string> {
  let text = "";
  for (let attempt = 0; attempt < 3000 && !isEnough(text); attempt += 1) {
    text += drain(reader);
    await Bun.sleep(5);
  }
  return text;
}

describe("a file", () => {
  test("has every line in order, and nothing before it is written", async () => {
    const path = fresh();
    const output = openOutput(openSync(path, "w"), lostLines);
    const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index} é\n`);
    for (const line of lines) output.write(line);
    await output.flush();
    expect(readFileSync(path, "utf8")).toBe(lines.join(""));
  });

  test("has a line soon without a flush: 100 ms, and what a busy machine adds", async () => {
    const path = fresh();
    const output = openOutput(openSync(path, "w"), lostLines);
    const startedMs = performance.now();
    output.write("late\n");
    expect(readFileSync(path, "utf8")).toBe("");
    while (readFileSync(path, "utf8") === "" && performance.now() - startedMs < 5000) await Bun.sleep(5);
    expect(readFileSync(path, "utf8")).toBe("late\n");
    expect(performance.now() - startedMs).toBeLessThan(2000);
  });

  test("a flush with nothing to write ends", async () => {
    const path = fresh();
    const output = openOutput(openSync(path, "w"), lostLines);
    await output.flush();
    output.write("one\n");
    await output.flush();
    await output.flush();
    expect(readFileSync(path, "utf8")).toBe("one\n");
  });

  test("a flush writes what came while it was writing", async () => {
    const path = fresh();
    const output = openOutput(openSync(path, "w"), lostLines);
    output.write("one\n");
    const flushed = output.flush();
    output.write("two\n");
    await flushed;
    expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
  });
});

describe("a full pipe whose reader does not read", () => {
  test("stops nothing; what does not fit into memory is lost, counted and reported", async () => {
    const { reader, writer } = fifo();
    const output = openOutput(writer, lostLines);
    const line = `${"x".repeat(1023)}\n`;
    const written = 6000;
    for (let index = 0; index < written; index += 1) {
      output.write(line);
      if (index % 1000 === 0) await Bun.sleep(1);
    }
    const startedMs = performance.now();
    await output.flush();
    expect(performance.now() - startedMs).toBeLessThan(4000);

    const text = await drainUntil(reader, (seen) => /lost \d+\n/.test(seen));
    const arrived = text.split("\n").filter((each) => each === "x".repeat(1023)).length;
    const lost = Number(/lost (\d+)\n/.exec(text)?.[1]);
    expect(arrived).toBeGreaterThan(3000);
    expect(lost).toBeGreaterThan(0);
    expect(arrived + lost).toBe(written);

    output.write("after\n");
    expect(await drainUntil(reader, (seen) => seen.includes("after\n"))).toBe("after\n");
    closeSync(writer);
    closeSync(reader);
  }, 30_000);
});

describe("an output that fails", () => {
  test("a reader that has gone: every line is counted, and reported to the next reader", async () => {
    const { reader, writer, path } = fifo();
    const output = openOutput(writer, lostLines);
    output.write("first\n");
    await output.flush();
    expect(drain(reader)).toBe("first\n");
    closeSync(reader);
    // Several failures in a row: what the earlier ones lost must not be forgotten.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      output.write("gone\ngone\n");
      output.write("gone\n");
      await output.flush();
    }
    const nextReader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    output.write("after\n");
    await output.flush();
    const text = drain(nextReader);
    expect(text).toContain("after\n");
    expect(text).toContain("lost 9\n");
    closeSync(nextReader);
    closeSync(writer);
  });

  test.each([
    ["/dev/full", () => openSync("/dev/full", "w")],
    [
      "a closed descriptor",
      () => {
        const descriptor = openSync(fresh(), "w");
        closeSync(descriptor);
        return descriptor;
      },
    ],
    [
      "a descriptor that is only read",
      () => {
        const path = fresh();
        closeSync(openSync(path, "w"));
        return openSync(path, "r");
      },
    ],
    [
      "a directory",
      () => {
        const path = fresh();
        mkdirSync(path);
        return openSync(path, "r");
      },
    ],
    ["a number that was never a descriptor", () => 1_000_000],
  ])("%s: nothing throws, nothing rejects, and flush ends", async (_what, open) => {
    const rejections: unknown[] = [];
    const remember = (reason: unknown) => void rejections.push(reason);
    process.on("unhandledRejection", remember);
    const output = openOutput(open(), lostLines);
    for (let round = 0; round < 3; round += 1) {
      for (let index = 0; index < 100; index += 1) output.write("line\n");
      await output.flush();
    }
    await Bun.sleep(5);
    process.off("unhandledRejection", remember);
    expect(rejections).toEqual([]);
  });
});

test("one descriptor may have been written to before", async () => {
  const path = fresh();
  const descriptor = openSync(path, "w");
  writeSync(descriptor, "before\n");
  const output = openOutput(descriptor, lostLines);
  output.write("after\n");
  await output.flush();
  expect(readFileSync(path, "utf8")).toBe("before\nafter\n");
});
