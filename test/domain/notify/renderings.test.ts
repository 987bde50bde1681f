import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedMessage } from "../../../src/domain/notify/bounded-message.ts";
import { renderMail } from "../../../src/domain/notify/render-mail.ts";
import { renderPagerduty } from "../../../src/domain/notify/render-pagerduty.ts";
import { renderSlack } from "../../../src/domain/notify/render-slack.ts";
import { renderText } from "../../../src/domain/notify/render-text.ts";
import { renderWebhook } from "../../../src/domain/notify/render-webhook.ts";
import { hostileMessage, hostileTexts } from "../../support/hostile-messages.ts";
import { sampleMessage } from "../../support/notify-samples.ts";

const baseUrl = "https://tranche.example.com";
const ofHostile = (check: (message: ReturnType<typeof boundedMessage>) => void): void =>
  fc.assert(fc.property(hostileMessage, (message) => check(boundedMessage(message))));

/** The largest that there can be: every text at its bound, of what takes most room when it is escaped. */
const largest = boundedMessage(
  sampleMessage("storm.started", {
    title: "&".repeat(500),
    summary: "&".repeat(5_000),
    customer: "<".repeat(300),
    path: `/${"a".repeat(400)}`,
    facts: Array.from({ length: 20 }, () => ({ label: "&".repeat(100), value: "&".repeat(500) })),
    services: Array.from({ length: 30 }, (_, id) => ({ id, name: "😀".repeat(300), state: "&".repeat(100) })),
  }),
);

describe("for Slack", () => {
  const textsOf = (value: unknown): readonly string[] => {
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) => (key === "text" && typeof inner === "string" ? [inner] : textsOf(inner)));
  };

  it("has no control character of Slack's but in the link of its own, and no more of anything than Slack takes", () => {
    const check = (message: ReturnType<typeof boundedMessage>): void => {
      const payload = renderSlack(message, baseUrl);
      for (const text of textsOf(payload)) {
        const rest = text.replace(/^<https:\/\/tranche\.example\.com\/[^<>|]*\|Details>$/, "");
        expect(rest).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
        expect(text.isWellFormed()).toBe(true);
        expect(text).not.toBe("");
        expect(text.length).toBeLessThanOrEqual(3_000);
      }
      expect(payload.blocks.length).toBeLessThanOrEqual(50);
      for (const block of payload.blocks) {
        if (block.type === "header") expect(block.text.text.length).toBeLessThanOrEqual(150);
        if (!("fields" in block)) continue;
        expect(block.fields.length).toBeLessThanOrEqual(10);
        for (const { text } of block.fields) expect(text.length).toBeLessThanOrEqual(2_000);
      }
      // What customers wrote is in texts that have no markup; the labels' only markup is that they are bold.
      for (const block of payload.blocks) if ("text" in block) expect(block.text.type).toBe("plain_text");
    };
    check(largest);
    ofHostile(check);
  });

  it("cuts between entities", () => {
    const [header] = renderSlack(largest, null).blocks;
    expect(header).toMatchObject({ text: { text: `🔴 ${"&amp;".repeat(29)}…` } });
  });
});

describe("as HTML", () => {
  it("has the elements of its own and no other, and fetches nothing", () => {
    const tags = (message: ReturnType<typeof boundedMessage>): readonly string[] =>
      renderMail(message, baseUrl).html.match(/<[^>]*>/g) ?? [];
    ofHostile((message) => {
      const plain = {
        ...message,
        title: "t",
        summary: message.summary && "s",
        customer: message.customer === null ? null : "c",
        facts: message.facts.map(() => ({ label: "l", value: "v" })),
        services: message.services.map(({ id }) => ({ id, name: "n", state: "s" })),
      };
      expect(tags(message)).toEqual(tags(plain));
      expect(tags(message).join("")).not.toMatch(/<script|<img|<link|<iframe|<form|\ssrc=|\son\w+=|url\(/i);
    });
  });
});

describe("as plain text", () => {
  it("has every name on a line of its own", () => {
    ofHostile((message) => {
      const lines = renderText(message, baseUrl).split("\n");
      for (const { name, state } of message.services)
        expect(
          lines.some((line) => line.startsWith("  ") && line.includes(name) && line.endsWith(state)),
          name,
        ).toBe(true);
      expect(lines.join("")).not.toMatch(/\r/);
    });
  });
});

describe("for programs", () => {
  it("is small, and what was told is in it as it was", () => {
    const { data } = JSON.parse(JSON.stringify(renderWebhook(largest, baseUrl))) as { data: { services: { name: string }[]; url: string } };
    expect(data.services).toHaveLength(20);
    expect(data.url).toBe(`${baseUrl}${largest.path}`);
    const [usual] = [renderWebhook(sampleMessage("storm.started"), baseUrl)];
    expect(JSON.stringify(usual).length).toBeLessThan(20_000);
    expect(JSON.stringify(renderWebhook(largest, baseUrl)).length).toBeLessThan(60_000);
    for (const name of hostileTexts) {
      const message = boundedMessage(sampleMessage("switch.held", { services: [{ id: 1, name, state: "held" }] }));
      expect(renderWebhook(message, null).data).toMatchObject({ services: message.services, url: null });
    }
  });

  it("opens and closes one alert of PagerDuty, within its bounds", () => {
    expect(renderPagerduty(sampleMessage("storm.started"), baseUrl)).toMatchObject({
      event_action: "trigger",
      dedup_key: "incident:42",
      payload: { severity: "critical", source: "tranche" },
      client_url: `${baseUrl}/v1/incidents/42`,
      links: [{ text: "Details" }],
    });
    expect(renderPagerduty(sampleMessage("storm.ended"), null)).toMatchObject({ event_action: "resolve", dedup_key: "incident:42" });
    expect(renderPagerduty(sampleMessage("storm.ended"), null)).not.toHaveProperty("links");
    expect(renderPagerduty(sampleMessage("storm.recovering"), null)).toMatchObject({ event_action: "trigger" });
    for (const kind of ["switch.held", "switch.failed", "override.set"] as const)
      expect(renderPagerduty(sampleMessage(kind), null)).toMatchObject({ payload: { source: "downloads" } });
    ofHostile((message) => {
      const event = renderPagerduty(message, baseUrl);
      expect(event.dedup_key.length).toBeLessThanOrEqual(510);
      expect(Array.from(event.payload.summary).length).toBeLessThanOrEqual(1_024);
      expect(JSON.stringify(event).length).toBeLessThan(512 * 1_024);
    });
  });
});
