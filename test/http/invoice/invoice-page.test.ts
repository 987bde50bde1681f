import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PrintedInvoice } from "../../../src/adapters/ports/billing/invoice-documents.ts";
import { invoicePage, noInvoicePage } from "../../../src/http/invoice/invoice-page.ts";
import { invoiceStyle } from "../../../src/http/invoice/invoice-style.ts";
import { count, money, period, span, takenOff } from "../../../src/http/invoice/invoice-text.ts";
import { pagePolicy } from "../../../src/http/page-policy.ts";
import { chromiumPath, openBrowser, warnWithoutBrowser } from "../../support/browser.ts";
import { bareInvoice, sampleInvoice, sampleInvoices, sampleLine, sampleLines } from "../../support/invoice-samples.ts";
import { pagesOf } from "../../support/pdf.ts";

const links = { csv: "/v1/invoices/7/csv", api: true };
const shared = { csv: "/i/token/csv", api: false };
const samples = sampleInvoices();
const sample = (name: string): PrintedInvoice => samples[name] ?? sampleInvoice([]);

/** What a page says, without its style and tags. */
const textOf = (page: string): string =>
  page
    .replace(/<style>.*?<\/style>/s, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")
    .replaceAll(/\s+/g, " ");

describe("the texts of an invoice", () => {
  it("write money with a true minus, thousands, and as many decimals as the currency has", () => {
    expect([0, 5, -5, 99, 100, -123_456_789, 100_000_00].map((minor) => money(minor, 2))).toEqual([
      "0.00",
      "0.05",
      "−0.05",
      "0.99",
      "1.00",
      "−1,234,567.89",
      "100,000.00",
    ]);
    expect([1_500, -1_234_567].map((minor) => money(minor, 0))).toEqual(["1,500", "−1,234,567"]);
    expect([1_500, -5].map((minor) => money(minor, 3))).toEqual(["1.500", "−0.005"]);
    expect([takenOff(0, 2), takenOff(120, 2), takenOff(-120, 2), count(-9_876_543_210)]).toEqual([
      "0.00",
      "−1.20",
      "1.20",
      "−9,876,543,210",
    ]);
  });

  it("write a period of whole days by its first and last day, any other to the minute or second", () => {
    const at = (text: string) => Date.parse(`${text}Z`);
    expect(period(at("2026-11-01T00:00"), at("2026-12-01T00:00"))).toBe("2026-11-01 – 2026-11-30");
    expect(period(at("2026-11-01T00:00"), at("2026-11-02T00:00"))).toBe("2026-11-01");
    expect(period(at("2026-11-01T06:00"), at("2026-11-01T07:00"))).toBe("2026-11-01 06:00 – 07:00");
    expect(span(at("2026-11-01T23:00"), at("2026-11-02T00:00"))).toBe("2026-11-01 23:00 – 2026-11-02 00:00");
    expect(span(at("2026-11-01T06:00:10"), at("2026-11-01T06:00:20"))).toBe("2026-11-01 06:00:10 – 06:00:20");
  });
});

describe("the invoice page", () => {
  it("loads nothing, runs nothing and escapes what customers wrote", () => {
    for (const page of [...Object.values(samples).map((invoice) => invoicePage(invoice, links)), noInvoicePage]) {
      expect(page).not.toMatch(/<script|<img|<link|<iframe|<form|\ssrc=|\sstyle=|\son\w+=|url\(|@import/i);
    }
    const page = invoicePage(sample("five"), links);
    expect(page).toContain("Example Downloads &amp; Söhne &lt;GmbH&gt;");
    expect(page).not.toContain("<GmbH>");
    const hostile = '"><script>alert(1)</script>';
    const everywhere = sampleInvoice(
      [sampleLine(0, { serviceName: hostile })],
      { documentNumber: hostile, customerName: hostile, currency: hostile },
      {
        issuer: { legal_name: hostile, address: hostile, tax_id: hostile, payment_details: hostile },
        customer: { legal_name: null, address: hostile, tax_id: hostile },
        po_number: hostile,
        taxes: [{ label: hostile, rate: "0.1", base_cents: 1, cents: 0 }],
      },
    );
    for (const where of [links, shared]) expect(invoicePage(everywhere, where)).not.toMatch(/<script|"">/);
  });

  it("says who, what, when and how much before anything else", () => {
    const text = textOf(invoicePage(sample("five"), links));
    const inOrder = [
      "Invoice TR-2026-0042",
      "Storm Insurance Operations GmbH",
      "Hafenstraße 12",
      "Tax ID DE 123 456 789",
      "Example Downloads & Söhne <GmbH>",
      "Tax ID ATU12345678",
      "Issued 2026-12-01",
      "Due 2026-12-31",
      "Period 2026-11-01 – 2026-11-30 UTC",
      "PO number PO-2026-118-B",
      "Account example-downloads",
      "Downtime avoided 3 h 12 min in 2 storms (≈ USD 9,600.00)",
      "Amount due USD 73,083.67 to be paid by 2026-12-31",
      "IBAN DE02",
      "Usage 61,728.35",
      "Storm discount −313.50",
      "Net total 61,414.85",
      "VAT 19 % of 61,414.85 11,668.82",
      "Amount due 73,083.67",
      "By service",
      "Lines",
      "downloads 2026-11-01 00:00 – 01:00 9,198.248 9,876,543,210,987 1,149.781 1,234,567,890,123 34.3 % × 1.5 storm 310 , evidence 12,345.67 −104.50 explanation",
      "arrears a window that",
      "Terms: USD 0.12 per GiB, storm discount rate 0.5",
      "Downtime avoided: time in storms",
      "An issued invoice never changes",
    ];
    let from = 0;
    for (const part of inOrder) {
      const at = text.indexOf(part, from);
      expect(at, part).toBeGreaterThanOrEqual(from);
      from = at;
    }
  });

  it("leads from each discount to its storm, evidence and explanation; without a credential it only names them", () => {
    const own = invoicePage(sample("one"), links);
    expect([...own.matchAll(/href="([^"]+)"/g)].map((match) => match[1])).toEqual([
      "/v1/storms/310",
      "/v1/storms/310/evidence",
      "/v1/invoices/7/lines/4200/explain",
      "/v1/invoices/7/csv",
    ]);
    const theirs = invoicePage(sample("one"), shared);
    expect([...theirs.matchAll(/href="([^"]+)"/g)].map((match) => match[1])).toEqual(["/i/token/csv"]);
    expect(textOf(theirs)).toMatch(
      /34\.3 % × 1\.5 storm 310 .* −104\.50 line 4200 .*\/v1\/storms\/\{storm\}\/evidence.*\/v1\/invoices\/7\/lines\/\{line\}\/explain/,
    );
  });

  it("is complete without any profile: no label without its value", () => {
    const page = invoicePage(bareInvoice(sampleLines(5)), links);
    const text = textOf(page);
    for (const absent of ["From", "Tax ID", "PO number", "Due", "Account", "to be paid", "VAT", "Downtime", "null", "undefined"])
      expect(text).not.toContain(absent);
    for (const part of ["Invoice 42", "tranche", "Bill to example-downloads", "Amount due USD 61,414.85", "Net total 61,414.85"])
      expect(text).toContain(part);
    expect(page).not.toMatch(/<(p|dd|dt|td|th|h2)[^>]*>\s*<\/\1>/);
  });

  it("says in which time and storms how much downtime was avoided, and what it would have cost where that is known", () => {
    const told = (over: Partial<NonNullable<PrintedInvoice["body"]["downtime_avoided"]>>, invoice = sample("one")) => {
      const downtime_avoided = { seconds: 11_520, cents: 960_000, storms: 2, ...over };
      return /Downtime avoided (?!:)(.*?) Totals/.exec(
        textOf(invoicePage({ ...invoice, body: { ...invoice.body, downtime_avoided } }, links)),
      )?.[1];
    };
    expect(told({ cents: null, storms: 1 })).toBe("3 h 12 min in 1 storm");
    expect(told({ seconds: 0.000_001, cents: 0 })).toBe("less than 1 s in 2 storms (≈ USD 0.00)");
    expect(told({ seconds: 187_400.9, storms: 1_234 })).toBe("2 d 4 h in 1,234 storms (≈ USD 9,600.00)");
    expect(told({}, sample("yen"))).toBe("3 h 12 min in 2 storms (≈ JPY 960,000)");
    expect(told({}, sample("dinar"))).toBe("3 h 12 min in 2 storms (≈ KWD 960.000)");
    expect(textOf(invoicePage(sample("bare"), links)), "as older documents").not.toMatch(/[Dd]owntime/);
  });

  it("says of a credit note that it credits, and asks for nothing", () => {
    const text = textOf(invoicePage(sample("credit"), links));
    for (const part of [
      "Credit note TR-2026-0043",
      "Amount credited USD −29,507.05",
      "VAT 19 % of −24,795.84 −4,711.21",
      "adjustment what a window",
    ])
      expect(text).toContain(part);
    for (const absent of ["Amount due", "IBAN", "Due 2026", "to be paid"]) expect(text).not.toContain(absent);
    expect(textOf(invoicePage({ ...sample("credit"), dueAtMs: Date.parse("2026-12-31T00:00:00Z") }, links))).not.toContain("2026-12-31");
  });

  it("writes the amounts of each currency with its own decimals", () => {
    expect(textOf(invoicePage(sample("yen"), links))).toMatch(
      /JPY 5,851,668 .*Usage 4,938,268 .*VAT 19 % of 4,917,368 934,300.* 1,234,567 −10,450.*Terms: JPY 7\.5 per GiB/,
    );
    expect(textOf(invoicePage(sample("dinar"), links))).toMatch(
      /KWD 5,851\.668 .*Usage 4,938\.268 .* 1,234\.567 −10\.450.*Terms: KWD 0\.0075 per GiB/,
    );
  });

  it("says that the tax is the recipient's, where it is", () => {
    const text = textOf(invoicePage(sample("reverse"), links));
    expect(text).toMatch(
      /Amount due USD 61,414\.85 .*Reverse charge: the tax on this supply is owed by its recipient\. .*Tax, reverse charge 0\.00 Amount due 61,414\.85/,
    );
    expect(textOf(invoicePage(sample("five"), links))).not.toContain("everse charge");
  });

  it("says of how many lines and services it shows only the first", () => {
    expect(textOf(invoicePage(sample("five"), links))).not.toContain("the first");
    const text = textOf(invoicePage({ ...sample("five"), lineCount: 1_203, serviceCount: 2_000 }, links));
    expect(text).toMatch(
      /By service the first 3 of 2,000: all of them are in the totals and in the CSV; .*Lines the first 5 of 1,203: all of them/,
    );
  });

  it("explains the marks that there are, and no others", () => {
    const marked = (over: Parameters<typeof sampleLine>[1]) =>
      textOf(invoicePage(sampleInvoice([sampleLine(0, { arrears: false, estimated: false, ...over })]), links));
    expect(marked({})).not.toMatch(/adjustment|arrears|estimated/);
    expect(marked({ estimated: true })).toMatch(/01:00 estimated .*estimated not everything of the window had been read/);
    expect(marked({ arrears: true, estimated: true })).toMatch(/01:00 arrears estimated .*arrears a window.*estimated not everything/);
  });
});

warnWithoutBrowser("the invoice page in a real browser");

describe.skipIf(chromiumPath === null)("the invoice page in Chromium", () => {
  let browser: Browser;
  let policy: string;
  beforeAll(async () => {
    browser = await openBrowser();
    policy = await pagePolicy(invoiceStyle);
  });
  afterAll(() => browser.close());

  /** Opens a page as it is served, under its policy; asks for anything else are complaints. */
  const open = async (
    html: string,
    width = 1_280,
    colorScheme: "light" | "dark" = "light",
  ): Promise<{ page: Page; complaints: string[] }> => {
    const page = await browser.newPage({ viewport: { width, height: 844 }, colorScheme });
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.route("**/*", async (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === "/favicon.ico") return await route.fulfill({ status: 404 });
      if (pathname !== "/invoice") complaints.push(`asks for ${pathname}`);
      return await route.fulfill({ body: html, contentType: "text/html; charset=UTF-8", headers: { "content-security-policy": policy } });
    });
    await page.goto("http://invoice.test/invoice");
    return { page, complaints };
  };

  const printed = async (invoice: PrintedInvoice): Promise<string[]> => {
    const { page, complaints } = await open(invoicePage(invoice, links), 1_280, "dark");
    const pdf = await page.pdf({ preferCSSPageSize: true });
    await page.close();
    expect(complaints).toEqual([]);
    return pagesOf(pdf);
  };

  it.each([1, 5, 20])("prints %i lines on exactly one sheet, whatever a profile holds", async (lines) => {
    const pages = await printed(sampleInvoice(sampleLines(lines)));
    expect(pages).toHaveLength(1);
    for (const part of [
      "InvoiceTR-2026-0042",
      "ExampleDownloads&Söhne<GmbH>",
      "Hafenstraße12",
      "AmountdueUSD",
      "VAT19%",
      "9,876,543,210,987",
      "−104.50",
      "neverchanges",
      "1/1",
    ]) {
      expect(pages[0]).toContain(part);
    }
    expect(await printed(bareInvoice(sampleLines(lines)))).toHaveLength(1);
  });

  it("prints many lines on several sheets, each with the head of the table and its number", async () => {
    const pages = await printed(sample("many"));
    expect(pages.length).toBeGreaterThan(2);
    for (const [index, text] of pages.entries()) {
      expect(text).toContain("ServiceandwindowPrimary,GiBBackup,GiBStormAmountDiscount");
      expect(text).toContain(`${index + 1}/${pages.length}`);
    }
    expect(pages.at(-1)).toContain("Anissuedinvoiceneverchanges.");
  });

  it("prints a thousand lines, the last one too", async () => {
    const invoice = sampleInvoice(sampleLines(1_000), { lineCount: 50_000 });
    expect(invoicePage(invoice, links).length).toBeLessThan(1_000_000);
    const pages = await printed(invoice);
    expect(pages[0]).toContain("thefirst1,000of50,000");
    expect(pages.join("")).toContain("9,876,543,211,986");
  });

  it.each(["long", "rtl"])("prints what is %s", async (name) => {
    const pages = await printed(sample(name));
    expect(pages.length).toBeLessThanOrEqual(2);
    expect(pages.join("")).not.toContain("�");
  });

  const looks = [
    ["five", 1_280, "light"],
    ["five", 1_280, "dark"],
    ["five", 390, "light"],
    ["bare", 1_280, "light"],
    ["bare", 390, "dark"],
    ["long", 1_280, "dark"],
    ["long", 390, "light"],
    ["rtl", 390, "light"],
    ["credit", 390, "dark"],
  ] as const;

  it.each(looks)("has nothing for axe to find, and fits: %s at %i, %s", async (name, width, colorScheme) => {
    const { page, complaints } = await open(invoicePage(sample(name), width === 390 ? shared : links), width, colorScheme);
    await page.evaluate(axe.source);
    const violations = await page.evaluate(
      "axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))",
    );
    expect(violations).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    // The style is applied, so its digest is the one in the policy.
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe(
      colorScheme === "dark" ? "rgb(16, 20, 24)" : "rgb(255, 255, 255)",
    );
    expect(complaints).toEqual([]);
    await page.close();
  });

  it.each([320, 390])("turns each line into a list of named figures at %i", async (width) => {
    const { page } = await open(invoicePage(sample("five"), shared), width);
    const labels = await page.evaluate(
      `[...document.querySelectorAll(".lines tbody tr:first-child td")].map((cell) => getComputedStyle(cell, "::before").content)`,
    );
    expect(labels).toEqual(['"Primary, GiB"', '"Backup, GiB"', '"Storm"', '"Amount"', '"Discount"']);
    const beyond = await page.evaluate(`[...document.querySelectorAll("main *")].filter((one) => {
      const { left, right, width } = one.getBoundingClientRect();
      return width > 1 && (left < 0 || right > ${width});
    }).map((one) => one.outerHTML.slice(0, 100))`);
    expect(beyond).toEqual([]);
    await page.close();
  });

  it("says politely that a link opens nothing", async () => {
    const { page } = await open(noInvoicePage, 390, "dark");
    await page.evaluate(axe.source);
    expect(await page.evaluate("axe.run(document).then(({ violations }) => violations.map(({ id }) => id))")).toEqual([]);
    await page.close();
  });
});
