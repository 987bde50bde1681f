import fc from "fast-check";
import { severities } from "../../src/domain/notify/kinds.ts";
import type { Message } from "../../src/domain/notify/message.ts";
import { sampleMessage } from "./notify-samples.ts";

/** Names that have ended a header, turned a line round, hidden something, or made a link, a mention or an element. */
export const hostileTexts: readonly string[] = [
  "a\r\nBcc: victim@example.net",
  "a\nb",
  "a\rb",
  "\u202Egnp.exe",
  "x".repeat(255),
  "ü".repeat(255),
  "😀".repeat(255),
  "👩‍👩‍👧‍👦 family",
  "=?UTF-8?B?aGFjaw==?=",
  "=?utf-8?q?=",
  ".",
  "..",
  ".\r\n.",
  "<!channel> <@U123> <https://evil.example|here>",
  "&lt;b&gt; & <b>",
  "*bold* _it_ ~no~ `code` @here",
  "</td></table><script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='x",
  "--=_tranche_alternative",
  "--=_tranche_alternative--",
  "From me",
  "\u0000\u0007\u001B[31m",
  "\uFEFF\u200B\u2066",
  "\uD800 alone",
  "𝕊torm",
  "e\u0301\u0301\u0301",
  "ab\tcd\u2028ef\u2029gh",
  "  two  blanks  ",
  "",
  " ",
  "тест-имя",
  "测试",
  "שלום",
  '{"a": "b"}',
  "a=b =3D=\t",
  "word ".repeat(60),
];

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...hostileTexts) },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 400 }) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.constantFrom("\r", "\n", ".", "=", "<", ">", "&", "|", "*", " ", "é", "😀", "a", "\u202E", "?", "_"), { maxLength: 300 })
      .map((parts) => parts.join("")),
  },
);

/** A message as nobody should build one, from names that anybody may give. */
export const hostileMessage: fc.Arbitrary<Message> = fc
  .record({
    title: hostileText,
    summary: hostileText,
    thread: hostileText,
    customer: fc.option(hostileText),
    severity: fc.constantFrom(...severities),
    action: fc.constantFrom("event" as const, "trigger" as const, "update" as const, "resolve" as const),
    facts: fc.array(fc.record({ label: hostileText, value: hostileText }), { maxLength: 14 }),
    services: fc.array(fc.record({ id: fc.nat(), name: hostileText, state: hostileText }), { maxLength: 24 }),
    servicesTotal: fc.nat(2_000_000),
    startedAtMs: fc.option(fc.integer({ min: 0, max: 4e12 })),
    occurredAtMs: fc.integer({ min: 0, max: 4e12 }),
    path: fc.option(fc.oneof(fc.constant("/v1/incidents/42?a=1&b=2"), hostileText)),
  })
  .map((changes) => sampleMessage("storm.started", changes));
