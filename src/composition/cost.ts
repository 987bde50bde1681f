import { createCostDirectory } from "../adapters/cost/directory.ts";
import { createCostAccountStore, sealedCostAccounts } from "../adapters/db/cost/accounts.ts";
import type { Database } from "../adapters/db/platform/client.ts";
import type { CostDeps } from "../adapters/ports/deps.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { Random } from "../adapters/ports/platform/random.ts";
import type { Config } from "../config.ts";
import type { AwsRoles } from "./aws.ts";
import { secretBox } from "./platform.ts";

type Needs = {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly fetch: typeof fetch;
  readonly roles: AwsRoles;
};

/** What CDNs and clouds cost: the accounts whose costs are watched. */
export const buildCost = ({ config, db, random, roles }: Needs): CostDeps => {
  const secrets = secretBox(config, random);
  return {
    costAccounts: createCostAccountStore(db, secrets, config.quotas),
    costDirectory: createCostDirectory({ accounts: sealedCostAccounts(db), secrets, assume: roles.assume }),
  };
};
