import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChannelTarget } from "../../../src/domain/notify/channel-target.ts";
import { judgeTarget } from "../../../src/domain/notify/channel-target.ts";
import { isMailAddress } from "../../../src/domain/notify/mail-address.ts";
import { webhookKey, webhookSecret } from "../../../src/domain/notify/webhook-secret.ts";
import { hostileTexts } from "../../support/hostile-messages.ts";

const webhook = (url: string): ChannelTarget => ({ kind: "webhook", url });
const slack = (url: string): ChannelTarget => ({ kind: "slack", url });
const email = (...to: readonly string[]): ChannelTarget => ({ kind: "email", to });
const told = (target: ChannelTarget, allowPrivate = false): string => {
  const judged = judgeTarget(target, allowPrivate);
  if (!judged.ok) return `${judged.field} ${judged.detail}`;
  return "url" in judged.target ? judged.target.url : JSON.stringify(judged.target);
};

describe("a webhook's URL", () => {
  it.each([
    ["https://hooks.example.com/tranche", "https://hooks.example.com/tranche"],
    ["HTTPS://Hooks.Example.COM:8443/a?key=v%20w", "https://hooks.example.com:8443/a?key=v%20w"],
    ["https://hooks.example.com.", "https://hooks.example.com/"],
    ["https://bücher.example.org/", "https://xn--bcher-kva.example.org/"],
  ])("%s is %s", (url, expected) => {
    expect(told(webhook(url))).toBe(expected);
    expect(told(webhook(expected))).toBe(expected);
  });

  it.each([
    ["", "must be an https URL"],
    ["hooks.example.com", "must be an https URL"],
    ["http://hooks.example.com/", "must be an https URL"],
    ["ftp://hooks.example.com/", "must be an https URL"],
    ["https:///etc/passwd", "must be an https URL"],
    ["javascript:alert(1)", "must be an https URL"],
    ["https://", "must be an https URL"],
    ["https://hooks.example.com/\r\nHost: x", "must be an https URL"],
    ["https://hooks.exam\tple.com/", "must be an https URL"],
    ["https://hooks.example.com\\@evil.com/", "must be an https URL"],
    ["https://hooks.example.com/\u202Ea", "must be an https URL"],
    [" https://hooks.example.com/", "must be an https URL"],
    ["https://user@hooks.example.com/", "must hold no user and no password"],
    ["https://user:pass@hooks.example.com/", "must hold no user and no password"],
    ["https://@hooks.example.com/", "must hold no user and no password"],
    ["https://hooks.example.com/#a", "must have no fragment"],
    ["https://hooks.example.com/#", "must have no fragment"],
    [`https://hooks.example.com/${"a".repeat(2_000)}`, "must have at most 2000 characters"],
    ...[
      "localhost",
      "127.0.0.1",
      "127.1",
      "0x7f000001",
      "2130706433",
      "10.0.0.1",
      "169.254.169.254",
      "8.8.8.8",
      "intranet",
      "db.internal",
      "app.local",
      "x.home.arpa",
      "metadata.google.internal.",
    ].map((host): [string, string] => [`https://${host}/`, "host must be a public name of several labels"]),
    ["https://[::1]/", "must have a public name of several labels for a host"],
    ["https://[fd00::1]:8443/", "must have a public name of several labels for a host"],
    ["https://a_b.example.com/", "host each label must be 1 to 63 letters, digits or inner hyphens"],
  ])("%j is refused", (url, detail) => {
    expect(told(webhook(url))).toBe(`url ${detail}`);
  });

  it("may be private and without TLS where private targets are allowed, but no more than that", () => {
    for (const url of ["http://127.0.0.1:9000/hook", "https://[::1]:8443/", "http://sink.internal/a?b=c"])
      expect(told(webhook(url), true)).toBe(url);
    expect(told(webhook("http://u:p@127.0.0.1/"), true)).toBe("url must hold no user and no password");
    expect(told(webhook("http://127.0.0.1/#x"), true)).toBe("url must have no fragment");
    expect(told(webhook("file:///etc/passwd"), true)).toBe("url must be an https URL");
  });
});

