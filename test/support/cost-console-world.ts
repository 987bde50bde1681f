import { sql } from "drizzle-orm";
import type { Database } from "../../src/adapters/db/platform/client.ts";
import { dollars } from "../../src/domain/cost/explain.ts";

type Db = Pick<Database, "rows">;

const hourMs = 3_600_000;
const gb = 1e9;

type Hour = {
  readonly hour: string;
  readonly value: number;
  readonly low: number | null;
  readonly mean: number | null;
  readonly high: number | null;
  readonly score: number;
  readonly severity: "none" | "medium" | "high" | "critical";
  readonly label: string | null;
};

/** What a service sends in an hour in calm, in GB: little at night, most in the evening, less at weekends, never twice the same. */
const calmGb = (atMs: number, size: number): readonly [usual: number, value: number] => {
  const at = new Date(atMs);
  const hour = at.getUTCHours();
  const isWeekend = at.getUTCDay() % 6 === 0;
  const usual = size * (isWeekend ? 0.75 : 1) * (1 + 0.62 * Math.sin(((hour - 9) / 24) * 2 * Math.PI));
  const noise = Math.sin(atMs / 9.1e6) * 0.045 + Math.sin(atMs / 3.3e6) * 0.03;
  return [usual, usual * (1 + noise)];
};

/** What happened, by how many hours ago it was. */
const storm = { from: 76, to: 70 } as const;
const leak = { from: 3, to: 0 } as const;
const bump = 122;

const isWithin = (ago: number, { from, to }: { readonly from: number; readonly to: number }): boolean => ago <= from && ago > to;

type Course = {
  readonly sizeGb: number;
  /** Of the value in the unit of the series. */
  readonly perGb: number;
  readonly share: (ago: number) => { readonly times: number; readonly label: string | null };
  readonly knownHours: number;
};

/** 35 days of a series, hour by hour, the last one ending now. */
const courseOf = (nowMs: number, { sizeGb, perGb, share, knownHours }: Course): readonly Hour[] => {
  const lastMs = Math.floor(nowMs / hourMs) * hourMs;
  return Array.from({ length: knownHours }, (_, index): Hour => {
    const ago = knownHours - index;
    const atMs = lastMs - ago * hourMs;
    const [usual, calm] = calmGb(atMs, sizeGb).map((value) => value * perGb) as [number, number];
    const { times, label } = share(ago);
    const value = calm * times;
    const isKnown = knownHours - ago >= 24;
    const severity = label !== null || times < 1.5 ? "none" : times > 3 ? "critical" : "medium";
    return {
      hour: new Date(atMs).toISOString(),
      value,
      low: isKnown ? usual * 0.85 : null,
      mean: isKnown ? usual : null,
      high: isKnown ? usual * 1.15 : null,
      score: severity === "none" ? 0 : severity === "critical" ? 83.3 : 46.2,
      severity,
      label,
    };
  });
};

const primary = (ago: number) => {
  if (isWithin(ago, storm)) return { times: 0.03, label: "expected: storm" };
  return { times: isWithin(ago, leak) ? 5 : ago === bump ? 1.6 : 1, label: null };
};
const backup = (ago: number) => (isWithin(ago, storm) ? { times: 40, label: "expected: storm" } : { times: 1, label: null });
const both = (ago: number) => ({ times: isWithin(ago, leak) ? 4.9 : 1, label: null });

const insertSeries = async (
  db: Db,
  of: {
    readonly customerId: number;
    readonly serviceId: number | null;
    readonly cdn: string | null;
    readonly kind?: "egress" | "priced" | "calls";
    readonly unit: "cents" | "bytes" | "calls";
    readonly resourceType?: string;
    readonly actors?: readonly string[];
    readonly hours: readonly Hour[];
  },
): Promise<number> => {
  const { customerId, serviceId, cdn, kind = "egress", unit, resourceType = "egress", actors = [], hours } = of;
  const values = hours.map(({ value }) => value);
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const [row] = await db.rows<{ id: number }>(sql`
    with s as (
      insert into cost_series (customer_id, kind, account_id, resource_type, service_id, cdn, unit, memory, mean_hourly_cost, stddev, event_count, observed_actors, last_hour)
      values (${customerId}, ${kind}, ${kind === "egress" ? "" : "123456789012"}, ${resourceType}, ${serviceId}, ${cdn}, ${unit}, 'null', ${mean}, ${mean / 3},
        ${hours.length}, ${JSON.stringify(actors)}::jsonb, ${hours.at(-1)?.hour ?? null}::timestamptz) returning id
    ), h as (
      insert into cost_hours (series_id, hour, value, usual_low, usual_mean, usual_high, score, severity, label)
      select s.id, x.hour, x.value, x.low, x.mean, x.high, x.score, x.severity, x.label
      from s, jsonb_to_recordset(${JSON.stringify(hours)}::jsonb) x(hour timestamptz, value float8, low float8, mean float8, high float8, score float8, severity text, label text)
    ) select id from s`);
  if (row === undefined) throw new Error("no series was inserted");
  return row.id;
};

