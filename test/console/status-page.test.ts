import { gzipSync } from "node:zlib";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../local/fallback/http.ts";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";
import { chromiumPath, follow, openBrowser, warnWithoutBrowser } from "../support/browser.ts";
import { hostileName, seedConsole } from "../support/console-world.ts";
import type { ConsoleWorld } from "../support/console-world.ts";

warnWithoutBrowser("the status page in a real browser");

describe.skipIf(chromiumPath === null)("the status page in Chromium", () => {
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

  const open = async (width: number, colorScheme: "light" | "dark" = "light", javaScriptEnabled = true) => {
    const context = await browser.newContext({ viewport: { width, height: 844 }, colorScheme, javaScriptEnabled });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (!/favicon|Autofocus processing/.test(message.text()) && !/status of 4\d\d/.test(message.text())) complaints.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(origin)) complaints.push(`asks for ${request.url()}`);
    });
    return { page, context, complaints };
  };

  const signIn = async (page: Page, token: string, next: string): Promise<void> => {
    await page.goto(`${origin}${next}`);
    await page.fill("#token", token);
    await follow(page, "button.main");
  };

  const add = async (page: Page, serviceId: number, name: string): Promise<void> => {
    await page.selectOption("#add", String(serviceId));
    await page.fill("#add_name", name);
    await follow(page, "form.wide button.main");
  };

  it("is made, switched on, written on and resolved without JavaScript; a viewer has no buttons", async () => {
    const { page, context, complaints } = await open(390, "light", false);
    await signIn(page, world.acme.editor, "/console/status-page");
    await page.fill("#title", `ACME ${hostileName}`);
    await page.fill("#slug", "Admin");
    await page.selectOption("#add", String(world.ids.checkout));
    await page.fill("#add_name", "Check\u202Eout");
    await follow(page, "form.wide button.main");
    // Refused at the field, and nothing that was typed is lost.
    expect(await page.textContent("#slug-wrong")).toContain("3 to 63 lower-case letters");
    expect(await page.textContent("#add_name-wrong")).toContain("invisible characters (U+202E)");
    expect([await page.inputValue("#title"), await page.inputValue("#add")]).toEqual([`ACME ${hostileName}`, String(world.ids.checkout)]);
    await page.fill("#slug", "acme");
    await page.check("[name=enabled]");
    await page.fill("#add_name", "Checkout");
    await follow(page, "form.wide button.main");
    await add(page, world.ids.held, "Downloads");
    await add(page, world.ids.calm, "Web site");
    await add(page, world.ids.frozen, "Search, which nobody measures");
    await add(page, world.ids.odd, hostileName);
    // The last one comes first, and another one is hidden.
    await page.locator("[name=place]").nth(4).fill("0");
    await page.locator("[name=shown]").nth(3).uncheck();
    await follow(page, "form.wide button.main");
    const { body } = await api.call("GET", "/v1/status-page", { token: world.acme.viewer });
    expect((body["services"] as { name: string; shown: boolean }[]).map(({ name, shown }) => [name, shown])).toEqual([
      [hostileName, true],
      ["Checkout", true],
      ["Downloads", true],
      ["Web site", true],
      ["Search, which nobody measures", false],
    ]);
    await follow(page, "text=Write an incident");
    await follow(page, "form.card button.main");
    expect(await page.textContent("#title-wrong")).not.toBe("");
    await page.fill("#title", `Downloads fail ${hostileName}`);
    await page.selectOption("#impact", "major");
    await page.fill("#text", "Half of them fail.\n\nWe look into it.");
    await page.check("text=Downloads");
    await follow(page, "form.card button.main");
    expect(await page.textContent(".note")).toContain("Published.");
    await follow(page, "text=Write an incident");
    await page.fill("#title", "New disks");
    await page.selectOption("#impact", "maintenance");
    await page.fill("#text", "It may be slow.");
    await page.fill("#starts_at", "2099-01-01 22:00");
    await page.fill("#ends_at", "2099-01-01 23:00");
    await follow(page, "form.card button.main");
    expect(await page.textContent("#starts_at-wrong")).toContain("at most 366 days away");
    const ahead = (hours: number) => new Date(api.time.nowMs + hours * 3_600_000).toISOString().slice(0, 16).replace("T", " ");
    await page.fill("#starts_at", ahead(24));
    await page.fill("#ends_at", ahead(26));
    await follow(page, "form.card button.main");
    await follow(page, "text=Downloads fail");
    await page.selectOption("#state", "resolved");
    await page.fill("#text", "It was a disk.");
    await follow(page, "text=Publish the update");
    const incidents = await api.call("GET", "/v1/status-page/incidents", { token: world.acme.viewer });
    expect(incidents.list).toMatchObject([{ impact: "maintenance" }, { state: "resolved", service_ids: [world.ids.held] }]);
    await context.clearCookies();
    await signIn(page, world.acme.viewer, "/console/status-page");
    expect([await page.locator("main form").count(), await page.locator("main .button").count()]).toEqual([0, 0]);
    expect(complaints).toEqual([]);
    await context.close();
  });

  const looks = ([1_280, 390] as const).flatMap((width) => (["light", "dark"] as const).map((scheme) => [width, scheme] as const));

  it.each(looks)("has nothing for axe to find, and fits: at %i, %s", async (width, scheme) => {
    const { page, context, complaints } = await open(width, scheme);
    const month = new Date(api.time.nowMs).toISOString().slice(0, 7);
    const judge = async (name: string): Promise<void> => {
      for (const summary of await page.locator("summary").all()) await summary.click();
      const shots = process.env["CONSOLE_SHOTS"];
      if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}-${width}-${scheme}.png`, fullPage: true });
      await page.evaluate(axe.source);
      const violations = await page.evaluate(
        "axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))",
      );
      expect([name, violations]).toEqual([name, []]);
      expect([name, await page.evaluate("document.documentElement.scrollWidth <= innerWidth")]).toEqual([name, true]);
    };
    const look = async (path: string, name: string): Promise<void> => {
      await page.goto(`${origin}${path}`);
      await judge(name);
    };
    await look("/status/acme", "status");
    await look(`/status/acme/history?month=${month}`, "status-history");
    await look("/status/nobody", "status-none");
    await signIn(page, world.acme.editor, "/console/status-page");
    const { list } = await api.call("GET", "/v1/status-page/incidents", { token: world.acme.viewer });
    await look("/console/status-page", "console-status");
    // A name can be read where it is changed.
    expect(await page.evaluate("document.querySelector('fieldset [name=name]').clientWidth")).toBeGreaterThan(120);
    await look("/console/status-page/incidents/new", "console-status-new");
    await look(`/console/status-page/incidents/${list.at(-1)?.id ?? 0}`, "console-status-incident");
    await look(`/console/status-page/incidents/${list.at(-1)?.id ?? 0}/delete`, "console-status-delete");
    await look("/console/status-page/remove", "console-status-remove");
    // Too long for an address: a session that is over meanwhile leaves it to be copied.
    await page.goto(`${origin}/console/status-page/incidents/new`);
    await page.fill("#text", "ü".repeat(1_800));
    await context.clearCookies();
    await follow(page, "main button.main");
    expect(await page.textContent(".note")).toContain("What you typed is below this form");
    await judge("console-over-with-a-long-text");
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("has one stop of the keyboard a service, prints without its links, and is small", async () => {
    const { page, context } = await open(1_280);
    await page.goto(`${origin}/status/acme`);
    expect(await page.locator("a, button, input, summary, [tabindex]").count()).toBeLessThan(12);
    expect(await page.locator(".days").first().isVisible()).toBe(true);
    const heights = await page.evaluate("[...document.querySelectorAll('.days rect')].map((bar) => bar.getBBox().height)");
    expect(new Set(heights as number[]).size).toBeGreaterThan(1);
    expect(gzipSync(await page.content()).length).toBeLessThan(60 * 1_024);
    await page.emulateMedia({ media: "print" });
    expect(await page.locator("footer a").first().isVisible()).toBe(false);
    await context.close();
  });
});
