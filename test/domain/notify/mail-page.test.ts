import axe from "axe-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { boundedMessage } from "../../../src/domain/notify/bounded-message.ts";
import { renderMail } from "../../../src/domain/notify/render-mail.ts";
import { chromiumPath, openBrowser, warnWithoutBrowser } from "../../support/browser.ts";
import { sampleMessage, sampleMessages } from "../../support/notify-samples.ts";

warnWithoutBrowser("mails");

const shown = {
  // One of each colour, and of each part that there is.
  ...Object.fromEntries(
    ["storm.started.operator", "switch.done", "storm.ended", "token.created"].map((name) => [
      name,
      sampleMessages[name] ?? sampleMessage("test"),
    ]),
  ),
  wide: boundedMessage(
    sampleMessage("storm.started", {
      title: "x".repeat(150),
      summary: "y".repeat(900),
      facts: [{ label: "l".repeat(60), value: "v".repeat(300) }],
      services: [{ id: 1, name: "n".repeat(255), state: "s".repeat(60) }],
      path: `/${"p".repeat(300)}`,
    }),
  ),
};

describe.runIf(chromiumPath !== null)("a mail in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  it.each(["light", "dark"] as const)("reads without obstacles, on a telephone too (%s)", async (colorScheme) => {
    const page = await browser.newPage({ colorScheme, viewport: { width: 360, height: 700 } });
    for (const [name, message] of Object.entries(shown)) {
      await page.setContent(renderMail(message, "https://tranche.example.com").html);
      const sideways = await page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
      expect(sideways, name).toBeLessThanOrEqual(0);
      await page.evaluate(axe.source);
      // A mail is no page of a site: it has no landmarks.
      const { violations } = await page.evaluate(
        async () =>
          await (globalThis as unknown as { axe: typeof axe }).axe.run({
            runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"],
            rules: { region: { enabled: false }, "landmark-one-main": { enabled: false } },
          }),
      );
      expect(violations.map(({ id, nodes }) => `${name}: ${id} ${nodes[0]?.html}`)).toEqual([]);
    }
    await page.close();
  });

  it("keeps its layout where a client drops the style sheet", async () => {
    const page = await browser.newPage({ colorScheme: "dark", viewport: { width: 760, height: 700 } });
    const { html } = renderMail(sampleMessage("switch.held"), null);
    await page.setContent(html.replace(/<style>.*?<\/style>/s, ""));
    const card = await page.evaluate<unknown>(`(() => {
      const element = document.querySelector(".card");
      const { width, left } = element.getBoundingClientRect();
      return { width, left, background: getComputedStyle(element).backgroundColor };
    })()`);
    expect(card).toEqual({ width: 600, left: 80, background: "rgb(255, 255, 255)" });
    await page.close();
  });
});
