import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../local/fallback/http.ts";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";
import { chromiumPath, follow, openBrowser, warnWithoutBrowser } from "../support/browser.ts";
import { consoleBrowser } from "../support/console-browser.ts";
import { hostileName } from "../support/console-world.ts";
import { seedCosts } from "../support/cost-console-world.ts";
import type { SeededCosts } from "../support/cost-console-world.ts";
import { seedAnomaly, seedBatch, seedSeries, seedZombie } from "../support/cost-seed.ts";

warnWithoutBrowser("the Cost view in a real browser");

describe.skipIf(chromiumPath === null)("the Cost view in Chromium", () => {
  let api: Api;
  let browser: Browser;
  let origin: string;
  let at: ReturnType<typeof consoleBrowser>;
  let acme: Awaited<ReturnType<Api["onboard"]>>;
  let globex: Awaited<ReturnType<Api["onboard"]>>;
  let hostile: Awaited<ReturnType<Api["onboard"]>>;
  let seeded: SeededCosts;
  let odd: { anomalyId: number; zombieId: number; seriesId: number; deadId: number };

  const service = async (name: string, token: string, cdns = { primary_cdn: "cloudflare", backup_cdn: "fastly" }) =>
    (await api.created("/v1/services", { name, ...cdns }, { token })).id;

  beforeAll(async () => {
    api = await startApi();
    // Hours and anomalies are as old as the database's clock says.
    api.time.nowMs = Date.now();
    [acme, globex, hostile] = [await api.onboard("acme"), await api.onboard("globex"), await api.onboard("hostile")];
    const downloads = { id: await service("downloads", acme.editor), name: "downloads" };
    const images = { id: await service("images", acme.editor, { primary_cdn: "bunny", backup_cdn: "cloudfront" }), cdn: "bunny" };
    seeded = await seedCosts(api.db, api.time.nowMs, { customerId: acme.id, leaking: downloads, unrated: images });
    const serviceId = await service(hostileName, hostile.editor);
    const seriesId = await seedSeries(api.db, hostile.id, { serviceId, cdn: "cloudflare" });
    const explanation = `${"arn:aws:iam::123456789012:role/".repeat(4)}${hostileName} was never seen here before.`;
    odd = {
      seriesId,
      anomalyId: await seedAnomaly(api.db, hostile.id, seriesId, { explanation, severity: "critical" }),
      zombieId: await seedZombie(api.db, hostile.id, { resource: hostileName, waste: null }),
      deadId: await seedBatch(api.db, hostile.id, "dead"),
    };
    const port = await listen({ dispatch: async (url, init) => await api.app.fetch(new Request(url, init)), streams: ReadableStream }, 0);
    origin = `http://127.0.0.1:${port}`;
    browser = await openBrowser();
    at = consoleBrowser(browser, origin);
  });
  afterAll(() => browser?.close());

  const paths = (): Readonly<Record<string, string>> => ({
    cost: "/console/cost",
    "cost-day": `/console/cost/series/${seeded.primaryId}?span=24h`,
    "cost-week": `/console/cost/series/${seeded.primaryId}`,
    "cost-weeks": `/console/cost/series/${seeded.primaryId}?span=35d`,
    "cost-backup": `/console/cost/series/${seeded.backupId}`,
    "cost-bytes": `/console/cost/series/${seeded.bytesId}`,
    "cost-calls": `/console/cost/series/${seeded.callsId}`,
    "cost-series": "/console/cost/series",
    "cost-reset": `/console/cost/series/${seeded.primaryId}/reset`,
    "cost-anomalies": "/console/cost/anomalies",
    "cost-anomaly": `/console/cost/anomalies/${seeded.leakId}`,
    "cost-snooze": `/console/cost/anomalies/${seeded.leakId}/say?state=snoozed`,
    "cost-zombies": "/console/cost/zombies",
    "cost-zombie": `/console/cost/zombies/${seeded.zombieId}`,
    "cost-dismiss": `/console/cost/zombies/${seeded.zombieId}/say?state=dismissed`,
    "cost-rate": "/console/cost/rates/set?cdn=fastly",
    "cost-forget": "/console/cost/rates/forget?cdn=fastly",
    "cost-mode": "/console/cost/mode",
  });

  const oddPaths = (): Readonly<Record<string, string>> => ({
    "cost-odd": "/console/cost",
    "cost-odd-series": `/console/cost/series/${odd.seriesId}`,
    "cost-odd-anomaly": `/console/cost/anomalies/${odd.anomalyId}`,
    "cost-odd-say": `/console/cost/anomalies/${odd.anomalyId}/say?state=expected`,
    "cost-odd-zombie": `/console/cost/zombies/${odd.zombieId}`,
    "cost-odd-zombie-say": `/console/cost/zombies/${odd.zombieId}/say`,
    "cost-dead": "/console/cost/dead-letters",
    "cost-dead-drop": `/console/cost/dead-letters/${odd.deadId}/drop`,
  });

  const looks = ([1_280, 390] as const).flatMap((width) => (["light", "dark"] as const).map((scheme) => [width, scheme] as const));

  it.each(looks)("has nothing for axe to find, and fits: every page at %i, %s", async (width, scheme) => {
    for (const [token, views] of [
      [acme.editor, paths()],
      [hostile.editor, oddPaths()],
      [globex.editor, { "cost-empty": "/console/cost" }],
    ] as const) {
      const { page, context, complaints } = await at.open({ width, scheme, javaScript: true });
      await at.signIn(page, token);
      for (const [name, path] of Object.entries(views)) {
        await page.goto(`${origin}${path}`);
        expect([name, await page.locator("nav[aria-label=Views] a[aria-current]").textContent()]).toEqual([name, "Cost"]);
        if (name === "cost-day") await page.click("summary");
        await at.inspect(page, name, `${name}-${width}-${scheme}`);
        expect(await page.locator("b").count()).toBe(0);
      }
      expect(complaints).toEqual([]);
      await context.close();
    }
  });

  const main = async (page: Page): Promise<string> => ((await page.textContent("main")) ?? "").replaceAll(/\s+/g, " ");

  it("says what is odd, what it costs against the usual, what idles, and what to do where there is nothing", async () => {
    const { page, context } = await at.open();
    await at.signIn(page, acme.viewer, "/console/cost");
    const said = await main(page);
    expect(said).toMatch(/downloads on cloudflare Critical 3 hours/);
    expect(said).toContain("is usual at");
    expect(said).toContain("no rate is known: bytes, and no money");
    expect(said).toContain("3 things idle: $240.00 a month, and 1 of no known price");
    expect(said).toContain("ec2:DescribeAddresses of 123456789012 in eu-west-1: access denied");
    expect(said).toContain("Audit needs 14 days in shadow with at most 10 % of its anomalies marked expected");
    expect(said).toContain("bunny not known: bytes, and no money");
    expect([await page.locator("main form").count(), await page.locator("main .button").count()]).toEqual([0, 0]);
    await page.goto(`${origin}/console/cost/anomalies/${seeded.leakId}`);
    expect([await page.locator("main form").count(), await page.locator("main .button").count()]).toEqual([0, 0]);
    expect(await main(page)).toContain("Against the hour before1.1 times");
    await page.goto(`${origin}/console/cost/anomalies/${seeded.leakId}/say`);
    expect(await page.textContent("h1")).toMatch(/not permitted|Forbidden/i);
    await context.close();
    const other = await at.open();
    await at.signIn(other.page, globex.editor, "/console/cost");
    const empty = await main(other.page);
    for (const text of ["Nothing is odd.", "No egress is known yet.", "Nobody has looked yet.", "No CDN yet.", "POST /v1/cost/accounts"]) {
      expect(empty).toContain(text);
    }
    await other.context.close();
  });

  it("draws each hour over the band, marks the odd ones, hatches the expected ones, and has the same as a table", async () => {
    const { page, context } = await at.open();
    await at.signIn(page, acme.viewer, `/console/cost/series/${seeded.primaryId}`);
    expect(await page.locator("svg.trend > svg.odd.bad").count()).toBe(1);
    expect(await page.locator("svg.trend > svg.odd.warn").count()).toBe(1);
    expect(await page.locator("svg.trend .meant text").allTextContents()).toEqual(["expected: storm"]);
    expect(await page.locator("figure tbody tr").count()).toBe(168);
    expect(await page.locator("figure tbody tr:has-text('expected: storm')").count()).toBe(6);
    await follow(page, "nav[aria-label=Span] a:text-is('24 h')");
    expect(await page.locator("figure tbody tr").count()).toBe(24);
    await follow(page, "nav[aria-label=Span] a:text-is('35 d')");
    expect(await page.locator("figure tbody tr").count()).toBe(840);
    await follow(page, "text=The service");
    expect(await page.textContent("h1")).toBe("downloads");
    await page.goto(`${origin}/console/cost/series/${seeded.primaryId}?span=1y`);
    expect(await main(page)).toContain("must be one of 24h, 7d, 35d");
    await context.close();
  });

  it("takes a word about an anomaly without JavaScript: at once or with a reason, refused at the field, nothing typed is lost", async () => {
    const { page, context, complaints } = await at.open({ width: 390 });
    await at.signIn(page, acme.editor, "/console/cost");
    const card = `li[data-key="anomaly-${seeded.leakId}"]`;
    await follow(page, `${card} button:text-is("Acknowledge")`);
    expect(await page.textContent(".note")).toContain("Acknowledged: whoever looks next sees that somebody is at it.");
    expect(await page.textContent(card)).toMatch(/Acknowledged by token:\d+/);
    await follow(page, `${card} >> text=Snooze…`);
    await page.selectOption("#hours", "4");
    await page.fill("#note", "until\u202E the deploy");
    await follow(page, "main button.main");
    expect(await page.textContent("#note-wrong")).toContain("must not contain control or invisible characters");
    expect([await page.inputValue("#hours"), await page.inputValue("#note")]).toEqual(["4", "until\u202E the deploy"]);
    await page.fill("#note", "until the deploy");
    await context.clearCookies();
    await follow(page, "main button.main");
    expect(await page.textContent(".note")).toContain("What you typed is kept");
    await page.fill("#token", acme.editor);
    await follow(page, "button.main");
    expect([await page.inputValue("#hours"), await page.inputValue("#note")]).toEqual(["4", "until the deploy"]);
    await follow(page, "main button.main");
    expect(await main(page)).toMatch(/Snoozed\. It is open again by itself.*Snoozedends in [34] h/);
    expect(await main(page)).toMatch(/Snoozedtoken:\d+until the deploy/);
    await follow(page, "text=Expected…");
    await follow(page, "main button.main");
    expect(await main(page)).toContain("Marked as expected: what comes is learnt as usual.");
    await follow(page, "button:text-is('Open again')");
    await follow(page, "text=Resolve…");
    await page.fill("#note", "the player is fixed");
    await follow(page, "main button.main");
    expect(await main(page)).toContain("Resolved. What is odd of the series next will be another anomaly.");
    expect(await page.locator("main .acts").count()).toBe(0);
    // Somebody else's form, opened before.
    await page.goto(`${origin}/console/cost/anomalies/${seeded.leakId}/say?state=expected`);
    await follow(page, "main button.main");
    expect(await page.textContent("[role=alert]")).toContain("the anomaly is resolved");
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("dismisses what idles, resets a baseline and tries a dead letter again by keyboard alone", async () => {
    const { page, context } = await at.open({ javaScript: true });
    const press = async (selector: string): Promise<void> => {
      await page.locator(selector).focus();
      await page.keyboard.press("Enter");
    };
    await at.signIn(page, acme.editor, `/console/cost/zombies/${seeded.zombieId}`);
    await press("text=Dismiss…");
    await page.locator("#note:focus").waitFor();
    await page.keyboard.type("the contract ends in May");
    await page.keyboard.press("Enter");
    await page.waitForURL(/done=dismissed/);
    expect(await main(page)).toContain("the contract ends in May");
    await page.goto(`${origin}/console/cost/series/${seeded.bytesId}`);
    await press("text=Reset the baseline…");
    await page.locator("button:focus").waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/done=reset/);
    expect(await main(page)).toContain("nothing is known yet");
    await context.close();
    const other = await at.open({ javaScript: true });
    await at.signIn(other.page, hostile.editor, "/console/cost");
    await follow(other.page, "text=Look at them");
    await other.page.locator(`button[value="${odd.deadId}"]`).focus();
    await other.page.keyboard.press("Enter");
    await other.page.waitForURL(/done=retried/);
    expect(await main(other.page)).toContain("It is scored once more");
    await other.context.close();
  });

  it("takes a rate and a mode, refused with the words of the API at the field", async () => {
    const { page, context } = await at.open({ width: 390 });
    await at.signIn(page, acme.editor, "/console/cost");
    await follow(page, '[aria-label="Set the rate of bunny"]');
    await page.fill("#cents_per_gb", "1,5");
    await follow(page, "main button.main");
    expect(await page.textContent("#cents_per_gb-wrong")).toContain("must be a decimal of at most 8 digits and 4 decimals");
    expect([await page.inputValue("#cdn"), await page.inputValue("#cents_per_gb")]).toEqual(["bunny", "1,5"]);
    await page.fill("#cents_per_gb", "1.5");
    await follow(page, "main button.main");
    expect(await main(page)).toContain("bunny 1.5 cents");
    await follow(page, '[aria-label="Change the rate of bunny"]');
    expect(await page.inputValue("#cents_per_gb")).toBe("1.5000");
    await page.goBack();
    await follow(page, '[aria-label="Forget the rate of bunny"]');
    await follow(page, "main button.main");
    expect(await main(page)).toContain("Forgotten: what it carries is bytes again.");
    await follow(page, "text=Change the mode…");
    await follow(page, "main button.main");
    expect(await page.textContent("#mode-wrong")).toContain("audit needs 14 days in shadow");
    await context.close();
  });
});
