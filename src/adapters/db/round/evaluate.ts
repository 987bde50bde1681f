import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { NewestSample } from "../../../domain/detection/detect.ts";
import type { ProbePath } from "../../../domain/detection/probe.ts";
import { AppError } from "../../../errors.ts";
import { isoTime } from "../../../iso-time.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { TimeKeeper } from "../../ports/platform/clock.ts";
import type { Evaluation, Presence } from "../../ports/detection/round.ts";
import type { PolicyView, Sample } from "../../ports/detection/round-view.ts";
import type { Database } from "../platform/client.ts";
import { commitSoFar } from "../platform/client.ts";
import { isTooMuch } from "../platform/faults.ts";
import { epochMs } from "./load.ts";
import { keepFirst, markSpan, noteRefused, presenceStatements } from "./samples.ts";
import { setupOf } from "./setups.ts";

/** Domains whose figures one statement reads: about 3 MB during storms of both kinds, of the 10 MiB that Neon sends. */
const domainsPerPage = 2_500;

/** A mark younger than this suffices: a storm without samples ends after 15 minutes (semantics §5). */
const youngMark = sql.raw("interval '13 minutes'");

/** Figures name paths by their index here, to save characters. */
const places: readonly ProbePath[] = ["primary", "backup", "direct"];
const place = (path: string): SQL => sql.raw(`array_position(array[${places.map((one) => `'${one}'`).join(", ")}], ${path}) - 1`);

/**
 * The figures of every live policy of some services, one row a policy, in one statement, whose work is that of the window
 * however long a storm has lasted. A storm is judged by the policy version with which it began, a path by samples of its present
 * set-up. `round_at` leads the key of the samples and is never later than `probed_at`, nor earlier by more than a round: the
 * window plus a slack on it keeps the reading an index range. The last failure is also looked for in the slack: a path is known
 * to be up when its failures have left the window. `probed_at` is compared in a way that no index serves: the one by age (BRIN) is as
 * long as the table, and would be read for every domain. It notes on the lease that its services were judged: what visitors got is
 * known until then (decision 66).
 */
const evaluation = (fence: Fence, serviceIds: readonly number[], nowMs: number): SQL => {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  return sql`
    with judged as (
      update leases set judged_at = greatest(judged_at, ${now})
      where name = ${fence.name} and epoch = ${fence.epoch} and expires_at > clock_timestamp()
    )
    select p.id as "policyId", p.service_id as "serviceId", p.kind, t.version,
      t.threshold_avail::float8 as "thresholdAvail", t.window_seconds as "windowSeconds",
      t.cooldown_seconds as "cooldownSeconds", t.max_coverage_factor::float8 as "maxCoverageFactor",
      t.min_samples as "minSamples", t.min_failures as "minFailures", t.latency_ms as "latencyMs",
      case when e.id is not null then jsonb_build_object('id', e.id, 'state', e.state, 'relapses', e.relapses,
        'startedAtMs', ${epochMs("e.started_at")}, 'recoveringSinceMs', ${epochMs("e.recovering_since")},
        'creditReason', e.credit_reason) end as storm,
      (select ${epochMs("o.ended_at")} from storm_events o where o.service_id = p.service_id and o.kind = p.kind and o.ended_at is not null
        order by o.started_at desc limit 1) as "previousEndedAtMs",
      coalesce(w.stats, '{}'::jsonb) as stats, coalesce(n.newest, '[]'::jsonb) as newest
    from storm_policies p
    join services v on v.id = p.service_id and v.deleted_at is null
    left join storm_events e on e.service_id = p.service_id and e.kind = p.kind and e.ended_at is null
    join storm_policy_versions t on t.policy_id = coalesce(e.policy_id, p.id) and t.version = coalesce(e.policy_version, p.version)
    left join lateral (
      select jsonb_object_agg(f.vantage, f.figures) as stats from (
        select g.vantage, jsonb_agg(case when g.last_failed is null and e.id is null
          then jsonb_build_array(g.domain_id, ${place("g.path")}, g.samples)
          when g.last_failed is null then jsonb_build_array(g.domain_id, ${place("g.path")}, g.samples, 0, null, g.last)
          else jsonb_build_array(g.domain_id, ${place("g.path")}, g.samples, g.failures, g.first_failed, g.last, g.last_failed) end) as figures
        from (
          select s.domain_id, s.path, s.vantage, count(*) filter (where k.inside) as samples,
            count(*) filter (where k.inside and not k.good) as failures,
            ${epochMs("min(s.probed_at) filter (where k.inside and not k.good)")} as first_failed,
            ${epochMs("max(s.probed_at) filter (where k.inside)")} as last,
            ${epochMs("max(s.round_at) filter (where not k.good)")} as last_failed
          from service_domains d
          left join domain_routing r on r.domain_id = d.id
          join probe_samples s on s.domain_id = d.id
            and s.round_at > ${now} - make_interval(secs => t.window_seconds + 120) and s.round_at <= ${now}
            and s.probed_at - ${now} <= interval '0'
            and coalesce(s.setup, 0) = ${setupOf("s.path")}
          cross join lateral (select s.ok and (p.kind <> 'http_latency' or s.latency_ms <= t.latency_ms) as good,
            s.probed_at - ${now} > make_interval(secs => -t.window_seconds) as inside) k
          where d.service_id = p.service_id and d.deleted_at is null
          group by s.domain_id, s.path, s.vantage
          having bool_or(k.inside)
        ) g
        group by g.vantage
      ) f
    ) w on true
    left join lateral (
      select jsonb_agg(jsonb_build_array(m.domain_id, m.path, m.vantage, (extract(epoch from
        case when m.round_at > ${now} - ${youngMark} then m.round_at else coalesce((
          select s.probed_at from probe_samples s
          where s.domain_id = m.domain_id and s.path = m.path and s.vantage = m.vantage and coalesce(s.setup, 0) = m.setup
            and s.round_at >= m.round_at and s.round_at < m.round_at + ${markSpan}
          order by s.round_at desc, s.attempt desc limit 1), m.round_at) end) * 1000)::bigint, m.setup <> ${setupOf("m.path")})) as newest
      from service_domains d
      join probe_marks m on m.domain_id = d.id and m.path in ('primary', 'direct')
      left join domain_routing r on r.domain_id = d.id
      where e.id is not null and d.service_id = p.service_id
    ) n on true
    where p.deleted_at is null and p.service_id = any(${`{${serviceIds.join()}}`}::bigint[])
    order by p.id`;
};

