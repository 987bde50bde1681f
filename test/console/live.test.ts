import axe from "axe-core";
import { sql } from "drizzle-orm";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { listen } from "../../local/fallback/http.ts";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";
import { seedAxis } from "../support/axis-world.ts";
import { chromiumPath, follow, openBrowser, warnWithoutBrowser } from "../support/browser.ts";
import { seedConsole } from "../support/console-world.ts";
import type { ConsoleWorld } from "../support/console-world.ts";

warnWithoutBrowser("the live console in a real browser");

describe.skipIf(chromiumPath === null)("the live console in Chromium", () => {
  let api: Api;
  let world: ConsoleWorld;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let origin: string;
  /** What the server has been asked for since it was emptied: `fragment` or `page`, and the path. */
  let asked: string[];
  /** Answers in the place of the server, while it is set. */
  let instead: (() => Response) | null;
  let complaints: string[];

  beforeAll(async () => {
    api = await startApi();
    world = await seedConsole(api);
    await seedAxis(api, world);
    const dispatch = async (url: string, init: RequestInit): Promise<Response> => {
      const request = new Request(url, init);
      const { pathname } = new URL(url);
      asked.push(`${request.headers.has("console-fragment") ? "fragment" : "page"} ${pathname}`);
      return instead === null || pathname.includes("assets") ? await api.app.fetch(request) : instead();
    };
    origin = `http://127.0.0.1:${await listen({ dispatch, streams: ReadableStream }, 0)}`;
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  beforeEach(async () => {
    [asked, complaints, instead] = [[], [], null];
    // The browser's clock is two hours wrong, in another zone.
    context = await browser.newContext({ viewport: { width: 1_280, height: 844 }, timezoneId: "Asia/Kathmandu" });
    page = await context.newPage();
    await page.clock.install({ time: api.time.nowMs - 7_200_000 });
    page.on("console", (message) => {
      if (!/favicon|status of \d|ERR_/.test(message.text())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(`${origin}/console`);
    await page.fill("#token", world.acme.editor);
    await follow(page, "button.main");
    await page.waitForURL(`${origin}/console`);
  });
  afterEach(async () => {
    await context.close();
    if (complaints.length > 0) throw new Error(complaints.join("\n"));
  });

  const fragments = () => asked.filter((one) => one.startsWith("fragment")).length;
  const says = async () => (await page.textContent("#live"))?.trim();
  /** Until a condition holds, however long a busy machine takes. */
  const until = async (holds: () => Promise<boolean>): Promise<void> => {
    for (; !(await holds()); await new Promise((done) => setTimeout(done, 20)));
  };
  /** Lets the browser's time pass until a condition holds. */
  const pass = async (holds: () => Promise<boolean>): Promise<void> => {
    await until(async () => {
      await page.clock.runFor(500);
      return await holds();
    });
  };
  const open = async (path: string): Promise<void> => {
    await page.goto(`${origin}${path}`);
    await page.evaluate("window.mark = 1; document.querySelector('main').mark = 1");
    asked = [];
  };
  const isSamePage = async () => await page.evaluate("window.mark === 1 && document.querySelector('main').mark === 1");

  const begin = async (name: string, serviceId: number): Promise<void> => {
    await api.db.rows(
      sql`update service_routing set state = 'held', reason = 'backup_down', backup_health = 'down' where service_id = ${serviceId}`,
    );
    await api.call("PATCH", `/v1/services/${serviceId}`, { token: world.acme.editor, body: { name } });
  };

  it("shows what happens without loading anew, and keeps focus, selection, what is open and the place", async () => {
    await open("/console");
    await page.setViewportSize({ width: 1_280, height: 300 });
    await page.focus(`a[aria-label="Freeze web"]`);
    await page.evaluate("scrollTo(0, 150)");
    const row = page.locator("tr", { has: page.locator(`a[href="/console/services/${world.ids.calm}"]`) });
    expect(await row.textContent()).toContain("Well");
    // It moves up among those in trouble, and is called otherwise.
    await begin("web shop", world.ids.calm);
    await pass(async () => ((await row.textContent()) ?? "").includes("Held"));
    expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe("Freeze web shop");
    expect([await isSamePage(), await page.evaluate("scrollY > 0"), asked.includes("page /console")]).toEqual([true, true, false]);

    await open(`/console/services/${world.ids.checkout}`);
    await page.click("summary");
    await page.evaluate("getSelection().selectAllChildren(document.querySelector('h1'))");
    await begin("checkout 2", world.ids.checkout);
    await pass(async () => ((await page.textContent("dl.facts")) ?? "").includes("Held"));
    expect([await page.evaluate("getSelection().toString()"), await page.textContent("h1")]).toEqual(["checkout", "checkout"]);
    expect([await page.evaluate("document.querySelector('figure.axis details').open"), await isSamePage()]).toEqual([true, true]);
    // No longer selected, it is what it is.
    await page.evaluate("getSelection().removeAllRanges()");
    await pass(async () => (await page.textContent("h1")) === "checkout 2");
    expect(await page.evaluate("document.querySelector('figure.axis details').open")).toBe(true);
  });

  it("keeps what is typed into a form of a live page, and the session's end does not take it away", async () => {
    await open("/console/storms");
    await page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input id=typed value=old>')");
    await page.fill("#typed", "half a sentence");
    await page.evaluate("document.activeElement.blur()");
    // The server has the same field, as it was.
    const main = await page.evaluate("document.querySelector('main').outerHTML.replace('half a sentence', 'old')");
    instead = () =>
      new Response(`${String(main)}<footer></footer>`, {
        headers: { "content-type": "text/html", "console-as-of": String(api.time.nowMs) },
      });
    await pass(async () => (await page.textContent("footer")) === "");
    expect(await page.inputValue("#typed")).toBe("half a sentence");
    instead = () => new Response(null, { status: 401 });
    await pass(async () => (await says()) !== "");
    expect(await says()).toMatch(/^Your session is over: what you have typed is still here/);
    expect([await page.inputValue("#typed"), await isSamePage()]).toEqual(["half a sentence", true]);
  });

  it("asks every five seconds while it is looked at, not while it is hidden, and at once when it is looked at again", async () => {
    await open("/console/objectives");
    // By the page's own clock, which also runs by itself: how long a busy machine takes does not count.
    await page.evaluate("window.at = []; const ask = fetch; window.fetch = (...args) => (at.push(Date.now()), ask(...args))");
    await pass(async () => fragments() >= 3);
    const at = (await page.evaluate("at")) as number[];
    for (const [nth, atMs] of at.entries()) if (nth > 0) expect(atMs - (at[nth - 1] ?? 0)).toBeGreaterThanOrEqual(5_000);
    expect(at.length).toBeGreaterThanOrEqual(2);
    const look = (state: "hidden" | "visible") =>
      page.evaluate(
        `Object.defineProperty(document, "visibilityState", { value: "${state}", configurable: true }); document.dispatchEvent(new Event("visibilitychange"))`,
      );
    await look("hidden");
    await page.evaluate("fetch('/healthz')");
    const before = fragments();
    await page.clock.runFor(60_000);
    await page.evaluate("fetch('/healthz')");
    expect(fragments()).toBe(before);
    await look("visible");
    await until(async () => fragments() === before + 1);
    await pass(async () => fragments() === before + 2);
  });

  it("says when the server is away, once and since when, asks less often, and is silent again when it is back", async () => {
    await open("/console/storms");
    await page.evaluate(
      "window.said = []; new MutationObserver(() => said.push(document.querySelector('#live').textContent)).observe(document.querySelector('#live'), { childList: true, characterData: true, subtree: true })",
    );
    await context.setOffline(true);
    await pass(async () => (await says()) !== "");
    expect(await says()).toMatch(/^Not reached since \d\d:\d\d:\d\d UTC; shown as of \d\d:\d\d:\d\d UTC\. Look again$/);
    const shownAsOf = new Date(api.time.nowMs).toISOString().slice(11, 19);
    expect(await says()).toContain(`as of ${shownAsOf} UTC`);
    for (let seconds = 0; seconds < 90; seconds += 15) await page.clock.runFor(15_000);
    expect(await page.evaluate("said.length")).toBe(1);
    await context.setOffline(false);
    await pass(async () => (await says()) === "");
    expect([await page.evaluate("said.length"), await isSamePage()]).toEqual([2, true]);

    instead = () =>
      new Response(JSON.stringify({ detail: "the database is unreachable" }), {
        status: 503,
        headers: { "retry-after": "30", "content-type": "application/problem+json" },
      });
    await pass(async () => (await says()) !== "");
    expect(await says()).toMatch(/^The database is unreachable: since /);
    const before = fragments();
    await page.clock.runFor(15_000);
    await page.evaluate("fetch('/healthz')");
    expect(fragments()).toBe(before);
    instead = null;
    await pass(async () => (await says()) === "");

    // Something on the way answers in its place: that ends nothing.
    instead = () =>
      new Response("<h1>Welcome to our network</h1>", { status: 404, headers: { "retry-after": "Sat, 28 Nov 2026 00:00:00 GMT" } });
    await pass(async () => (await says()) !== "");
    expect(await says()).toMatch(/^Answered with 404 since /);
    instead = null;
    await pass(async () => (await says()) === "");
  });

  it("goes to the sign-in and back here when the session has ended", async () => {
    await open("/console/storms");
    await context.clearCookies();
    await pass(async () => fragments() === 1);
    await page.waitForURL(/sign-in\?next=%2Fconsole%2Fstorms$/);
    expect(await page.textContent("h1")).toBe("Sign in");
  });

  it("stands still where another customer was chosen in another tab", async () => {
    const globex = await api.onboard(`globex ${api.time.nowMs}`);
    await context.clearCookies();
    await page.goto(`${origin}/console/sign-in`);
    await page.fill("#token", api.env["ADMIN_TOKEN"] ?? "");
    await follow(page, "button.main");
    await follow(page, 'button[aria-label="Open acme"]');
    await open("/console");
    const other = await context.newPage();
    await other.goto(`${origin}/console/customers`);
    await follow(other, `button[aria-label="Open globex ${api.time.nowMs}"]`);
    await other.close();
    expect(globex.id).toBeGreaterThan(0);
    await pass(async () => (await says()) !== "");
    expect(await says()).toMatch(/^Another customer was chosen in another tab.*stands still; shown as of/);
    expect(await page.textContent("main")).toContain("checkout");
    asked = [];
    await page.clock.runFor(60_000);
    await page.evaluate("fetch('/healthz')");
    expect(fragments()).toBe(0);
  });

  it("counts times on by the server's clock, whatever the browser's says", async () => {
    await open("/console/storms");
    const times = () =>
      page.evaluate("[...document.querySelectorAll('time[data-t=ago]')].map(({ textContent }) => textContent)") as Promise<string[]>;
    const first = await times();
    // The browser's clock also runs by itself, on a busy machine for a while.
    expect(first.join()).toMatch(/\b12 min 4\d s ago/);
    const before = first.find((text) => text.startsWith("12 min"));
    await page.clock.runFor(3_050);
    const after = await times();
    expect(after).not.toContain(before);
    expect(after.join()).toMatch(/\b12 min (?:4[3-9]|5\d) s ago/);
    expect(await page.textContent("footer time[data-t=as-of]")).toBe(new Date(api.time.nowMs).toISOString().slice(0, 19).replace("T", " "));
  });

  it("zooms by dragging, by links without loading anew, and back again; the picture tells its figures", async () => {
    const path = `/console/services/${world.ids.checkout}`;
    await open(path);
    const box = await page.locator("svg.axis").boundingBox();
    if (box === null) throw new Error("no picture");
    const x = (share: number) => box.x + box.width * share;
    await page.mouse.move(x(0.9), box.y + 90);
    expect(await page.textContent(".readout")).toMatch(/^\d\d-\d\d \d\d:\d\d:00 · primary, from cloudflare \d+\/\d+/);
    await page.mouse.move(x(0.6), box.y + 90);
    await page.mouse.down();
    await page.mouse.move(x(0.9), box.y + 90, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/\?from=\d+&to=\d+$/);
    // Eighteen minutes: by ten seconds, where it was by the minute.
    await until(async () => (await page.getAttribute("figure.axis", "data-step")) === "10000");
    expect(await isSamePage()).toBe(true);
    expect(await page.locator("figure.axis tr[data-step]").count()).toBeGreaterThan(80);
    await page.click("figure.axis >> text=Latency");
    await page.waitForURL(/figure=latency$/);
    await until(async () => ((await page.textContent("svg.axis")) ?? "").includes("100 ms"));
    await page.goBack();
    await page.goBack();
    await until(async () => (await page.getAttribute("figure.axis", "data-step")) === "60000");
    expect([await isSamePage(), new URL(page.url()).search]).toEqual([true, ""]);
  });

  const looks = ([1_280, 390] as const).flatMap((width) => (["light", "dark"] as const).map((scheme) => [width, scheme] as const));

  it.each(looks)("has an axis that fits, with nothing for axe to find: at %i, %s", async (width, scheme) => {
    await page.setViewportSize({ width, height: 844 });
    await page.emulateMedia({ colorScheme: scheme });
    for (const [name, path] of [
      ["axis", `/console/services/${world.ids.checkout}`],
      ["axis-latency", `/console/services/${world.ids.checkout}?span=6h&figure=latency`],
      ["axis-storm", `/console/storms/${world.ids.on}`],
    ] as const) {
      await open(path);
      await page.click("summary");
      await page.evaluate(axe.source);
      const violations = await page.evaluate(
        "axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))",
      );
      expect([name, violations]).toEqual([name, []]);
      expect([name, await page.evaluate("document.documentElement.scrollWidth <= innerWidth")]).toEqual([name, true]);
      await page.click("summary");
      const shots = process.env["CONSOLE_SHOTS"];
      if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}-${width}-${scheme}.png`, fullPage: true });
    }
  });
});
