import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  canBeExpected,
  isPublicName,
  judgeProbe,
  parseStatusRanges,
  probePathFault,
  probeUrls,
} from "../../../src/domain/detection/probe.ts";
import type { StatusRanges } from "../../../src/domain/detection/probe.ts";

describe("parseStatusRanges", () => {
  it.each([
    ["200-399", [[200, 399]]],
    ["200", [[200, 200]]],
    [
      "200,204,300-399",
      [
        [200, 200],
        [204, 204],
        [300, 399],
      ],
    ],
    [
      " 200 , 204 ",
      [
        [200, 200],
        [204, 204],
      ],
    ],
    ["100-599", [[100, 599]]],
    ["404-404", [[404, 404]]],
  ] as [string, StatusRanges][])("reads %j", (text, ranges) => expect(parseStatusRanges(text)).toEqual(ranges));

  it.each([
    "",
    ",",
    "200,",
    "ok",
    "20",
    "2000",
    "600",
    "099",
    "200-",
    "-200",
    "399-200",
    "200-399-500",
    "200 399",
    "2xx",
    "200;204",
    "200–299",
    "\n200",
    "200\t",
    "200,\u00a0204",
    "\u2028200",
    "\ufeff200",
  ])("refuses %j", (text) => expect(parseStatusRanges(text)).toBeNull());

  it("gives back what was written", () => {
    const range = fc
      .tuple(fc.integer({ min: 100, max: 599 }), fc.integer({ min: 100, max: 599 }))
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 5 }), (ranges) => {
        expect(parseStatusRanges(ranges.map(([from, to]) => `${from}-${to}`).join(","))).toEqual(ranges);
      }),
    );
  });
});

describe("canBeExpected", () => {
  it.each(["200-399", "100-599", "100-200", "407-408", "400-499", "200,404"])("%s", (text) =>
    expect(canBeExpected(parseStatusRanges(text) ?? [])).toBe(true),
  );
  it.each(["100", "100-199", "407", "200,101", "200,407-407"])("not %s", (text) =>
    expect(canBeExpected(parseStatusRanges(text) ?? [])).toBe(false),
  );
});

describe("probePathFault", () => {
  /** What a URL parser makes of a path, both as it is resolved and as it is put behind a host. */
  const survives = (path: string): boolean => {
    if (!URL.canParse(path, "https://cdn.test")) return false;
    const { host, pathname, search } = new URL(path, "https://cdn.test");
    return host === "cdn.test" && pathname + search === path && new URL(`https://cdn.test${path}`).href === `https://cdn.test${path}`;
  };

  it.each(["/", "/healthz", "/a//b", "/a/...", "/a/..b", "/a%2Fb?x=%20", "/a?b=/../c", "/a?x[0]={1}|2", "/~a!$&'()*+,;=:@"])(
    "takes %s",
    (path) => {
      expect([probePathFault(path), survives(path)]).toEqual([null, true]);
    },
  );

  it.each([
    ["", /start with one/],
    ["healthz", /start with one/],
    ["//evil.test/x", /start with one/],
    ["/\\evil.test", /start with one/],
    ["/a\\b", /backslash/],
    ["/a?b\\c", /backslash/],
    ["/a#b", /fragment/],
    ["/a?b#c", /fragment/],
    ["/..", /segment/],
    ["/a/../b", /segment/],
    ["/a/.", /segment/],
    ["/a/%2e%2E/b", /segment/],
    ["/a/.%2e", /segment/],
    ["/%2E/a", /segment/],
    ["/a?", /empty query/],
    ["/a b", /escaped/],
    ["/a\tb", /escaped/],
    ["/a\nb", /escaped/],
    ["/é", /escaped/],
    ["/a?é", /escaped/],
    ['/a"b', /escaped/],
    ["/a<b>", /escaped/],
    ["/a`b", /escaped/],
    ["/a{b}", /escaped/],
    ["/a^b", /escaped/],
    ["/a?b'c", /escaped/],
    ["/a\u007fb", /escaped/],
    ["/%", /hexadecimal/],
    ["/%4", /hexadecimal/],
    ["/a?%zz", /hexadecimal/],
    [`/${"a".repeat(1_024)}`, /at most 1024/],
  ])("refuses %j", (path, words) => expect(probePathFault(path)).toMatch(words));

  it("takes nothing that a URL parser would change", () => {
    const piece = fc.oneof(
      fc.constantFrom("/", "//", "\\", "#", "?", ".", "..", "%2e", "%2E%2e", "%", "%4f", "'", "^", "@", ":", "a"),
      fc.string({ unit: "binary-ascii", maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const path = `/${pieces.join("")}`;
        if (probePathFault(path) === null) expect([path, survives(path)]).toEqual([path, true]);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("judgeProbe", () => {
  const expected: StatusRanges = [[200, 399]];
  const answer = (status: number) => judgeProbe({ kind: "answer", status }, expected);

  it.each([200, 204, 301, 302, 399])("takes %d for health", (status) => expect(answer(status)).toEqual({ ok: true, status, error: null }));

  // 403, 404 and 421 are a CDN's own answers for a host that it does not know.
  it.each([100, 199, 400, 403, 404, 421, 429, 500, 503, 519, 528, 529, 531, 599, 999])("takes %d for http_status", (status) =>
    expect(answer(status)).toEqual({ ok: false, status, error: "http_status" }),
  );

  // 530 is also how a name that does not resolve (1016) comes back.
  it.each([520, 521, 522, 523, 524, 525, 526, 527, 530])("takes %d for cdn_52x", (status) =>
    expect(answer(status)).toEqual({ ok: false, status, error: "cdn_52x" }),
  );

  it("goes by the expected codes alone", () => {
    expect(judgeProbe({ kind: "answer", status: 200 }, [[404, 404]])).toEqual({ ok: false, status: 200, error: "http_status" });
    expect(judgeProbe({ kind: "answer", status: 404 }, [[404, 404]])?.ok).toBe(true);
    expect(
      judgeProbe({ kind: "answer", status: 521 }, [
        [200, 299],
        [521, 521],
      ]),
    ).toEqual({ ok: true, status: 521, error: null });
  });

  it.each([100, 101, 199, 407])("never takes %d for health, whatever is expected: not every vantage gets to see it", (status) =>
    expect(judgeProbe({ kind: "answer", status }, [[100, 599]])).toEqual({ ok: false, status, error: "http_status" }),
  );

  it("makes nothing of an answer that not every vantage reads", () => expect(judgeProbe({ kind: "unreadable" }, expected)).toBeNull());

  it.each(["timeout", "network"] as const)("keeps %s as it is, without a status", (kind) =>
    expect(judgeProbe({ kind }, expected)).toEqual({ ok: false, status: null, error: kind }),
  );
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
    expect(probeUrls({ ...domain, primaryTarget })[0]).toEqual({ path: "primary", url: "http://127.0.0.1:9001/healthz" }),
  );

  it.each(["app.example.test", "app.localhost", "app.local", "app.invalid", "app.onion", "localhost"])(
    "does not probe %s by its name",
    (name) => {
      expect(probeUrls({ ...domain, name }).map(({ path }) => path)).toEqual(["primary", "backup"]);
      expect(isPublicName(name)).toBe(false);
    },
  );

  it.each(["test.example.com", "app.local.example.com", "app.testing", "latest"])("probes %s by its name", (name) => {
    expect(probeUrls({ ...domain, name }).map(({ path }) => path)).toContain("direct");
    expect(isPublicName(name)).toBe(true);
  });
});
