import { afterEach, beforeEach, expect, it } from "vitest";
import { createJobRunStore } from "../../src/adapters/db/coordination/job-runs.ts";
import { parseConfig } from "../../src/config.ts";
import { runJob } from "../../src/cron/schedule.ts";
import { isDue } from "../../src/cron/due.ts";
import { buildDeps } from "../../src/deps.ts";
import { usageCronMs } from "../../src/domain/metering/usage-window.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createMemoryLog } from "../support/memory-log.ts";

const minuteMs = 60_000;
const nowMs = Date.parse("2026-11-18T12:00:02Z");

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
});
afterEach(() => database.close());

const run = (provider: string, startedAtMs: number, ok = true) =>
  createJobRunStore(database.db).record({ job: "ingest-usage", provider, startedAtMs, endedAtMs: startedAtMs + 4_000, ok, overruns: 0 });

const due = (everyMinutes: number, atMs: number) =>
  isDue({ jobHistory: createJobRunStore(database.db), clock: createFakeClock(atMs) }, "ingest-usage", everyMinutes * minuteMs, usageCronMs);

it("is due with every cron unless it is to run less often, and by the last good run of either provider", async () => {
  expect(await due(15, nowMs)).toBe(true);
  await run("cloudflare", nowMs);
  await run("vercel", nowMs - 10 * minuteMs);
  expect(await due(5, nowMs + 1_000)).toBe(true);
  expect([await due(15, nowMs + 5 * minuteMs), await due(15, nowMs + 10 * minuteMs), await due(15, nowMs + 15 * minuteMs)]).toEqual([
    false,
    false,
    true,
  ]);
  // Crons are early and late.
  expect([await due(15, nowMs + 15 * minuteMs - 30_000), await due(15, nowMs + 10 * minuteMs + 30_000)]).toEqual([true, false]);
});

it("is due again with the next cron after a failure", async () => {
  await run("cloudflare", nowMs - 15 * minuteMs);
  await run("cloudflare", nowMs, false);
  expect(await due(15, nowMs + 5 * minuteMs)).toBe(true);
});

it("reads usage at the pace of USAGE_TICK, whatever the cron's", async () => {
  const { log, of } = createMemoryLog();
  const clock = createFakeClock(nowMs);
  const config = parseConfig({
    DATABASE_URL: database.url,
    NEON_FETCH_ENDPOINT: database.fetchEndpoint,
    PROVIDER: "vercel",
    USAGE_TICK: "10m",
  });
  const deps = buildDeps(config, { clock, log });
  for (let cron = 0; cron < 5; cron += 1) {
    await runJob(deps, "ingest-usage", clock.nowMs());
    await clock.advance(5 * minuteMs);
  }
  expect(of("job").map(({ fields }) => fields["result"])).toEqual(["ok", "not_due", "ok", "not_due", "ok"]);
});
