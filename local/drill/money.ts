import { coverWindow } from "../../src/domain/billing/coverage.ts";
import { priceLine, totalInvoice } from "../../src/domain/billing/pricing.ts";
import type { Api } from "./api.ts";
import type { World } from "./world.ts";
import { terms } from "./world.ts";
import { cadence, site } from "./outside.ts";

export type InvoiceLine = {
  readonly window_start: string;
  readonly window_end: string;
  readonly primary_bytes: number;
  readonly backup_bytes: number;
  readonly amount_cents: number;
  readonly discount_cents: number;
  readonly storm_microseconds: number;
};

export type Invoice = {
  readonly id: number;
  readonly number: number;
  readonly subtotal_cents: number;
  readonly discount_cents: number;
  readonly total_cents: number;
  readonly payable_cents: number;
  readonly document_number: string;
  readonly lines: readonly InvoiceLine[];
};

type Telling = {
  readonly world: World;
  readonly api: Api;
  readonly serviceId: number;
  readonly until: <T>(what: string, withinMs: number, look: () => Promise<T | null> | T | null) => Promise<T>;
  readonly tell: (name: string, ok: boolean, detail: string) => void;
  readonly measure: (name: string, value: string, limit: string, ok: boolean) => void;
};

type Usage = { window_start: string; window_end: string; primary_bytes: number; backup_bytes: number };
type Storm = {
  state: "storm" | "recovering" | "ended";
  started_at: string;
  ended_at: string | null;
  recovering_since: string | null;
  max_coverage_factor: number;
  credit: "earned" | "pending" | "refused";
};

const money = (cents: number): string => `$${(cents / 100).toFixed(2)}`;

