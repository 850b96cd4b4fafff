/** `bun test/admin/screenshots.ts FOLDER`: pictures of the console with calls of all kinds, light and dark, wide and narrow. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { removeBinary } from "../binary.ts";
import { call, operate, SECRET } from "../operations/operated.ts";
import { openBrowser, openPage } from "./browser.ts";

const [folder = "dist/screenshots"] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const LOOKS = [
  ["wide-light", { width: 1280, height: 1000 }],
  ["wide-dark", { width: 1280, height: 1000, dark: true }],
  ["narrow-light", { width: 360, height: 1600 }],
  ["narrow-dark", { width: 360, height: 1600, dark: true }],
] as const;
const SECONDS = 40;

await using server = await operate({ webhook: `secrets = ["${SECRET}", "the-secret-before-this-one"]` });
const { port, adminPort } = server.process;
for (let second = 0; second < SECONDS; second += 1) {
  const calls = Array.from({ length: 30 + Math.round(15 * Math.sin(second / 5)) }, (_, index) => {
    if (index % 11 === 3) return call(port, { player: `1300${second % 10}` });
    if (index % 17 === 5 && second > SECONDS / 2) return call(port, { secret: "of-somebody-else" });
    return call(port, index % 5 === 0 ? { secret: "the-secret-before-this-one" } : {});
  });
  await Promise.all(calls);
  await Bun.sleep(950);
}
const browser = await openBrowser();
for (const [name, look] of LOOKS) {
  const { page } = await openPage(browser, `http://127.0.0.1:${adminPort}/`, look);
  await page.getByText("Ready", { exact: true }).waitFor();
  await page.waitForTimeout(1500);
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
await browser.close();
removeBinary();
