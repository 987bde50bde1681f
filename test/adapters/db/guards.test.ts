import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";

let database: TestDatabase;
let customer: string;
let service: string;
let policy: string;
let hour = 0;

const id = async (text: string, params: readonly unknown[] = []): Promise<string> => {
  const rows = await database.sql<{ id: string }>(`${text} returning id`, params);
  return rows[0]?.id ?? "";
};

/** Every call another hour: a window exists once per service. */
const snapshot = async (): Promise<string> => {
  hour += 1;
  return id(
    `insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes)
     select $1, start, start + interval '1 hour', 10, 20
     from (select timestamptz 'epoch' + $2 * interval '1 hour') x(start)`,
    [service, hour],
  );
};

let invoiceNumber = 0;

/** An invoice with its one line, in one statement as the billing does it. */
const issue = async (snapshotId: string, totals = { subtotal: 100, discount: 30 }): Promise<string> => {
  invoiceNumber += 1;
  const rows = await database.sql<{ invoice_id: string }>(
    `with invoice as (
       insert into invoices (customer_id, number, period_start, period_end, subtotal_cents, discount_cents,
         total_cents, issued_at)
       values ($1, $2, 'epoch', 'tomorrow', $3, $4, $3::bigint - $4::bigint, now()) returning id
     )
     insert into invoice_line_items (invoice_id, snapshot_id, service_id, window_start, window_end, primary_bytes,
       backup_bytes,
       rate_cents_per_gb, discount_rate, storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
     select invoice.id, s.id, s.service_id, s.window_start, s.window_end, 10, 20, 12, 0.5, 0, 1.5, 100, 30
     from invoice, usage_snapshots s where s.id = $5 returning invoice_id`,
    [customer, invoiceNumber, totals.subtotal, totals.discount, snapshotId],
  );
  return rows[0]?.invoice_id ?? "";
};

const storm = (kind: string, state: string) =>
  id(
    `insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at,
       ended_reason,
       max_coverage_factor)
     select $1, $2, 1, $3, $4, now(), now(), case $4 when 'ended' then now() end,
       case $4 when 'ended' then 'recovered' end, 1.5`,
    [service, policy, kind, state],
  );

const restricted = { code: "23001" };

beforeAll(async () => {
  database = await freshDatabase();
  customer = await id("insert into customers (name) values ('Acme')");
  service = await id("insert into services (customer_id, name, primary_cdn, backup_cdn) values ($1, 'web', 'cloudflare', 'fastly')", [
    customer,
  ]);
  policy = await id("insert into storm_policies (service_id, kind) values ($1, 'http_availability')", [service]);
});
afterAll(() => database.close());

describe("an issued invoice", () => {
  it.each([
    "update invoices set total_cents = total_cents",
    "delete from invoices",
    "truncate invoices cascade",
    "update invoice_line_items set amount_cents = 0",
    "delete from invoice_line_items",
    "truncate invoice_line_items cascade",
  ])("refuses: %s", async (statement) => {
    await issue(await snapshot());
    await expect(database.sql(statement)).rejects.toMatchObject(restricted);
  });

  it("has lines that add up to its totals", async () => {
    const snapshotId = await snapshot();
    await expect(issue(snapshotId, { subtotal: 101, discount: 30 })).rejects.toMatchObject({ code: "23514" });
    await expect(issue(snapshotId, { subtotal: 100, discount: 29 })).rejects.toMatchObject({ code: "23514" });
    expect(await database.sql("select 1 from invoice_line_items where snapshot_id = $1", [snapshotId])).toEqual([]);
    await expect(issue(snapshotId)).resolves.toMatch(/^\d+$/);
  });

  it("has lines", async () => {
    const empty = database.sql(
      `insert into invoices (customer_id, number, period_start, period_end, subtotal_cents, discount_cents, total_cents, issued_at)
       values ($1, 999, 'epoch', 'tomorrow', 0, 0, 0, now())`,
      [customer],
    );
    await expect(empty).rejects.toMatchObject({ code: "23514" });
  });

  it.each([
    { amount: -1, code: "23514" },
    { amount: 0, code: "23001" },
  ])("takes no line of $amount cents later", async ({ amount, code }) => {
    const invoiceId = await issue(await snapshot());
    const later = database.sql(
      `insert into invoice_line_items (invoice_id, kind, snapshot_id, service_id, window_start, window_end,
         primary_bytes, backup_bytes,
         rate_cents_per_gb, discount_rate, storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
       select $1, 'adjustment', snapshot_id, service_id, window_start, window_end, 0, 0, 12, 0.5, 0, 1.5, $2, 0
       from invoice_line_items where invoice_id = $1`,
      [invoiceId, amount],
    );
    await expect(later).rejects.toMatchObject({ code });
  });

  it("bills a snapshot once", async () => {
    const snapshotId = await snapshot();
    await issue(snapshotId);
    await expect(issue(snapshotId)).rejects.toMatchObject({
      code: "23505",
      constraint: "invoice_line_items_snapshot_key",
    });
  });

  it("has a number of its own within the customer", async () => {
    await issue(await snapshot());
    invoiceNumber -= 1;
    await expect(issue(await snapshot())).rejects.toMatchObject({ code: "23505", constraint: "invoices_number_key" });
  });
});

