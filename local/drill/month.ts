import type { Api } from "./api.ts";
import { createApi } from "./api.ts";
import { cadence } from "./outside.ts";
import type { World } from "./world.ts";

type Telling = { readonly world: World; readonly tell: (name: string, ok: boolean, detail: string) => void };
type Monthly = {
  readonly id: number;
  readonly document_number: string;
  readonly cycle: string;
  readonly period_start: string;
  readonly period_end: string;
  readonly total_cents: number;
  readonly tax_cents: number;
  readonly payable_cents: number;
  readonly due_at: string;
  readonly line_count: number;
};
type Preview = {
  readonly cycle: string;
  readonly bills_until: string;
  readonly closes_at: string | null;
  readonly waiting_windows: number;
};

const gib = 2 ** 30;

/** The start of this UTC month, and of the one before it. */
const months = (nowMs: number): { readonly thisMs: number; readonly lastMs: number } => {
  const now = new Date(nowMs);
  return { thisMs: Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1), lastMs: Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1) };
};

const window = (startMs: number, gibPrimary: number) => ({
  window_start: new Date(startMs).toISOString(),
  window_end: new Date(startMs + cadence.usageWindowMs).toISOString(),
  primary_bytes: gibPrimary * gib,
});

/** A customer that is billed by the month, as an operator sets one up, with usage of last month and of this one. */
const onboardMonthly = async (admin: Api, world: World, nowMs: number): Promise<Api> => {
  const customer = await admin.send<{ id: number }>("POST", "/v1/customers", { name: "Example Archive" });
  const path = `/v1/customers/${customer.id}`;
  await admin.send("POST", `${path}/billing-terms`, {
    valid_from: "2020-01-01T00:00:00Z",
    rate_cents_per_gb: 12,
    discount_rate: 0.5,
    currency: "EUR",
    cycle: "month",
  });
  await admin.send("PUT", `${path}/billing-profile`, {
    legal_name: "Example Archive GmbH",
    address: ["Beispielstraße 1", "10115 Berlin"],
    tax_id: "DE999999999",
    po_number: "PO-4711",
    payment_days: 14,
    taxes: [{ label: "VAT", rate: 0.19 }],
  });
  const { token } = await admin.send<{ token: string }>("POST", `${path}/tokens`, { name: "drill", role: "editor" });
  const api = createApi(world.apiUrl, token);
  const service = await api.send<{ id: number }>("POST", "/v1/services", { name: "archive", primary_cdn: "akamai", backup_cdn: "bunny" });
  const { thisMs, lastMs } = months(nowMs);
  const ofThisMonth = Math.floor((nowMs - cadence.usageWindowMs) / cadence.usageWindowMs) * cadence.usageWindowMs;
  await api.send("PUT", `/v1/services/${service.id}/usage`, [
    window(lastMs, 100),
    window(thisMs - cadence.usageWindowMs, 50),
    ...(ofThisMonth >= thisMs ? [window(ofThisMonth, 7)] : []),
  ]);
  return api;
};

/** Closes last month for a customer that is billed by the month; later usage waits for the next close. */
export const closeMonth = async ({ world, tell }: Telling): Promise<void> => {
  const nowMs = Date.now();
  const api = await onboardMonthly(createApi(world.apiUrl, world.adminToken), world, nowMs);
  await world.plane.worker.trigger("7 * * * *");
  await world.plane.worker.trigger("7 * * * *");
  const [invoice, ...more] = await api.get<Monthly[]>("/v1/invoices");
  const { thisMs, lastMs } = months(nowMs);
  const isOfLastMonth =
    invoice !== undefined &&
    more.length === 0 &&
    invoice.cycle === "month" &&
    Date.parse(invoice.period_start) === lastMs &&
    Date.parse(invoice.period_end) === thisMs;
  tell(
    "last month is closed, once",
    isOfLastMonth,
    invoice === undefined
      ? "no invoice"
      : `${invoice.document_number}, ${invoice.period_start.slice(0, 10)} to ${invoice.period_end.slice(0, 10)}, due ${invoice.due_at.slice(0, 10)}`,
  );
  // 100 GiB and 50 GiB at 12 cents, 19 % on the sum, rounded once.
  const adds = invoice?.total_cents === 1_800 && invoice.tax_cents === 342 && invoice.payable_cents === 2_142;
  tell(
    "with its taxes",
    adds,
    `EUR ${((invoice?.total_cents ?? 0) / 100).toFixed(2)} + VAT ${((invoice?.tax_cents ?? 0) / 100).toFixed(2)} = ${((invoice?.payable_cents ?? 0) / 100).toFixed(2)}`,
  );
  const preview = await api.get<Preview>("/v1/invoices/preview");
  tell("this month goes on in the preview", preview.cycle === "month" && preview.closes_at !== null, `closes ${preview.closes_at ?? "?"}`);
  const link = await api.send<{ url: string }>("POST", `/v1/invoices/${invoice?.id ?? 0}/links`, {});
  const page = await fetch(link.url);
  const text = await page.text();
  tell(
    "the month's invoice by a link",
    page.status === 200 && text.includes("EUR 21.42") && text.includes("Example Archive GmbH"),
    link.url,
  );
};
