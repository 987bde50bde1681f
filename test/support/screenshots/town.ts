import { startToyCdn } from "../../../local/cdn/toy-cdn.ts";
import type { ToyCdn } from "../../../local/cdn/toy-cdn.ts";
import type { Api } from "../../../local/drill/api.ts";
import { createApi } from "../../../local/drill/api.ts";
import type { Duo } from "../../../local/drill/duo.ts";
import { cadence, site } from "../../../local/drill/outside.ts";

export const customer = "Example Downloads";

/** The customer of the pictures: three services of one CDN, and one of another that stays well. */
export type Town = {
  readonly customerId: number;
  readonly owner: string;
  readonly api: Api;
  readonly ids: { readonly downloads: number; readonly checkout: number; readonly images: number; readonly search: number };
  readonly objectiveId: number;
  readonly close: () => Promise<void>;
};

const policy = {
  kind: "http_availability",
  threshold_avail: 0.9,
  window_seconds: cadence.windowMs / 1_000,
  cooldown_seconds: 8,
  max_coverage_factor: 1.5,
  min_samples: 3,
  min_failures: 3,
};

/** Gives the drill's world a customer as one would be: through the public API. */
export const settle = async (world: Duo): Promise<Town> => {
  const admin = createApi(world.apiUrl, world.adminToken);
  const { id: customerId } = await admin.send<{ id: number }>("POST", "/v1/customers", { name: customer });
  const { token: owner } = await admin.send<{ token: string }>("POST", `/v1/customers/${customerId}/tokens`, {
    name: "dana@example.test",
    role: "owner",
  });
  const api = createApi(world.apiUrl, owner);
  const mint = (name: string, role: string) => api.send("POST", `/v1/customers/${customerId}/tokens`, { name, role });
  await mint("deploys", "editor");
  await mint("wall screen", "viewer");
  const calm: readonly ToyCdn[] = [await startToyCdn({ name: "fastly" }), await startToyCdn({ name: "cloudfront" })];

  const pair = (host: string): void =>
    world.route53.seed(
      world.zoneId,
      (["primary", "backup"] as const).map((side) => ({
        name: host,
        type: "CNAME",
        ttlSeconds: 5,
        setIdentifier: side,
        weight: side === "primary" ? 100 : 0,
        values: [site[side]],
      })),
    );

  const service = async (name: string, terms: object, cdns: readonly [ToyCdn, ToyCdn], hosts: readonly string[]): Promise<number> => {
    const { id } = await api.send<{ id: number }>("POST", "/v1/services", { name, downtime_cents_per_minute: 12_000, ...terms });
    for (const host of hosts) {
      if (host !== site.host) pair(host);
      await api.send("POST", `/v1/services/${id}/domains`, { name: host, primary_target: cdns[0].url, backup_target: cdns[1].url });
    }
    await api.send("POST", `/v1/services/${id}/storm-policies`, policy);
    return id;
  };
  const { primary, backup } = world.cdns;
  const cloudflare = { primary_cdn: "cloudflare", backup_cdn: "fastly" };
  const ids = {
    downloads: await service(
      "downloads",
      { ...cloudflare, failback_steps: [10, 50, 100], failback_step_seconds: 12 },
      [primary, backup],
      [site.host, "get.example.test"],
    ),
    checkout: await service("checkout", cloudflare, [primary, backup], ["checkout.example.test"]),
    search: await service("search", cloudflare, [primary, backup], ["search.example.test"]),
    images: await service(
      "images",
      { primary_cdn: "fastly", backup_cdn: "cloudfront" },
      [calm[0] as ToyCdn, calm[1] as ToyCdn],
      ["images.example.test"],
    ),
  };
  await api.send("PUT", `/v1/services/${ids.search}/routing/override`, { mode: "frozen", reason: "the index is being rebuilt, OPS-412" });
  const objective = async (id: number, target: number) =>
    await api.send<{ id: number }>("POST", `/v1/services/${id}/objectives`, { name: "visitors are served", target });
  const { id: objectiveId } = await objective(ids.downloads, 99.99);
  await objective(ids.checkout, 99.9);
  await objective(ids.images, 99.5);
  return {
    customerId,
    owner,
    api,
    ids,
    objectiveId,
    close: async () => void (await Promise.all(calm.map((cdn) => cdn.close()))),
  };
};
