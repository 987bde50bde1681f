import axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../../local/fallback/http.ts";
import { createApp } from "../../../src/app.ts";
import { parseConfig } from "../../../src/config.ts";
import { buildDeps } from "../../../src/deps.ts";
import { chromiumPath, follow, openBrowser, warnWithoutBrowser } from "../../support/browser.ts";

warnWithoutBrowser("/docs in a real browser");

describe.skipIf(chromiumPath === null)("/docs in Chromium", () => {
  let browser: Browser;
  let origin: string;

  beforeAll(async () => {
    // The database is never asked: the page follows from the code alone.
    const config = parseConfig({ DATABASE_URL: "postgresql://nobody:none@127.0.0.1:9/none", PROVIDER: "local" });
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const app = createApp(buildDeps(config, { log }));
    const port = await listen({ dispatch: async (url, init) => await app.fetch(new Request(url, init)), streams: ReadableStream }, 0);
    origin = `http://127.0.0.1:${port}`;
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  type Opened = { page: Page; context: BrowserContext; complaints: string[]; requests: string[] };

  const open = async (width = 1_280, colorScheme: "light" | "dark" = "light", javaScriptEnabled = true): Promise<Opened> => {
    const context = await browser.newContext({ viewport: { width, height: 844 }, colorScheme, javaScriptEnabled });
    const page = await context.newPage();
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (!message.text().includes("favicon") && !/status of 4\d\d/.test(message.text())) complaints.push(message.text());
    });
    page.on("request", (request) => {
      requests.push(request.url().replace(origin, ""));
      if (!request.url().startsWith(origin)) complaints.push(`asks for ${request.url()}`);
    });
    return { page, context, complaints, requests };
  };

  const fits = async (page: Page): Promise<boolean> => await page.evaluate("document.documentElement.scrollWidth <= innerWidth");

  /** Sections of one kind are made alike: axe is shown some of each, as all of them take it minutes. */
  const fewer = `for (const kind of ["operation", "schema"]) for (const one of [...document.querySelectorAll("[data-kind=" + kind + "]")].slice(12)) one.remove();
    for (const list of document.querySelectorAll("#tree ul")) for (const one of [...list.children].slice(12)) one.remove();`;

  const violations = async (page: Page): Promise<unknown> => {
    await page.evaluate(fewer);
    await page.evaluate(axe.source);
    return await page.evaluate(
      "axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 5).map(({ html }) => html).join(' ')))",
    );
  };

  const current = async (page: Page): Promise<string | null> => await page.locator('#contents a[aria-current="location"]').textContent();

  const looks = ([1_280, 390] as const).flatMap((width) => (["light", "dark"] as const).map((scheme) => [width, scheme] as const));

  it.each(looks)("has nothing for axe to find, and fits, at %i, %s", async (width, scheme) => {
    const { page, context, complaints } = await open(width, scheme);
    const shots = process.env["CONSOLE_SHOTS"];
    for (const path of ["/docs", "/docs?q=storm", `/docs?q=${"a".repeat(101)}`]) {
      await page.goto(origin + path);
      if (shots !== undefined)
        await page.screenshot({ path: `${shots}/docs-${path.replaceAll(/\W+/g, "-").slice(0, 40)}-${width}-${scheme}.png` });
      expect([path, await violations(page)]).toEqual([path, []]);
      expect([path, await fits(page)]).toEqual([path, true]);
    }
    if (width === 390) {
      await page.goto(`${origin}/docs#contents`);
      expect(await violations(page)).toEqual([]);
    }
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("fits at 360 and at 900 from its beginning to its end, and prints without its sidebar", async () => {
    const { page, context } = await open(360);
    await page.goto(`${origin}/docs`);
    // With all of it laid out, whatever is folded open.
    await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
    await page.emulateMedia({ media: "print" });
    expect(await page.locator("#contents").isVisible()).toBe(false);
    expect(await fits(page)).toBe(true);
    await page.emulateMedia({ media: "screen" });
    for (const width of [360, 900]) {
      await page.setViewportSize({ width, height: 844 });
      expect(await fits(page)).toBe(true);
    }
    await context.close();
  });

  it("opens at the place of a link, and marks it in the sidebar", async () => {
    const { page, context } = await open();
    for (const [id, name] of [
      ["get-v1-storms-id-evidence", "GET /v1/storms/{id}/evidence"],
      ["schema-service", "Service"],
      ["errors", "Errors"],
    ] as const) {
      await page.goto(`${origin}/docs#${id}`);
      await expect.poll(() => current(page), { timeout: 60_000 }).toBe(name);
      const top = await page.evaluate(`document.getElementById(${JSON.stringify(id)}).getBoundingClientRect().top`);
      expect(Number(top)).toBeGreaterThanOrEqual(-1);
      expect(Number(top)).toBeLessThan(120);
      await page.goto("about:blank");
    }
    await page.goto(`${origin}/docs`);
    await page.click("#contents summary:text-is('services')");
    await page.click('#contents a[href="#delete-v1-services-id-"]');
    await expect.poll(() => current(page), { timeout: 60_000 }).toBe("DELETE /v1/services/{id}");
    await context.close();
  });

  it("searches by keyboard alone, without asking the server", async () => {
    const { page, context, complaints, requests } = await open();
    await page.goto(`${origin}/docs`);
    const before = requests.length;
    await page.keyboard.press("Control+k");
    await page.keyboard.type("evidence storm");
    expect(await page.locator("#tree").isVisible()).toBe(false);
    expect(await page.textContent("#count")).toMatch(/^\d+ found$/);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    expect(new URL(page.url()).hash).toBe("#get-v1-storms-id-evidence");
    await page.keyboard.press("Control+k");
    await page.keyboard.press("Escape");
    expect([await page.inputValue("#q"), await page.locator("#tree").isVisible()]).toEqual(["", true]);
    await page.keyboard.type("share an invoice");
    await page.keyboard.press("Enter");
    expect(new URL(page.url()).hash).toBe("#share-an-invoice");
    await page.fill("#q", "zzz");
    expect(await page.textContent("#count")).toBe("Nothing has all of these words.");
    expect(requests.slice(before)).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("finds what the server finds, in the same order", async () => {
    const { page, context } = await open();
    for (const query of ["storm", "POST services", "/v1/channels", 'Retry-After "', "<...>", "zzz", "é", "(a+)+$"]) {
      await page.goto(`${origin}/docs`);
      await page.fill("#q", query);
      const hashes = "[...document.querySelectorAll('.found a')].map((link) => link.hash)";
      const byScript = await page.evaluate(hashes);
      await page.goto(`${origin}/docs?q=${encodeURIComponent(query)}`);
      expect([query, await page.evaluate(hashes)]).toEqual([query, byScript]);
    }
    await context.close();
  });

  it("does without JavaScript: contents, search and places, on a phone", async () => {
    const { page, context, complaints } = await open(390, "light", false);
    await page.goto(`${origin}/docs`);
    expect(await page.locator("#contents").isVisible()).toBe(false);
    await page.click("text=Contents and search");
    await page.click("#contents summary:text-is('storms')");
    await page.click('#contents a[href="#get-v1-storms"]');
    expect(await page.locator("#contents").isVisible()).toBe(false);
    await expect.poll(async () => (await page.locator("#get-v1-storms h3").boundingBox())?.y ?? -1, { timeout: 60_000 }).toBeLessThan(160);
    await page.click("text=Contents and search");
    await page.fill("#q", "standing failover");
    await follow(page, "#contents button");
    expect(new URL(page.url()).search).toBe("?q=standing+failover");
    await page.click(".found a >> nth=0");
    expect(new URL(page.url()).hash).toContain("standing-failover");
    expect(complaints).toEqual([]);
    await context.close();
  });
});
