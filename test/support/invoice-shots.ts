import { mkdir, writeFile } from "node:fs/promises";
import { answerHelp } from "../../local/help.ts";
import { invoicePage, noInvoicePage } from "../../src/http/invoice/invoice-page.ts";
import { openBrowser } from "./browser.ts";
import { sampleInvoices } from "./invoice-samples.ts";

answerHelp(
  "Usage: npm run invoice:shots DIRECTORY [NAME...]\n\nRenders sample invoices there, to look at: wide and narrow, light and dark, and as PDF.",
);

const [directory = "", ...wanted] = process.argv.slice(2);
if (directory === "") throw new Error("say where to put the pictures");
await mkdir(directory, { recursive: true });
const browser = await openBrowser();
const pages = Object.entries(sampleInvoices()).map(
  ([name, invoice]) => [name, (api: boolean) => invoicePage(invoice, { csv: "/v1/invoices/7/csv", api })] as const,
);
for (const [name, render] of [...pages, ["nothing", () => noInvoicePage] as const]) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [1_280, 390]) {
      const page = await browser.newPage({ viewport: { width, height: 844 }, colorScheme, deviceScaleFactor: width === 390 ? 2 : 1 });
      // As the customer reads it on a wide screen, and as whoever has a link does on a telephone.
      await page.setContent(render(width !== 390));
      await page.screenshot({ path: `${directory}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      if (width === 1_280) await writeFile(`${directory}/${name}-${colorScheme}.pdf`, await page.pdf({ preferCSSPageSize: true }));
      await page.close();
    }
  }
}
await browser.close();
