import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../local/fallback/http.ts";
import { firstAdmin } from "../../self-hosted/first-admin.ts";
import { startAccounts } from "../support/accounts-world.ts";
import { chromiumPath, follow, openBrowser, warnWithoutBrowser } from "../support/browser.ts";
import { consoleBrowser } from "../support/console-browser.ts";

warnWithoutBrowser("the pages of accounts in a real browser");

const [first, second] = ["correct horse battery staple 7", "another horse, another staple 8"];
const owner = "ada.of.a.rather.long.name.that.goes.on.and.on@department.of.a.long.domain.example.com";

describe.skipIf(chromiumPath === null)("the pages of accounts in Chromium", () => {
  let world: Awaited<ReturnType<typeof startAccounts>>;
  let browser: Browser;
  let at: ReturnType<typeof consoleBrowser>;
  let origin: string;
  let invitation: string;

  beforeAll(async () => {
    world = await startAccounts();
    const port = await listen({ dispatch: async (url, init) => await world.app.fetch(new Request(url, init)), streams: ReadableStream }, 0);
    origin = `http://127.0.0.1:${port}`;
    browser = await openBrowser();
    at = consoleBrowser(browser, origin);
    const customerId = await world.customer("acme");
    await world.member(customerId, owner, "owner", first);
    await world.member(customerId, "viewer@example.com", "viewer", second);
    await world.call("POST", "/v1/invitations", { customer: customerId, body: { address: "invited@example.com", role: "editor" } });
    invitation = await world.linkTo("invited@example.com");
  });
  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  const signIn = async (page: Page, password: string): Promise<void> => {
    await page.goto(`${origin}/console/sign-in`);
    await page.fill("#address", owner);
    await page.fill("#password", password);
    await follow(page, "form:has(#password) button");
  };

  const looks = [1_280, 390].flatMap((width) => (["light", "dark"] as const).map((scheme) => ({ width, scheme })));

  it.each(looks)("have nothing for axe to find, and no sideways scroll, at $width px, $scheme", async (look) => {
    const { page, context, complaints } = await at.open({ ...look, javaScript: true });
    const inspect = (name: string) => at.inspect(page, name, `accounts-${name}-${look.width}-${look.scheme}`);
    await page.goto(`${origin}/console/sign-in`);
    await inspect("sign-in");
    await signIn(page, "the wrong one, surely");
    await inspect("refused");
    expect(await page.textContent("main")).toMatch(/address|password/);
    await page.goto(`${origin}/console/forgot`);
    await inspect("forgot");
    await page.goto(`${origin}${invitation}`);
    expect(await page.textContent("main")).toContain("editor");
    await inspect("invitation");
    await page.goto(`${origin}/console/invitation?link=${"x".repeat(43)}`);
    await inspect("invitation-over");
    await signIn(page, first);
    expect(new URL(page.url()).pathname).not.toBe("/console/sign-in");
    for (const [name, path] of [
      ["account", "/console/account"],
      ["people", "/console/people"],
    ] as const) {
      await page.goto(`${origin}${path}`);
      expect(await page.textContent("main"), name).toContain(owner);
      await inspect(name);
    }
    expect(complaints).toEqual([]);
    await context.close();
  });

  describe("of an installation that is new", () => {
    let alone: Awaited<ReturnType<typeof startAccounts>>;
    let there: ReturnType<typeof consoleBrowser>;
    let base: string;
    let ada: Awaited<ReturnType<typeof firstAdmin>>;

    beforeAll(async () => {
      alone = await startAccounts();
      ada = await firstAdmin(alone.deps, "ada@example.test");
      const port = await listen(
        { dispatch: async (url, init) => await alone.app.fetch(new Request(url, init)), streams: ReadableStream },
        0,
      );
      base = `http://127.0.0.1:${port}`;
      there = consoleBrowser(browser, base);
    });
    afterAll(() => alone?.close());

    const enter = async (page: Page): Promise<void> => {
      await page.goto(`${base}/console/sign-in`);
      await page.fill("#address", ada?.address ?? "");
      await page.fill("#password", ada?.password ?? "");
      await follow(page, "form:has(#password) button");
    };

    it.each(looks)("have a way on for its admin, and nothing for axe to find, at $width px, $scheme", async (look) => {
      const { page, context, complaints } = await there.open({ ...look, javaScript: true });
      const inspect = (name: string) => there.inspect(page, name, `accounts-${name}-${look.width}-${look.scheme}`);
      await enter(page);
      expect(await page.textContent("main")).toContain("No customers yet.");
      await inspect("no-customers");
      await page.fill("#name", "a name that is kept");
      await page.fill("#max_coverage_cap", "11");
      await follow(page, "main button.main");
      expect([await page.inputValue("#name"), await page.textContent("#max_coverage_cap-wrong")]).toEqual([
        "a name that is kept",
        expect.stringContaining("10"),
      ]);
      await inspect("customer-refused");
      await page.goto(`${base}/console/account`);
      await follow(page, "text=People…");
      expect(await page.textContent("main")).toContain("Who runs this installation");
      expect(complaints).toEqual([]);
      await context.close();
    });

    it("lead without JavaScript from the first sign-in to the set-up of a customer", async () => {
      const { page, context, complaints } = await there.open({ width: 390 });
      await enter(page);
      await page.fill("#name", "Example");
      await follow(page, "main button.main");
      expect(new URL(page.url()).pathname).toBe("/console/setup");
      await follow(page, "text=New service…");
      await page.goto(`${base}/console/customers`);
      await follow(page, "text=People…");
      expect(await page.textContent("main")).toContain("ada@example.test");
      expect(complaints).toEqual([]);
      await context.close();
    });

    it.each(looks)("have nothing for axe to find once there is a customer either, at $width px, $scheme", async (look) => {
      const { page, context, complaints } = await there.open({ ...look, javaScript: true });
      const inspect = (name: string) => there.inspect(page, name, `accounts-${name}-${look.width}-${look.scheme}`);
      await enter(page);
      expect(await page.textContent("main")).toContain("Example");
      await inspect("customers");
      await follow(page, "text=New customer…");
      await inspect("customer-new");
      expect(complaints).toEqual([]);
      await context.close();
    });
  });
});
