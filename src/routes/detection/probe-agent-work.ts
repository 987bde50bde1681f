import { createRoute, z } from "@hono/zod-openapi";
import type { AgentDomain } from "../../adapters/ports/detection/probe-agents.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { agentGuard } from "../../auth/agent-signature.ts";
import type { AgentReading } from "../../domain/detection/agent-reading.ts";
import { readingFault } from "../../domain/detection/agent-reading.ts";
import { jsonListBody } from "../../http/body.ts";
import { jsonAnswer, jsonRequest, pageQuery, problems } from "../../http/contract.ts";
import { sha256Hex } from "../../http/digest.ts";
import type { App } from "../../http/env.ts";
import { isKnown } from "../../http/etag.ts";
import { acceptKey } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import { targetsOf } from "../../pipeline/detection/probing.ts";
import type { Rejection } from "./probe-agent-contract.ts";
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

const isRejection = (value: AgentReading | Rejection): value is Rejection => "pointer" in value;

/** `/v1/probe-agents/targets` and `/samples`: what a probe agent itself asks and tells. Its authority ends here. */
export const registerProbeAgentWork = (app: App, deps: WorkDeps): void => {
  const tags = ["detection"];
  const security = [{ probeAgent: [] }];
  const { intervalMs, timeoutMs, path: defaultPath } = deps.config.probe;

  const targets = createRoute({
    method: "get",
    path: "/v1/probe-agents/targets",
    tags,
    security,
    summary: "Of a probe agent: read what there is to probe",
    description: "By pages. `X-Tranche-Time` is the database's clock in milliseconds, by which slots begin.",
    middleware: [agentGuard(deps)],
    request: { query: pageQuery },
    responses: {
      200: jsonAnswer(targetsSchema, "One page of domains, each with its paths"),
      304: { description: "What the agent has by `If-None-Match` is what there is" },
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
    responses: { 200: jsonAnswer(keptSchema, "What became of each of them"), ...problems(400, 401, 413, 415) },
  });
  app.openapi(samples, async (c) => {
    await acceptKey(c);
    const { probeAgent: agent } = c.var;
    const { readings, version = null } = c.req.valid("json");
    const rejected: Rejection[] = [];
    const good: AgentReading[] = [];
    const places: number[] = [];
    const seen = new Set<string>();
    for (const [at, value] of readings.entries()) {
      const reading = readReading(value);
      const fault = isRejection(reading) ? reading : (readingFault(reading, { intervalMs, timeoutMs }) ?? null);
      const reject = (pointer: string, detail: string): void => void rejected.push({ pointer: `/readings/${at}${pointer}`, detail });
      if (isRejection(reading)) reject(reading.pointer, reading.detail);
      else if (fault !== null) reject("at" in fault ? fault.at : "", fault.detail);
      else {
        const key = `${reading.domainId}/${reading.path}/${reading.slotMs}`;
        if (seen.has(key)) reject("", "is of a path and slot of which there is another one in this batch");
        else {
          seen.add(key);
          places.push(at);
          good.push(reading);
        }
      }
    }
    const kept =
      good.length === 0
        ? { taken: 0, fates: new Map<number, never>() }
        : await deps.probeAgents.keep(agent, good, { clockSkewMs: agent.skewMs, version });
    return c.json(representKept(kept, places, rejected), 200);
  });
};
