import { createApp } from "../../src/app.ts";
import type { TxtReading } from "../../src/adapters/ports/steering/resolver.ts";
import { checkOwnership } from "../../src/cron/check-ownership.ts";
import type { Api, Json } from "./api.ts";

/** What the public DNS says of TXT records, for an application that asks it; a name that is missing has none. */
export const proving = (api: Api) => {
  const published: Record<string, string[]> = {};
  const dns = { silent: false };
  const resolver = {
    txt: async (name: string): Promise<readonly TxtReading[]> =>
      ["a.test", "b.test"].map((host) =>
        dns.silent ? { resolver: host, status: "silent" } : { resolver: host, status: "answered", texts: published[name] ?? [] },
      ),
  };
  Object.assign(api.app, { request: createApp({ ...api.deps, resolver }).request });
  // The database goes by its own clock: what is a day later for it is so for the application.
  api.time.nowMs = Date.now();

  const claim = async (token: string, name: string) => {
    const service = await api.service(token, name.replaceAll(".", "-"));
    const domain: Json = await api.created(`/v1/services/${service.id}/domains`, { name }, { token });
    const { record_name: record, record_value: value } = domain["verification"] as { record_name: string; record_value: string };
    const own = `/v1/services/${service.id}/domains/${domain.id}`;
    return { id: domain.id, serviceId: service.id, record, value, own, path: `${own}/verification`, token };
  };
  type Claim = Awaited<ReturnType<typeof claim>>;

  return {
    published,
    dns,
    claim,
    publish: (one: Claim) => void (published[one.record] = [...(published[one.record] ?? []), one.value]),
    withdraw: (one: Claim) => void (published[one.record] = (published[one.record] ?? []).filter((text) => text !== one.value)),
    verify: async (one: Claim, headers: Record<string, string> = {}) => await api.call("POST", one.path, { token: one.token, headers }),
    read: async (one: Claim) => (await api.call("GET", one.path, { token: one.token })).body,
    override: async (one: Claim, mode: string) =>
      await api.call("PUT", `/v1/services/${one.serviceId}/routing/override`, { token: one.token, body: { mode, reason: "test" } }),
    /** So many hours go by, in which the job runs as it does: at least every hour. */
    pass: async (hours: number) => {
      for (let hour = 0; hour < hours; hour += 1) {
        api.time.nowMs += 3_600_000;
        const fence = await api.deps.leases.acquire("job:check-ownership", "local", crypto.randomUUID());
        if (fence === null) throw new Error("the lease is taken");
        await checkOwnership(
          { ownership: api.deps.ownership, resolver, clock: api.clock, log: api.log, requireProof: api.deps.config.domainVerification },
          fence,
        );
        await api.deps.leases.release(fence);
      }
    },
  };
};
