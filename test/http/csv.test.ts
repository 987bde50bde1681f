import { expect, it } from "vitest";
import { csv } from "../../src/http/csv.ts";

it("writes RFC 4180: a header, quotes where they are needed, CRLF everywhere", () => {
  const rows = [
    { a: 1, b: 'say "hi"', c: null },
    { a: -2.5, b: "x, y\nz", c: true },
  ];
  expect(csv(["a", "b", "c"], rows)).toBe('a,b,c\r\n1,"say ""hi""",\r\n-2.5,"x, y\nz",true\r\n');
  expect(csv(["a"], [])).toBe("a\r\n");
});

it.each(["=1+1", "+A1", "-A1", "@SUM(A1)", "\tx", "\rx", "|x", "%x", '=HYPERLINK("http://x","y")'])(
  "keeps a spreadsheet from running %j",
  (text) => {
    const [, cell = ""] = csv(["t"], [{ t: text }]).split(/(?<=^t)\r\n/);
    expect(cell.replace(/^"/, "").startsWith("'")).toBe(true);
  },
);

it("leaves numbers written as text alone", () => {
  expect(csv(["t"], [{ t: "-12.50" }, { t: "12" }])).toBe("t\r\n-12.50\r\n12\r\n");
});
