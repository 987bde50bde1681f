import { sql } from "drizzle-orm";
import { describe, expect, it, vi } from "vitest";
import { createApp } from "../../../src/app.ts";
import { parseConfig } from "../../../src/config.ts";
import { buildDeps } from "../../../src/deps.ts";
import { startApi, testRuntime } from "../../support/api.ts";

const secret = "cron-secret-for-tests-0123456789";
const minute = { count: 2, scheduled_at: "2026-11-21T12:30:00Z" };

const ask = (path: string, body: unknown, token: string | null = secret) =>
  [
    path,
    {
      method: "POST",
      headers: { "content-type": "application/json", ...(token !== null && { authorization: `Bearer ${token}` }) },
      body: typeof body === "string" ? body : JSON.stringify(body),
    },
  ] as const;

describe("POST /internal/shards/{index}/rounds", () => {
  it("answers at once and runs that shard's rounds after it, under its lease", async () => {
    const { env, db } = await startApi({ CRON_SECRET: secret, PROBE_INTERVAL: "60s", TICK_OVERTIME: "0s" });
    await db.rows(sql`update settings set shards = 2`);
    const work: Promise<unknown>[] = [];
    const { log, lines } = testRuntime();
    const scheduled = Math.floor(Date.now() / 60_000) * 60_000;
    const clock = { nowMs: () => scheduled, sleep: () => Promise.resolve() };
    const app = createApp(buildDeps(parseConfig(env), { log, clock, waitUntil: (one) => void work.push(one) }));
    const response = await app.request(...ask("/internal/shards/1/rounds", { count: 2, scheduled_at: new Date(scheduled).toISOString() }));
    expect([response.status, await response.text()]).toEqual([202, ""]);
    expect(work).toHaveLength(1);
    await work[0];
    expect(lines.filter(({ event }) => event === "tick")).toMatchObject([{ fields: { shard: 1, result: "ok", rounds: 1 } }]);
    expect(await db.rows(sql`select name from leases`)).toEqual([{ name: "shard:1" }]);
  });

  it("is not there without a secret", async () => {
    const { app } = await startApi();
    expect((await app.request(...ask("/internal/shards/0/rounds", minute, "undefined"))).status).toBe(404);
  });

  it("is for who knows the secret, and for shards that there are", async () => {
    const { app, deps } = await startApi({ CRON_SECRET: secret });
    const run = vi.spyOn(deps, "runShard").mockResolvedValue();
    const status = async (path: string, body: unknown, token: string | null = secret) =>
      (await app.request(...ask(path, body, token))).status;
    expect(await status("/internal/shards/0/rounds", minute, null)).toBe(401);
    expect(await status("/internal/shards/0/rounds", minute, `${secret}x`)).toBe(401);
    expect(await status("/internal/shards/2/rounds", minute)).toBe(400);
    expect(await status("/internal/shards/-1/rounds", minute)).toBe(400);
    expect(await status("/internal/shards/0/rounds", { ...minute, count: 0 })).toBe(400);
    expect(await status("/internal/shards/0/rounds", { ...minute, extra: 1 })).toBe(400);
    expect(await status("/internal/shards/0/rounds", "{")).toBe(400);
    expect(run).not.toHaveBeenCalled();
    expect(await status("/internal/shards/1/rounds", minute)).toBe(202);
    expect(run).toHaveBeenCalledWith({ index: 1, count: 2 }, Date.parse(minute.scheduled_at));
  });

  it("is no part of the published API", async () => {
    const { app } = await startApi({ CRON_SECRET: secret });
    const document = (await (await app.request("/openapi.json")).json()) as { paths: object };
    expect(Object.keys(document.paths).filter((path) => path.includes("internal"))).toEqual([]);
  });
});
