import type { RoleTrust } from "../../domain/steering/role-trust.ts";
import { accountOfRole } from "../../domain/steering/role-trust.ts";
import type { Budget } from "../ports/platform/budget.ts";
import type { Clock } from "../ports/platform/clock.ts";
import type { RoleTrustCheck } from "../ports/steering/dns-access.ts";
import { failureOf, Route53Error, unansweredError, unsentError } from "./api/error.ts";
import type { Credentials, KeySource } from "../aws/keys.ts";
import type { Service } from "./api/send.ts";
import { createSend } from "./api/send.ts";
import { child, text } from "../aws/xml.ts";

export type TrustOptions = {
  /** STS of the operator's own credentials. */
  readonly home: { readonly endpoint: string; readonly region: string };
  /** STS of a region, where a role there is assumed. */
  readonly endpointOf: (region: string) => string;
  readonly credentials: Credentials;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** An unused external id. */
  readonly strangeId: () => string;
};

const sts: Service = { name: "sts", label: "STS", root: "", contentType: "application/x-www-form-urlencoded" };
const version = "2011-06-15";

/** Also guards the use of a role: `foreignOnly` refuses one that turns out to be in the operator's own AWS account. */
export type OwnRoleTrust = RoleTrustCheck & { readonly foreignOnly: (roleArn: string, role: KeySource) => KeySource };

/** The identity of the operator's credentials, and how far roles trust them. */
export const createRoleTrust = (options: TrustOptions): OwnRoleTrust => {
  const { credentials, home, timeoutMs } = options;
  let account: string | null = null;

  const ask = async <T>(
    place: { endpoint: string; region: string },
    form: Readonly<Record<string, string>>,
    budget: Budget,
    read: (answer: Parameters<typeof child>[0]) => T,
  ): Promise<T> => {
    const send = createSend({ ...options, ...place, service: sts });
    const body = new URLSearchParams({ ...form, Version: version }).toString();
    const request = { method: "POST", path: "", body, root: `${form["Action"] ?? ""}Response`, read } as const;
    const sent = await budget.connection(
      { untilMs: budget.untilMs, answerMs: timeoutMs },
      async (signal) => await send(request, credentials, signal),
    );
    if (sent.status === "sent") return sent.value;
    throw sent.status === "unsent" ? unsentError("too_late", "there was no time to ask STS") : unansweredError(sts.label, timeoutMs);
  };

  const ownAccount = async (budget: Budget): Promise<string> =>
    (account ??= await ask(home, { Action: "GetCallerIdentity" }, budget, (node) =>
      text(child(node, "GetCallerIdentityResult"), "Account"),
    ));

  /** @returns null where STS did not answer */
  const isAssumed = async (region: string, roleArn: string, externalId: string | null, budget: Budget): Promise<boolean | null> => {
    const form = {
      Action: "AssumeRole",
      RoleArn: roleArn,
      RoleSessionName: "tranche-trust-check",
      DurationSeconds: "900",
      ...(externalId !== null && { ExternalId: externalId }),
    };
    try {
      return await ask({ endpoint: options.endpointOf(region), region }, form, budget, () => true);
    } catch (thrown) {
      return failureOf(thrown).code === "AccessDenied" ? false : null;
    }
  };

  return {
    trustOf: async ({ roleArn, region }, budget): Promise<RoleTrust> => {
      const [own, without, withAny] = await Promise.all([
        ownAccount(budget).catch(() => null),
        isAssumed(region, roleArn, null, budget),
        isAssumed(region, roleArn, options.strangeId(), budget),
      ]);
      if (own !== null && accountOfRole(roleArn) === own) return "own";
      if (without === true || withAny === true) return "anybody";
      return own === null || without === null || withAny === null ? "unknown" : "guarded";
    },
    foreignOnly: (roleArn, role): KeySource => ({
      get: async (budget) => {
        if ((await ownAccount(budget)) === accountOfRole(roleArn)) {
          const messages = [`the role ${roleArn} is in the operator's own AWS account: it is assumed for nobody`];
          throw new Route53Error({ code: "own_role", messages, httpStatus: null, requestId: null, retryable: false, uncertain: false });
        }
        return await role.get(budget);
      },
      drop: (keys) => role.drop(keys),
    }),
  };
};