/** Meters both sides, runs the billing job, and recomputes every cent of the invoice with arithmetic of its own. */
export const settleMoney = async ({ world, api, serviceId, until, tell, measure }: Telling): Promise<Invoice> => {
  const stoppedAtMs = Date.now();
  const lastWindowEndsMs = (Math.floor(stoppedAtMs / cadence.usageWindowMs) + 1) * cadence.usageWindowMs;
  await until("the last usage window ends", 15_000, () => (Date.now() > lastWindowEndsMs + 200 ? true : null));
  await world.plane.worker.trigger("*/5 * * * *");
  const ingested = await api.get<Usage[]>(`/v1/services/${serviceId}/usage?limit=200`);
  const servedByPrimary = world.cdns.primary.bytesServed(site.host, 0, Date.now() + 1_000);
  const primaryBytes = ingested.reduce((sum, row) => sum + row.primary_bytes, 0);
  tell(
    "primary metered by the CDN's analytics",
    primaryBytes === servedByPrimary && primaryBytes > 0,
    `${ingested.length} windows, ${primaryBytes} bytes; the CDN's own counter says ${servedByPrimary}`,
  );

  // The backup is metered the other way: the customer pushes what its second CDN reports.
  const pushed = ingested.map(({ window_start, window_end }) => ({
    window_start,
    window_end,
    backup_bytes: world.cdns.backup.bytesServed(site.host, Date.parse(window_start), Date.parse(window_end)),
  }));
  await api.send("PUT", `/v1/services/${serviceId}/usage`, pushed);
  const backupBytes = pushed.reduce((sum, row) => sum + row.backup_bytes, 0);
  tell("backup metered by push", backupBytes > 0, `${backupBytes} bytes`);

  await world.plane.worker.trigger("7 * * * *");
  const [issued] = await api.get<{ id: number }[]>("/v1/invoices");
  tell("invoice issued", issued !== undefined, issued === undefined ? "none" : `id ${issued.id}`);
  const invoice = await api.get<Invoice>(`/v1/invoices/${issued?.id ?? 0}`);

  const storms = (await api.get<Storm[]>(`/v1/storms?service_id=${serviceId}`)).map((storm) => ({
    state: storm.state,
    startedAtMs: Date.parse(storm.started_at),
    recoveringSinceMs: storm.recovering_since === null ? null : Date.parse(storm.recovering_since),
    endedAtMs: storm.ended_at === null ? null : Date.parse(storm.ended_at),
    maxCoverageFactor: String(storm.max_coverage_factor),
    credit: storm.credit,
  }));
  const recomputed = invoice.lines.map((line) => {
    const window = { startMs: Date.parse(line.window_start), endMs: Date.parse(line.window_end) };
    const { stormMicroseconds, maxCoverageFactor } = coverWindow(storms, window);
    const usage = {
      primaryBytes: line.primary_bytes,
      backupBytes: line.backup_bytes,
      windowMicroseconds: (window.endMs - window.startMs) * 1_000,
      stormMicroseconds,
      maxCoverageFactor,
    };
    return { line, stormMicroseconds, maxCoverageFactor, price: priceLine(usage, terms) };
  });
  const totals = totalInvoice(recomputed.map(({ price }) => price));
  const same =
    recomputed.every(
      ({ line, price, stormMicroseconds }) =>
        line.amount_cents === price.amountCents &&
        line.discount_cents === price.discountCents &&
        line.storm_microseconds === stormMicroseconds,
    ) &&
    totals.subtotalCents === invoice.subtotal_cents &&
    totals.discountCents === invoice.discount_cents &&
    totals.totalCents === invoice.total_cents;
  const most = recomputed.toSorted((a, b) => b.line.discount_cents - a.line.discount_cents)[0];
  if (most !== undefined) {
    const { line, price, stormMicroseconds, maxCoverageFactor } = most;
    tell(
      "the largest discount, recomputed",
      same,
      `round(${line.backup_bytes} B x ${terms.rateCentsPerGb}c / 2^30) = ${price.backupChargeCents}c; x ${terms.discountRate} x ` +
        `(${stormMicroseconds / 1_000_000} s / ${cadence.usageWindowMs / 1_000} s) x ${maxCoverageFactor} = ${line.discount_cents}c off`,
    );
  }
  tell(
    "the invoice adds up",
    same && invoice.discount_cents > 0,
    `${money(invoice.subtotal_cents)} - ${money(invoice.discount_cents)} storm discount = ${money(invoice.total_cents)}, ${invoice.lines.length} lines`,
  );
  await world.plane.worker.trigger("7 * * * *");
  const again = await api.get<unknown[]>("/v1/invoices");
  tell("a second billing run bills nothing", again.length === 1, `${again.length} invoice`);
  measure("invoice total, recomputed to the cent", money(invoice.total_cents), "equal", same);
  await shareInvoice(api, invoice, tell);
  return invoice;
};

/** Makes a link to the invoice, and opens it as whoever gets it by mail would: without a credential. */
const shareInvoice = async (api: Api, invoice: Invoice, tell: Telling["tell"]): Promise<void> => {
  const link = await api.send<{ url: string; expires_at: string }>("POST", `/v1/invoices/${invoice.id}/links`, { expires_in_days: 7 });
  const page = await fetch(link.url);
  const text = await page.text();
  const total = `USD ${(invoice.payable_cents / 100).toLocaleString("en-US", { minimumFractionDigits: 2 })}`;
  const isShown = page.status === 200 && text.includes(total) && text.includes(invoice.document_number);
  tell(
    "the invoice by a link, without a credential",
    isShown,
    `${link.url} answered ${page.status}${isShown ? ` and shows ${total}` : ""}`,
  );
  const csv = await (await fetch(`${link.url}/csv`)).text();
  const [header = "", ...rows] = csv.trimEnd().split("\r\n");
  const netCents = rows.reduce((sum, row) => sum + Number(row.split(",")[header.split(",").indexOf("net_cents")]), 0);
  tell(
    "its lines as CSV add up",
    rows.length === invoice.lines.length && netCents === invoice.total_cents,
    `${rows.length} lines, ${money(netCents)}`,
  );
  const forged = await fetch(`${link.url.slice(0, -1)}${link.url.endsWith("A") ? "E" : "A"}`);
  tell("a link with one letter changed", forged.status === 404, `answered ${forged.status}`);
};
