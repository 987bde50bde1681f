import type { Zombie } from "./zombie.ts";
import { idle } from "./zombie.ts";

/** What of a customer's own set-up nobody uses costs nothing by itself; `monthlyCents` of an account is what its contract says. */
export type DomainFacts = { readonly id: number; readonly serviceId: number; readonly hostname: string; readonly addedMs: number };

export const unverifiedDomain = ({ id, serviceId, hostname, addedMs }: DomainFacts, nowMs: number): readonly Zombie[] =>
  idle("domain-unverified", addedMs, nowMs, () => ({
    key: `domain ${id}`,
    serviceId,
    resource: hostname,
    account: null,
    monthlyWasteCents: 0,
    reason: `The domain ${hostname} was never verified, so it is not steered.`,
    remedy: "Publish its TXT record, or remove the domain.",
  }));

export type AccountFacts = {
  readonly id: number;
  readonly kind: "dns" | "cdn" | "cost";
  readonly name: string;
  /** Since when no service uses it. */
  readonly unusedSinceMs: number;
  readonly monthlyCents: number | null;
};

/** What an account is known by. */
export const accountKey = ({ kind, id }: Pick<AccountFacts, "kind" | "id">): string => `${kind} account ${id}`;

export const unusedAccount = ({ id, kind, name, unusedSinceMs, monthlyCents }: AccountFacts, nowMs: number): readonly Zombie[] =>
  idle("account-unused", unusedSinceMs, nowMs, () => ({
    key: accountKey({ kind, id }),
    resource: `${kind} account ${name}`,
    account: name,
    monthlyWasteCents: monthlyCents,
    reason: `No service uses the ${kind} account ${name}, whose credentials are kept.`,
    remedy: "Remove the account, and revoke its credentials where they were made.",
  }));

export type TokenFacts = { readonly id: number; readonly name: string; readonly createdMs: number; readonly lastUsedMs: number | null };

/** A token that was never used is one too many sooner than one that was. */
export const unusedToken = ({ id, name, createdMs, lastUsedMs }: TokenFacts, nowMs: number): readonly Zombie[] =>
  idle(lastUsedMs === null ? "token-never-used" : "token-unused", lastUsedMs ?? createdMs, nowMs, () => ({
    key: `token ${id}`,
    resource: `token ${name}`,
    account: null,
    monthlyWasteCents: 0,
    reason: lastUsedMs === null ? `The token ${name} was never used.` : `The token ${name} is no longer used.`,
    remedy: "Revoke it: whoever finds it could.",
  }));

export type ServiceFacts = {
  readonly id: number;
  readonly name: string;
  readonly hasDomain: boolean;
  readonly hasPolicy: boolean;
  /** Since when it lacks one of them. */
  readonly sinceMs: number;
};

export const incompleteService = ({ id, name, hasDomain, hasPolicy, sinceMs }: ServiceFacts, nowMs: number): readonly Zombie[] =>
  hasDomain && hasPolicy
    ? []
    : idle("service-incomplete", sinceMs, nowMs, () => {
        const lacking = [...(hasDomain ? [] : ["domain"]), ...(hasPolicy ? [] : ["policy"])].join(" and no ");
        return {
          key: `service ${id}`,
          serviceId: id,
          resource: name,
          account: null,
          monthlyWasteCents: 0,
          reason: `The service ${name} has no ${lacking}: nothing of it is protected.`,
          remedy: "Finish its set-up, or remove it.",
        };
      });

export type CustomerFacts = { readonly id: number; readonly name: string; readonly sinceMs: number };

/** @param customer one that has no service, and since when */
export const idleCustomer = ({ id, name, sinceMs }: CustomerFacts, nowMs: number): readonly Zombie[] =>
  idle("customer-without-service", sinceMs, nowMs, () => ({
    key: `customer ${id}`,
    resource: `customer ${name}`,
    account: null,
    monthlyWasteCents: 0,
    reason: `The customer ${name} has no service.`,
    remedy: "Add a service, or close the customer.",
  }));
