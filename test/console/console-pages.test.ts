import axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../local/fallback/http.ts";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";
import { chromiumPath, follow, openBrowser, warnWithoutBrowser } from "../support/browser.ts";
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
    await follow(page, "button.main");
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
    "invoice-links": `/console/invoices/${world.ids.invoice}/links`,
    status: "/console/status",
    "freeze-all": "/console/all?what=services",
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
    "invoice-links",
    "status",
    "freeze-all",
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

  /** Presses Tab until the thing of that name has the focus. @throws where it never has */
  const tabTo = async (page: Page, name: string): Promise<void> => {
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press("Tab");
      const label = await page.evaluate("(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim()");
      if (label === name) return;
    }
    throw new Error(`no way by Tab to ${name}`);
  };

  const override = async () =>
    (await api.call("GET", `/v1/services/${world.ids.calm}/routing`, { token: world.acme.viewer })).body["override"];

  it("freezes and releases by keyboard alone: what asks for typing has the focus", async () => {
    const { page, context } = await open(1_280, "light", true);
    await page.goto(`${origin}/`);
    // A page gives the focus with its first picture, which may be after it was loaded.
    const focused = page.locator("input:focus, textarea:focus");
    await focused.waitFor();
    await page.keyboard.type(world.acme.editor);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${origin}/console`);
    await tabTo(page, "Freeze web");
    await page.keyboard.press("Enter");
    await page.waitForURL(/order/);
    await focused.waitFor();
    await page.keyboard.type("by keyboard");
    await page.keyboard.press("Enter");
    await page.waitForURL(/done=frozen/);
    expect(await override()).toMatchObject({ mode: "frozen", reason: "by keyboard" });
    await tabTo(page, "Release…");
    await page.keyboard.press("Enter");
    await page.waitForURL(/order/);
    await page.locator(":focus").first().waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/done=release/);
    expect(await override()).toBeNull();
    await context.close();
  });

  it("does the same without JavaScript: two presses from another page, and nothing that was typed is lost", async () => {
    const { page, context, complaints } = await open(390);
    await signIn(page, world.acme.editor, "/console/objectives");
    await follow(page, "text=Freeze…");
    await page.selectOption("#service", String(world.ids.calm));
    await page.fill("#reason", "two \u202E presses");
    await follow(page, "main button.main");
    expect(await page.textContent("#reason-wrong")).toContain("must not contain control or invisible characters (U+202E)");
    expect(await page.inputValue("#reason")).toBe("two \u202E presses");
    await page.fill("#reason", "two presses");
    // The session is gone meanwhile.
    await context.clearCookies();
    await follow(page, "main button.main");
    expect(await page.textContent(".note")).toContain("What you typed is kept");
    await page.fill("#token", world.acme.editor);
    await follow(page, "button.main");
    expect(await page.inputValue("#reason")).toBe("two presses");
    await follow(page, "main button.main");
    expect(await page.textContent(".note")).toContain("Frozen as it is.");
    expect(await override()).toMatchObject({ reason: "two presses" });
    await follow(page, "text=Undo…");
    await follow(page, "main button.main");
    expect(await override()).toBeNull();
    await follow(page, "text=Sign out");
    await page.goto(`${origin}/console`);
    expect(await page.textContent("h1")).toBe("Sign in");
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("fits at 360, and prints without its buttons", async () => {
    const { page, context } = await open(360, "light", true);
    await signIn(page, world.acme.editor);
    for (const name of looked) {
      await page.goto(`${origin}${paths()[name]}`);
      expect([name, await page.evaluate("document.documentElement.scrollWidth <= innerWidth")]).toEqual([name, true]);
    }
    await page.goto(`${origin}/console`);
    await page.emulateMedia({ media: "print" });
    expect(await page.locator(".bar").isVisible()).toBe(false);
    await context.close();
  });
});
