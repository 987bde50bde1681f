import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { sharedSecret } from "../../auth/shared-secret.ts";
import { AppError } from "../../errors.ts";
import { problems } from "../../http/contract.ts";
import type { App, AppMiddleware } from "../../http/env.ts";
import { prometheusType, renderMetrics } from "../../http/prometheus.ts";
import { version } from "../../version.ts";
import { metricFamilies } from "./metric-families.ts";

type MetricsDeps = Pick<Deps, "config" | "metrics" | "sealKeys" | "rateLimits" | "clientAddress">;

/** METRICS_TOKEN as a bearer token; without one configured the answer is 404. */
const scraper = (deps: MetricsDeps): AppMiddleware =>
  sharedSecret(
    deps,
    deps.config.metricsToken,
    () => new AppError("unauthenticated", "the metrics token is required", { headers: { "www-authenticate": "Bearer" } }),
  );

/** `/metrics`: for Prometheus. */
export const registerMetrics = (app: App, deps: MetricsDeps): void => {
  const read = createRoute({
    method: "get",
    path: "/metrics",
    tags: ["operation"],
    summary: "Read the metrics of the whole installation",
    middleware: [scraper(deps)],
    security: [{ metrics: [] }],
    responses: {
      200: { description: "Prometheus text format 0.0.4", content: { "text/plain": { schema: z.string() } } },
      ...problems(401, 404),
    },
  });
  app.openapi(read, async (c) => {
    const [reading, keys] = await Promise.all([deps.metrics.read(), deps.sealKeys()]);
    const families = metricFamilies(reading, keys, { version, provider: deps.config.provider });
    return c.text(renderMetrics(families), 200, { "content-type": prometheusType, "cache-control": "no-store" });
  });
};