const anomalyOf = async (
  db: Db,
  of: {
    readonly customerId: number;
    readonly seriesId: number;
    readonly hours: readonly Hour[];
    readonly explanation: string;
    readonly figures: object;
    readonly state?: "open" | "resolved";
  },
): Promise<number> => {
  const { customerId, seriesId, hours, explanation, figures, state = "open" } = of;
  const [first, last] = [hours[0], hours.at(-1)];
  const worst = hours.reduce((a, b) => (b.value > a.value ? b : a));
  const [row] = await db.rows<{ id: number }>(sql`
    insert into cost_anomalies (customer_id, series_id, state, severity, score, explanation, figures, value, usual, first_hour, last_hour, hours, mode, created_at, resolved_at)
    values (${customerId}, ${seriesId}, ${state}, ${worst.severity}, ${worst.score}, ${explanation}, ${JSON.stringify(figures)}::jsonb, ${worst.value}, ${worst.mean},
      ${first?.hour ?? null}::timestamptz, ${last?.hour ?? null}::timestamptz, ${hours.length}, 'shadow', ${first?.hour ?? null}::timestamptz + interval '65 minutes',
      case when ${state} = 'resolved' then ${last?.hour ?? null}::timestamptz + interval '4 hours' end) returning id`);
  return row?.id ?? 0;
};

/** What idles: a backup that would not answer, and things of AWS. */
const insertZombies = async (
  db: Db,
  customerId: number,
  service: { readonly id: number; readonly name: string },
): Promise<readonly number[]> => {
  const rows = [
    {
      rule: "backup-would-not-pay",
      resource: `${service.name} on fastly`,
      account: "",
      service_id: service.id,
      severity: "critical",
      idle: 31,
      cents: 20_000,
      reason: `The backup of ${service.name} on fastly has carried no bytes and answered no probe for 31 hours: in a storm it would not serve.`,
      remedy: "Find out why fastly does not answer (its probes say how), or choose another backup.",
    },
    {
      rule: "volume-unattached",
      resource: "vol-0f3a91c27d5e4b680",
      account: "123456789012",
      service_id: null,
      severity: "warning",
      idle: 24 * 19,
      cents: 4_000,
      reason: "The volume vol-0f3a91c27d5e4b680 (gp3, 500 GiB) is attached to no instance.",
      remedy: "Take a snapshot if its data matters, then aws ec2 delete-volume --region eu-central-1 --volume-id vol-0f3a91c27d5e4b680",
    },
    {
      rule: "token-unused",
      resource: "token old deploys",
      account: "",
      service_id: null,
      severity: "warning",
      idle: 24 * 121,
      cents: null,
      reason: "The token old deploys was last used 121 days ago.",
      remedy: "Revoke it: whoever finds it could.",
    },
  ];
  const inserted = await db.rows<{ id: number }>(sql`
    insert into zombies (customer_id, rule, resource, account, service_id, severity, first_seen, last_seen, last_activity, estimated_monthly_waste, reason, remedy)
    select ${customerId}, x.rule, x.resource, x.account, x.service_id, x.severity, now() - interval '7 hours', now() - interval '1 hour', now() - make_interval(hours => x.idle),
      x.cents, x.reason, x.remedy
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      x(rule text, resource text, account text, service_id bigint, severity text, idle int, cents bigint, reason text, remedy text) returning id`);
  return inserted.map(({ id }) => id);
};

/**
 * Costs of a customer as they are after some weeks: a service with rates that leaks for three hours and had a storm three days ago,
 * one without rates, events of an AWS account, what idles, and a hunt that could not read everything.
 */
