import { costSealingContext } from "../../domain/cost/sealing.ts";
import type { SealedCostAccounts } from "../db/cost/accounts.ts";
import type { CostAccess, CostDirectory } from "../ports/cost/access.ts";
import type { SealedCostAccount } from "../ports/cost/accounts.ts";
import type { KeySource } from "../ports/platform/aws-keys.ts";
import type { Secrets } from "../ports/platform/secrets.ts";
import { fixedKeys } from "../aws/keys.ts";
import { Route53Error } from "../route53/api/error.ts";
import type { Role } from "../route53/role.ts";

export type CostDirectoryOptions = {
  readonly accounts: SealedCostAccounts;
  /** Null where SECRETS_KEY is not set. */
  readonly secrets: Secrets | null;
  /** How a role is assumed, at STS of a region; null: the operator has no credentials to do it with. */
  readonly assume: ((region: string, role: Role) => KeySource) | null;
};

/** Most roles whose sessions are kept; beyond that the least recently used are forgotten, and assumed anew. */
const mostRoles = 1_000;

/** Keys that there are not. */
const noKeys = (reason: string): KeySource => ({
  get: () =>
    Promise.reject(
      new Route53Error({ code: "unusable", messages: [reason], httpStatus: null, requestId: null, retryable: false, uncertain: false }),
    ),
  drop: () => {},
});

/** Customers' ways to the AWS accounts whose costs are watched. A role's session is kept from one reading to the next. */
export const createCostDirectory = ({ accounts, secrets, assume }: CostDirectoryOptions): CostDirectory => {
  /** In the order of last use. */
  const sessions = new Map<string, KeySource>();

  const sessionOf = (region: string, role: Role): KeySource => {
    if (assume === null) return noKeys(`the role ${role.roleArn} cannot be assumed: the operator has no AWS credentials`);
    const key = JSON.stringify([region, role]);
    const session = sessions.get(key) ?? assume(region, role);
    sessions.delete(key);
    sessions.set(key, session);
    for (const oldest of sessions.keys()) {
      if (sessions.size <= mostRoles) break;
      sessions.delete(oldest);
    }
    return session;
  };

  const keysOf = async (account: SealedCostAccount): Promise<KeySource> => {
    const { customerId, accessKeyId, sealedSecret, roleArn, externalId, region } = account;
    if (roleArn !== null && externalId !== null) return sessionOf(region, { roleArn, externalId });
    if (secrets === null) return noKeys("the key of the account cannot be used: SECRETS_KEY is not set");
    try {
      if (accessKeyId === null || sealedSecret === null) throw new TypeError("neither a key nor a role");
      const secretAccessKey = await secrets.open(sealedSecret, costSealingContext(customerId, accessKeyId));
      return fixedKeys({ accessKeyId, secretAccessKey });
    } catch {
      return noKeys("the secret of the account cannot be unsealed: store it anew");
    }
  };

  const accessTo = async (account: SealedCostAccount): Promise<CostAccess> => {
    const { accessKeyId: _key, sealedSecret: _secret, roleArn: _role, externalId: _external, ...known } = account;
    return { ...known, keys: await keysOf(account) };
  };

  return {
    page: async (afterId, limit) => await Promise.all((await accounts.page(afterId, limit)).map(accessTo)),
    ofCustomer: async (customerId) => await Promise.all((await accounts.ofCustomer(customerId)).map(accessTo)),
    of: async (customerId, id) => {
      const account = await accounts.of(customerId, id);
      return account === null ? null : await accessTo(account);
    },
  };
};
