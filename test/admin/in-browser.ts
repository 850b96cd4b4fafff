/**
 * The console in a real browser. It needs Debian's Chromium, so it is no part of `bun test`:
 * `bun test ./test/admin/in-browser.ts`.
 */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Database } from "bun:sqlite";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { accelerate } from "./accelerated.ts";
import { call, childrenOf, operate, type Operated, SECRET } from "../operations/operated.ts";
import { exchange, post, signatureOf } from "../raw-http.ts";
import { accessibilityFindings, openBrowser, openPage, overflows } from "./browser.ts";

setDefaultTimeout(60_000);

const browser = await openBrowser();
afterAll(() => browser.close());

/** A whole day takes some minutes: `SIMULATED_HOURS=24 bun test ./test/admin/in-browser.ts -t flat`. */
const SIMULATED_HOURS = Number(process.env["SIMULATED_HOURS"] ?? 1);

const OLD = "the-secret-before-this-one";

const urlOf = (server: Operated) => `http://127.0.0.1:${server.process.adminPort}/`;
const rows = (page: Page) => page.getByRole("region", { name: "The latest calls" }).locator("tbody tr");

/** Of `12:34:56`, since midnight. */
function secondsOf(time: string): number {
  return time.split(":").reduce((seconds, part) => seconds * 60 + Number(part), 0);
}

function own(): Promise<Operated> {
  return operate({
    source: 'plugin = "sqlite"\nfile = "balances.db"',
    webhook: `secrets = ["${SECRET}", "${OLD}"]`,
  });
}

