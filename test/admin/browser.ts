import { existsSync } from "node:fs";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";

/** Debian's; the library brings none. */
const EXECUTABLES = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];

export async function openBrowser(): Promise<Browser> {
  const executablePath = EXECUTABLES.find((file) => existsSync(file));
  if (executablePath === undefined) throw new Error("there is no Chromium: apt-get install chromium");
  // Its sandbox does not run as root, as a build server does.
  return await chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/** A page that takes down whatever the browser complains of: errors of scripts, and all that the policy forbids. */
export interface WatchedPage {
  readonly page: Page;
  readonly complaints: readonly string[];
}

export async function openPage(
  browser: Browser,
  url: string,
  { width = 1280, height = 900, dark = false }: { width?: number; height?: number; dark?: boolean } = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    bypassCSP: false,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(url);
  return { page, complaints };
}

/** What axe finds wrong for people who do not see, or do not see well, or use no mouse. */
export async function accessibilityFindings(page: Page): Promise<readonly string[]> {
  // `evaluate` is the debugger's, which the page's policy does not bind.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(async () => await axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

export async function overflows(page: Page): Promise<boolean> {
  return await page.evaluate("document.documentElement.scrollWidth > innerWidth");
}
