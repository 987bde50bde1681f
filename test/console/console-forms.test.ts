import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../local/fallback/http.ts";
import { chromiumPath, follow, openBrowser, warnWithoutBrowser } from "../support/browser.ts";
import { consoleBrowser } from "../support/console-browser.ts";
import { startForms } from "../support/console-forms-world.ts";
import type { Forms } from "../support/console-forms-world.ts";
import { hostileName } from "../support/console-world.ts";

warnWithoutBrowser("the console's forms in a real browser");

describe.skipIf(chromiumPath === null)("the console's forms in Chromium", () => {
  let forms: Forms;
  let acme: Awaited<ReturnType<Forms["api"]["onboard"]>>;
  let browser: Browser;
  let origin: string;
  let at: ReturnType<typeof consoleBrowser>;
  let seeded: { serviceId: number; domainId: number; channelId: number; tokenId: number };

  const seed = async () => {
    const { api } = forms;
    const options = { token: acme.editor };
    const service = await api.created("/v1/services", { name: hostileName, primary_cdn: "cloudflare", backup_cdn: "fastly" }, options);
    const path = `/v1/services/${service.id}`;
    const targets = { primary_target: "app.example.com.cdn.cloudflare.net", backup_target: "dualstack.example.map.fastly.net" };
    const domain = await api.created(`${path}/domains`, { name: "app.example.com", ...targets }, options);
    await api.created(`${path}/domains`, { name: `${"long".repeat(12)}.${"name".repeat(12)}.example.com` }, options);
    await api.created(`${path}/storm-policies`, {}, options);
    await api.call("POST", `${path}/readiness/check`, options);
    await api.created("/v1/services", { name: "ж".repeat(200), primary_cdn: "cloudflare", backup_cdn: "fastly" }, options);
    const channel = await api.created(
      "/v1/channels",
      { name: hostileName, kind: "slack", url: "https://hooks.slack.com/services/T0/B0/x" },
      options,
    );
    await api.created(
      "/v1/channels",
      { name: "mail", kind: "email", to: ["a@example.com", "b@example.com"], min_severity: "critical" },
      options,
    );
    const { id } = await api.created(`/v1/customers/${acme.id}/tokens`, { name: hostileName, role: "viewer" }, { token: acme.owner });
    return { serviceId: service.id, domainId: domain.id, channelId: channel.id, tokenId: id };
  };

  beforeAll(async () => {
    forms = await startForms();
    acme = await forms.api.onboard("acme");
    seeded = await seed();
    const { app } = forms.api;
    const port = await listen({ dispatch: async (url, init) => await app.fetch(new Request(url, init)), streams: ReadableStream }, 0);
    origin = `http://127.0.0.1:${port}`;
    browser = await openBrowser();
    at = consoleBrowser(browser, origin);
  });
  afterAll(() => browser?.close());

  const paths = (): Readonly<Record<string, string>> => {
    const { serviceId, domainId, channelId, tokenId } = seeded;
    return {
      setup: "/console/setup",
      "setup-new": "/console/setup/new",
      ...Object.fromEntries(
        ["service", "domains", "records", "verification", "policy", "readiness"].map((step) => [
          `setup-${step}`,
          `/console/setup/${serviceId}/${step}`,
        ]),
      ),
      "setup-domain": `/console/setup/${serviceId}/domains/${domainId}`,
      "setup-remove": `/console/setup/${serviceId}/domains/${domainId}/remove`,
      channels: "/console/channels",
      channel: `/console/channels/${channelId}`,
      "channel-mail": `/console/channels/${channelId + 1}`,
      "channel-new": "/console/channels/new?kind=webhook&kinds=storm.started",
      "channel-edit": `/console/channels/${channelId}/edit`,
      "channel-delete": `/console/channels/${channelId}/delete`,
      tokens: "/console/tokens",
      "token-new": "/console/tokens/new",
      "token-revoke": `/console/tokens/${tokenId}/revoke`,
      audit: "/console/audit",
      "audit-wrong": "/console/audit?object_type=1",
    };
  };

  const looks = ([1_280, 390] as const).flatMap((width) => (["light", "dark"] as const).map((scheme) => [width, scheme] as const));

  it.each(looks)("have nothing for axe to find, and fit: every one at %i, %s", async (width, scheme) => {
    const { page, context, complaints } = await at.open({ width, scheme, javaScript: true });
    await at.signIn(page, acme.owner);
    for (const [name, path] of Object.entries(paths())) {
      await page.goto(`${origin}${path}`);
      if (name === "audit") await page.locator("summary").first().click();
      await at.inspect(page, name, `${name}-${width}-${scheme}`);
    }
    await page.goto(`${origin}/console/setup/new`);
    await page.fill("#name", hostileName);
    for (const side of ["primary", "backup"]) await page.fill(`#${side}_cdn`, "cloudflare");
    await follow(page, "main button.main");
    await at.inspect(page, "a refused form", `setup-refused-${width}-${scheme}`);
    await page.goto(`${origin}/console/tokens/new`);
    await page.fill("#name", `look ${width} ${scheme}`);
    await follow(page, "main button.main");
    await at.inspect(page, "a secret that is shown once", `token-once-${width}-${scheme}`);
    await page.goto(`${origin}/console/setup/${seeded.serviceId}/policy`);
    await follow(page, "text=Preview");
    await at.inspect(page, "the preview of a policy", `setup-preview-${width}-${scheme}`);
    expect(complaints).toEqual([]);
    await context.close();
  });

  /** The value of the TXT record that a page shows. */
  const proofOf = async (page: Page): Promise<readonly [name: string, value: string]> => {
    const [name = "", value = ""] = await page.locator("tr:has(th:text-is('TXT')) code.copy").allTextContents();
    return [name, value];
  };

  it("set a service up without JavaScript: refused at the field, typed again after the session's end, proven, checked", async () => {
    const { page, context, complaints } = await at.open({ width: 390 });
    await at.signIn(page, acme.editor);
    await follow(page, "text=Set-up");
    await follow(page, "text=New service…");
    await page.fill("#name", "by hand");
    await page.fill("#primary_cdn", "cloudflare");
    await page.fill("#backup_cdn", "cloudflare");
    await follow(page, "main button.main");
    expect(await page.textContent("#backup_cdn-wrong")).toBe("must differ from primary_cdn");
    await page.fill("#backup_cdn", "fastly");
    await context.clearCookies();
    await follow(page, "main button.main");
    expect(await page.textContent(".note")).toContain("What you typed is kept");
    await page.fill("#token", acme.editor);
    await follow(page, "button.main");
    expect([await page.inputValue("#name"), await page.inputValue("#backup_cdn")]).toEqual(["by hand", "fastly"]);
    await follow(page, "main button.main");
    await page.fill("#name", "hand.example.com");
    await page.fill("#primary_target", "a.example.net");
    await page.fill("#backup_target", "b.example.net");
    await follow(page, "main form button.main");
    await follow(page, "text=Next: records");
    const [record, value] = await proofOf(page);
    expect(record).toBe("_tranche-challenge.hand.example.com");
    await follow(page, "text=Next: verification");
    await follow(page, "text=Check now");
    expect(await page.textContent("[role=alert]")).toContain(`no TXT record ${record}`);
    forms.published[record] = [value];
    await follow(page, "text=Check now");
    expect(await page.textContent(".note")).toContain("Every name is proven to be yours.");
    await follow(page, "text=Next: policy");
    await follow(page, "text=Preview");
    expect(await page.textContent("#preview")).toBe("What it would have done");
    await follow(page, "main button.main");
    await follow(page, "text=Check now");
    expect(await page.textContent("main")).toMatch(/checked now by token:\d+/);
    // The button back leads to the preview, with what was typed; sent again, its form makes no second policy.
    while (!page.url().includes("act=preview")) await page.goBack();
    expect(await page.textContent("#preview")).toBe("What it would have done");
    await follow(page, "main button.main");
    expect(await page.textContent("#kind-wrong")).toBe("is taken");
    expect(complaints).toEqual([]);
    const { list } = await forms.api.call("GET", "/v1/services", { token: acme.viewer });
    expect(list.filter(({ name }) => name === "by hand")).toHaveLength(1);
    await context.close();
  });

  it("open a channel, try it and mint a token by keyboard alone", async () => {
    const { page, context } = await at.open({ javaScript: true });
    await at.signIn(page, acme.owner, "/console/channels/new?kind=webhook");
    const focused = page.locator("input:focus");
    /** Types into the field that has the focus, once it is that one. */
    const type = async (name: string, text: string): Promise<void> => {
      await page.locator(`input[name=${name}]:focus`).waitFor();
      await page.keyboard.type(text);
    };
    await type("name", "keys");
    await page.keyboard.press("Tab");
    await type("url", "https://hooks.example.com/keys");
    await page.keyboard.press("Enter");
    await page.locator("#secret").waitFor();
    expect(await focused.inputValue()).toMatch(/^whsec_/);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL(/channels\/\d+$/);
    await page.locator("button[value=test]").focus();
    await page.keyboard.press("Enter");
    await page.locator("text=The test has arrived: HTTP 204").waitFor();
    await page.goto(`${origin}/console/tokens/new`);
    await type("name", "keyboard");
    await page.keyboard.press("Enter");
    await page.locator("#secret").waitFor();
    expect(await focused.inputValue()).toMatch(/^trn_/);
    expect(new URL(page.url()).pathname).toBe("/console/tokens/new");
    await context.close();
  });
});
