import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { guidesFile, readGuides } from "../../../local/guides/guides.ts";
import { markdownHtml } from "../../../local/guides/markdown.ts";
import { guides } from "../../../src/http/reference/guides.ts";

describe("the guides of /docs", () => {
  it("are what the documents say: else npm run guides:generate", async () => {
    expect(await readFile(guidesFile, "utf8")).toBe(await readGuides());
  });

  it("lead from the first request to what is rare, and keep their ids: others link to them", () => {
    expect(guides.map(({ id }) => id)).toEqual([
      "authentication",
      "first-service",
      "pagination",
      "errors",
      "idempotency",
      "rate-limits",
      "webhooks",
      "evidence",
      "share-an-invoice",
    ]);
  });

  it("name no variable of the documents: a reader of the page has none of them", () => {
    for (const { id, html } of guides) expect([id, /\$(URL|TOKEN)\b/.test(html)]).toEqual([id, false]);
  });
});

describe("Markdown as HTML", () => {
  it.each([
    ["a `<b>` & **c** *d*", "<p>a <code>&lt;b&gt;</code> &amp; <strong>c</strong> <em>d</em></p>"],
    ["`a *b* [c](d)`", "<p><code>a *b* [c](d)</code></p>"],
    ["two\nlines\n\nand more", "<p>two lines</p>\n<p>and more</p>"],
    ["- one\n  goes on\n- two", "<ul><li>one goes on</li><li>two</li></ul>"],
    ["1. one\n2. two", "<ol><li>one</li><li>two</li></ol>"],
    ["```sh\na\n\n<b>\n```", "<pre>a\n\n&lt;b&gt;</pre>"],
    ["### Head", "<h4>Head</h4>"],
    ["[spec](https://example.com/a)", '<p><a href="https://example.com/a" rel="noreferrer">spec</a></p>'],
    [
      "see [iam.md](iam.md), [why](decisions/0001-a.md#b)",
      "<p>see <code>docs/iam.md</code>, why (<code>docs/decisions/0001-a.md</code>)</p>",
    ],
    [
      "| a | |\n|---|---|\n| `x\\|y` | b |",
      '<table><thead><tr><th scope="col">a</th><td></td></tr></thead><tbody><tr><td><code>x|y</code></td><td>b</td></tr></tbody></table>',
    ],
    ["| | |\n|---|---|\n| a | b |", "<table><tbody><tr><td>a</td><td>b</td></tr></tbody></table>"],
  ])("%j", (markdown, html) => {
    expect(markdownHtml(markdown)).toBe(html);
  });

  it.each(["# Title", "> quoted", "![picture](a.png)", "<p>raw</p>", "* starred", "```\nno end"])(
    "refuses %j, which it does not know",
    (markdown) => {
      expect(() => markdownHtml(markdown)).toThrow("not known");
    },
  );
});
