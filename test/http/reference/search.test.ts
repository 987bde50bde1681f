import { describe, expect, it } from "vitest";
import { isKnown } from "../../../src/http/etag.ts";
import { entriesOf, search } from "../../../src/http/reference/search.ts";

const page = `<section id="get-a" class="operation" data-kind="operation"><h3><a href="#get-a"><b>GET</b> /v1/storms</a></h3><p class="lead">List &amp; read</p><pre>{&quot;a&quot;: 1}</pre></section>
<section id="guide" class="guide" data-kind="guide"><h3><a href="#guide">Errors</a></h3><p>of GET &lt;x&gt;, of STORMS</p></section>
<section id="other"><h3>never found</h3></section>`;
const entries = entriesOf(page);
const found = (query: string) => search(entries, query).map(({ id }) => id);

describe("the search of /docs", () => {
  it("reads what a reader sees", () => {
    expect(entries.map(({ id, title, about }) => [id, title, about])).toEqual([
      ["get-a", "GET /v1/storms", "List & read"],
      ["guide", "Errors", ""],
    ]);
    expect(entries[1]?.text).toBe("errorsof get <x>, of storms");
  });

  it.each([
    ["storms", ["get-a", "guide"]],
    ["get storms", ["get-a", "guide"]],
    ["  STORMS\tget ", ["get-a", "guide"]],
    ["errors", ["guide"]],
    ['{"a"', ["get-a"]],
    ["<x>", ["guide"]],
    ["&amp;", []],
    ["never", []],
    ["storms nothing", []],
    ["", []],
    ["(.*)+$[\\", []],
  ])("%j finds %j, those with all words in their title first", (query, ids) => {
    expect(found(query)).toEqual(ids);
  });
});

describe("an entity tag", () => {
  it.each([
    [undefined, false],
    ['"a"', true],
    ['W/"a"', true],
    ['"b", W/"a"', true],
    ["*", true],
    ['"b"', false],
    ["a", false],
    ["", false],
  ])("%j: %j", (header, known) => {
    expect(isKnown(header, '"a"')).toBe(known);
  });
});
