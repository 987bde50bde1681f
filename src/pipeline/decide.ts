import type { Intent, RoundDecisions } from "../adapters/ports/detection/round.ts";
import type { PolicyView, RoundService, Sample, ShardView } from "../adapters/ports/detection/round-view.ts";
import type { CreditTerms } from "../domain/billing/credit.ts";
import { everyStorm } from "../domain/billing/credit.ts";
import type { Vantage } from "../domain/detection/vantage.ts";
import { dueIntents } from "./steering/attempts.ts";
import { claimFor } from "./steering/claim.ts";
import { seenHealthy } from "./detection/healthy.ts";
import { judgePolicy } from "./detection/judge-policy.ts";
import { toRemember } from "./steering/members.ts";
import { asFound, withDiscoveries } from "./detection/paths.ts";
import type { DomainReading } from "./steering/live-records.ts";
import { changedRouting, steer } from "./steering/steer.ts";
import type { Judging } from "./slo/states.ts";
import { stateChange } from "./slo/states.ts";

/** A service's domains to be stored: their records as read, and discovered targets. */
const updates = (
  service: RoundService,
  samples: readonly Sample[],
  read: ReadonlyMap<number, DomainReading>,
  intents: readonly Intent[],
): RoundDecisions["domains"] =>
  service.domains.flatMap((domain) => {
    const reading = read.get(domain.domainId);
    const current = reading?.routing ?? domain.routing;
    if (current === null) return [];
    const discovered = withDiscoveries(domain, current, samples);
    const intent = intents.find(({ domainId }) => domainId === domain.domainId);
    const group = intent === undefined ? null : toRemember(discovered, intent);
    const updated = group === null ? discovered : { ...discovered, group };
    if (reading === undefined && updated === current) return [];
    return [{ domainId: domain.domainId, serviceId: service.serviceId, ...updated }];
  });

/**
 * All decisions of a round, from what it read: no I/O. The database's figures are evaluated, storms change
 * state, and differences between live and desired weights become intents.
 */
export const decideRound = (
  services: readonly RoundService[],
  vantages: readonly Vantage[],
  policies: readonly PolicyView[],
  samples: readonly Sample[],
  read: readonly DomainReading[],
  freeze: ShardView["freeze"],
  nowMs: number,
  credit: CreditTerms = everyStorm,
  judging: Judging = { judgedAtMs: null, intervalMs: 10_000 },
): RoundDecisions => {
  const fresh = new Map(read.map((reading) => [reading.domainId, reading]));
  const byService = Map.groupBy(policies, (policy) => policy.serviceId);
  const samplesByService = Map.groupBy(samples, (sample) => sample.serviceId);
  const perService = services.map((known) => {
    const service = { ...known, domains: known.domains.map((domain) => asFound(domain, fresh.get(domain.domainId)?.routing)) };
    const own = byService.get(service.serviceId) ?? [];
    const judged = own.map((policy) => judgePolicy(service, policy, vantages, nowMs, credit));
    const healthy = seenHealthy(service, judged, nowMs);
    const state = stateChange(service, own, vantages, fresh, judging, nowMs);
    return {
      service,
      storms: judged.flatMap(({ decision }) => decision ?? []),
      healthy,
      state,
      ...steer(service, judged, fresh, freeze, nowMs),
    };
  });
  const due = dueIntents(
    services,
    perService.flatMap(({ intents }) => intents),
    fresh,
    nowMs,
  );
  const dueByService = Map.groupBy(due.intents, ({ serviceId }) => serviceId);
  const claims = perService.flatMap(({ service, routing }) =>
    routing === null ? [] : [{ before: service.routing, ...claimFor(service, routing, fresh, dueByService.get(service.serviceId) ?? []) }],
  );
  return {
    storms: perService.flatMap(({ storms }) => storms),
    healthy: perService.flatMap(({ healthy }) => healthy),
    services: claims.flatMap(({ before, routing }) => changedRouting(before, routing) ?? []),
    unreached: claims.flatMap(({ before, routing, unreached }) =>
      before?.state === routing.state && before.reason === routing.reason ? [] : unreached,
    ),
    domains: services.flatMap((service) =>
      updates(service, samplesByService.get(service.serviceId) ?? [], fresh, dueByService.get(service.serviceId) ?? []),
    ),
    resolved: read.flatMap(({ resolved }) => resolved),
    ...due,
    drifts: perService.flatMap(({ drifts }) => drifts),
    contests: perService.flatMap(({ contests }) => contests),
    states: perService.flatMap(({ state }) => state ?? []),
  };
};
