import type { CostAccess } from "../ports/cost/access.ts";
import type { CallerIdentity } from "../ports/cost/caller-identity.ts";
import type { Clock } from "../ports/platform/clock.ts";
import { failureOf, isCredentialFailure, isDenied } from "../route53/api/error.ts";
import type { Service } from "../route53/api/send.ts";
import { createSend } from "../route53/api/send.ts";
import { child, text } from "./xml.ts";

const sts: Service = { name: "sts", label: "STS", root: "", contentType: "application/x-www-form-urlencoded" };
const body = new URLSearchParams({ Action: "GetCallerIdentity", Version: "2011-06-15" }).toString();

export type CallerIdentityOptions = {
  /** STS of a region. */
  readonly stsOf: (region: string) => string;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly timeoutMs: number;
};

/** Asks STS whose credentials they are: it takes no permission. */
export const createCallerIdentity = ({ stsOf, fetch, clock, timeoutMs }: CallerIdentityOptions): CallerIdentity => ({
  of: async ({ keys, region }: CostAccess, budget) => {
    try {
      const credentials = await keys.get(budget);
      const send = createSend({ endpoint: stsOf(region), region, service: sts, fetch, clock, timeoutMs });
      const request = {
        method: "POST",
        path: "",
        body,
        root: "GetCallerIdentityResponse",
        read: (node: Parameters<typeof child>[0]) => text(child(node, "GetCallerIdentityResult"), "Arn"),
      } as const;
      const sent = await budget.connection(
        { untilMs: budget.untilMs, answerMs: timeoutMs },
        async (signal) => await send(request, credentials, signal),
      );
      if (sent.status === "sent") return { ok: true, value: sent.value };
      return { ok: false, problem: { kind: "away", words: "STS was not asked, or did not answer, in time" } };
    } catch (thrown) {
      const failure = failureOf(thrown);
      const isRefused = isCredentialFailure(failure) || isDenied(failure) || !failure.retryable;
      return { ok: false, problem: { kind: isRefused ? "keys" : "away", words: `${failure.code}: ${failure.messages.join("; ")}` } };
    }
  },
});
