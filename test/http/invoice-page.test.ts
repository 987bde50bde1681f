import { mkdir, writeFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PrintedInvoice } from "../../src/adapters/ports/invoice-documents.ts";
import { invoicePage, money } from "../../src/http/invoice-page.ts";
import { chromiumPath, openBrowser, warnWithoutBrowser } from "../support/browser.ts";

const hourMs = 3_600_000;
const startMs = Date.parse("2026-11-18T00:00:00Z");

/** A line with figures as long as they get: terabytes, five digits of money. */
const line = (index: number): PrintedInvoice["lines"][number] => ({
  id: index + 1, kind: index % 7 === 6 ? "adjustment" : "usage", arrears: index % 5 === 4, snapshotId: index + 1, serviceId: (index % 3) + 1,
  serviceName: index % 3 === 0 ? "downloads" : `a service with quite a long name, number ${index}`, windowStartMs: startMs + index * hourMs,
  windowEndMs: startMs + (index + 1) * hourMs, primaryBytes: index % 7 === 6 ? -9_876_543_210_987 : 9_876_543_210_987 + index, backupBytes: 1_234_567_890_123,
  rateCentsPerGb: "12", discountRate: "0.5", currency: "USD", maxCoverageFactor: "1.5", stormMicroseconds: index % 2 === 0 ? 1_234_567_000 : 0,
  amountCents: index % 7 === 6 ? -1_234_567 : 1_234_567, discountCents: 10_450,
});

const invoice = (count: number, over: Partial<PrintedInvoice> = {}): PrintedInvoice => ({
  id: 1, customerId: 1, customerName: "Example Downloads & Söhne <GmbH>", number: 1_042, periodStartMs: startMs, periodEndMs: startMs + count * hourMs,
  subtotalCents: 24_691_340, discountCents: 209_000, totalCents: 24_482_340, currency: "USD", issuedAtMs: startMs + 30 * hourMs, lineCount: count,
  lines: Array.from({ length: count }, (_, index) => line(index)), ...over,
});

describe("the invoice page", () => {
  it("writes money with its sign, thousands and two decimals", () => {
    expect([0, 5, -5, 99, 100, -123_456_789, 100_000_00].map(money)).toEqual(["0.00", "0.05", "-0.05", "0.99", "1.00", "-1,234,567.89", "100,000.00"]);
  });

  it("loads nothing, runs nothing and escapes what customers wrote", () => {
    const page = invoicePage(invoice(3));
    expect(page).not.toMatch(/<script|<img|<link|\ssrc=|\shref=|url\(|@import/i);
    expect(page).toContain("Example Downloads &amp; Söhne &lt;GmbH&gt;");
    expect(page).not.toContain("<GmbH>");
  });

  it("says of how many lines it shows only the first", () => {
    expect(invoicePage(invoice(3))).not.toContain("more lines");
    expect(invoicePage(invoice(3, { lineCount: 1_203 }))).toContain("1,200 more lines");
  });
});

warnWithoutBrowser("the invoice page in a real browser");

/** Pages of a PDF as Chromium writes them: each is an object of this type. */
const pageCount = (pdf: Buffer): number => pdf.toString("latin1").match(/\/Type\s*\/Page(?![s\w])/g)?.length ?? 0;

describe.skipIf(chromiumPath === null)("the invoice page in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  const open = async (count: number) => {
    const page = await browser.newPage({ viewport: { width: 900, height: 1_200 } });
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => complaints.push(`asks for ${request.url()}`));
    await page.setContent(invoicePage(invoice(count)));
    return { page, complaints };
  };

  it.each([1, 5, 20])("prints %i lines on exactly one page", { timeout: 60_000 }, async (count) => {
    const { page, complaints } = await open(count);
    const pdf = await page.pdf({ preferCSSPageSize: true });
    expect(pageCount(pdf)).toBe(1);
    expect(complaints).toEqual([]);
    const shots = process.env["SCREENSHOTS"];
    if (shots !== undefined) {
      await mkdir(shots, { recursive: true });
      await writeFile(`${shots}/invoice-${count}.pdf`, pdf);
      await page.screenshot({ path: `${shots}/invoice-${count}.png`, fullPage: true });
    }
    await page.close();
  });

  it("prints many lines on several pages, each with the head of the table, nothing cut off at the side", { timeout: 60_000 }, async () => {
    const { page } = await open(120);
    expect(pageCount(await page.pdf({ preferCSSPageSize: true }))).toBeGreaterThan(2);
    await page.emulateMedia({ media: "print" });
    const wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth");
    expect(wide).toBe(false);
    await page.close();
  });
});
