import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { ServiceFacts } from "../../adapters/ports/slo/history.ts";
import type { MeasuredObjective } from "../../adapters/ports/slo/objectives.ts";
import type { Guards } from "../../auth/guards.ts";
import { achievementNames, progressOf } from "../../domain/slo/achievement.ts";
import type { ObjectiveRecord } from "../../domain/slo/achievement.ts";
import { isInsufficient, statusOf } from "../../domain/slo/status.ts";
import { id, jsonAnswer, like, problems, tenantPageQuery } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { paged } from "../../http/paging.ts";
import { dateText } from "./history-contract.ts";

const name = z.enum(achievementNames);
const owner = { service_id: id, service_name: like(z.string(), "web") };

const achievementsSchema = z
  .object({
    ...owner,
    achievements: z.array(
      z.object({
        name,
        day: dateText.openapi({ description: "the UTC day at whose end it was true" }),
        objective_id: id.nullable().openapi({ description: "by which objective; null: by the service itself" }),
      }),
    ),
  })
  .openapi("ServiceAchievements");

const milestonesSchema = z
  .object({
    ...owner,
    milestones: z
      .array(
        z.object({
          name,
          current: like(z.int().min(0), 5),
          target: like(z.int().min(1), 7),
          unit: z.enum(["objectives", "domains", "days", "outages"]),
          objective_id: id.nullable().openapi({ description: "the objective that is farthest; null: it is of the service itself" }),
          achieved_on: dateText.nullable().openapi({ description: "once achieved, it is for good; null: it is not yet" }),
        }),
      )
      .openapi({ description: "each of them, as it stands now; achievements are granted by days that are over" }),
  })
  .openapi("ServiceMilestones");

/** Objectives that are measured by one statement. */
const mostMeasured = 1_000;

/** All objectives of services, and when they were measured. */
const measureAll = async (deps: Deps, customerId: number, serviceIds: readonly number[]) => {
  const all: MeasuredObjective[] = [];
  for (let afterId: number | null = null; ;) {
    const { atUs, measured } = await deps.objectiveMeasures.measure(
      { customerId, serviceIds, page: { limit: mostMeasured, afterId } },
      null,
    );
    all.push(...measured);
    afterId = measured.at(-1)?.objective.id ?? null;
    if (measured.length < mostMeasured) return { atUs, all };
  }
};

/** An objective as it stands: its last day says how long its streak is. */
const recordOf = ({ objective, tallies }: MeasuredObjective, { streaks }: ServiceFacts, atUs: number): ObjectiveRecord => ({
  objectiveId: objective.id,
  terms: objective,
  status: statusOf(objective, tallies, atUs),
  verdict: isInsufficient(tallies.window) ? "insufficient" : "good",
  streak: streaks[objective.id] ?? 0,
});

const milestonesOf = (service: ServiceFacts, objectives: readonly MeasuredObjective[], atUs: number) => {
  const progress = progressOf({
    endUs: atUs,
    trackedSinceUs: service.trackedSinceUs,
    objectives: objectives.map((one) => recordOf(one, service, atUs)),
    domains: service.domains,
    outages: service.outages,
  });
  return progress.map((one): z.infer<typeof milestonesSchema>["milestones"][number] => ({
    name: one.name,
    current: one.current,
    target: one.target,
    unit: one.unit,
    objective_id: one.objectiveId,
    achieved_on: service.achievements.find((granted) => granted.name === one.name)?.day ?? null,
  }));
};

/** `/v1/achievements`, `/v1/milestones`: what services have achieved, and how far they are with the rest. */
export const registerSloProgress = (app: App, deps: Deps, guards: Guards): void => {
  const tags = ["objectives"];

  const achievements = createRoute({
    method: "get",
    path: "/v1/achievements",
    tags,
    summary: "List what services have achieved, by service",
    middleware: [guards.viewer],
    request: { query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(achievementsSchema), "One page of services that have any"), ...problems(400, 401, 403) },
  });
  app.openapi(achievements, async (c) => {
    const page = await paged(c, c.req.valid("query"), (wanted) => deps.sloProgress.achievements(c.var.customerId, wanted));
    const represented = page.map((service) => ({
      service_id: service.id,
      service_name: service.name,
      achievements: service.achievements.map((one) => ({ name: one.name, day: one.day, objective_id: one.objectiveId })),
    }));
    return c.json(represented, 200);
  });

  const milestones = createRoute({
    method: "get",
    path: "/v1/milestones",
    tags,
    summary: "List how far services are with each achievement",
    middleware: [guards.viewer, worth(deps, costs.reading)],
    request: { query: tenantPageQuery },
    responses: { 200: jsonAnswer(z.array(milestonesSchema), "One page of services"), ...problems(400, 401, 403) },
  });
  app.openapi(milestones, async (c) => {
    const { customerId } = c.var;
    const page = await paged(c, c.req.valid("query"), (wanted) => deps.sloProgress.serviceFacts(customerId, wanted));
    const { atUs, all } = await measureAll(
      deps,
      customerId,
      page.map((service) => service.id),
    );
    const represented = page.map((service) => ({
      service_id: service.id,
      service_name: service.name,
      milestones: milestonesOf(
        service,
        all.filter(({ objective }) => objective.serviceId === service.id),
        atUs,
      ),
    }));
    return c.json(represented, 200);
  });
};
