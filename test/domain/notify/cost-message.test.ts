import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedMessage } from "../../../src/domain/notify/bounded-message.ts";
import type { Notification } from "../../../src/domain/notify/incident.ts";
import type { NotificationKind, Severity } from "../../../src/domain/notify/kinds.ts";
import { severityOf } from "../../../src/domain/notify/kinds.ts";
import { planDeliveries } from "../../../src/domain/notify/plan.ts";
import { renderMail } from "../../../src/domain/notify/render-mail.ts";
import { renderPagerduty } from "../../../src/domain/notify/render-pagerduty.ts";
import { renderSlack } from "../../../src/domain/notify/render-slack.ts";
import { renderText } from "../../../src/domain/notify/render-text.ts";
import { singleMessage } from "../../../src/domain/notify/single-message.ts";
import type { Subscriber } from "../../../src/domain/notify/subscription.ts";
import type { Thread } from "../../../src/domain/notify/thread.ts";
import { hostileText } from "../../support/hostile-messages.ts";

const nowMs = 1_795_000_000_000;
let ids = 0;
const news = (kind: NotificationKind, subject: string, facts: Notification["facts"]): Notification => ({
  id: (ids += 1),
  customerId: 1,
  serviceId: null,
  stormId: null,
  kind,
  subject,
  facts,
  occurredAtMs: nowMs,
});

describe("how urgent it is", () => {
  it.each<[kind: NotificationKind, facts: Notification["facts"], severity: Severity]>([
    ["cost.anomaly", { mode: "enforce", severity: "critical" }, "critical"],
    ["cost.anomaly", { mode: "enforce", severity: "high" }, "warning"],
    ["cost.anomaly", { mode: "enforce", severity: "medium" }, "info"],
    ["cost.anomaly", { mode: "audit", severity: "critical" }, "info"],
    ["cost.anomaly", { severity: "critical" }, "info"],
    ["cost.resolved", { mode: "enforce", severity: "critical" }, "info"],
    ["zombie.found", { severity: "critical" }, "critical"],
    ["zombie.found", { severity: "critical", wasteCents: 0 }, "critical"],
    ["zombie.found", { severity: "warning", wasteCents: 800 }, "warning"],
    ["zombie.found", { severity: "warning", wasteCents: 0 }, "info"],
    ["zombie.found", { severity: "warning", wasteCents: 0, unpriced: 1 }, "warning"],
    ["zombie.found", { severity: "warning", unpriced: 2 }, "warning"],
    ["zombie.gone", { severity: "critical" }, "info"],
  ])("%s %j is %s", (kind, facts, severity) => {
    expect(severityOf(kind, facts)).toBe(severity);
  });
});

describe("an anomaly on a channel", () => {
  const channel: Subscriber = { channelId: 4, customerId: 1, kinds: null, minSeverity: "info", serviceIds: null };
  const plan = (of: Subscriber, threads: readonly Thread[], ...all: readonly Notification[]) =>
    planDeliveries(
      all,
      [of],
      { opened: [], joined: [], touched: new Map(), reopened: new Set(), ended: new Set(), of: new Map() },
      new Map(),
      threads,
      nowMs,
    );
  const thread = (open: boolean): Thread => ({
    channelId: 4,
    thread: "customer:1:cost-anomaly:17",
    lastSeq: 1,
    open,
    waiting: null,
    updates: 0,
    lastAtMs: nowMs - 60_000,
    escalated: false,
    resolved: false,
  });
  const high = { mode: "enforce", severity: "high" };
  const critical = { mode: "enforce", severity: "critical", was: "high" };
  const of = (kind: NotificationKind, facts: Notification["facts"]) => news(kind, "cost-anomaly:17", facts);

  it("is one thread from its beginning to its end, however it gets worse", () => {
    const worse = plan(channel, [thread(true)], of("cost.anomaly", critical));
    expect(worse.made).toMatchObject([{ action: "update", severity: "critical", thread: "customer:1:cost-anomaly:17" }]);
    const end = plan(channel, [thread(true)], of("cost.resolved", critical));
    expect(end.made).toMatchObject([{ action: "resolve", thread: "customer:1:cost-anomaly:17" }]);
  });

  it("is opened, once it is bad enough, where only what is critical is wanted", () => {
    const pager = { ...channel, minSeverity: "critical" as const };
    expect(plan(pager, [], of("cost.anomaly", high)).made).toEqual([]);
    expect(plan(pager, [], of("cost.anomaly", critical)).made).toMatchObject([{ action: "trigger", severity: "critical" }]);
  });

  it("that gets worse before it was sent is one message", () => {
    expect(plan(channel, [], of("cost.anomaly", high), of("cost.anomaly", critical)).made).toMatchObject([
      { action: "trigger", severity: "critical" },
    ]);
  });

  it("of one hunt all that idles is one message, and of a second before it is sent no other", () => {
    const found = (count: number) => news("zombie.found", "zombies", { severity: "warning", found: count, wasteCents: count * 100 });
    const all = [found(40), found(2)] as const;
    const { made } = plan(channel, [], ...all);
    expect(made).toMatchObject([{ action: "trigger", kind: "zombie.found", thread: "customer:1:zombies" }]);
    const about = { kind: "zombie.found", severity: "warning", action: "trigger", thread: "customer:1:zombies" } as const;
    expect(singleMessage(all, about, null)).toMatchObject({
      title: "42 resources idle",
      summary: expect.stringContaining("42.00 USD a month."),
    });
  });
});

it("has no name that ends a line, turns it round, or becomes markup", () => {
  const facts = fc.record({
    service: hostileText,
    resource: fc.option(hostileText, { nil: undefined }),
    account: hostileText,
    cdn: hostileText,
    resourceType: hostileText,
    explanation: hostileText,
    reason: hostileText,
    remedy: hostileText,
    rule: hostileText,
    actor: hostileText,
    note: hostileText,
    was: hostileText,
    unit: fc.constantFrom("cents", "bytes", "calls", "miles"),
    value: fc.oneof(fc.double(), fc.constant("much")),
    usual: fc.oneof(fc.double(), fc.constant(undefined)),
    found: fc.integer(),
    wasteCents: fc.oneof(fc.double(), fc.constant(undefined)),
    listed: fc.array(fc.record({ resource: hostileText, rule: hostileText, account: hostileText, reason: hostileText }), { maxLength: 9 }),
  });
  const kinds = fc.constantFrom<NotificationKind>("cost.anomaly", "cost.resolved", "zombie.found", "zombie.gone");
  fc.assert(
    fc.property(kinds, facts, (kind, said) => {
      const about = { kind, severity: "warning", action: "trigger", thread: "customer:1:x" } as const;
      const message = boundedMessage(singleMessage([news(kind, "x", said)], about, null));
      const words = [message.title, message.summary, ...message.facts.flatMap(({ label, value }) => [label, value])];
      for (const text of words) expect(text).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u);
      expect(message.facts.length).toBeLessThanOrEqual(12);
      expect(renderMail(message, null).html).not.toMatch(/<script|<img/);
      expect(renderText(message, null)).not.toContain("\u202E");
      expect(JSON.stringify(renderSlack(message, null))).not.toContain("<!channel>");
      expect(renderPagerduty(message, "key")).toMatchObject({ dedup_key: "customer:1:x" });
    }),
  );
});
