import type { Browser, BrowserContext } from "playwright-core";
import { expect } from "vitest";
import { auditBundle } from "../../../cli/evidence/evidence-audit.ts";
import { joinBundles } from "../../../cli/evidence/evidence-bundle.ts";
import { keepKeys } from "../../../local/drill/audit.ts";
import type { World } from "../../../local/drill/world.ts";
import { bill, visitBackup } from "./customer.ts";
import type { Customer } from "./customer.ts";
import { openTab, viewOf } from "./hands.ts";
import type { Hands, View, Way } from "./hands.ts";

export type Stage = {
  readonly world: World;
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly way: Way;
  readonly customer: Customer;
};

const name = "downloads";
const row = `tr:has-text("${name}")`;

const signIn = async ({ world, customer }: Stage, hands: Hands): Promise<void> => {
  await hands.page.goto(`${world.apiUrl}/`);
  await hands.type("Token", customer.token);
  await hands.press("Sign in");
};

/** The wizard, from a name to a checked service. @returns its id */
const setUp = async ({ world, way, customer }: Stage, hands: Hands): Promise<number> => {
  const { says } = await viewOf(way, hands.page);
  await hands.press("Set-up");
  await hands.press("New service…");
  await hands.type("Name", name);
  await hands.type("Primary CDN", "cloudflare");
  await hands.type("Backup CDN", "fastly");
  await hands.press("Create, and go on");
  await hands.type("Domain", customer.host);
  await hands.type("Hostname at cloudflare", customer.primary.url);
  await hands.type("Hostname at fastly", world.cdns.backup.url);
  await hands.press("Add");
  await hands.press("Next: records");
  await says("main", /CNAME.*SetIdentifier primary, weight 100/);
  await hands.press("Next: verification");
  await says("main", /asks for no proof/);
  await hands.press("Next: policy");
  await hands.type("Seconds that are looked at", "5");
  await hands.type("Seconds of calm before it goes back", "1");
  await hands.press("Preview");
  await says("#preview", /What it would have done/);
  await hands.press("Create");
  await hands.press("Check now");
  await says("main", /It is set up\./);
  return Number(/setup\/(\d+)\//.exec(hands.page.url())?.[1]);
};

/** From calm through the storm and back, in one tab, while another one is never touched. */
const weather = async ({ world, context, way, customer }: Stage, hands: Hands, serviceId: number): Promise<void> => {
  const openFleet = async (): Promise<View> => {
    await hands.press("Fleet");
    return await viewOf(way, hands.page);
  };
  const fleet = await openFleet();
  await fleet.says(row, /Well cloudflare *nothing is wrong.*1 primary/);
  const watched = await openTab(way, context, `${world.apiUrl}/console/services/${serviceId}`);
  await watched.says("main", /Normal.*cloudflare, the primary/);
  await watched.says("#axis", /0 storms, 0 decisions, 0 orders/);

  await customer.primary.setFault("5xx");
  await fleet.says(row, /On backup fastly *a storm for .*1 backup/);
  await visitBackup(world, customer);
  await watched.says("main", /Storm of availability for .*On backup.*fastly, the backup/);
  await watched.says("#axis", /1 storm, 1 decision, 0 orders/);
  expect(await fleet.isSame()).toBe(true);

  await hands.press(`Freeze ${name}`);
  await hands.type("Reason", "a look first, OPS-7");
  await hands.press("Freeze");
  await watched.says("main", /Frozen.*Frozen as it is: a look first, OPS-7/);
  const frozen = await openFleet();
  await frozen.says(row, /On backup.*Frozen as it is: a look first, OPS-7/);
  await hands.press(`Release ${name}`);
  await hands.press("Release");
  await watched.says("main", /On backup.*none: tranche decides/);

  const healing = await openFleet();
  await customer.primary.setFault("healthy");
  await healing.says(row, /Well cloudflare *nothing is wrong.*1 primary/);
  await watched.says("main", /Normal.*cloudflare, the primary/);
  await watched.says("#axis", /1 storm, 2 decisions, 1 order\b/);
  expect([await healing.isSame(), await watched.isSame()]).toEqual([true, true]);
};

/** The evidence as whoever has the file verifies it, by keys that were kept before. */
const prove = async (hands: Hands, keys: Awaited<ReturnType<typeof keepKeys>>): Promise<void> => {
  await hands.press("Storms");
  await hands.press(new RegExp(`^Storm \\d+ of ${name}$`));
  const file = await hands.download(/^Download storm-\d+-evidence\.json$/);
  const audit = auditBundle(joinBundles([file]), { keys });
  expect(audit).toMatchObject({ ok: true, remarks: [] });
  if (audit.ok) expect([audit.bundle.ended, audit.replayed >= 2]).toEqual([true, true]);
};

/** The invoice in the console, and for somebody who has only a link to it. */
const pay = async ({ world, browser, customer, way }: Stage, hands: Hands, serviceId: number): Promise<void> => {
  const invoice = await bill(world, customer, serviceId);
  expect(invoice.discount_cents).toBeGreaterThan(0);
  const due = `USD ${(invoice.payable_cents / 100).toFixed(2)}`;
  await hands.press("Invoices");
  await hands.press(invoice.document_number);
  const { says } = await viewOf(way, hands.page);
  await says("main", new RegExp(`Amount due ?${due}`));
  await hands.press("links for others");
  await hands.choose("Open for", "7 days");
  await hands.press("Make a link");
  const link = await hands.page.locator("#secret").inputValue();
  const stranger = await browser.newContext({ javaScriptEnabled: way.javaScript });
  const page = await stranger.newPage();
  expect((await page.goto(link))?.status()).toBe(200);
  const text = (await page.textContent("main")) ?? "";
  for (const words of [invoice.document_number, due, name]) expect(text).toContain(words);
  expect(await stranger.cookies()).toEqual([]);
  await stranger.close();
  await hands.press("Done");
  await says("main", /Open.*in 6 d/);
};

/** What the product is for, played at its console. */
export const play = async (stage: Stage): Promise<void> => {
  const keys = await keepKeys(stage.customer.api);
  const hands = stage.way.hands(await stage.context.newPage());
  await signIn(stage, hands);
  const serviceId = await setUp(stage, hands);
  await weather(stage, hands, serviceId);
  await prove(hands, keys);
  await pay(stage, hands, serviceId);
};
