import type { ZombieRule } from "../../domain/cost/zombie.ts";
import type { CostAccess, CostDirectory } from "../ports/cost/access.ts";
import type { CloudFacts, CloudReader } from "../ports/cost/cloud.ts";
import type { Budget } from "../ports/platform/budget.ts";
import type { Breakers } from "../ports/platform/breakers.ts";
import type { Clock } from "../ports/platform/clock.ts";
import { guardedFetch } from "../platform/guarded-fetch.ts";
import { createLimit } from "../route53/api/limit.ts";
import { type Allowance, type Ask, createAllowance, createAsk, type QueryApi } from "./ask.ts";
import { ec2 } from "./ec2-api.ts";
import { lookAtEc2 } from "./idle-ec2.ts";
import { lookAtLoadBalancers } from "./idle-load-balancers.ts";
import { loadBalancing } from "./load-balancer-api.ts";
import type { Look, Place } from "./look.ts";

export type CloudReaderOptions = {
  readonly accounts: Pick<CostDirectory, "ofCustomer">;
  /** Of a service in a region, such as `https://ec2.eu-central-1.amazonaws.com`. */
  readonly endpointOf: (service: CloudService, region: string) => string;
  readonly fetch: typeof fetch;
  readonly breakers: Pick<Breakers, "line">;
  readonly clock: Clock;
  /** 0 <= x < 1, for the jitter of retries. */
  readonly random: () => number;
  /** How long an answer may take. */
  readonly timeoutMs: number;
  /** What may be sent in the name of one account, retries included; default 300. */
  readonly mostRequests?: number;
};

/** The services that are asked, by the first part of their endpoints' names. */
export type CloudService = "ec2" | "elasticloadbalancing";

type Reading = {
  readonly service: CloudService;
  readonly api: QueryApi;
  readonly look: (ask: Ask, place: Place) => Promise<Look>;
};

const readings: readonly Reading[] = [
  { service: "ec2", api: ec2, look: lookAtEc2 },
  { service: "elasticloadbalancing", api: loadBalancing, look: lookAtLoadBalancers },
];

const rules: readonly ZombieRule[] = ["address-unassociated", "volume-unattached", "stopped-instance-volumes", "load-balancer-idle"];

/** A region that hangs leaves the others theirs. */
const sideBySide = 3;

/** What is the same of two accounts that look into one, or of a page and the next, is once. */
const once = <Fact extends { readonly id: string }>(seen: Set<string>, facts: readonly Fact[]): readonly Fact[] =>
  facts.filter(({ id }) => {
    const isNew = !seen.has(id);
    seen.add(id);
    return isNew;
  });

/** Looks into the accounts of customers, service by service and region by region, each for itself. */
export const createCloudReader = (options: CloudReaderOptions): CloudReader => {
  const { accounts, endpointOf, breakers, clock, mostRequests = 300 } = options;

  /** @param fetch heeds the account's circuit breaker */
  const lookInto = async (
    { service, api, look }: Reading,
    access: CostAccess,
    region: string,
    { budget, take, fetch }: { readonly budget: Budget; readonly take: Allowance; readonly fetch: typeof globalThis.fetch },
  ) => {
    const [first = ""] = access.awsAccounts;
    const ask = createAsk({ ...options, api, endpoint: endpointOf(service, region), region, keys: access.keys, budget, take, fetch });
    const accountOf = (owner: string | null) => (owner !== null && access.awsAccounts.includes(owner) ? owner : first);
    const { gaps, ...found } = await look(ask, { region, accountOf });
    return {
      ...found,
      // A gap is one of every account that something of this one may be known by.
      unknown: gaps.flatMap(({ rule }) => access.awsAccounts.map((account) => ({ rule, account }))),
      unread: gaps.map(({ action, problem }) => ({ source: `${service}:${action} of ${first} in ${region}`, problem })),
    };
  };

  const into = async (access: CostAccess, budget: Budget, inTurn: ReturnType<typeof createLimit>): Promise<readonly CloudFacts[]> => {
    const { customerId, id: accountId } = access;
    const line = breakers.line({ kind: "ec2", customerId, accountId });
    const means = { budget, take: createAllowance(mostRequests), fetch: guardedFetch(options.fetch, line, clock) };
    const looks = access.regions.flatMap((region) => readings.map((reading) => ({ region, reading })));
    return await Promise.all(
      looks.map(async ({ region, reading }) => await inTurn(async () => await lookInto(reading, access, region, means))),
    );
  };

  return {
    of: async (customerId, budget) => {
      let accesses: readonly CostAccess[];
      try {
        accesses = await accounts.ofCustomer(customerId);
      } catch {
        const unread = [{ source: "the accounts whose costs are watched", problem: "the database does not answer" }];
        const unknown = rules.map((rule) => ({ rule, account: null }));
        return [{ addresses: [], volumes: [], stoppedInstances: [], idleLoadBalancers: [], unknown, unread }];
      }
      const inTurn = createLimit(sideBySide);
      const facts = (await Promise.all(accesses.map(async (access) => await into(access, budget, inTurn)))).flat();
      const seen = new Set<string>();
      return facts.map((one) => ({
        ...one,
        addresses: once(seen, one.addresses),
        volumes: once(seen, one.volumes),
        stoppedInstances: once(seen, one.stoppedInstances),
        idleLoadBalancers: once(seen, one.idleLoadBalancers),
      }));
    },
  };
};