describe("usage", () => {
  it("may change until it is billed, then no more", async () => {
    const snapshotId = await snapshot();
    await database.sql("update usage_snapshots set primary_bytes = 11 where id = $1", [snapshotId]);
    const invoiceId = await issue(snapshotId);
    await database.sql("update usage_snapshots set invoice_id = $2 where id = $1", [snapshotId, invoiceId]);
    await expect(database.sql("update usage_snapshots set primary_bytes = 12 where id = $1", [snapshotId])).rejects.toMatchObject(
      restricted,
    );
    await expect(database.sql("update usage_snapshots set invoice_id = null where id = $1", [snapshotId])).rejects.toMatchObject(
      restricted,
    );
    await expect(database.sql("delete from usage_snapshots where id = $1", [snapshotId])).rejects.toMatchObject(restricted);
    expect(await database.sql("select primary_bytes from usage_snapshots where id = $1", [snapshotId])).toEqual([{ primary_bytes: "11" }]);
  });

  it("has one snapshot a window", async () => {
    await snapshot();
    hour -= 1;
    await expect(snapshot()).rejects.toMatchObject({ code: "23505", constraint: "usage_snapshots_window_key" });
  });
});

describe("history", () => {
  it("is only added to", async () => {
    await database.sql("insert into audit_log (actor, action, object_type) values ('test', 'create', 'thing')");
    await expect(database.sql("update audit_log set actor = 'nobody'")).rejects.toMatchObject(restricted);
    await expect(database.sql("delete from audit_log")).rejects.toMatchObject(restricted);
    await expect(database.sql("truncate audit_log")).rejects.toMatchObject(restricted);
    await expect(database.sql("truncate usage_snapshots cascade")).rejects.toMatchObject(restricted);
  });

  it("keeps every version of a policy as it was", async () => {
    await database.sql(
      `insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds,
         max_coverage_factor,
         min_samples, min_failures) values ($1, 1, 0.9, 60, 300, 1.5, 3, 3)`,
      [policy],
    );
    await expect(database.sql("update storm_policy_versions set cooldown_seconds = 0")).rejects.toMatchObject(restricted);
    await expect(database.sql("delete from storm_policy_versions")).rejects.toMatchObject(restricted);
  });
});

describe("at most one", () => {
  it("active storm per service and kind, recovering ones included", async () => {
    await storm("http_availability", "ended");
    await storm("http_availability", "storm");
    await expect(storm("http_availability", "storm")).rejects.toMatchObject({ constraint: "storm_events_active_key" });
    await storm("http_latency", "storm");
    await storm("http_availability", "ended");
  });

  it("live policy per service and kind", async () => {
    const again = () => database.sql("insert into storm_policies (service_id, kind) values ($1, 'http_availability')", [service]);
    await expect(again()).rejects.toMatchObject({ code: "23505", constraint: "storm_policies_live_key" });
    await database.sql("update storm_policies set deleted_at = now() where service_id = $1", [service]);
    await again();
  });

  it("row of settings", async () => {
    expect(await database.sql("select id, shards from settings")).toEqual([{ id: "1", shards: 1 }]);
    await expect(database.sql("insert into settings (id) values (2)")).rejects.toMatchObject({
      constraint: "settings_single_row",
    });
  });
});
