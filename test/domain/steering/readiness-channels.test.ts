import { describe, expect, it } from "vitest";
import { isAddressOf } from "../../../src/domain/detection/cdn-addresses.ts";
import type { ChannelFacts, ToldFacts } from "../../../src/domain/steering/readiness-channels.ts";
import { checkChannels, hostOfChannel } from "../../../src/domain/steering/readiness-channels.ts";

const mail: ChannelFacts = { name: "mail", hosts: null, addresses: [] };
const slack = (addresses: readonly string[], ...more: readonly string[]): ChannelFacts => ({
  name: "slack",
  hosts: ["hooks.slack.com", ...more],
  addresses,
});
const hook = (addresses: readonly string[], hosts: readonly string[] = ["hooks.example.org"]): ChannelFacts => ({
  name: "hook",
  hosts,
  addresses,
});
const facts = (channels: readonly ChannelFacts[], over: Partial<ToldFacts> = {}): ToldFacts => ({
  primaryCdn: "fastly",
  backupCdn: "bunny",
  channels,
  insured: new Set(["app.example.com"]),
  primaryAddresses: new Set(["192.0.2.7"]),
  ...over,
});

describe("who is told of a storm", () => {
  it.each<[string, ToldFacts, string, RegExp]>([
    ["no channel", facts([]), "warn", /nobody is told/],
    ["a mail", facts([mail]), "pass", /mail does not depend/],
    ["Slack, by its addresses", facts([slack(["203.0.113.9"])]), "pass", /slack does not depend/],
    ["Slack behind the primary", facts([slack(["151.101.1.6"])]), "warn", /slack on fastly/],
    [
      "Slack, where the primary is Amazon's as Slack's servers are",
      facts([slack(["203.0.113.9"])], { primaryCdn: "cloudfront" }),
      "unproven",
      /hooks\.slack\.com leads to no name of cloudfront/,
    ],
    [
      "Slack in a zone of CloudFront",
      facts([slack(["203.0.113.9"], "d1.cloudfront.net")], { primaryCdn: "cloudfront" }),
      "warn",
      /slack on cloudfront/,
    ],
    [
      "a webhook elsewhere, where all of the primary's addresses are not known",
      facts([hook(["203.0.113.9"])], { primaryCdn: "mine" }),
      "unproven",
      /which addresses are is not known/,
    ],
    ["the same beside a mail", facts([hook(["203.0.113.9"]), mail], { primaryCdn: "mine" }), "pass", /mail/],
    ["a webhook elsewhere", facts([hook(["203.0.113.9"])]), "pass", /hook/],
    [
      "a webhook on an insured name",
      facts([hook(["203.0.113.9"], ["app.example.com"])]),
      "warn",
      /hook on app\.example\.com, which is insured/,
    ],
    [
      "a webhook that leads to an insured name",
      facts([hook(["203.0.113.9"], ["hooks.example.com", "app.example.com"])]),
      "warn",
      /insured/,
    ],
    [
      "a webhook in a zone of the primary",
      facts([hook(["203.0.113.9"], ["hooks.example.org", "x.global.ssl.fastly.net"])]),
      "warn",
      /hook on fastly/,
    ],
    ["a webhook at an address of the primary", facts([hook(["151.101.1.6"])]), "warn", /hook on fastly/],
    ["a webhook at an IPv6 address of the primary", facts([hook(["2a04:4e42:600::773"])]), "warn", /hook on fastly/],
    ["a webhook at the very address of the primary target", facts([hook(["192.0.2.7"])], { primaryCdn: "mine" }), "warn", /hook on mine/],
    ["a webhook on the backup", facts([hook(["203.0.113.9"], ["x.b-cdn.net"])]), "pass", /hook/],
    ["a webhook on Cloudflare, which the service does not use", facts([hook(["104.16.1.1"])]), "pass", /hook/],
    [
      "a webhook on Cloudflare, which is the backup",
      facts([hook(["104.16.1.1"])], { backupCdn: "cloudflare" }),
      "warn",
      /hook on cloudflare/,
    ],
    ["a webhook whose host nobody answers for", facts([hook([])]), "unproven", /hook: its host hooks\.example\.org is not answered for/],
    [
      "a dependent webhook, and one that is not",
      facts([hook(["151.101.1.6"]), { ...hook(["203.0.113.9"]), name: "other" }]),
      "pass",
      /other/,
    ],
    [
      "a dependent webhook, and one of which nothing is known",
      facts([hook(["151.101.1.6"]), { ...hook([]), name: "other" }]),
      "unproven",
      /other/,
    ],
  ])("%s", (_, given, result, words) => {
    const finding = checkChannels(given);
    expect([finding.check, finding.result]).toEqual(["notification_channel", result]);
    expect(finding.detail).toMatch(words);
    expect(finding.mend === null).toBe(result === "pass");
  });

  it.each([
    ["webhook", "hooks.example.org", null, "hooks.example.org"],
    ["slack", "hooks.slack.com", null, "hooks.slack.com"],
    ["pagerduty", null, "us", "events.pagerduty.com"],
    ["pagerduty", null, "eu", "events.eu.pagerduty.com"],
    ["email", null, null, null],
  ] as const)("a %s is posted to its host", (kind, host, region, expected) => {
    expect(hostOfChannel(kind, host, region)).toBe(expected);
  });
});

describe("addresses of CDNs", () => {
  it.each([
    ["cloudflare", "104.15.255.255", false],
    ["cloudflare", "104.16.0.0", true],
    ["cloudflare", "104.27.255.255", true],
    ["cloudflare", "104.28.0.0", false],
    ["cloudflare", "2606:4700::6810:84e5", true],
    ["cloudflare", "2606:4701::1", false],
    ["cloudflare", "2a06:98c7:ffff::1", true],
    ["cloudflare", "2a06:98c8::1", false],
    ["fastly", "199.232.0.0", true],
    ["fastly", "199.233.0.0", false],
    ["fastly", "app.example.com", false],
    ["fastly", "", false],
    ["nobody", "104.16.0.1", false],
  ])("%s %s: %s", (cdn, address, is) => {
    expect(isAddressOf(cdn, address)).toBe(is);
  });
});
