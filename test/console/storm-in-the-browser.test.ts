import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { World } from "../../local/drill/world.ts";
import { startWorld, startWorldCron } from "../../local/drill/world.ts";
import { chromiumPath, openBrowser, warnWithoutBrowser } from "../support/browser.ts";
import { welcome } from "./story/customer.ts";
import { ways } from "./story/hands.ts";
import { play } from "./story/play.ts";

warnWithoutBrowser("a storm in a real browser");

/**
 * The product, played at its console in the drill's world: the Worker in workerd, PostgreSQL, Route 53, CDNs that fail when told to.
 * All at the same time, each as a customer of its own: most of a storm is waiting.
 */
describe.skipIf(chromiumPath === null)("a storm, from sign-in to the invoice", () => {
  let world: World;
  let cron: ReturnType<typeof startWorldCron>;
  let browser: Browser;

  beforeAll(async () => {
    [world, browser] = await Promise.all([startWorld(), openBrowser()]);
    cron = startWorldCron(world);
  });
  afterAll(async () => {
    cron?.stop();
    await browser?.close();
    await world?.close();
  });

  it.concurrent.each(ways)("$name", async (way) => {
    const customer = await welcome(world, way.name.replaceAll(" ", "-").toLowerCase());
    const context = await browser.newContext({ javaScriptEnabled: way.javaScript });
    const complaints: string[] = [];
    context.on("weberror", (error) => complaints.push(String(error.error())));
    context.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("favicon")) complaints.push(message.text());
    });
    try {
      await play({ world, browser, context, way, customer });
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
      await customer.primary.close();
    }
  });
});
