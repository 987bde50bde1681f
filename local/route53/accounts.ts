import { accessDenied } from "./api-error.ts";
import type { HealthChecks } from "./health-checks.ts";
import { createHealthChecks } from "./health-checks.ts";
import type { IamRequest } from "./iam.ts";
import { evaluate } from "./iam.ts";
import type { PolicyDocument } from "./iam-document.ts";
import { checkPolicies } from "./iam-document.ts";
import type { Credentials } from "./sigv4.ts";
import type { TokenBucket } from "./throttle.ts";
import { createTokenBucket } from "./throttle.ts";

/** An AWS account as far as Route 53 knows it: a key of it, its own zones and health checks, and its own request rate. */
export interface AccountOptions {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  /** Twelve digits; sessions of roles in this account belong to it. */
  accountId?: string;
  requestsPerSecond?: number;
  burst?: number;
  /** Attached to the user whose key this is; absent: may do everything. */
  policies?: readonly PolicyDocument[];
}

/** What a local STS has given out. `policies`: those of the role, absent where it may do everything. */
export type Session = Credentials & { accountId?: string; policies?: readonly PolicyDocument[]; arn?: string };

export interface Account {
  readonly accountId: string;
  readonly bucket: TokenBucket;
  readonly healthChecks: HealthChecks;
}

export interface Caller {
  readonly account: Account;
  readonly arn: string;
  readonly policies: readonly PolicyDocument[] | null;
}

export interface Accounts {
  /** The first one is the server's own. */
  readonly all: readonly Account[];
  credentials(accessKeyId: string): Credentials | undefined;
  /** Who calls with this key, which `credentials` knows. */
  caller(accessKeyId: string): Caller;
  /** The account with that key; the first one where none is named. Throws where nobody has the key. */
  owner(accessKeyId: string | undefined): Account;
  /** Takes the place of what was attached; null: may do everything. Throws PolicyError where IAM would not attach it. */
  attach(accessKeyId: string, policies: readonly PolicyDocument[] | null): void;
}

export interface AccountsOptions {
  accounts: readonly AccountOptions[];
  sessions: (accessKeyId: string) => Session | undefined;
  requestsPerSecond: number;
  burst: number;
  privateHealthChecks: boolean;
  now: () => number;
}

/** The accounts behind one endpoint, as Route 53 has one for all of them. */
export function createAccounts({ sessions, now, ...options }: AccountsOptions): Accounts {
  const users = new Map<string, { account: Account; credentials: Credentials }>();
  const attached = new Map<string, readonly PolicyDocument[]>();
  const attach: Accounts["attach"] = (accessKeyId, policies) => {
    if (policies === null) return void attached.delete(accessKeyId);
    checkPolicies(policies);
    attached.set(accessKeyId, structuredClone(policies));
  };
  options.accounts.forEach(({ accountId, requestsPerSecond, burst, policies, ...credentials }, index) => {
    const account: Account = {
      accountId: accountId ?? String(123_456_789_012 + index),
      bucket: createTokenBucket({ ratePerSecond: requestsPerSecond ?? options.requestsPerSecond, burst: burst ?? options.burst, now }),
      healthChecks: createHealthChecks(options.privateHealthChecks),
    };
    users.set(credentials.accessKeyId, { account, credentials });
    if (policies) attach(credentials.accessKeyId, policies);
  });
  const all = [...users.values()].map(({ account }) => account);
  const [first] = all;
  if (!first) throw new Error("no account");

  return {
    all,
    attach,
    credentials: (accessKeyId) => users.get(accessKeyId)?.credentials ?? sessions(accessKeyId),
    owner(accessKeyId) {
      const user = accessKeyId === undefined ? { account: first } : users.get(accessKeyId);
      if (!user) throw new Error(`no account has the key ${accessKeyId}`);
      return user.account;
    },
    caller(accessKeyId) {
      const user = users.get(accessKeyId);
      const session = user ? undefined : sessions(accessKeyId);
      const account = user?.account ?? all.find(({ accountId }) => accountId === session?.accountId) ?? first;
      const policies = attached.get(accessKeyId) ?? session?.policies ?? null;
      return { account, policies, arn: session?.arn ?? `arn:aws:iam::${account.accountId}:user/local` };
    },
  };
}

/** Throws the AccessDenied (403) of a call that the caller's policies do not allow. */
export function authorize({ arn, policies }: Caller, request: IamRequest): void {
  if (policies === null) return;
  const decision = evaluate(policies, request);
  if (decision !== "allowed") throw accessDenied(arn, request.action, request.resource, decision === "explicit-deny");
}
