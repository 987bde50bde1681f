import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { bearerToken, sharedSecret } from "../../auth/shared-secret.ts";
import { isIsoWeek, isoWeek } from "../../domain/platform/iso-week.ts";
import { AppError } from "../../errors.ts";
import { createBacklog } from "../../http/backlog.ts";
import { jsonBodyUpTo } from "../../http/body.ts";
import { jsonAnswer, jsonRequest, noContent, problems } from "../../http/contract.ts";
import type { App, AppMiddleware } from "../../http/env.ts";
import { within } from "../../http/rate-limit.ts";

/** Semantics §1. */
const maxSessionBytes = 1_024;

/** The pattern recommended by semver.org. */
const semver = z
  .string()
  .max(64)
  .regex(
    /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/,
    "must be a semantic version such as 1.4.0",
  )
  .openapi({ example: "1.4.0" });

/** Strict, without free text: that is the privacy guarantee. */
const sessionInput = z
  .strictObject({
    protocol_version: semver,
    daemon_version: semver,
    session_id: z
      .string()
      .regex(/^[A-Za-z0-9_-]{8,64}$/, "must be 8 to 64 of A-Z a-z 0-9 _ -")
      .openapi({ example: "f81d4fae-7dec-11d0" }),
    platform: z.enum(["darwin", "linux", "win32", "freebsd", "openbsd"]),
    node_version: semver,
    primary_framework: z.enum(["react", "vue", "next", "nuxt", "svelte", "astro", "solid", "unknown"]),
  })
  .openapi("InstallSession");

const weekText = z
  .string()
  .refine(isIsoWeek, "must be an ISO week such as 2026-W47")
  .openapi({ pattern: "^[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])$", example: "2026-W47" });

const weeklySessions = z
  .object({ week: weekText, weekly_active_sessions: z.int().min(0).openapi({ example: 1_204 }) })
  .openapi("WeeklyActiveSessions");

type TelemetryDeps = Pick<Deps, "config" | "clock" | "background" | "telemetry" | "rateLimits" | "clientAddress">;

/** Writes after the answer per isolate. Beyond that an answer waits: connections are limited. */
const storedAfterwards = 64;

/** Unauthenticated, so rate-limited. */
const sessionLimit =
  (deps: TelemetryDeps): AppMiddleware =>
  async (c, next) => {
    within(await deps.rateLimits.sessions.take(deps.clientAddress(c.req.raw.headers)));
    await next();
  };

/** Opt-in telemetry of installations, and the number derived from it (semantics §11). */
export const registerTelemetry = (app: App, deps: TelemetryDeps): void => {
  const tell = createRoute({
    method: "post",
    path: "/v1/session",
    tags: ["telemetry"],
    operationId: "reportInstallSession",
    summary: "Tell that an installation is in use; stored after the answer",
    security: [],
    middleware: [sessionLimit(deps), jsonBodyUpTo(maxSessionBytes)],
    request: { body: jsonRequest(sessionInput) },
    responses: { 204: noContent, ...problems(400, 413, 415) },
  });
  const read = createRoute({
    method: "get",
    path: "/v1/wau/{week}",
    tags: ["telemetry"],
    operationId: "getWeeklyActiveSessions",
    summary: "Read how many installations were in use in an ISO week",
    security: [{ wau: [] }],
    middleware: [
      sharedSecret(
        deps,
        deps.config.wauReadToken,
        () => new AppError("forbidden", "the token for this number is required"),
        (c) => bearerToken(c) ?? c.req.query("token"),
      ),
    ],
    request: {
      params: z.strictObject({ week: weekText }),
      query: z.strictObject({ token: z.string().optional().openapi({ description: "WAU_READ_TOKEN, instead of the header" }) }),
    },
    responses: { 200: jsonAnswer(weeklySessions, "The number"), ...problems(400, 403, 404) },
  });

  const backlog = createBacklog(storedAfterwards);
  app.openapi(tell, async (c) => {
    const body = c.req.valid("json");
    const nowMs = deps.clock.nowMs();
    const session = {
      sessionId: body.session_id,
      protocolVersion: body.protocol_version,
      daemonVersion: body.daemon_version,
      platform: body.platform,
      nodeVersion: body.node_version,
      primaryFramework: body.primary_framework,
    };
    const stored = deps.telemetry.record(isoWeek(nowMs), session, nowMs);
    deps.background(stored);
    if (backlog.add(stored, nowMs)) await stored.catch(() => undefined);
    return c.body(null, 204);
  });
  app.openapi(read, async (c) => {
    const { week } = c.req.valid("param");
    return c.json({ week, weekly_active_sessions: await deps.telemetry.sessionsIn(week) }, 200);
  });
};
