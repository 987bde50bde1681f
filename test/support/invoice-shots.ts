import { mkdir, writeFile } from "node:fs/promises";
import { invoicePage } from "../../src/http/invoice-page.ts";
import { openBrowser } from "./browser.ts";
import { sampleInvoices } from "./invoice-samples.ts";

// Renders sample invoices to look at: `node test/support/invoice-shots.ts DIRECTORY [NAME...]`.
const [directory = "", ...wanted] = process.argv.slice(2);
if (directory === "") throw new Error("say where to put the pictures");
await mkdir(directory, { recursive: true });
const browser = await openBrowser();
for (const [name, invoice] of Object.entries(sampleInvoices())) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [1_280, 390]) {
      const page = await browser.newPage({ viewport: { width, height: 844 }, colorScheme, deviceScaleFactor: width === 390 ? 2 : 1 });
      await page.setContent(invoicePage(invoice, { csv: "/v1/invoices/7/csv", api: width !== 390 }));
      await page.screenshot({ path: `${directory}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      if (width === 1_280) await writeFile(`${directory}/${name}-${colorScheme}.pdf`, await page.pdf({ preferCSSPageSize: true }));
      await page.close();
    }
  }
}
await browser.close();
