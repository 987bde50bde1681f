import { z } from "zod";
import { isoTime } from "../../../iso-time.ts";
import { guardedFetch } from "../../platform/guarded-fetch.ts";
import { sealingContext } from "../../db/metering/cdn-accounts.ts";
import type { AuditAccount, AuditAsk, AuditLogs, AuditProblem } from "../../ports/cost/audit-logs.ts";
import type { Breakers } from "../../ports/platform/breakers.ts";
import type { Clock } from "../../ports/platform/clock.ts";
import type { Secrets } from "../../ports/platform/secrets.ts";
import { createCloudflareClient } from "./client.ts";
import { CloudflareError } from "./error.ts";

export type AuditLogOptions = {
  /** Null where SECRETS_KEY is not set. */
  readonly secrets: Secrets | null;
  readonly fetch: typeof fetch;
  readonly breakers: Pick<Breakers, "line">;
  readonly clock: Clock;
  /** That of GraphQL; accounts are its neighbours. */
  readonly graphqlEndpoint: string;
  readonly timeoutMs?: number;
  /** Of one page. */
  readonly mostBytes?: number;
};

const answer = z.looseObject({ success: z.literal(true), result: z.array(z.unknown()).nullable() });

const unreadableToken = "the token can not be unsealed: store it anew";

const urlOf = (endpoint: string, accountRef: string, { sinceMs, beforeMs, page, perPage }: AuditAsk): string => {
  const search = new URLSearchParams({
    since: isoTime(sinceMs),
    before: isoTime(beforeMs),
    direction: "asc",
    // Log-ins of people, and what else concerns them and not the account.
    hide_user_logs: "true",
    page: String(page),
    per_page: String(perPage),
  });
  return `${endpoint.replace(/\/graphql$/, "")}/accounts/${encodeURIComponent(accountRef)}/audit_logs?${search.toString()}`;
};

const problemOf = (error: CloudflareError): AuditProblem => {
  const { code } = error;
  if (code === "too_large") return { kind: "too-large", words: error.of("the audit log") };
  if (code === "deadline") return { kind: "late", words: error.of("the audit log") };
  if (code === "auth" || code === "zone_access")
    return { kind: "refused", words: `the token may not read the audit log (it needs Account Settings: Read): ${error.of("it")}` };
  return { kind: code === "refused" ? "refused" : "away", words: error.of("the audit log") };
};

/**
 * Customers' audit logs at Cloudflare: `GET /accounts/{id}/audit_logs`
 * (https://developers.cloudflare.com/api/resources/audit_logs/methods/list/), one attempt a page: the next run is minutes away.
 */
export const createAuditLogs = (options: AuditLogOptions): AuditLogs => {
  const { secrets, fetch, breakers, clock, graphqlEndpoint, timeoutMs = 15_000, mostBytes = 4 * 1_048_576 } = options;

  const tokenOf = async ({ customerId, sealedToken }: AuditAccount): Promise<string | null> => {
    try {
      return (await secrets?.open(sealedToken, sealingContext(customerId, "cloudflare"))) ?? null;
    } catch {
      return null;
    }
  };

  return {
    page: async (account, ask, budget) => {
      const apiToken = await tokenOf(account);
      if (apiToken === null) return { ok: false, problem: { kind: "refused", words: unreadableToken } };
      const line = breakers.line({ kind: "cdn", customerId: account.customerId, accountId: account.id });
      const client = createCloudflareClient({
        apiToken,
        fetch: guardedFetch(fetch, line, clock),
        sleep: clock.sleep,
        random: () => 0,
        now: clock.nowMs,
        timeoutMs,
        mostBytes,
        spend: () => undefined,
      });
      const url = urlOf(graphqlEndpoint, account.accountRef, ask);
      try {
        // The client's own limit ends first, so that it can say so.
        const sent = await budget.connection(
          { untilMs: budget.untilMs, answerMs: timeoutMs + 1_000 },
          async (signal) => await client.request(url, answer, { signal, attempts: 1 }),
        );
        if (sent.status === "sent") return { ok: true, entries: sent.value.result ?? [] };
      } catch (error) {
        if (error instanceof CloudflareError) return { ok: false, problem: problemOf(error) };
        throw error;
      }
      return { ok: false, problem: { kind: "late", words: "there was no time left for the audit log" } };
    },
  };
};
