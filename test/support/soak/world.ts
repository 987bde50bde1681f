import type { Log } from "../../../src/adapters/ports/platform/log.ts";
import { seededRandom } from "../random.ts";
import { createSoakClock } from "./clock.ts";
import type { SoakDatabase } from "./database.ts";
import { openSoakDatabase } from "./database.ts";
import type { SoakDns } from "./dns.ts";
import { createSoakDns } from "./dns.ts";
import type { Internet } from "./internet.ts";
import { createInternet } from "./internet.ts";
import type { ProviderName, SoakPlan } from "./plan.ts";
import { providers } from "./plan.ts";
import { createProvider } from "./provider.ts";

/** The policy of every service; its window is the plan's. */
export const terms = { cooldownSeconds: 120, minSamples: 3, minFailures: 3, threshold: 0.9 } as const;

/** What a run has left behind: for the referee, who believes nothing else. */
export type Played = {
  readonly plan: SoakPlan;
  readonly sql: SoakDatabase["sql"];
  readonly dns: SoakDns;
  readonly internet: Internet;
  /** When each provider's cron came. */
  readonly calls: ReadonlyMap<ProviderName, readonly number[]>;
  readonly rounds: number;
  /** What was logged, how often, and one example of each error. */
  readonly logged: ReadonlyMap<string, number>;
  readonly examples: ReadonlyMap<string, string>;
  readonly close: () => Promise<void>;
};

/** Customers, services, domains and policies, each as the plan has it; the n-th service has id n. */
const seed = async ({ services, customers, fromMs, windowSeconds }: SoakPlan, sql: SoakDatabase["sql"]): Promise<void> => {
  const bornAt = new Date(fromMs - 86_400_000);
  await sql("insert into customers (name) select 'customer ' || n from generate_series(1, $1::int) n", [customers]);
  for (const service of services) {
    const [row] = await sql<{ id: number }>(
      `insert into services (customer_id, name, primary_cdn, backup_cdn, failback_steps, failback_step_seconds, created_at)
       values ($1, $2, $3, $4, $5, 60, $6) returning id`,
      [service.customer, service.name, ...service.cdns, JSON.stringify(service.failbackSteps), bornAt],
    );
    await sql(
      `insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, verified_at, created_at, updated_at, trigger_edited_at)
       select $1, $2, d->>'name', d->>'primary', d->>'backup', 'token', $3, $3, $3, $3 from jsonb_array_elements($4::jsonb) d`,
      [row?.id, service.customer, bornAt, JSON.stringify(service.domains)],
    );
    await sql(
      `with p as (insert into storm_policies (service_id, kind, created_at, updated_at) values ($1, 'http_availability', $7, $7) returning id)
       insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures)
       select id, 1, $2, $3, $4, 1.5, $5, $6 from p`,
      [row?.id, terms.threshold, windowSeconds, terms.cooldownSeconds, terms.minSamples, terms.minFailures, bornAt],
    );
  }
};

/**
 * Plays a plan: two providers with the real cron, pipeline and stores on a real database, in simulated time.
 * @param url an empty, migrated database
 * @param onHour told of each simulated hour that is over; time stands until it has looked at what there is
 */
export const play = async (
  plan: SoakPlan,
  url: string,
  onHour: (hour: number, sql: SoakDatabase["sql"], nowMs: number) => void | Promise<void> = () => undefined,
): Promise<Played> => {
  const clock = createSoakClock(plan.fromMs);
  const database = await openSoakDatabase(url, clock);
  const { sql } = database;
  const chance = seededRandom(plan.seed ^ 0x50a4);
  const [internet, dns] = [createInternet(plan), createSoakDns(plan, clock, chance)];
  const [logged, examples] = [new Map<string, number>(), new Map<string, string>()];
  const note = (level: string, event: string, detail: unknown): void => {
    const key = `${level} ${event}`;
    logged.set(key, (logged.get(key) ?? 0) + 1);
    if (level !== "info") examples.set(`${key}: ${String(detail).slice(0, 120)}`, new Date(clock.nowMs()).toISOString());
  };
  const log = (): Log => ({
    info: (event) => note("info", event, ""),
    warn: (event, fields = {}) => note("warn", event, JSON.stringify(fields).replaceAll(/\d+/g, "n")),
    error: (event, thrown) => note("error", event, thrown),
  });
  let rounds = 0;
  await seed(plan, sql);
  const all = providers.map((name) =>
    createProvider(name, {
      plan,
      clock,
      db: database.db,
      dns,
      internet,
      chance,
      log,
      onRound: () => {
        rounds += 1;
      },
    }),
  );
  const renumber = plan.faults.map(async (fault) => {
    if (fault.kind !== "shards") return;
    await clock.sleep(fault.fromMs - clock.nowMs());
    await sql("update settings set shards = $1", [fault.count]);
  });
  const keepHouse = async (): Promise<void> => {
    for (let hour = 1; plan.fromMs + hour * 3_600_000 <= plan.toMs; hour += 1) {
      await clock.sleep(plan.fromMs + hour * 3_600_000 - clock.nowMs());
      await onHour(hour, sql, clock.nowMs());
    }
  };
  await clock.run(Promise.all([...all.map(({ live }) => live()), ...renumber, keepHouse()]));
  return {
    plan,
    sql,
    dns,
    internet,
    rounds,
    logged,
    examples,
    close: database.close,
    calls: new Map(all.map(({ name, calls }) => [name, calls])),
  };
};
