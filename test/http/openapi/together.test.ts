import { Validator } from "@cfworker/json-schema";
import type { Schema as ValidatorSchema } from "@cfworker/json-schema";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkNumberPattern } from "../../../src/domain/billing/invoice-number.ts";
import { canBeExpected, parseStatusRanges, probePathFault } from "../../../src/domain/detection/probe.ts";
import { hiddenCharacter } from "../../../src/domain/platform/visible-text.ts";
import { time } from "../../../src/http/contract.ts";
import { staticContract } from "../../support/static-contract.ts";
import type { Operation, Schema } from "../../support/openapi.ts";

// The rules of requests that lie between fields, or in more than a type: a client that checks before it asks finds them in the schema.
// That nothing is refused which the API accepts is checked by every test that sends a body (`checkAnswers`).

const { operations } = await staticContract();
const operation = (title: string): Operation => operations.find((one) => one.title === title) ?? expect.fail(`no operation ${title}`);
const accepts = (schema: Schema | null, value: unknown): boolean =>
  new Validator(schema as unknown as ValidatorSchema, "2020-12").validate(value).valid;

const service = { name: "web", primary_cdn: "a", backup_cdn: "b" };
const key = { access_key_id: "AKIAIOSFODNN7EXAMPLE", secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
const role = { role_arn: "arn:aws:iam::123456789012:role/tranche" };
const hook = { name: "on call", kind: "webhook", url: "https://hooks.example.com/tranche" };
const pager = { name: "on call", kind: "pagerduty", routing_key: "0123456789abcdef0123456789abcdef" };
const mail = { name: "on call", kind: "email", to: ["sre@example.com"] };
const objective = { name: "checkout", target: 99.9 };
const incident = { title: "Downloads fail", impact: "major", text: "We look into it." };
const planned = { ...incident, impact: "maintenance", ends_at: "2026-11-21T01:00:00Z" };
const window = { window_start: "2026-11-21T00:00:00Z", window_end: "2026-11-21T01:00:00Z" };
const page = { slug: "acme", title: "ACME status", enabled: true };
const taxed = (rate: unknown) => ({ reverse_charge: true, taxes: [{ label: "VAT", rate }] });

type Rule = readonly [title: string, accepted: readonly unknown[], refused: readonly unknown[]];
const rules: readonly Rule[] = [
  [
    "POST /v1/customers",
    [{ name: "ACME" }, { name: " ACME\n" }, { name: "Ünï 漢字" }],
    [{ name: "a\u0007b" }, { name: "a\nb" }, { name: "  " }],
  ],
  [
    "POST /v1/services",
    [service, { ...service, failback_steps: [10, 100] }],
    [
      { ...service, failback_steps: [10, 50] },
      { ...service, failback_steps: [10, 10, 100] },
    ],
  ],
  [
    "POST /v1/services/{id}/domains",
    [{ name: "a.example", normal_weights: { primary: 1, backup: 0 }, expect_status: "200, 301-399" }],
    [
      { name: "a.example", normal_weights: { primary: 0, backup: 0 } },
      { name: "a.example", expect_status: "407-199" },
      { name: "a.example", expect_status: "ok!" },
      { name: "a.example", probe_path: "//a" },
      { name: "a.example", probe_path: "/a b" },
    ],
  ],
  [
    "POST /v1/services/{id}/storm-policies",
    [{}, { kind: "http_latency", latency_ms: 200 }, { latency_ms: null }],
    [{ kind: "http_latency" }, { kind: "http_latency", latency_ms: null }, { latency_ms: 200 }],
  ],
  ["POST /v1/admin-tokens", [{ name: "alice", scopes: ["read", "write"] }], [{ name: "alice", scopes: ["read", "read"] }]],
  ["POST /v1/dns-accounts", [key, role], [{}, { ...key, ...role }, { access_key_id: key.access_key_id }, { region: "mars", ...role }]],
  [
    "POST /v1/cdn-accounts",
    [
      { cdn: "fastly", api_token: "a-token-of-it" },
      { cdn: "cloudflare", account_ref: "023e", api_token: "a-token-of-it" },
    ],
    [{ cdn: "cloudflare", api_token: "a-token-of-it" }],
  ],
  [
    "PUT /v1/services/{id}/usage",
    [[{ ...window, primary_bytes: 1 }]],
    [[window], [{ ...window, window_end: "2026-11-21T02:00:00+01:00", primary_bytes: 1 }]],
  ],
  ["POST /v1/channels/{id}/confirm", [{ code: "01234567" }, { codes: ["01234567"] }], [{}, { code: "01234567", codes: ["01234567"] }]],
  [
    "POST /v1/channels",
    [hook, { ...hook, kind: "slack" }, pager, { ...pager, region: "eu" }, mail],
    [
      { ...hook, url: undefined },
      { ...hook, region: "eu" },
      { ...hook, url: "ftp://hooks.example.com" },
      { ...pager, to: mail.to },
      { ...pager, routing_key: "short" },
      { ...mail, url: hook.url },
      { ...mail, to: ["nobody"] },
      { ...mail, kind: "webhook" },
    ],
  ],
  [
    "PATCH /v1/channels/{id}",
    [{ url: hook.url }, { routing_key: pager.routing_key, region: "eu" }, { to: mail.to }, { name: "b" }],
    [{}, { region: "eu" }, { url: hook.url, to: mail.to }, { to: mail.to, routing_key: pager.routing_key }],
  ],
  [
    "PUT /v1/customers/{id}/billing-profile",
    [taxed("0"), taxed("0.00"), taxed(0), { taxes: [{ label: "VAT", rate: "0.19" }] }, { number_pattern: "{year}/{number}" }],
    [
      taxed("0.19"),
      taxed(0.19),
      { number_pattern: "TR-{year}" },
      { number_pattern: "TR1{number}" },
      { number_pattern: "{number}-{number}" },
    ],
  ],
  [
    "POST /v1/services/{id}/objectives",
    [objective, { ...objective, window_days: 7, calendar: null }, { ...objective, window_days: null }],
    [{ ...objective, window_days: 7, calendar: "week" }],
  ],
  [
    "PATCH /v1/services/{id}/objectives/{childId}",
    [{ name: "b" }, { window_days: 7 }, { window_days: null, calendar: "week" }],
    [{ window_days: null }, { calendar: null }, { window_days: null, calendar: null }, { window_days: 7, calendar: "week" }],
  ],
  [
    "PUT /v1/status-page",
    [page],
    [
      { ...page, slug: "admin" },
      { ...page, slug: "-acme" },
    ],
  ],
  [
    "POST /v1/status-page/incidents",
    [incident, { ...incident, ends_at: null, state: "monitoring", text: "a\nb" }, planned, { ...planned, state: "scheduled" }],
    [
      { ...incident, ends_at: planned.ends_at },
      { ...incident, state: "scheduled" },
      { ...planned, ends_at: null },
      { ...planned, ends_at: undefined },
      { ...planned, state: "monitoring" },
      { ...incident, text: " \n" },
    ],
  ],
  [
    "POST /v1/status-page/incidents/{id}/updates",
    [
      { text: "Done.", state: "scheduled" },
      { text: "Done.", impact: "minor", state: "resolved" },
    ],
    [
      { text: "Done.", impact: "minor", state: "scheduled" },
      { text: "Done.", impact: "maintenance", state: "identified" },
    ],
  ],
];

/** As it is sent: without what is undefined. */
const sent = (value: unknown) => ({ value: JSON.parse(JSON.stringify(value)) as unknown });

describe.each(rules)("the schema of %s", (title, accepted, bad) => {
  it.each(accepted.map(sent))("accepts $value", ({ value }) => {
    expect(accepts(operation(title).body, value)).toBe(true);
  });

  it.each(bad.map(sent))("refuses $value", ({ value }) => {
    expect(accepts(operation(title).body, value)).toBe(false);
  });
});

describe("a pattern refuses nothing that the rule accepts", () => {
  const field = (title: string, name: string): RegExp => {
    const body = operation(title).body?.properties?.[name];
    return new RegExp(body?.pattern ?? "", "u");
  };
  const probePath = field("POST /v1/services/{id}/domains", "probe_path");
  const status = field("POST /v1/services/{id}/domains", "expect_status");
  const number = field("PUT /v1/customers/{id}/billing-profile", "number_pattern");
  const name = field("POST /v1/customers", "name");
  const prose = field("POST /v1/status-page/incidents", "text");
  const until = field("PUT /v1/freeze", "until");
  const made = (pieces: readonly string[]) => fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join(""));

  const dots = /(^|\/)(\.|%2e){1,2}(\/|\?|$)/i;
  const ordered = (text: string) =>
    text.split(",").every((part) => {
      const [from = "", to = from] = part.trim().split("-");
      return from <= to && part.trim() !== "407" && part.trim() !== "407-407";
    });
  const rule: readonly (readonly [string, RegExp, readonly string[], (text: string) => boolean, (text: string) => boolean])[] = [
    [
      "paths",
      probePath,
      ["/", "a", "..", ".", "%2e", "%", "?", "#", "\\", "'", "`", "ü", " ", "{", "^", "[", "-"],
      (text) => probePathFault(text) === null,
      (text) => !dots.test(text.split("?")[0] ?? ""),
    ],
    [
      "codes",
      status,
      ["200", "-", ",", " ", "199", "407", "300", "100", "599", "a", "6"],
      (text) => canBeExpected(parseStatusRanges(text) ?? [[1, 1]]),
      ordered,
    ],
    [
      "document numbers",
      number,
      ["{number}", "{year}", "{month}", "{customer}", "-", "/", "A", "7", "{", "}", " "],
      (text) => checkNumberPattern(text) === null,
      (text) => text.length <= 40,
    ],
  ];

  it.each(rule)("of %s, and accepts what else it can not say", (_, pattern, pieces, isGood, isSayable) => {
    fc.assert(
      fc.property(made(pieces), (text) => {
        expect([text, pattern.test(text)]).toEqual([text, isGood(text) || (pattern.test(text) && !isSayable(text))]);
      }),
      { numRuns: 5_000 },
    );
  });

  it("of names and of text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 20 }), fc.constantFrom("", " ", "\n", "\t\r"), (inner, around) => {
        const isShown = inner.trim() !== "" && hiddenCharacter(inner) === null;
        fc.pre(isShown);
        expect([name.test(around + inner + around), prose.test(`${around}${inner}\n${inner}`)]).toEqual([true, true]);
      }),
    );
  });

  it("of times: UTC, in whole milliseconds, from 1970 to 9999", () => {
    const good = [
      "2026-11-21T00:00:00Z",
      "2026-11-21T00:00:00.123Z",
      "2026-11-21T00:00:00.1230Z",
      "1970-01-01T00:00:00+00:00",
      "9999-12-31T23:59:59.999Z",
    ];
    const bad = [
      "2026-11-21T00:00:00",
      "2026-11-21T00:00:00+01:00",
      "2026-11-21T00:00:00-00:00",
      "2026-11-21T00:00:00.1234Z",
      "1969-12-31T23:59:59Z",
    ];
    for (const [texts, isGood] of [
      [good, true],
      [bad, false],
    ] as const)
      for (const text of texts) expect([text, until.test(text), time.safeParse(text).success]).toEqual([text, isGood, isGood]);
  });
});
