import { noBreakers } from "./breakers.ts";
import { createIngestStore } from "../../src/adapters/db/metering/ingest.ts";
import { createUsageStore } from "../../src/adapters/db/metering/usage-store.ts";
import type { CustomerSources } from "../../src/adapters/ports/metering/cdn-accounts.ts";
import type { UsageSource } from "../../src/adapters/ports/metering/usage.ts";
import { ingestUsage } from "../../src/cron/ingest-usage.ts";
import { billingFence } from "../billing/worlds.ts";
import type { TestDatabase } from "./database.ts";
import { createFakeClock } from "./fake-clock.ts";
import { createMemoryLog } from "./memory-log.ts";

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const gib = 2 ** 30;
export const nowMs = Date.parse("2026-11-18T12:20:00Z");
export const noon = nowMs - 20 * minuteMs;
export const lookbackMs = 6 * hourMs;
export const usageWindows = { windowMs: hourMs, lookbackMs };

/** GiB an hour, spread evenly over its minutes. */
export const hourly: Readonly<Record<string, number>> = { "a.shopone.com": 100, "b.shopone.com": 1 };

/** A Fastly whose hosts carry as much every minute; `unreadable` are those that it does not list. */
export const fastly = (unreadable: readonly string[] = [], rates = hourly, cdn = "fastly"): UsageSource => ({
  cdn,
  read: async ({ hosts, windows }) => ({
    unreadable: hosts.filter((host) => unreadable.includes(host)).map((host) => ({ host, reason: "no service lists it" })),
    unknownHosts: hosts.filter((host) => unreadable.includes(host)),
    rows: hosts
      .filter((host) => !unreadable.includes(host))
      .flatMap((host) =>
        windows.map(({ startMs, endMs }) => ({
          host,
          startMs,
          endMs,
          bytes: Math.round(((rates[host] ?? 0) * gib * (endMs - startMs)) / hourMs),
        })),
      ),
  }),
});

export const noAccounts: CustomerSources = { open: async () => [], note: async () => undefined };

/** Services, domains and their changes at any time, as the API would have made them; ingestion and pushes by the real code. */
export const createMeteringWorld = (database: TestDatabase) => {
  const sql: TestDatabase["sql"] = (text, params) => database.sql(text, params);
  const id = async (text: string, ...params: unknown[]): Promise<number> =>
    Number((await sql<{ id: string }>(`${text} returning id`, params))[0]?.id);
  const daysBack = noon - 48 * hourMs;
  return {
    sql,
    customer: (name: string) => id("insert into customers (name) values ($1)", name),
    service: (customerId: number, atMs = daysBack, [primary, backup] = ["fastly", "cloudflare"], name = "web") =>
      id(
        "insert into services (customer_id, name, primary_cdn, backup_cdn, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)",
        customerId,
        name,
        primary,
        backup,
        new Date(atMs),
      ),
    domain: (serviceId: number, name: string, atMs = daysBack) =>
      id(
        `insert into service_domains (service_id, customer_id, name, challenge_token, created_at, verified_at, updated_at)
       select id, customer_id, $2, 'token', $3, $3, $3 from services where id = $1`,
        serviceId,
        name,
        new Date(atMs),
      ),
    removeDomain: (domainId: number, atMs: number) =>
      sql("update service_domains set deleted_at = $2, updated_at = $2 where id = $1", [domainId, new Date(atMs)]),
    removeService: async (serviceId: number, atMs: number) => {
      await sql("update service_domains set deleted_at = $2, updated_at = $2 where service_id = $1 and deleted_at is null", [
        serviceId,
        new Date(atMs),
      ]);
      await sql("update services set deleted_at = $2, updated_at = $2 where id = $1", [serviceId, new Date(atMs)]);
    },
    swap: (serviceId: number, atMs: number) =>
      sql("update services set primary_cdn = backup_cdn, backup_cdn = primary_cdn, updated_at = $2 where id = $1", [
        serviceId,
        new Date(atMs),
      ]),
    /** Nothing before `untilMs` is asked of a CDN any more. */
    settled: (untilMs: number, cdn = "fastly") =>
      sql("insert into metering_marks (domain_id, cdn, settled_until) select id, $2, $1 from service_domains on conflict do nothing", [
        new Date(untilMs),
        cdn,
      ]),
    ingest: (sources: readonly UsageSource[], atMs = nowMs, customerSources = noAccounts) =>
      ingestUsage(
        {
          ingest: createIngestStore(database.db),
          usageSources: sources,
          customerSources,
          breakers: noBreakers,
          clock: createFakeClock(atMs),
          log: createMemoryLog().log,
          usageWindows,
        },
        billingFence,
      ),
    push: (
      customerId: number,
      serviceId: number,
      startMs: number,
      bytes: { primaryBytes?: number; backupBytes?: number },
      mayOverride = false,
      measuredCdns = ["fastly"],
    ) =>
      createUsageStore(database.db).push(
        customerId,
        serviceId,
        [{ windowStartMs: startMs, windowEndMs: startMs + hourMs, ...bytes }],
        { measuredCdns, mayOverride },
        { actor: "token:1", requestId: "r", idempotency: null },
      ),
    /** Windows as known today: `11:00 101/0`, in GiB, `~` where a side is incomplete. */
    usage: async (serviceId: number): Promise<string[]> => {
      const rows = await sql<{ line: string }>(
        `select format('%s %s/%s', to_char(u.window_start at time zone 'utc', 'HH24:MI'),
           round(coalesce(k.primary_bytes, u.primary_bytes) / 1073741824.0, 2)::float8 || case when coalesce(k.primary_incomplete, u.primary_incomplete) then '~' else '' end,
           round(coalesce(k.backup_bytes, u.backup_bytes) / 1073741824.0, 2)::float8 || case when coalesce(k.backup_incomplete, u.backup_incomplete) then '~' else '' end) as line
         from usage_snapshots u left join usage_corrections k on k.snapshot_id = u.id where u.service_id = $1 order by u.window_start`,
        [serviceId],
      );
      return rows.map(({ line }) => line);
    },
    invoiced: async (customerId: number) =>
      (await sql<{ total: string }>("select total_cents as total from invoices where customer_id = $1 order by number", [customerId])).map(
        ({ total }) => Number(total),
      ),
  };
};

export type MeteringWorld = ReturnType<typeof createMeteringWorld>;
