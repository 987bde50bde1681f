import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPublicName, judgeProbe, parseStatusRanges, probeUrls } from "../../src/domain/probe.ts";
import type { StatusRanges } from "../../src/domain/probe.ts";

describe("parseStatusRanges", () => {
  it.each([
    ["200-399", [[200, 399]]],
    ["200", [[200, 200]]],
    ["200,204,300-399", [[200, 200], [204, 204], [300, 399]]],
    [" 200 , 204 ", [[200, 200], [204, 204]]],
    ["100-599", [[100, 599]]],
    ["404-404", [[404, 404]]],
  ] as [string, StatusRanges][])("reads %j", (text, ranges) => expect(parseStatusRanges(text)).toEqual(ranges));

  it.each(["", ",", "200,", "ok", "20", "2000", "600", "099", "200-", "-200", "399-200", "200-399-500", "200 399", "2xx", "200;204", "200–299"])(
    "refuses %j",
    (text) => expect(parseStatusRanges(text)).toBeNull(),
  );

  it("gives back what was written", () => {
    const range = fc.tuple(fc.integer({ min: 100, max: 599 }), fc.integer({ min: 100, max: 599 })).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    fc.assert(fc.property(fc.array(range, { minLength: 1, maxLength: 5 }), (ranges) => {
      expect(parseStatusRanges(ranges.map(([from, to]) => `${from}-${to}`).join(","))).toEqual(ranges);
    }));
  });
});

describe("judgeProbe", () => {
  const expected: StatusRanges = [[200, 399]];
  const answer = (status: number) => judgeProbe({ kind: "answer", status }, expected);

  it.each([200, 204, 301, 302, 399])("takes %d for health", (status) => expect(answer(status)).toEqual({ ok: true, status, error: null }));

  // 403, 404 and 421 are a CDN's own answers for a host that it does not know.
  it.each([100, 199, 400, 403, 404, 421, 429, 500, 503, 519, 528, 529, 531, 599, 999])("takes %d for http_status", (status) =>
    expect(answer(status)).toEqual({ ok: false, status, error: "http_status" }));

  // 530 is also how a name that does not resolve (1016) comes back.
  it.each([520, 521, 522, 523, 524, 525, 526, 527, 530])("takes %d for cdn_52x", (status) =>
    expect(answer(status)).toEqual({ ok: false, status, error: "cdn_52x" }));

  it("goes by the expected codes alone", () => {
    expect(judgeProbe({ kind: "answer", status: 200 }, [[404, 404]])).toEqual({ ok: false, status: 200, error: "http_status" });
    expect(judgeProbe({ kind: "answer", status: 404 }, [[404, 404]])?.ok).toBe(true);
    expect(judgeProbe({ kind: "answer", status: 521 }, [[200, 299], [521, 521]])).toEqual({ ok: true, status: 521, error: null });
  });

  it.each(["timeout", "network"] as const)("keeps %s as it is, without a status", (kind) =>
    expect(judgeProbe({ kind }, expected)).toEqual({ ok: false, status: null, error: kind }));
});

describe("probeUrls", () => {
  const domain = { name: "app.example.com", primaryTarget: "app.cdn-a.net", backupTarget: "app.cdn-b.net", probePath: "/healthz" };

  it("probes both targets and the name itself", () => {
    expect(probeUrls(domain)).toEqual([
      { path: "primary", url: "https://app.cdn-a.net/healthz" },
      { path: "backup", url: "https://app.cdn-b.net/healthz" },
      { path: "direct", url: "https://app.example.com/healthz" },
    ]);
  });

  it("leaves out a path without a target", () => {
    expect(probeUrls({ ...domain, primaryTarget: null }).map(({ path }) => path)).toEqual(["backup", "direct"]);
    expect(probeUrls({ ...domain, backupTarget: null }).map(({ path }) => path)).toEqual(["primary", "direct"]);
  });

  it.each(["http://127.0.0.1:9001", "http://127.0.0.1:9001/", "http://127.0.0.1:9001//"])("takes the full origin %s", (primaryTarget) =>
    expect(probeUrls({ ...domain, primaryTarget })[0]).toEqual({ path: "primary", url: "http://127.0.0.1:9001/healthz" }));

  it.each(["app.example.test", "app.localhost", "app.local", "app.invalid", "app.onion", "localhost"])("does not probe %s by its name", (name) => {
    expect(probeUrls({ ...domain, name }).map(({ path }) => path)).toEqual(["primary", "backup"]);
    expect(isPublicName(name)).toBe(false);
  });

  it.each(["test.example.com", "app.local.example.com", "app.testing", "latest"])("probes %s by its name", (name) => {
    expect(probeUrls({ ...domain, name }).map(({ path }) => path)).toContain("direct");
    expect(isPublicName(name)).toBe(true);
  });
});
