import type { Duo } from "../../../local/drill/duo.ts";
import { cadence } from "../../../local/drill/outside.ts";
import type { Town } from "./town.ts";

const gib = 2 ** 30;

/** Windows of a storm that are billed: few enough for one sheet. */
const windows = 9;

/** Channels as somebody on call has them. What they are told comes to the drill's receiver. */
export const openChannels = async ({ api }: Pick<Town, "api">, { sink }: Duo): Promise<void> => {
  const open = (name: string, kind: string, more: object) => api.send<{ id: number }>("POST", "/v1/channels", { name, kind, ...more });
  const { id } = await open("#incidents", "slack", { url: sink.slackUrl });
  await api.send("POST", `/v1/channels/${id}/test`, {});
  await open("on call", "webhook", { url: sink.webhookUrl, min_severity: "warning" });
  await open("weekly report", "email", { to: ["cdn@example.test"] });
};

/** The public status page, switched on, with an incident that somebody writes while visitors are not served. */
export const publish = async ({ api, ids }: Town): Promise<string> => {
  await api.send("PUT", "/v1/status-page", {
    slug: "example-downloads",
    title: "Example Downloads status",
    enabled: true,
    services: [
      { service_id: ids.downloads, name: "Downloads" },
      { service_id: ids.checkout, name: "Checkout" },
      { service_id: ids.images, name: "Images" },
    ],
  });
  const incident = await api.send<{ id: number }>("POST", "/v1/status-page/incidents", {
    title: "Downloads and checkout fail",
    impact: "critical",
    text: "Since a few minutes ago most downloads and payments fail. We are looking into it.",
    service_ids: [ids.downloads, ids.checkout],
  });
  await api.send("POST", `/v1/status-page/incidents/${incident.id}/updates`, {
    state: "identified",
    text: "Both networks that we serve from have trouble at the same time. We are talking to both.",
  });
  return "/status/example-downloads";
};

/** Pushes what both CDNs would report of a storm's first windows, and has them billed. @returns the invoice's id */
export const bill = async ({ api }: Town, { apiUrl, cronSecret }: Duo, storm: { id: number; service_id: number }): Promise<number> => {
  const { started_at: startedAt } = await api.get<{ started_at: string }>(`/v1/storms/${storm.id}`);
  const fromMs = Math.floor(Date.parse(startedAt) / cadence.usageWindowMs) * cadence.usageWindowMs;
  const usage = Array.from({ length: windows }, (_, index) => ({
    window_start: new Date(fromMs + index * cadence.usageWindowMs).toISOString(),
    window_end: new Date(fromMs + (index + 1) * cadence.usageWindowMs).toISOString(),
    primary_bytes: Math.round(gib * (index < 2 ? 36.4 : 0.7)),
    backup_bytes: Math.round(gib * (index < 2 ? 2.1 : 31.9 + index)),
  }));
  await api.send("PUT", `/v1/services/${storm.service_id}/usage`, usage);
  await (await fetch(`${apiUrl}/internal/cron/bill`, { headers: { authorization: `Bearer ${cronSecret}` } })).text();
  const [invoice] = await api.get<{ id: number }[]>("/v1/invoices");
  if (invoice === undefined) throw new Error("no invoice was issued");
  await api.send("POST", `/v1/invoices/${invoice.id}/links`, { expires_in_days: 30 });
  return invoice.id;
};