/** Figures as the statement returns them: short, as there is one for every path of every service in every round. */
type Figures = readonly [
  domainId: number,
  path: number,
  samples: number,
  failures?: number,
  firstFailedAtMs?: number | null,
  lastAtMs?: number,
  lastFailedSlotMs?: number,
];

type Row = Omit<PolicyView, "stats" | "newest"> & {
  readonly stats: Readonly<Record<string, readonly Figures[]>>;
  readonly newest: readonly (readonly [domainId: number, path: ProbePath, vantage: string, atMs: number, isPast: boolean])[];
};

const viewOf = ({ stats: byVantage, newest, ...policy }: Row): PolicyView => {
  const figures = Object.entries(byVantage).flatMap(([vantage, own]) =>
    own.map(([domainId, path, samples, failures = 0, firstFailedAtMs = null, lastAtMs = null, lastFailedSlotMs = null]) => ({
      domainId,
      path: places[path] ?? "direct",
      vantage,
      samples,
      failures,
      firstFailedAtMs,
      lastFailedSlotMs,
      lastAtMs,
    })),
  );
  return {
    ...policy,
    stats: figures.map(({ lastAtMs: _lastAtMs, ...stats }) => stats),
    newest:
      policy.storm === null
        ? []
        : [
            ...newest.map(([domainId, path, vantage, atMs, isPast]): NewestSample => ({ domainId, path, vantage, atMs, isPast })),
            ...figures.flatMap(({ domainId, path, vantage, lastAtMs }): NewestSample[] =>
              lastAtMs === null || path === "backup" ? [] : [{ domainId, path, vantage, atMs: lastAtMs }],
            ),
          ],
  };
};

type Evaluated = { readonly serviceId: number; readonly domains: readonly unknown[] };

/** Pages of so many domains; a service with more is a page of its own. There is at least one page. */
const pagesOf = (services: readonly Evaluated[]): readonly (readonly number[])[] => {
  const pages: number[][] = [[]];
  let domains = 0;
  for (const service of services) {
    const own = Math.max(1, service.domains.length);
    if (domains > 0 && domains + own > domainsPerPage) {
      pages.push([]);
      domains = 0;
    }
    pages.at(-1)?.push(service.serviceId);
    domains += own;
  }
  return pages;
};

/** An unreachable database fails for every page. */
const isAway = (error: unknown): boolean => error instanceof AppError && !isTooMuch(error);

/**
 * Stores the samples of a round and reads what follows from them: one round trip for up to 20,000 samples and 2,500 domains.
 * The samples are kept before anything is evaluated. A page that fails leaves out its own services.
 */
export const saveAndEvaluate = async (
  db: Database,
  fence: Fence,
  samples: readonly Sample[],
  services: readonly Evaluated[],
  presence: Presence,
  ttlMs: number,
  time: TimeKeeper | null,
): Promise<Evaluation> => {
  const last = await keepFirst(db, samples, time);
  const { nowMs } = presence;
  const policies: PolicyView[] = [];
  const failed: { readonly ids: readonly number[]; readonly error: unknown }[] = [];
  const pages = pagesOf(services);
  for (const [at, ids] of pages.entries()) {
    try {
      const said = at === 0 ? [...presenceStatements(last, presence, ttlMs), commitSoFar] : [];
      const results = await db.batch<unknown[][]>([...said, evaluation(fence, ids, nowMs)]);
      policies.push(...(results.at(-1) as Row[]).map(viewOf));
      if (at === 0) noteRefused(results[0], time);
    } catch (error) {
      if (isAway(error)) throw error;
      // Sent again, which is idempotent: it may be this that failed.
      if (at === 0) await db.batch(presenceStatements(last, presence, ttlMs));
      failed.push({ ids, error });
    }
  }
  const [first] = failed;
  if (first !== undefined && failed.length === pages.length) throw first.error;
  return { policies, leftOut: failed.flatMap(({ ids }) => ids), ...(first !== undefined && { error: first.error }) };
};
