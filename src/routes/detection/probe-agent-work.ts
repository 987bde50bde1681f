import { createRoute, z } from "@hono/zod-openapi";
import type { AgentDomain } from "../../adapters/ports/detection/probe-agents.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { agentGuard } from "../../auth/agent-signature.ts";
import type { AgentReading, ReadingFault } from "../../domain/detection/agent-reading.ts";
import { readingFault } from "../../domain/detection/agent-reading.ts";
import { jsonListBody } from "../../http/body.ts";
import { jsonAnswer, jsonRequest, pageQuery, problems } from "../../http/contract.ts";
import { sha256Hex } from "../../http/digest.ts";
import type { App } from "../../http/env.ts";
import { isKnown } from "../../http/etag.ts";
import { acceptKey } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import { targetsOf } from "../../pipeline/detection/probing.ts";
import { keptSchema, readReading, representKept, samplesInput, targetsSchema } from "./probe-agent-contract.ts";

type WorkDeps = Pick<Deps, "config" | "probeAgents" | "rateLimits" | "clientAddress">;

/** The paths of a domain that an agent is to probe: those of a round, of a verified domain. */
const domainOf = (domain: AgentDomain, defaultPath: string): z.infer<typeof targetsSchema>["domains"][number] => {
  const probed = { ...domain, domainId: domain.id, verified: true, turns: null, routing: null };
  const targets = targetsOf({ ...domain, domains: [probed] }, defaultPath, 0, false);
  return {
    domain_id: domain.id,
    service_id: domain.serviceId,
    customer_id: domain.customerId,
    expect_status: domain.expectStatus,
    paths: targets.map(({ path, url, setup, cdn }) => ({ path, url, setup, cdn })),
  };
};

/** The clock by which slots begin. A refusal says it as well. */
const headers = {
  "X-Tranche-Time": { description: "the database's time, in epoch milliseconds", required: true, schema: { type: "integer" as const } },
};

const isRejection = (value: AgentReading | ReadingFault): value is ReadingFault => "pointer" in value;

/** `/v1/probe-agents/targets` and `/samples`: what a probe agent itself asks and tells. Its authority ends here. */
export const registerProbeAgentWork = (app: App, deps: WorkDeps): void => {
  const tags = ["probe-agents"];
  const security = [{ probeAgent: [] }];
  const { intervalMs, timeoutMs, path: defaultPath } = deps.config.probe;

  const targets = createRoute({
    method: "get",
    path: "/v1/probe-agents/targets",
    tags,
    security,
    summary: "Of a probe agent: read what there is to probe",
    description: "By pages. The names of verified domains alone, where a proof is required.",
    middleware: [agentGuard(deps)],
    request: { query: pageQuery },
    responses: {
      200: { ...jsonAnswer(targetsSchema, "One page of domains, each with its paths"), headers },
      304: { description: "What the agent has by `If-None-Match` is what there is", headers },
      ...problems(400, 401),
    },
  });
  app.openapi(targets, async (c) => {
    const domains = await paged(c, c.req.valid("query"), deps.probeAgents.domains);
    const answer = { interval_ms: intervalMs, timeout_ms: timeoutMs, domains: domains.map((one) => domainOf(one, defaultPath)) };
    // Of the link as well: there may be a further page where there was none.
    const etag = `"${(await sha256Hex(JSON.stringify([answer, c.res.headers.get("link")]))).slice(0, 32)}"`;
    c.header("etag", etag);
    if (isKnown(c.req.header("if-none-match"), etag)) return c.body(null, 304);
    return c.json(answer, 200);
  });

  const samples = createRoute({
    method: "post",
    path: "/v1/probe-agents/samples",
    tags,
    security,
    summary: "Of a probe agent: tell what was seen in the slots of the last minute",
    description:
      "Each reading is taken or not by itself, and once: a batch that comes twice changes nothing. What is older than a minute is of no use.",
    middleware: [agentGuard(deps, jsonListBody)],
    request: { query: z.strictObject({}), body: jsonRequest(samplesInput) },
    responses: { 200: { ...jsonAnswer(keptSchema, "What became of each of them"), headers }, ...problems(400, 401, 413, 415) },
  });
  app.openapi(samples, async (c) => {
    await acceptKey(c);
    const { probeAgent: agent } = c.var;
    const { readings, version = null } = c.req.valid("json");
    const rejected: ReadingFault[] = [];
    const good: AgentReading[] = [];
    const places: number[] = [];
    const seen = new Set<string>();
    for (const [at, value] of readings.entries()) {
      const reading = readReading(value);
      const fault = isRejection(reading) ? reading : readingFault(reading, { intervalMs, timeoutMs });
      const key = isRejection(reading) ? "" : `${reading.domainId}/${reading.path}/${reading.slotMs}`;
      if (isRejection(reading) || fault !== null || seen.has(key)) {
        const { pointer, detail } = fault ?? { pointer: "", detail: "is of a path and slot of which there is another one in this batch" };
        rejected.push({ pointer: `/readings/${at}${pointer}`, detail });
        continue;
      }
      seen.add(key);
      places.push(at);
      good.push(reading);
    }
    const kept =
      good.length === 0
        ? { taken: 0, fates: new Map<number, never>() }
        : await deps.probeAgents.keep(agent, good, { clockSkewMs: agent.skewMs, version });
    return c.json(representKept(kept, places, rejected), 200);
  });
};
