import type { Deps } from "../../adapters/ports/deps.ts";
import { cronSecret } from "../../auth/shared-secret.ts";
import { AppError } from "../../errors.ts";
import type { App } from "../../http/env.ts";
import { jsonLines } from "../../http/json-lines.ts";
import { isoTime } from "../../iso-time.ts";

const minuteMs = 60_000;

type CronDeps = Pick<Deps, "config" | "clock" | "log" | "jobs" | "background" | "rateLimits" | "clientAddress">;

/**
 * `/internal/cron/{job}`: a platform's cron, or any pinger with CRON_SECRET, starts a job (semantics §10). The answer begins
 * at once and goes on while the job runs, a line for each round: platforms give up on an answer that does not begin. Its
 * last line says how the job went. A client disconnect does not stop it, but a platform may (Workers: 30 s later), and then its
 * lease has to lapse. Not part of the public API.
 */
export const registerCron = (app: App, deps: CronDeps): void => {
  app.get("/internal/cron/:job", cronSecret(deps), (c) => {
    const job = c.req.param("job");
    // HEAD starts nothing.
    if (c.req.method !== "GET") return c.body(null, 200);
    const nowMs = deps.clock.nowMs();
    const lines = jsonLines();
    const running = deps.jobs.run(job, nowMs - (nowMs % minuteMs), ({ role, shardIndex, roundAtMs, durationMs, ok }) =>
      lines.write({ event: "round", job, role, shard: shardIndex, slot: isoTime(roundAtMs), duration_ms: durationMs, ok }),
    );
    if (running === null) throw new AppError("not_found", "there is no such job");
    lines.write({ event: "started", job, at: isoTime(nowMs) });
    const end = (ok: boolean) => {
      lines.write({ event: "ended", job, at: isoTime(deps.clock.nowMs()), ok });
      lines.close();
    };
    const ended = running.then(
      () => end(true),
      (error: unknown) => {
        deps.log.error("cron", error, { job, requestId: c.var.requestId });
        end(false);
      },
    );
    deps.background(ended);
    return c.body(lines.stream, 200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
  });
};
