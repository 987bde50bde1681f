import axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { follow } from "./browser.ts";

export type Opened = { readonly page: Page; readonly context: BrowserContext; readonly complaints: string[] };

export type Look = { readonly width?: number; readonly scheme?: "light" | "dark"; readonly javaScript?: boolean };

/** A browser at the console of one address, and what is asked of every view. */
export const consoleBrowser = (browser: Browser, origin: string) => {
  /** A context of its own, without JavaScript unless a test is to look into the page by it. */
  const open = async ({ width = 1_280, scheme = "light", javaScript = false }: Look = {}): Promise<Opened> => {
    const context = await browser.newContext({
      viewport: { width, height: 844 },
      colorScheme: scheme,
      javaScriptEnabled: javaScript,
      deviceScaleFactor: width < 500 ? 2 : 1,
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      // Whoever types faster than the page has its focus is not moved by it: Chromium says so.
      if (!/favicon|Autofocus processing/.test(message.text()) && !/status of 4\d\d/.test(message.text())) complaints.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(origin)) complaints.push(`asks for ${request.url()}`);
    });
    return { page, context, complaints };
  };

  const signIn = async (page: Page, token: string, next = "/console"): Promise<void> => {
    await page.goto(`${origin}${next}`);
    await page.fill("#token", token);
    await follow(page, "button.main");
  };

  /** Nothing for axe to find, no sideways scroll; a picture where `CONSOLE_SHOTS` says. */
  const inspect = async (page: Page, name: string, picture: string): Promise<void> => {
    const shots = process.env["CONSOLE_SHOTS"];
    if (shots !== undefined) await page.screenshot({ path: `${shots}/${picture}.png`, fullPage: true });
    // The policy of the pages permits no script but what the debugger brings along.
    await page.evaluate(axe.source);
    const violations = await page.evaluate(
      "axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))",
    );
    expect([name, violations]).toEqual([name, []]);
    expect([name, await page.evaluate("document.documentElement.scrollWidth <= innerWidth")]).toEqual([name, true]);
  };

  return { open, signIn, inspect };
};
