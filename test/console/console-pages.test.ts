import axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../local/fallback/http.ts";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";
import { chromiumPath, openBrowser, warnWithoutBrowser } from "../support/browser.ts";
import { seedConsole } from "../support/console-world.ts";
import type { ConsoleWorld } from "../support/console-world.ts";

warnWithoutBrowser("the console in a real browser");

describe.skipIf(chromiumPath === null)("the console in Chromium", () => {
  let api: Api;
  let world: ConsoleWorld;
  let browser: Browser;
  let origin: string;

  beforeAll(async () => {
    api = await startApi();
    world = await seedConsole(api);
    const port = await listen({ dispatch: async (url, init) => await api.app.fetch(new Request(url, init)), streams: ReadableStream }, 0);
    origin = `http://127.0.0.1:${port}`;
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  type Opened = { page: Page; context: BrowserContext; complaints: string[] };

  /** A browser of its own, without JavaScript unless a test is to look into the page by it. */
  const open = async (width = 1_280, colorScheme: "light" | "dark" = "light", javaScriptEnabled = false): Promise<Opened> => {
    const context = await browser.newContext({
      viewport: { width, height: 844 },
      colorScheme,
      javaScriptEnabled,
      deviceScaleFactor: width < 500 ? 2 : 1,
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (!message.text().includes("favicon") && !/status of 4\d\d/.test(message.text())) complaints.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(origin)) complaints.push(`asks for ${request.url()}`);
    });
    return { page, context, complaints };
  };

  const signIn = async (page: Page, token: string, next = "/console"): Promise<void> => {
    await page.goto(`${origin}${next}`);
    await page.fill("#token", token);
    await page.click("button.main");
  };

  const paths = (): Readonly<Record<string, string>> => ({
    fleet: "/console",
    service: `/console/services/${world.ids.checkout}`,
    "service-odd": `/console/services/${world.ids.odd}`,
    "service-frozen": `/console/services/${world.ids.frozen}?done=frozen`,
    order: `/console/order?mode=frozen&service=${world.ids.checkout}`,
    choose: "/console/order?mode=frozen",
    storms: "/console/storms",
    storm: `/console/storms/${world.ids.over}`,
    objectives: "/console/objectives",
    invoices: "/console/invoices",
    invoice: `/console/invoices/${world.ids.invoice}`,
    nothing: "/console/services/999999",
    "sign-in": "/console/sign-in?over=1",
  });
  const looked = [
    "fleet",
    "service",
    "service-odd",
    "service-frozen",
    "order",
    "choose",
    "storms",
    "storm",
    "objectives",
    "invoices",
    "invoice",
    "nothing",
    "sign-in",
  ];

  const looks = ([1_280, 390] as const).flatMap((width) => (["light", "dark"] as const).map((scheme) => [width, scheme] as const));

  it.each(looks)("has nothing for axe to find, and fits: every view at %i, %s", async (width, scheme) => {
    const { page, context, complaints } = await open(width, scheme, true);
    await signIn(page, world.acme.editor);
    for (const name of looked) {
      await page.goto(`${origin}${paths()[name]}`);
      const shots = process.env["CONSOLE_SHOTS"];
      if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}-${width}-${scheme}.png`, fullPage: true });
      // The policy of the pages permits no script but what the debugger brings along.
      await page.evaluate(axe.source);
      const violations = await page.evaluate(
        "axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))",
      );
      expect([name, violations]).toEqual([name, []]);
      expect([name, await page.evaluate("document.documentElement.scrollWidth <= innerWidth")]).toEqual([name, true]);
    }
    expect(complaints).toEqual([]);
    await context.close();
  });
});
