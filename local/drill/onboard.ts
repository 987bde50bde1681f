import type { Api } from "./api.ts";
import { createApi } from "./api.ts";
import type { Outside } from "./outside.ts";
import { cadence, site } from "./outside.ts";

export const policy = { threshold: 0.9, minFailures: 3 } as const;

/** One customer with one service, through the public API. */
export const onboard = async (
  world: Outside & { readonly apiUrl: string },
): Promise<{ readonly api: Api; readonly customerId: number; readonly serviceId: number }> => {
  const admin = createApi(world.apiUrl, world.adminToken);
  const customer = await admin.send<{ id: number }>("POST", "/v1/customers", { name: "Example Downloads" });
  const { token } = await admin.send<{ token: string }>("POST", `/v1/customers/${customer.id}/tokens`, { name: "drill", role: "editor" });
  const api = createApi(world.apiUrl, token);
  const service = await api.send<{ id: number }>("POST", "/v1/services", {
    name: "downloads",
    primary_cdn: "cloudflare",
    backup_cdn: "fastly",
  });
  await api.send("POST", `/v1/services/${service.id}/domains`, {
    name: site.host,
    primary_target: world.cdns.primary.url,
    backup_target: world.cdns.backup.url,
  });
  await api.send("POST", `/v1/services/${service.id}/storm-policies`, {
    kind: "http_availability",
    threshold_avail: policy.threshold,
    window_seconds: cadence.windowMs / 1_000,
    cooldown_seconds: cadence.cooldownMs / 1_000,
    max_coverage_factor: 1.5,
    min_samples: 3,
    min_failures: policy.minFailures,
  });
  return { api, customerId: customer.id, serviceId: service.id };
};
