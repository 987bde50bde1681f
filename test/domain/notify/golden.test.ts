import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { boundedMessage } from "../../../src/domain/notify/bounded-message.ts";
import { renderMail } from "../../../src/domain/notify/render-mail.ts";
import { renderPagerduty } from "../../../src/domain/notify/render-pagerduty.ts";
import { renderSlack } from "../../../src/domain/notify/render-slack.ts";
import { renderText } from "../../../src/domain/notify/render-text.ts";
import { renderWebhook } from "../../../src/domain/notify/render-webhook.ts";
import { sampleMessages } from "../../support/notify-samples.ts";

const golden = new URL("../../fixtures/notify/", import.meta.url);
const baseUrl = "https://tranche.example.com";
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** What is expected stands in test/fixtures/notify/; `vitest run -u` writes it anew, to be read before it is committed. */
describe("messages as they are read", () => {
  const all = Object.entries(sampleMessages);
  it.each(all)("%s", async (name, message) => {
    expect(boundedMessage(message)).toEqual(message);
    const file = (ending: string): string => new URL(`${name}.${ending}`, golden).pathname;
    await expect(renderText(message, baseUrl)).toMatchFileSnapshot(file("txt"));
    await expect(json(renderSlack(message, baseUrl))).toMatchFileSnapshot(file("slack.json"));
    await expect(renderMail(message, baseUrl).html).toMatchFileSnapshot(file("html"));
  });

  it.each(["storm.started", "storm.ended", "switch.held", "invoice.issued", "cost.anomaly", "zombie.found", "test"])(
    "%s, for programs",
    async (name) => {
      const message = sampleMessages[name];
      if (message === undefined) throw new Error(name);
      await expect(json({ webhook: renderWebhook(message, baseUrl), pagerduty: renderPagerduty(message, null) })).toMatchFileSnapshot(
        new URL(`${name}.programs.json`, golden).pathname,
      );
    },
  );

  it("has no file of a kind that is no more", () => {
    const known = new Set(all.flatMap(([name]) => ["txt", "slack.json", "html", "programs.json"].map((ending) => `${name}.${ending}`)));
    const files = readdirSync(golden);
    expect(files.filter((name) => !known.has(name))).toEqual([]);
    expect(files.filter((name) => name.endsWith(".html"))).toHaveLength(all.length);
  });
});
