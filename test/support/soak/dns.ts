import type { DnsAccess, DnsDirectory } from "../../../src/adapters/ports/steering/dns-access.ts";
import type {
  CallResult,
  ChangeStatus,
  DnsBudget,
  PairReading,
  WeightChange,
  WeightChangeResult,
} from "../../../src/adapters/ports/steering/dns.ts";
import { createScriptedAccess } from "../dns-access.ts";
import { createStrictDns } from "../strict-dns.ts";
import type { SoakClock } from "./clock.ts";
import type { Fault, SoakPlan } from "./plan.ts";
import { holds } from "./plan.ts";

/** A change that took effect, and when it was asked for: what was known then is what counts. */
export type MadeChange = {
  readonly domain: string;
  readonly atMs: number;
  readonly from: WeightChange["to"];
  readonly to: WeightChange["to"];
};

export type SoakDns = {
  /** As an isolate sees them. @param alive false: it was killed, and nothing that it asks is answered any more */
  readonly directory: (alive: () => boolean) => DnsDirectory;
  readonly made: readonly MadeChange[];
  readonly weights: (domain: string) => string;
};

const requestMs = 150;
const answerMs = 8_000;
/** Until a change is on all servers. */
const propagationMs = 35_000;
const never = <T>(): Promise<T> => new Promise(() => undefined);

type Failed = { readonly result: CallResult | "unsent"; readonly detail: string };
const isFailed = (answer: object): answer is Failed => "result" in answer;

/** DNS accounts that do compare-and-set as Route 53 does, each with the bad days of the plan. */
export const createSoakDns = (plan: SoakPlan, clock: SoakClock, chance: () => number): SoakDns => {
  const made: MadeChange[] = [];
  const accounts = new Map([0, ...plan.ownAccounts].map((key) => [key, createStrictDns(clock)]));
  const ownerOf = new Map<string, number>();
  for (const { customer, domains } of plan.services)
    for (const { name, primary, backup } of domains) {
      const key = plan.ownAccounts.includes(customer) ? customer : 0;
      ownerOf.set(name, key);
      accounts.get(key)?.put(name, 100, 0, { targets: [primary, backup] });
    }
  type Bad = Fault & { kind: "dns_hang" | "dns_throttle" | "dns_denied" };
  const bad = plan.faults.filter((fault): fault is Bad => fault.kind.startsWith("dns_"));
  const faultOf = (key: number): Bad["kind"] | null =>
    bad.find((fault) => fault.account === key && holds(fault, clock.nowMs()))?.kind ?? null;

  const accessOf = (key: number, alive: () => boolean): DnsAccess => {
    const strict = accounts.get(key);
    if (strict === undefined) throw new Error(`no account ${key}`);
    const acceptedAtMs = new Map<string, number>();

    /** One request, over a connection and past the gate of its account. @param work what it does there @param isChange what is denied on a day of denials */
    const request = async <T extends object>(budget: DnsBudget, isChange: boolean, work: () => Promise<T>): Promise<T | Failed> => {
      if (!alive()) return await never();
      const pass = await budget.gate.enter(budget.untilMs);
      if ("refusal" in pass) return { result: "unsent", detail: `paused: ${pass.refusal}` };
      let failed: Failed | null = null;
      try {
        const sent = await budget.connection({ untilMs: budget.untilMs, answerMs }, async (signal): Promise<T | Failed> => {
          const fault = faultOf(key);
          if (fault === "dns_hang") {
            // Half of what is never answered is done all the same.
            if (isChange && chance() < 0.5) await work();
            await clock.sleep(Number.POSITIVE_INFINITY, signal);
            return { result: "unanswered", detail: "timeout: no answer" };
          }
          await clock.sleep(requestMs, signal);
          if (!alive()) return await never();
          if (signal.aborted) return { result: "unanswered", detail: "timeout: no answer" };
          if (fault === "dns_throttle") return { result: "throttled", detail: "Throttling: Rate exceeded" };
          if (fault === "dns_denied" && isChange) return { result: "refused", detail: "AccessDenied: not authorized" };
          return await work();
        });
        const answer: T | Failed =
          sent.status === "sent"
            ? sent.value
            : sent.status === "unsent"
              ? { result: "unsent", detail: "no connection in time" }
              : { result: "unanswered", detail: "no answer in time" };
        failed = isFailed(answer) ? answer : null;
        return answer;
      } finally {
        pass.leave(failed?.result ?? "ok", failed?.detail ?? null);
      }
    };

    const failure = ({ result, detail }: Failed): Omit<Extract<WeightChangeResult, { status: "failed" }>, "domain"> => ({
      status: "failed",
      detail,
      retryable: result !== "refused",
      effect: result === "unsent" ? "unsent" : result === "unanswered" ? "unknown" : "none",
    });

    return {
      ...createScriptedAccess(strict).access,
      read: async (names, budget) => {
        const answer = await request(budget, false, async () => new Map(await strict.dns.read(names, budget)));
        if (!isFailed(answer)) return answer;
        if (answer.result === "unsent") return new Map<string, PairReading>();
        return new Map(
          names.map((name): [string, PairReading] => [
            name,
            { status: "error", detail: answer.detail, retryable: answer.result !== "refused" },
          ]),
        );
      },
      apply: async (changes, budget) => {
        const askedAtMs = clock.nowMs();
        if (askedAtMs > budget.untilMs)
          return changes.map(({ domain }) => ({ domain, ...failure({ result: "unsent", detail: "too late to be sent" }) }));
        const answer = await request(budget, true, async () => {
          const before = strict.made.length;
          const results = await strict.dns.apply(changes, { ...budget, untilMs: Number.POSITIVE_INFINITY });
          for (const { domain, records, to } of strict.made.slice(before)) {
            const weight = (side: string): number => records.find(({ setIdentifier }) => setIdentifier.toLowerCase() === side)?.weight ?? 0;
            made.push({ domain, atMs: askedAtMs, from: { primary: weight("primary"), backup: weight("backup") }, to });
          }
          return results;
        });
        if (isFailed(answer)) return changes.map(({ domain }) => ({ domain, ...failure(answer) }));
        return answer;
      },
      status: async (ids, budget) => {
        const answer = await request(budget, false, async () => {
          const isDenied = faultOf(key) === "dns_denied";
          return new Map(
            ids.map((id): [string, ChangeStatus] => {
              const sinceMs = acceptedAtMs.get(id) ?? clock.nowMs();
              acceptedAtMs.set(id, sinceMs);
              if (isDenied) return [id, { refused: "AccessDenied: not authorized to perform route53:GetChange" }];
              return [id, clock.nowMs() - sinceMs >= propagationMs ? "insync" : "pending"];
            }),
          );
        });
        return isFailed(answer) ? new Map<string, ChangeStatus>() : answer;
      },
    };
  };

  return {
    directory: (alive) => {
      const all = new Map([...accounts.keys()].map((key) => [key, accessOf(key, alive)]));
      const operator = all.get(0);
      if (operator === undefined) throw new Error("the operator has an account");
      return {
        operator,
        of: async (customerId) => all.get(customerId) ?? operator,
        ofAll: async (customerIds) =>
          new Map(
            customerIds.flatMap((id) => {
              const own = id === 0 ? undefined : all.get(id);
              return own === undefined ? [] : [[id, own] as const];
            }),
          ),
      };
    },
    made,
    weights: (domain) => accounts.get(ownerOf.get(domain) ?? 0)?.weights(domain) ?? "",
  };
};