export const seedCosts = async (
  db: Db,
  nowMs: number,
  {
    customerId,
    leaking,
    unrated,
  }: {
    readonly customerId: number;
    /** On cloudflare and fastly. */
    readonly leaking: { readonly id: number; readonly name: string };
    /** On CDNs without a rate. */
    readonly unrated: { readonly id: number; readonly cdn: string };
  },
) => {
  const whole = 35 * 24;
  const cents = { perGb: 8, knownHours: whole } as const;
  const ofPrimary = courseOf(nowMs, { ...cents, sizeGb: 60, share: primary });
  const ofBackup = courseOf(nowMs, { ...cents, sizeGb: 1.5, share: backup });
  const ofBoth = courseOf(nowMs, { ...cents, sizeGb: 61.5, share: both });
  const series = { customerId, serviceId: leaking.id, unit: "cents" } as const;
  const primaryId = await insertSeries(db, { ...series, cdn: "cloudflare", hours: ofPrimary });
  const backupId = await insertSeries(db, { ...series, cdn: "fastly", hours: ofBackup });
  await insertSeries(db, { ...series, cdn: null, hours: ofBoth });
  const ofUnrated = courseOf(nowMs, { perGb: gb, sizeGb: 24, knownHours: 100, share: () => ({ times: 1, label: null }) });
  const bytesId = await insertSeries(db, { customerId, serviceId: unrated.id, cdn: unrated.cdn, unit: "bytes", hours: ofUnrated });
  const calls = ofUnrated.slice(-60).map((hour, index): Hour => {
    const value = index === 52 ? 41 : index % 4;
    return { ...hour, value, low: 0, mean: 1.5, high: 4, score: index === 52 ? 68 : 0, severity: index === 52 ? "high" : "none" };
  });
  const actors = ["arn:aws:iam::123456789012:role/deploys", "arn:aws:iam::123456789012:user/dana"];
  const callsId = await insertSeries(db, {
    customerId,
    serviceId: null,
    cdn: null,
    kind: "calls",
    unit: "calls",
    resourceType: "ec2:instance",
    actors,
    hours: calls,
  });
  const leaked = ofPrimary.slice(-leak.from);
  const worst = leaked.reduce((a, b) => (b.value > a.value ? b : a));
  const usual = worst.mean ?? 0;
  const deviation = usual / 20;
  const z = (worst.value - usual) / deviation;
  const at = `${worst.hour.slice(11, 13)}:00 UTC`;
  const leakId = await anomalyOf(db, {
    customerId,
    seriesId: primaryId,
    hours: leaked,
    explanation: `${dollars(worst.value)} an hour, where ${dollars(usual)} is usual at ${at}, by 35 days: ${z.toFixed(1)} deviations of ${dollars(deviation)} above. It rises for 3 hours.`,
    figures: {
      z,
      score: 83.3,
      severity: "critical",
      cents: worst.value,
      usual: { mean: usual, deviation, count: 35, basis: "hour of the day" },
      timesTheHourBefore: 1.1,
      risingHours: 3,
      newActor: null,
      newResource: null,
    },
  });
  await anomalyOf(db, {
    customerId,
    seriesId: callsId,
    hours: calls.slice(52, 53),
    explanation:
      "Calls an hour: 41, where it was 1.5 just before: this series is so far off about once in 3,000 values; it is a record as well.",
    figures: { score: 68, severity: "high", finding: { rarity: 3.4, oddity: "jump", isRecord: true, usual: 1.5 } },
  });
  const bumped = ofPrimary.slice(-bump, 1 - bump);
  await anomalyOf(db, {
    customerId,
    seriesId: primaryId,
    hours: bumped,
    state: "resolved",
    explanation: `${dollars(bumped[0]?.value ?? 0)} an hour, where ${dollars(bumped[0]?.mean ?? 0)} is usual: 12.0 deviations above.`,
    figures: {},
  });
  await db.rows(sql`
    insert into cost_rates (customer_id, cdn, cents_per_gb, monthly_cents) values (${customerId}, 'cloudflare', 8, null), (${customerId}, 'fastly', 8, 20000)
    on conflict do nothing`);
  await db.rows(sql`
    insert into cost_accounts (customer_id, name, role_arn, external_id, region, aws_accounts, regions)
    values (${customerId}, 'production', 'arn:aws:iam::123456789012:role/tranche-costs', 'of-the-pictures', 'eu-central-1', '{123456789012}', '{eu-central-1,eu-west-1}')`);
  const zombieIds = await insertZombies(db, customerId, leaking);
  await db.rows(sql`
    insert into zombie_hunts (customer_id, hunted_at, unread) values (${customerId}, now() - interval '5 hours',
      '[{"source": "ec2:DescribeAddresses of 123456789012 in eu-west-1", "problem": "access denied"}]')
    on conflict (customer_id) do update set hunted_at = excluded.hunted_at, unread = excluded.unread`);
  return { primaryId, backupId, bytesId, callsId, leakId, zombieId: zombieIds[0] ?? 0 };
};

export type SeededCosts = Awaited<ReturnType<typeof seedCosts>>;
