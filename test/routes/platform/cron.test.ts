import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../../../src/app.ts";
import type { Deps } from "../../../src/adapters/ports/deps.ts";
import type { RoundDone } from "../../../src/adapters/ports/coordination/job-runs.ts";
import { schedule } from "../../../src/cron/schedule.ts";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

const secret = "cron-secret-of-the-test";
const authorization = { authorization: `Bearer ${secret}` };
let api: Api;

beforeAll(async () => {
  api = await startApi({ CRON_SECRET: secret, PROBE_INTERVAL: "60s", TICK_OVERTIME: "0s" });
});

const lines = (text: string): Record<string, unknown>[] => {
  expect(text.endsWith("\n")).toBe(true);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
};
const call = (job: string, token: string | null = secret) => api.call("GET", `/internal/cron/${job}`, { token });
const run = async (job: string) => {
  const response = await api.app.request(`/internal/cron/${job}`, { headers: authorization });
  return { status: response.status, text: await response.text() };
};

/** The application with jobs that end when the test says so. */
const scripted = () => {
  const script: { rounds: (round: RoundDone) => void; end: () => void; fail: (error: Error) => void } = {
    rounds: () => undefined,
    end: () => undefined,
    fail: () => undefined,
  };
  const background: Promise<unknown>[] = [];
  const jobs: Deps["jobs"] = {
    rhythms: [],
    run: (job, scheduledAtMs, onRound) => {
      script.rounds = onRound;
      expect([job, scheduledAtMs]).toEqual(["tick", Date.parse("2026-11-21T12:30:00Z")]);
      return new Promise((resolve, reject) => Object.assign(script, { end: resolve, fail: reject }));
    },
  };
  const app = createApp({ ...api.deps, jobs, background: (work) => void background.push(work) });
  return { script, background, get: () => app.request("/internal/cron/tick", { headers: authorization }) };
};

describe("/internal/cron/{job}", () => {
  it("begins to answer at once, and tells each round when it is over", async () => {
    const { script, background, get } = scripted();
    api.time.nowMs = Date.parse("2026-11-21T12:30:41.250Z");
    const response = await get();
    expect([response.status, response.headers.get("content-type"), response.headers.get("cache-control")]).toEqual([
      200,
      "application/x-ndjson",
      "no-store",
    ]);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const next = async () => JSON.parse((await reader?.read())?.value ?? "null") as unknown;
    expect(await next()).toEqual({ event: "started", job: "tick", at: "2026-11-21T12:30:41.250Z" });
    script.rounds({ role: "holder", shardIndex: 3, roundAtMs: Date.parse("2026-11-21T12:30:40Z"), durationMs: 812, ok: true });
    expect(await next()).toEqual({
      event: "round",
      job: "tick",
      role: "holder",
      shard: 3,
      slot: "2026-11-21T12:30:40.000Z",
      duration_ms: 812,
      ok: true,
    });
    script.end();
    expect(await next()).toEqual({ event: "ended", job: "tick", at: "2026-11-21T12:30:41.250Z", ok: true });
    expect((await reader?.read())?.done).toBe(true);
    await Promise.all(background);
  });

  it("says that a job failed, and nothing of why", async () => {
    const { script, get } = scripted();
    const response = await get();
    script.fail(new Error("password=hunter2"));
    const text = await response.text();
    expect(lines(text).at(-1)).toMatchObject({ event: "ended", ok: false });
    expect(text).not.toContain("hunter2");
    expect(api.lines.filter(({ event }) => event === "cron")).toHaveLength(1);
  });

  it("goes on when the caller hangs up", async () => {
    const { script, background, get } = scripted();
    const response = await get();
    await response.body?.cancel();
    script.rounds({ role: "witness", shardIndex: 0, roundAtMs: 0, durationMs: 1, ok: true });
    script.end();
    expect(await Promise.all(background)).toHaveLength(1);
  });

  it.each([...new Set(Object.values(schedule).flat())])("runs %s of the schedule", async (job) => {
    // The last second of a minute: a tick is then over with its first round.
    api.time.nowMs = Date.parse("2026-11-21T12:30:59.900Z");
    const { status, text } = await run(job);
    expect(status).toBe(200);
    expect(lines(text)[0]).toMatchObject({ event: "started", job });
    expect(lines(text).at(-1), text).toMatchObject({ event: "ended", job, ok: true });
  });

  it("runs the rounds of a tick", async () => {
    api.time.nowMs = Date.parse("2026-11-21T12:31:59.900Z");
    expect(lines((await run("tick")).text).filter(({ event }) => event === "round")).toMatchObject([
      { shard: 0, slot: "2026-11-21T12:31:00.000Z", ok: true },
    ]);
    const [recorded] = await api.db.rows<{ successes: number }>(sql`select successes from job_runs where job = 'tick:0'`);
    expect(recorded?.successes).toBeGreaterThan(0);
  });

  it.each([null, "wrong", `${secret} `.repeat(2).trim(), secret.toUpperCase()])("is closed to %j, whatever the job", async (token) => {
    for (const job of ["tick", "nonsense"]) {
      const answer = await call(job, token);
      expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    }
  });

  it.each(["nonsense", "toString", "__proto__", "tick%2F"])("knows no job %s", async (job) => {
    expect((await call(job)).status).toBe(404);
  });

  it("starts nothing for those who ask for the headers only, or by another method", async () => {
    api.lines.splice(0);
    expect((await api.call("HEAD", "/internal/cron/bill", { token: secret })).status).toBe(200);
    expect((await api.call("POST", "/internal/cron/bill", { token: secret })).status).toBe(405);
    expect(api.lines.filter(({ event }) => event === "job")).toEqual([]);
  });

  it("is not there without a secret configured", async () => {
    const silent = await startApi();
    const answer = await silent.call("GET", "/internal/cron/tick", { token: secret });
    expect([answer.status, answer.body["detail"]]).toEqual([404, "there is nothing at this path"]);
  });
});
