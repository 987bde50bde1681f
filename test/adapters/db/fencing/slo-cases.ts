import { createDayBook } from "../../../../src/adapters/db/slo/daily.ts";
import { createDigestBook } from "../../../../src/adapters/db/slo/digest.ts";
import { createBudgetWatch } from "../../../../src/adapters/db/slo/watch.ts";
import { digestOf } from "../../../../src/domain/slo/digest.ts";
import { insertObjective } from "../../../support/slo-seed.ts";
import type { FencedWrite } from "./cases.ts";
import { nowMs } from "./tenant.ts";

const tally = { elapsedUs: 10, measuredUs: 10, downUs: 5, consumedUs: 5 };
const figures = { burn: 1, shortBurn: null, threshold: 1, allowedUs: 1, consumedUs: 5, remainingUs: -4, downUs: 5 };

/** What jobs write of objectives. */
export const objectives: readonly FencedWrite[] = [
  {
    method: "budgetWatch.save",
    what: "alerts that fire, are below and are resolved",
    writes: ["notifications", "slo_alerts"],
    refused: null,
    prepare: async ({ db, sql, tenant }) => {
      const objectiveId = await insertObjective(sql, tenant.service, nowMs, {}, "watched");
      for (const kind of ["1h", "6h"])
        await sql("insert into slo_alerts (objective_id, service_id, kind, fired_at, fired) values ($1, $2, $3, $4, '{}')", [
          objectiveId,
          tenant.service,
          kind,
          new Date(nowMs - 1),
        ]);
      const open = [
        { kind: "1h", belowSinceMs: null },
        { kind: "6h", belowSinceMs: null },
      ] as const;
      const change = {
        objectiveId,
        open,
        fire: [{ kind: "exhausted", figures }],
        resolve: [{ kind: "1h", figures }],
        note: [{ kind: "6h", belowSinceMs: nowMs }],
      } as const;
      return (fence) => createBudgetWatch(db).save(fence, [change], nowMs);
    },
  },
  {
    method: "dayBook.close",
    what: "a day, the streak that it ends, and what was achieved by its end",
    writes: ["notifications", "slo_achievements", "slo_daily_snapshots"],
    refused: null,
    prepare: async ({ db, sql, tenant }) => {
      const objectiveId = await insertObjective(sql, tenant.service, nowMs, {}, "closed");
      const day = { objectiveId, version: 1, state: "breaching", allowedUs: 1, window: tally, ofDay: tally, verdict: "bad" } as const;
      const closed = {
        serviceId: tenant.service,
        days: [{ ...day, streak: 0, brokenStreak: 3 }],
        achievements: [{ name: "first_steps", objectiveId }],
      } as const;
      return (fence) => createDayBook(db).close(fence, "2026-11-27", [closed]);
    },
  },
  {
    method: "digestBook.save",
    what: "the digest of a week",
    writes: ["notifications", "slo_digests"],
    refused: null,
    prepare: async ({ db, tenant }) => {
      const facts = { storms: 1, switches: 1, avoidedUs: 1, avoidedCents: null, discountCents: 0, currency: "USD" };
      const digest = digestOf({ ...facts, week: "2026-W48", objectives: [] });
      return (fence) => createDigestBook(db, "USD").save(fence, [{ customerId: tenant.customer, digest }]);
    },
  },
];
