import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";

/** Where Debian and others put Chromium; CHROMIUM_PATH names another place. */
const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/opt/google/chrome/chrome"];

/** The browser of this machine; null where there is none. */
export const chromiumPath: string | null =
  [process.env["CHROMIUM_PATH"] ?? "", ...places].find((path) => path !== "" && existsSync(path)) ?? null;

/**
 * Says loudly that pages are not looked at; for the head of a test file.
 * @throws Error in CI: what nobody looks at there, nobody looks at
 */
export const warnWithoutBrowser = (what: string): void => {
  if (chromiumPath !== null) return;
  const reason = `${what}: there is no Chromium on this machine (set CHROMIUM_PATH)`;
  if (process.env["CI"] === "true") throw new Error(reason);
  process.stderr.write(`\n*** SKIPPED: ${reason} ***\n\n`);
};

export const openBrowser = async (): Promise<Browser> => {
  if (chromiumPath === null) throw new Error("there is no Chromium on this machine");
  // As root, and in containers, Chromium has no sandbox to offer; the pages are our own.
  return await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
};

/**
 * Does what leads to another page, and waits until that is there. What a click sends is otherwise given up by whatever the test
 * does next, where a busy machine has not sent it yet.
 */
export const arrive = async (page: Page, act: () => Promise<void>): Promise<void> => {
  const there = page.waitForEvent("domcontentloaded");
  await act();
  await there;
  // A page gives the focus with its first picture, which may be after it was loaded.
  if ((await page.locator("[autofocus]").count()) > 0) await page.locator("[autofocus]:focus").waitFor();
};

/** Follows the link, or presses the button, that a selector names. */
export const follow = (page: Page, selector: string): Promise<void> => arrive(page, () => page.click(selector));
