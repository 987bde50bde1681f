import { describe, expect, it } from "vitest";
import { isAddressOf } from "../../../src/domain/detection/cdn-addresses.ts";
import type { ChannelFacts, ToldFacts } from "../../../src/domain/steering/readiness-channels.ts";
import { checkChannels } from "../../../src/domain/steering/readiness-channels.ts";

const slack: ChannelFacts = { name: "slack", hosts: null, addresses: [] };
const hook = (addresses: readonly string[], hosts: readonly string[] = ["hooks.example.org"]): ChannelFacts => ({ name: "hook", hosts, addresses });
const facts = (channels: readonly ChannelFacts[], over: Partial<ToldFacts> = {}): ToldFacts => ({
  primaryCdn: "fastly", backupCdn: "bunny", channels, insured: new Set(["app.example.com"]), primaryAddresses: new Set(["192.0.2.7"]), ...over,
});

describe("who is told of a storm", () => {
  it.each<[string, ToldFacts, string, RegExp]>([
    ["no channel", facts([]), "warn", /nobody is told/],
    ["Slack", facts([slack]), "pass", /slack does not depend/],
    ["a webhook elsewhere", facts([hook(["203.0.113.9"])]), "pass", /hook/],
    ["a webhook on an insured name", facts([hook(["203.0.113.9"], ["app.example.com"])]), "warn", /hook on app\.example\.com, which is insured/],
    ["a webhook that leads to an insured name", facts([hook(["203.0.113.9"], ["hooks.example.com", "app.example.com"])]), "warn", /insured/],
    ["a webhook in a zone of the primary", facts([hook(["203.0.113.9"], ["hooks.example.org", "x.global.ssl.fastly.net"])]), "warn", /hook on fastly/],
    ["a webhook at an address of the primary", facts([hook(["151.101.1.6"])]), "warn", /hook on fastly/],
    ["a webhook at an IPv6 address of the primary", facts([hook(["2a04:4e42:600::773"])]), "warn", /hook on fastly/],
    ["a webhook at the very address of the primary target", facts([hook(["192.0.2.7"])], { primaryCdn: "mine" }), "warn", /hook on mine/],
    ["a webhook on the backup", facts([hook(["203.0.113.9"], ["x.b-cdn.net"])]), "pass", /hook/],
    ["a webhook on Cloudflare, which the service does not use", facts([hook(["104.16.1.1"])]), "pass", /hook/],
    ["a webhook on Cloudflare, which is the backup", facts([hook(["104.16.1.1"])], { backupCdn: "cloudflare" }), "warn", /hook on cloudflare/],
    ["a webhook whose host nobody answers for", facts([hook([])]), "unproven", /hook is not answered for/],
    ["a dependent webhook, and one that is not", facts([hook(["151.101.1.6"]), { ...hook(["203.0.113.9"]), name: "other" }]), "pass", /other/],
    ["a dependent webhook, and one of which nothing is known", facts([hook(["151.101.1.6"]), { ...hook([]), name: "other" }]), "unproven", /other/],
  ])("%s", (_, given, result, words) => {
    const finding = checkChannels(given);
    expect([finding.check, finding.result]).toEqual(["notification_channel", result]);
    expect(finding.detail).toMatch(words);
    expect(finding.mend === null).toBe(result === "pass");
  });
});

describe("addresses of CDNs", () => {
  it.each([
    ["cloudflare", "104.15.255.255", false], ["cloudflare", "104.16.0.0", true], ["cloudflare", "104.27.255.255", true], ["cloudflare", "104.28.0.0", false],
    ["cloudflare", "2606:4700::6810:84e5", true], ["cloudflare", "2606:4701::1", false], ["cloudflare", "2a06:98c7:ffff::1", true], ["cloudflare", "2a06:98c8::1", false],
    ["fastly", "199.232.0.0", true], ["fastly", "199.233.0.0", false], ["fastly", "app.example.com", false], ["fastly", "", false], ["nobody", "104.16.0.1", false],
  ])("%s %s: %s", (cdn, address, is) => {
    expect(isAddressOf(cdn, address)).toBe(is);
  });
});
