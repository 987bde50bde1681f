import axe from "axe-core";
import { sql } from "drizzle-orm";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../local/fallback/http.ts";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";
import { chromiumPath, follow, openBrowser, warnWithoutBrowser } from "../support/browser.ts";
import { seedConsole } from "../support/console-world.ts";
import type { ConsoleWorld } from "../support/console-world.ts";

warnWithoutBrowser("the console on a bad day, in a real browser");

/** Two providers of which one is silent, jobs of which one is late, a takeover, and evidence of a storm. */
const seedBadDay = async ({ db }: Api, world: ConsoleWorld): Promise<void> => {
  await db.rows(sql`
    insert into providers (name, heartbeat_at, last_round_at, public_checked_at, public_ok_since, public_error, clock_skew_ms)
    values ('cloudflare', now() - interval '9 minutes', now() - interval '9 minutes', now(), null, 'HTTP 522', 2600),
      ('vercel', now(), now() - interval '4 seconds', now(), now() - interval '2 days', null, -40)`);
  await db.rows(sql`
    insert into leases (name, provider, holder, epoch, acquired_at, expires_at) values ('shard:0', 'vercel', 'vercel:1', 7, now() - interval '8 minutes', now() + interval '1 hour')
    on conflict (name) do update set provider = excluded.provider, epoch = excluded.epoch, expires_at = excluded.expires_at, released_at = null`);
  await db.rows(sql`
    insert into job_runs (job, provider, last_started_at, last_succeeded_at, last_failed_at, last_duration_ms)
    values ('bill', 'vercel', now() - interval '9 hours', now() - interval '9 hours', null, 310), ('deliver', 'vercel', now(), now(), null, 84),
      ('rollup', 'cloudflare', now() - interval '9 minutes', null, now() - interval '9 minutes', 1200), ('rollup', 'vercel', now(), now(), null, 45)`);
  await db.rows(sql`insert into evidence (service_id, storm_id, kind, body)
    select service_id, id, 'begin', '{"note":"seen"}' from storm_events where id = ${world.ids.over}`);
};

describe.skipIf(chromiumPath === null)("the console in Chromium on a bad day", () => {
  let api: Api;
  let world: ConsoleWorld;
  let browser: Browser;
  let origin: string;

  beforeAll(async () => {
    api = await startApi();
    world = await seedConsole(api);
    await seedBadDay(api, world);
    const port = await listen({ dispatch: async (url, init) => await api.app.fetch(new Request(url, init)), streams: ReadableStream }, 0);
    origin = `http://127.0.0.1:${port}`;
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  const signIn = async (page: Page, token: string): Promise<void> => {
    await page.goto(`${origin}/console/status`);
    await page.fill("#token", token);
    await follow(page, "button.main");
  };

  /** What axe finds, and whether it fits. */
  const judge = async (page: Page, name: string, look: string): Promise<void> => {
    const shots = process.env["CONSOLE_SHOTS"];
    if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}-${look}.png`, fullPage: true });
    await page.evaluate(axe.source);
    const violations = await page.evaluate(
      "axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))",
    );
    expect([name, violations]).toEqual([name, []]);
    expect([name, await page.evaluate("document.documentElement.scrollWidth <= innerWidth")]).toEqual([name, true]);
  };

  /** Without the database while it works. */
  const without = async (work: () => Promise<void>): Promise<void> => {
    const real = globalThis.fetch;
    globalThis.fetch = () => Promise.reject(new TypeError("fetch failed"));
    await work().finally(() => {
      globalThis.fetch = real;
    });
  };

  const looks = ([1_280, 390] as const).flatMap((width) => (["light", "dark"] as const).map((scheme) => [width, scheme] as const));

  it.each(looks)("has nothing for axe to find, and fits: at %i, %s", async (width, scheme) => {
    const look = `${width}-${scheme}`;
    const context = await browser.newContext({
      viewport: { width, height: 844 },
      colorScheme: scheme,
      deviceScaleFactor: width < 500 ? 2 : 1,
    });
    const page = await context.newPage();
    await signIn(page, api.env.ADMIN_TOKEN);
    await page.goto(`${origin}/console/customers`);
    await judge(page, "customers", look);
    await follow(page, 'button[aria-label="Open acme"]');
    await page.goto(`${origin}/console/status`);
    await judge(page, "status", look);
    await page.goto(`${origin}/console/storms/${world.ids.over}`);
    expect(await page.textContent("main")).toContain("Download storm-");
    await judge(page, "storm-evidence", look);
    for (const what of ["services", "panic"]) {
      await page.goto(`${origin}/console/status`);
      await follow(page, `a[href="/console/all?what=${what}"]`);
      await judge(page, `all-${what}`, look);
      await page.fill("#reason", "weights that nobody wanted");
      await follow(page, 'button[value="give"]');
    }
    await judge(page, "status-panic", look);
    expect(await page.textContent("main")).toContain("Panic is on");
    for (const what of ["services", "panic"]) {
      await page.goto(`${origin}/console/all?what=${what}`);
      await follow(page, 'button[value="lift"]');
    }
    await page.goto(`${origin}/console`);
    await page.goto(`${origin}/console`);
    await without(async () => {
      await page.goto(`${origin}/console`);
      expect(await page.textContent("main")).toContain("The database is away");
      await judge(page, "fleet-last-known", look);
    });
    await context.close();
  });
});