describe("the console", () => {
  test("shows that all is well, and each of its eight parts", async () => {
    await using server = await own();
    {
      using database = new Database(join(server.folder, "balances.db"));
      database.run("INSERT INTO players (player_id, currency, balance_minor) VALUES ('12001', 'EUR', 3000)");
    }
    await call(server.process.port, { secret: OLD });
    await call(server.process.port, { secret: "wrong" });
    const { page, complaints } = await openPage(browser, urlOf(server));

    await page.getByText("Ready", { exact: true }).waitFor();
    await page
      .getByText(/^2 calls in the last minute: [\d.]+ % OK, p50 [\d.]+ ms, p99 [\d.]+ ms\.$/)
      .waitFor();
    const now = page.getByRole("region", { name: "Now", exact: true });
    expect(await now.textContent()).toMatch(/Time\d\d:\d\d:\d\d UTC, as in the log/);
    expect(await now.textContent()).toContain("players (sqlite)");
    expect(await page.locator(".chart canvas").count()).toBe(2);
    await rows(page).nth(1).waitFor();
    expect(await rows(page).first().textContent()).toContain("bad_signature");
    const secrets = page.getByRole("region", { name: /Secrets/ });
    expect(await secrets.locator("dd").allTextContents()).toEqual([
      expect.stringMatching(/^not usedKlas Gaming does not sign with it yet\./),
      expect.stringMatching(
        /^in use, the latest call \d+ s ago, 1 callIt carries all calls: do not remove it\./,
      ),
    ]);

    const tried = page.getByRole("region", { name: "Try a call" });
    await tried.getByLabel("Player").fill("12001");
    await tried.getByRole("button", { name: "Call" }).click();
    await tried.getByText("valid", { exact: true }).waitFor();
    expect(await tried.textContent()).toContain("Balance30Signaturevalid");
    await tried.getByRole("button", { name: "its row" }).click();
    await page.getByText("1 of the last 3").waitFor();
    expect(await rows(page).first().textContent()).toContain("12001");
    await page.getByRole("button", { name: "Clear filters" }).click();
    await page.getByText("3 of the last 3").waitFor();
    expect(await tried.textContent()).toContain("Player12001Reasonok its row");
    await tried.getByLabel("Player").fill("");
    await tried.getByRole("button", { name: "Call" }).click();
    expect(await tried.textContent()).toBe("Try a callPlayer Call");
    await page.getByText(/^3 calls in the last minute:/).waitFor();
    expect(await secrets.locator("dd").first().textContent()).toStartWith("not used");

    await page.getByRole("link", { name: /Failed signatures/ }).click();
    await page.getByText("no known mistake leads to it").waitFor();
    await page.getByRole("link", { name: "its row in the list of calls" }).click();
    await page.getByText("1 of the last 3").waitFor();
    await rows(page).getByRole("button").click();
    await page.getByRole("link", { name: "what does not fit" }).last().click();
    await page.locator("h3.sought").getByText("from 127.0.0.1: signature wrong").waitFor();
    await page.getByRole("link", { name: "Players", exact: true }).click();
    await page.getByRole("cell", { name: "12001" }).waitFor();
    await page.getByRole("link", { name: "Manual" }).click();
    await page.getByRole("link", { name: "A new secret, a reload, an upgrade" }).click();
    await page.locator("article h1").filter({ hasText: "A new secret" }).waitFor();

    const text = await page.content();
    for (const hidden of [SECRET, OLD]) expect(text).not.toContain(hidden);
    expect(complaints).toEqual([]);
  });

  test("tells a stranger which player's calls fail, since when, why, and which secret is in use", async () => {
    await using server = await own();
    {
      using database = new Database(join(server.folder, "balances.db"));
      const insert = database.prepare(
        "INSERT INTO players (player_id, currency, balance_minor) VALUES (?, ?, 3000)",
      );
      for (let player = 12_001; player <= 12_060; player += 1) {
        insert.run(String(player), player === 12_042 ? "XXQ" : "EUR");
      }
    }
    const began = new Date();
    for (let round = 0; round < 25; round += 1) {
      const players = Array.from({ length: 60 }, (_, index) => String(12_001 + index));
      await Promise.all(players.map((player) => call(server.process.port, { player, secret: OLD })));
    }
    await call(server.process.port, { secret: "wrong" });
    for (let index = 0; index < 12; index += 1)
      await call(server.process.port, { player: `made-up-${index}` });
    const { page, complaints } = await openPage(browser, urlOf(server));

    // At first sight, though the call that failed first is not among the latest 1,000 any more.
    const failing = page.getByRole("region", { name: /Failing calls/ });
    await failing.getByText("player_not_found").first().waitFor();
    const [first, ...others] = await failing.locator(".run").allTextContents();
    expect(first).toMatch(/^source_failedplayer 1204225 calls since at least \d\d:\d\d:\d\d \(\d+ s\)/);
    expect(first).toContain("none answered since");
    expect(first).toContain("currency is neither in ISO 4217 nor in [currencies]");
    const since = /since at least (\d\d:\d\d:\d\d)/.exec(first ?? "")?.[1] ?? "";
    const latest = new Date(began.getTime() + 5000).toLocaleTimeString("en-GB");
    expect([since >= began.toLocaleTimeString("en-GB"), since <= latest]).toEqual([true, true]);
    expect(others[0]).toMatch(/^bad_signaturecaller 127\.0\.0\.11 call, /);
    expect(others[1]).toStartWith("player_not_found12 players12 calls since");
    await page.getByText("Ready; failing: 12042, bad_signature", { exact: true }).waitFor();
    const secrets = page.getByRole("region", { name: /Secrets/ });
    expect(await secrets.textContent()).toContain("The latest call came with secret 1");
    expect(await secrets.locator("dd").nth(1).textContent()).toStartWith("in use");

    // One step further: its calls, and the manual's word on its reason.
    await failing.getByRole("button", { name: "12042" }).click();
    await page.getByText(/^\d+ of the last 1000/).waitFor();
    expect(await rows(page).first().textContent()).toContain("source_failed");
    await failing.getByRole("link", { name: "source_failed" }).click();
    await page.locator("tr.sought").getByText("says what the source did").waitFor();
    await page.getByRole("link", { name: "Players", exact: true }).click();
    await page.getByRole("link", { name: "12042, bad_signature" }).waitFor();
    expect(await page.getByRole("row", { name: /12042/ }).textContent()).toContain(
      "3000 minor units of XXQ: the currency is neither",
    );
    await page.getByRole("button", { name: "Next page" }).click();
    await page.getByRole("cell", { name: "12060" }).waitFor();
    await page.getByRole("button", { name: "Previous page" }).click();
    await page.getByRole("cell", { name: "12001" }).waitFor();
    await page.getByLabel("From the id").fill("9");
    await page.getByText('There is no player from "9" on.').waitFor();
    expect(complaints).toEqual([]);
  });

  test("says that too many pages are open, and goes on when one is closed", async () => {
    await using server = await operate();
    const viewers = await Promise.all(Array.from({ length: 16 }, () => server.admin("/api/events")));
    const { page } = await openPage(browser, urlOf(server));
    await page.getByText("16 pages are open already").waitFor();
    await viewers[0]?.body?.cancel();
    await page.getByText("Ready", { exact: true }).waitFor();
  });

  test("follows calls live, filters them, and shows one in full", async () => {
    await using server = await operate();
    const { page, complaints } = await openPage(browser, urlOf(server));
    await page.getByText("0 of the last 0").waitFor();
    await page.getByText(/^No call since the start, \d+ s ago\.$/).waitFor();
    for (let index = 0; index < 300; index += 1) await call(server.process.port);
    await call(server.process.port, { player: "nobody" });
    await rows(page).filter({ hasText: "nobody" }).waitFor();
    // As many rows as anybody reads, however many calls came.
    expect(await rows(page).count()).toBe(100);
    await page.getByLabel("Reason").selectOption("player_not_found");
    expect(await rows(page).count()).toBe(1);
    await rows(page).getByRole("button").click();
    const opened = page.locator(".opened");
    expect(await opened.textContent()).toContain("no such player");
    expect(await opened.textContent()).toContain("Request idr-1");
    await page.keyboard.press("Escape");
    expect(await opened.count()).toBe(0);
    await page.getByRole("searchbox", { name: "Player" }).fill("NOBO");
    expect(await rows(page).count()).toBe(1);
    await page.getByRole("searchbox", { name: "Player" }).fill("somebody");
    await page
      .getByText('No call in the list has the reason player_not_found and a player with "somebody".')
      .waitFor();
    await page.getByRole("button", { name: "Clear filters" }).click();
    expect(await rows(page).count()).toBe(100);
    await page.getByRole("button", { name: "Pause" }).click();
    await call(server.process.port, { player: "unseen" });
    await page.waitForTimeout(2500);
    expect(await rows(page).filter({ hasText: "unseen" }).count()).toBe(0);
    await page.getByRole("button", { name: "Go on" }).click();
    await rows(page).filter({ hasText: "unseen" }).waitFor();
    expect(complaints).toEqual([]);
  });

  test("a paused list hides nothing of the server: neither that it is no longer ready, nor the title", async () => {
    const plugin = `import { existsSync } from "node:fs";
      const check = () => { if (existsSync(\`\${import.meta.dir}/broken\`)) throw new Error("it is broken"); };
      export default { apiVersion: 1, open: () => ({ lookup: () => ({ balance: "30" }), check }) };`;
    const source = 'plugin = "./core.ts"';
    await using server = await operate({ source }, (path) => writeFileSync(join(path, "core.ts"), plugin));
    const { page, complaints } = await openPage(browser, urlOf(server));
    await call(server.process.port);
    await rows(page).first().waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    server.write("broken", "");
    await page.getByText("it is broken").waitFor();
    expect(await page.title()).toBe("not ready · klas-balance");
    await call(server.process.port, { player: "unseen" });
    await page.getByText(/^2 calls in the last minute/).waitFor();
    expect(await rows(page).count()).toBe(1);
    // Its row came after the pause.
    const tried = page.getByRole("region", { name: "Try a call" });
    await tried.getByLabel("Player").fill("12001");
    await tried.getByRole("button", { name: "Call" }).click();
    await tried.getByRole("button", { name: "its row" }).click();
    await page.getByText("1 of the last 3", { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  test("the reason why it was cut off comes late, and neither alarms nor empties the list", async () => {
    await using server = await operate();
    for (let index = 0; index < 3; index += 1) await call(server.process.port);
    const listener = await server.admin("/api/events");
    const first = await listener.body?.getReader().read();
    const { page } = await openPage(browser, "about:blank");
    let cutOffs = 0;
    const late = Promise.withResolvers<void>();
    await page.route(/\/api\/events/, async (route) => {
      if (route.request().resourceType() === "eventsource") {
        cutOffs += 1;
        if (cutOffs > 1) return await route.continue();
        // One event, and then it ends.
        return await route.fulfill({
          contentType: "text/event-stream",
          body: Buffer.from(first?.value ?? []),
        });
      }
      await late.promise;
      await route.abort();
    });
    await page.goto(urlOf(server));
    await page.getByText("3 of the last 3").waitFor();
    await call(server.process.port);
    await page.getByText("4 of the last 4").waitFor();
    late.resolve();
    await page.waitForTimeout(1500);
    await call(server.process.port);
    await page.getByText("5 of the last 5").waitFor();
    expect(await page.getByText("No connection").count()).toBe(0);
  });

  test("says with which HTTP status a tried call is turned away, and what it may mean", async () => {
    await using server = await operate({ server: 'allow_ips = ["203.0.113.0/24"]' });
    const { page } = await openPage(browser, urlOf(server));
    const tried = page.getByRole("region", { name: "Try a call" });
    await tried.getByLabel("Player").fill("12001");
    await tried.getByRole("button", { name: "Call" }).click();
    await tried.getByText("HTTP status").waitFor();
    expect(await tried.textContent()).toContain("HTTP status403: is this address in server.allow_ips?");
  });

  test("a stretch of a chart is chosen by keyboard, too", async () => {
    await using server = await operate();
    await call(server.process.port);
    const { page, complaints } = await openPage(browser, urlOf(server));
    await rows(page).first().waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    const chart = page.getByRole("group", { name: "Calls per second" });
    await chart.focus();
    for (const key of ["Home", "ArrowRight", "Shift+PageDown", "Shift+ArrowLeft"])
      await page.keyboard.press(key);
    const chosen = chart.locator("[aria-live]");
    const [, from = "", to = ""] =
      /^(\d\d:\d\d:\d\d) to (\d\d:\d\d:\d\d): Enter lists/.exec((await chosen.textContent()) ?? "") ?? [];
    // Sixty steps on, and one back.
    expect((secondsOf(to) - secondsOf(from) + 86_400) % 86_400).toBe(59);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: `${from} to ${to}, show all times` }).click();
    // The stretch goes with the key that ends it.
    await chart.focus();
    await page.keyboard.press("Escape");
    expect(await chosen.textContent()).toBe("");
    expect(complaints).toEqual([]);
  });

  test("lists the calls of a stretch that is dragged across a chart", async () => {
    await using server = await operate();
    await call(server.process.port);
    const { page } = await openPage(browser, urlOf(server));
    await rows(page).first().waitFor();
    const plot = page.locator(".chart .u-over").first();
    const box = await plot.boundingBox();
    if (box === null) throw new Error("the chart is not drawn");
    await page.mouse.move(box.x + 20, box.y + 50);
    // Nothing was counted before the start, which is not the same as no calls.
    await page.getByText(/^Since the start at \d\d:\d\d:\d\d: ok 1\./).waitFor();
    expect(await page.locator(".chart").first().locator(".u-value").nth(1).textContent()).toBe("–");
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + 50, { steps: 5 });
    await page.mouse.up();
    await page.getByRole("button", { name: /show all times/ }).waitFor();
    expect(await rows(page).count()).toBe(0);
    await page.getByText(/^No call in the list has a time from/).waitFor();
    await page.getByText(/^The list reaches back to .+\. Older calls are in the log\.$/).waitFor();
    expect(await page.evaluate("document.getElementById('calls').getBoundingClientRect().bottom")).toBeWithin(
      0,
      900,
    );
    await page.getByRole("button", { name: /show all times/ }).click();
    expect(await rows(page).count()).toBe(1);
  });

  test("says what is wrong: a worker that was killed, a reload that failed, a server that is gone and back", async () => {
    await using server = await operate();
    const { page } = await openPage(browser, urlOf(server));
    await page.getByText("Ready", { exact: true }).waitFor();
    const [worker] = childrenOf(server.process.pid);
    process.kill(worker ?? 0, "SIGKILL");
    await page.getByText(`pid ${worker}`).waitFor({ state: "detached" });
    await page.getByText(/up, pid \d+/).waitFor();
    await server.change({ webhook: "secrets = []" });
    await page.getByText("the latest reload failed").first().waitFor();
    process.kill(server.process.pid, "SIGSTOP");
    await page.getByText("No connection").waitFor({ timeout: 40_000 });
    expect(await page.title()).toBe("no connection · klas-balance");
    process.kill(server.process.pid, "SIGCONT");
    await page.getByText("Ready", { exact: true }).waitFor();
  });

  test("asks for the token, refuses a wrong one, and forgets nothing when it is loaded again", async () => {
    await using server = await operate({ admin: 'port = 0\ntoken = "sesame-sesame"' });
    const { page } = await openPage(browser, urlOf(server));
    await page.getByLabel(/Token/).fill("wrong");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("that is not the token").waitFor();
    await page.getByLabel(/Token/).fill("sesame-sesame");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("Ready", { exact: true }).waitFor();
    expect(await page.evaluate("document.cookie")).toBe("");
    await page.reload();
    await page.getByText("Ready", { exact: true }).waitFor();
  });

  // Else an open page would ask on with the session of a token that is no more, and its charts stand still.
  test("a session that has ended stops the page, whatever finds it out", async () => {
    await using server = await operate({ admin: 'port = 0\ntoken = "sesame-sesame-sesame"' });
    const { page } = await openPage(browser, urlOf(server));
    await page.getByLabel(/Token/).fill("sesame-sesame-sesame");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("Ready", { exact: true }).waitFor();
    // The stream of events stands, and only the charts ask.
    await page.context().addCookies([{ name: "klas_balance_console", value: "ended", url: urlOf(server) }]);
    await page.getByLabel(/Token/).waitFor();
    await page.waitForTimeout(500);
    let requests = 0;
    page.on("request", () => (requests += 1));
    await page.waitForTimeout(5000);
    expect(requests).toBe(0);
    for (let guess = 0; guess <= 10; guess += 1) {
      await page.getByLabel(/Token/).fill(`wrong-${guess}`);
      const answered = page.waitForResponse(/login/);
      await page.getByRole("button", { name: "Log in" }).click();
      await answered;
    }
    await page.getByText(/too many wrong tokens came from this address: try again in \d+ s/).waitFor();
  });

  test("shows hostile ids and bodies as text, with what cannot be seen written out", async () => {
    await using server = await operate();
    const hostile = [
      '<img src=x onerror="document.title=1">',
      "\u202Egnp.exe",
      "x".repeat(256),
      "javascript:alert(1)",
    ];
    for (const player of hostile) await call(server.process.port, { player });
    await exchange(
      server.process.port,
      post("<script>document.title=1</script>\u202E", [`X-Signature: ${signatureOf("x", "x")}`]),
    );
    const { page, complaints } = await openPage(browser, urlOf(server));
    await rows(page).nth(4).waitFor();
    const listed = await page.getByRole("region", { name: "The latest calls" }).textContent();
    expect(listed).toContain('<img src=x onerror="document.title=1">');
    expect(listed).toContain(String.raw`\u202egnp.exe`);
    expect(listed).not.toContain("\u202E");
    await page.getByRole("link", { name: /Failed signatures/ }).click();
    await page.locator("summary").click();
    expect(await page.locator("pre").first().textContent()).toBe(
      String.raw`<script>document.title=1</script>\u202e`,
    );
    expect(await page.title()).toBe("klas-balance");
    expect(await overflows(page)).toBeFalse();
    expect(complaints).toEqual([]);
  });

  test.each([
    ["wide and light", { width: 1280 }],
    ["wide and dark", { width: 1280, dark: true }],
    ["360 pixels wide", { width: 360 }],
  ])("is usable without a mouse and without good eyes, %s", async (_how, look) => {
    await using server = await own();
    {
      using database = new Database(join(server.folder, "balances.db"));
      const insert = "INSERT INTO players (player_id, currency, balance_minor) VALUES (?, 'XXQ', 3000)";
      database.prepare(insert).run("p".repeat(100));
    }
    await call(server.process.port, { player: "nobody" });
    await call(server.process.port, { secret: "wrong" });
    const { page, complaints } = await openPage(browser, urlOf(server), look);
    await rows(page).nth(1).waitFor();
    await rows(page).first().getByRole("button").press("Enter");
    for (const view of ["", "failed", "players", "manual/rest", "manual/troubleshooting"]) {
      await page.goto(`${urlOf(server)}#/${view}`);
      await page.waitForTimeout(500);
      expect([view, await accessibilityFindings(page)]).toEqual([view, []]);
      expect([view, await overflows(page)]).toEqual([view, false]);
    }
    expect(complaints).toEqual([]);
  });

  test("stays flat, however long it is open", async () => {
    using server = await accelerate();
    const { page, complaints } = await openPage(browser, "about:blank");
    await page.addInitScript(
      "const real = setInterval; setInterval = (tick, everyMs) => real(() => window.isAtRest || tick(), everyMs / 50);",
    );
    await page.goto(server.url);
    const debug = await page.context().newCDPSession(page);

    /** What is held at rest: while events come, what they replaced is not collected yet. */
    async function usedAt(seconds: number): Promise<{ readonly heapMb: number; readonly nodes: number }> {
      while (server.seconds < seconds) await page.waitForTimeout(20);
      await page.evaluate("window.isAtRest = true");
      await page.waitForTimeout(2000);
      await debug.send("HeapProfiler.collectGarbage");
      const { usedSize } = await debug.send("Runtime.getHeapUsage");
      const { nodes } = await debug.send("Memory.getDOMCounters");
      await page.evaluate("window.isAtRest = false");
      return { heapMb: usedSize / 2 ** 20, nodes };
    }

    // From then on the page holds as many calls and seconds as it ever does.
    const full = await usedAt(900);
    for (let part = 1; part <= 4; part += 1) {
      const { heapMb, nodes } = await usedAt((SIMULATED_HOURS * 3600 * part) / 4);
      const told = [part, `${heapMb.toFixed(1)} MB`, nodes, `first ${full.heapMb.toFixed(1)} MB`, full.nodes];
      if (SIMULATED_HOURS > 1) process.stdout.write(`${told.join(" ")}\n`);
      expect([told, heapMb < full.heapMb * 1.2 + 0.5, nodes < full.nodes * 1.2]).toEqual([told, true, true]);
    }
    expect(complaints).toEqual([]);
  }, 3_600_000);

  test("stays quick and bounded under a thousand calls a second", async () => {
    await using server = await operate({ log: 'level = "warn"' });
    const { page } = await openPage(browser, urlOf(server));
    await page.getByText("Ready", { exact: true }).waitFor();
    const untilMs = performance.now() + 8000;
    let count = 0;
    while (performance.now() < untilMs) {
      await Promise.all(Array.from({ length: 100 }, () => call(server.process.port)));
      count += 100;
      await Bun.sleep(60);
    }
    expect(count).toBeGreaterThan(1000);
    await page.getByText(/came too fast to be sent here/).waitFor();
    expect(await rows(page).count()).toBe(100);
    // It still hears its user.
    await page.getByLabel("Reason").selectOption("player_not_found");
    await page.getByText("0 of the last 1000").waitFor();
  });
});
