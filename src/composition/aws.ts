import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { KeySource } from "../adapters/ports/platform/aws-keys.ts";
import type { Random } from "../adapters/ports/platform/random.ts";
import type { Role } from "../adapters/route53/role.ts";
import { createRole } from "../adapters/route53/role.ts";
import type { OwnRoleTrust } from "../adapters/route53/trust.ts";
import { createRoleTrust } from "../adapters/route53/trust.ts";
import type { Config } from "../config.ts";
import { toHex } from "../domain/platform/hex.ts";
import { endpointOf } from "../domain/steering/aws-partition.ts";

/** Time-out of STS. */
const stsTimeoutMs = 5_000;

/** Customers' roles, as the operator's credentials assume them. Both null: there are none. */
export type AwsRoles = {
  readonly roleTrust: OwnRoleTrust | null;
  readonly assume: ((region: string, role: Role) => KeySource) | null;
  /** STS of a region. */
  readonly stsOf: (region: string) => string;
};

type Needs = { readonly config: Config; readonly clock: Clock; readonly random: Random; readonly fetch: typeof fetch };

/** How roles of customers are assumed, and how far they trust others. One for all of a deployment: it knows the operator's own account. */
export const buildAwsRoles = ({ config, clock, random, fetch }: Needs): AwsRoles => {
  const { credentials, region: home, stsEndpoint } = config.route53;
  const stsOf = (region: string) => stsEndpoint ?? endpointOf("sts", region);
  if (credentials === null) return { roleTrust: null, assume: null, stsOf };
  const common = { credentials, fetch, clock, timeoutMs: stsTimeoutMs };
  const roleTrust = createRoleTrust({
    ...common,
    home: { endpoint: stsOf(home), region: home },
    endpointOf: stsOf,
    strangeId: () => `tranche-nobody-${toHex(random.bytes(16))}`,
  });
  return {
    roleTrust,
    assume: (region, role) => roleTrust.foreignOnly(role.roleArn, createRole({ ...common, ...role, endpoint: stsOf(region), region })),
    stsOf,
  };
};
