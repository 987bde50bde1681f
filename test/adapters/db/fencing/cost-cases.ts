import { createHuntStore } from "../../../../src/adapters/db/cost/hunting.ts";
import { createAuditReadings } from "../../../../src/adapters/db/cost/audit-readings.ts";
import { createTrailReadings } from "../../../../src/adapters/db/cost/trail-readings.ts";
import type { FencedWrite, World } from "./cases.ts";

const accountOf = async ({ sql, tenant }: World): Promise<number> => {
  const [row] = await sql<{ id: string }>(
    `insert into cost_accounts (customer_id, name, access_key_id, sealed_secret, region, bucket, aws_accounts, regions)
     select customer_id, 'logs-' || gen_random_uuid(), 'AKIAEXAMPLE', 'sealed', 'us-east-1', 'logs', '{123456789012}', '{us-east-1}' from services where id = $1 returning id`,
    [tenant.service],
  );
  return Number(row?.id);
};

const customerOf = async ({ sql, tenant }: World): Promise<number> => {
  const [row] = await sql<{ customer_id: string }>("select customer_id from services where id = $1", [tenant.service]);
  return Number(row?.customer_id);
};

/** What jobs write of costs. */
export const costs: readonly FencedWrite[] = [
  {
    method: "hunting.begin",
    what: "whose turn it was",
    writes: ["zombie_hunts"],
    refused: false,
    prepare: async (world) => {
      const customerId = await customerOf(world);
      return (fence) => createHuntStore(world.db).begin(fence, customerId);
    },
  },
  {
    method: "hunting.sighted",
    what: "since when something is seen to idle, and what is over",
    writes: ["zombie_sightings"],
    refused: null,
    prepare: async (world) => {
      const customerId = await customerOf(world);
      await world.sql("insert into zombie_sightings (customer_id, rule, resource) values ($1, 'zone-without-records', 'old')", [
        customerId,
      ]);
      const sighting = { rule: "zone-without-records", resource: "new", account: null } as const;
      return (fence) => createHuntStore(world.db).sighted(fence, customerId, ["zone-without-records"], [sighting], []);
    },
  },
  {
    method: "hunting.record",
    what: "what idles, what is over, and that it was looked for",
    writes: ["notifications", "zombie_hunts", "zombies"],
    refused: null,
    prepare: async ({ db, sql, tenant }) => {
      await sql(
        `insert into zombies (customer_id, rule, resource, severity, first_seen, last_seen, last_activity, reason, remedy)
         select customer_id, 'service-incomplete', 'old', 'warning', now(), now(), now(), 'it was so', 'finish it' from services where id = $1`,
        [tenant.service],
      );
      const [row] = await sql<{ customer_id: string }>("select customer_id from services where id = $1", [tenant.service]);
      const zombie = {
        rule: "service-incomplete",
        severity: "warning",
        key: "new",
        resource: "new",
        account: null,
        serviceId: null,
        lastActivityMs: 0,
        monthlyWasteCents: null,
        reason: "it is so",
        remedy: "finish it",
      } as const;
      const hunted = { found: [zombie], unknown: [], unread: [] };
      return (fence) => createHuntStore(db).record(fence, Number(row?.customer_id), ["service-incomplete"], hunted, true);
    },
  },
  {
    method: "trailReadings.settle",
    what: "what became of files",
    writes: ["cost_files"],
    refused: false,
    prepare: async (world) => {
      const accountId = await accountOf(world);
      const place = { prefix: "AWSLogs/", listedFrom: null };
      return (fence) => createTrailReadings(world.db).settle(fence, accountId, [{ key: "AWSLogs/1.json.gz", error: null }], place, 5);
    },
  },
  {
    method: "trailReadings.note",
    what: "that an account was looked at",
    writes: ["cost_accounts"],
    refused: undefined,
    prepare: async (world) => {
      const accountId = await accountOf(world);
      return (fence) => createTrailReadings(world.db).note(fence, accountId, "AccessDenied", false);
    },
  },
  {
    method: "auditReadings.note",
    what: "that an audit log was looked at",
    writes: ["cdn_accounts"],
    refused: undefined,
    prepare: async (world) => {
      const [row] = await world.sql<{ id: string }>(
        `insert into cdn_accounts (customer_id, cdn, account_ref, sealed_token)
         values (${await customerOf(world)}, 'cloudflare', 'acc', 'sealed') on conflict do nothing returning id`,
      );
      return (fence) => createAuditReadings(world.db).note(fence, Number(row?.id), "status 403", true);
    },
  },
];