describe("a Slack address", () => {
  it.each(["https://hooks.slack.com/services/T0/B0/abc", "https://hooks.slack-gov.com/services/T0/B0/abc"])("%s is one", (url) => {
    expect(told(slack(url))).toBe(url);
  });
  it.each([
    "https://hooks.slack.com.evil.com/services/T0/B0/abc",
    "https://slack.com/services/T0",
    "https://hooks.slack.com:8443/services/T0/B0/abc",
    "https://hooks.slack.com/triggers/T0/1/abc",
    "https://hooks.example.com/services/T0",
  ])("%s is none", (url) => {
    expect(told(slack(url))).toBe("url must be an incoming webhook such as https://hooks.slack.com/services/T.../B.../...");
  });
  it("may be another where private targets are allowed", () => {
    expect(told(slack("http://127.0.0.1:9000/slack"), true)).toBe("http://127.0.0.1:9000/slack");
  });
});

describe("a PagerDuty routing key", () => {
  const key = (routingKey: string): string => told({ kind: "pagerduty", routingKey, region: "eu" });
  it("has 32 letters and digits", () => {
    expect(key("R0123456789abcdefABCDEF012345678")).toContain("R0123456789abcdefABCDEF012345678");
    for (const wrong of ["", "a".repeat(31), "a".repeat(33), `${"a".repeat(31)}\n`, `${"a".repeat(31)}-`, "é".repeat(32)])
      expect(key(wrong)).toBe("routing_key must be the integration key of PagerDuty, 32 letters and digits");
  });
});

describe("mail addresses", () => {
  it("are mailboxes of public domains, one to ten, each once; the domain is in lower case", () => {
    expect(told(email("Ops+a@Example.COM", "o'neil@mail.example.org"))).toBe(
      JSON.stringify({ kind: "email", to: ["Ops+a@example.com", "o'neil@mail.example.org"] }),
    );
    expect(told(email())).toBe("to must be 1 to 10 addresses");
    expect(told(email(...Array.from({ length: 11 }, (_, index) => `a${index}@example.com`)))).toBe("to must be 1 to 10 addresses");
    expect(told(email("a@example.com", "a@EXAMPLE.com"))).toBe("to must name each address once");
    for (const wrong of ["root@localhost", "a@10.0.0.1", "a@db.internal"])
      expect(told(email("a@example.com", wrong))).toBe("to must be addresses in public domains");
    expect(told(email("root@localhost"), true)).toContain("root@localhost");
  });

  it.each([
    "",
    "a",
    "@example.com",
    "a@",
    "a@@example.com",
    "a b@example.com",
    "a@example.com\r\nBcc: x@y.com",
    "a@example.com\n",
    "Ops <a@example.com>",
    "<a@example.com>",
    "a@example.com,b@example.com",
    '"a b"@example.com',
    ".a@example.com",
    "a.@example.com",
    "a..b@example.com",
    "a@-example.com",
    "a@example-.com",
    "a@example..com",
    "a@[127.0.0.1]",
    "ä@example.com",
    "a@exämple.com",
    "a@example.com>",
    `${"a".repeat(65)}@example.com`,
    `a@${"b".repeat(64)}.com`,
    `a@${"b.".repeat(130)}com`,
    ...hostileTexts,
  ])("%j is none", (text) => {
    expect(isMailAddress(text)).toBe(false);
  });

  it("never hold what ends a line, a command or a list", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.emailAddress(),
          fc.string({ unit: "binary", maxLength: 40 }).map((text) => `${text}@example.com`),
        ),
        (text) => {
          if (isMailAddress(text)) expect(text).toMatch(/^[!-~]+$/);
          if (isMailAddress(text)) expect(text).not.toMatch(/[<>,;:"\\()[\]\s]/);
        },
      ),
    );
  });
});

describe("a webhook's secret", () => {
  it("is whsec_ and 24 to 64 octets in base64", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), (bytes) => {
        expect(webhookKey(webhookSecret(bytes))).toEqual(bytes);
      }),
    );
    for (const wrong of [
      "",
      "whsec_",
      webhookSecret(new Uint8Array(23)),
      webhookSecret(new Uint8Array(65)),
      webhookSecret(new Uint8Array(32)).slice(6),
      `${webhookSecret(new Uint8Array(32))}\n`,
      "whsec_*",
      "whsec_A",
    ]) {
      expect(webhookKey(wrong), wrong).toBeNull();
    }
  });
});
