import pg from "pg";
import type { Api } from "./api.ts";
import { createApi } from "./api.ts";
import { cadence } from "./outside.ts";
import type { World } from "./world.ts";

type Telling = {
  readonly world: World;
  readonly api: Api;
  readonly customerId: number;
  readonly until: <T>(what: string, withinMs: number, look: () => Promise<T | null> | T | null) => Promise<T>;
  readonly tell: (name: string, ok: boolean, detail: string) => void;
  readonly measure: (name: string, value: string, limit: string, ok: boolean) => void;
};
type Series = { readonly id: number; readonly cdn: string | null; readonly kind: string };
type Hour = { readonly hour: string; readonly value: number; readonly severity: string; readonly label: string | null };
type Anomaly = {
  readonly state: string;
  readonly severity: string;
  readonly explanation: string;
  readonly value: number;
  readonly series: Series;
  readonly created_at: string;
  readonly last_hour: string;
};

const hourMs = 3_600_000;
const gb = 1e9;
const days = 20;
/** What a CDN reports of an hour is waited for so long. */
const settleMs = 900_000;
/** In hours before the leak: a storm of two hours, in which the backup carried what the primary carries otherwise. */
const stormHoursAgo = [30, 29];

const iso = (ms: number): string => new Date(ms).toISOString();

/** Twenty days of a daily course, by the hour; the storm, after which the backup carries nothing more; and in the last hour five times the usual. */
const history = (leakMs: number) =>
  Array.from({ length: days * 24 + 1 }, (_, index) => {
    const hoursAgo = days * 24 - index;
    const startMs = leakMs - hoursAgo * hourMs;
    const hour = new Date(startMs).getUTCHours();
    const usual = (hour >= 8 && hour < 20 ? 60 : 20) + ((index * 7) % 5);
    const inStorm = stormHoursAgo.includes(hoursAgo);
    return {
      window_start: iso(startMs + hourMs - cadence.usageWindowMs),
      window_end: iso(startMs + hourMs),
      primary_bytes: Math.round((inStorm ? 0 : hoursAgo === 0 ? 5 * usual : usual) * gb),
      backup_bytes: Math.round((inStorm ? usual : hoursAgo > Math.max(...stormHoursAgo) ? 0.5 : 0) * gb),
    };
  });

/** What the database would have of a past in which all this ran: a storm, and a backup that has answered no probe for a day. */
const remember = async (databaseUrl: string, serviceId: number, stormFromMs: number): Promise<void> => {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    await client.query("update services set created_at = now() - interval '30 days' where id = $1", [serviceId]);
    await client.query("update service_cdns set from_at = now() - interval '30 days' where service_id = $1", [serviceId]);
    await client.query(
      `with p as (insert into storm_policies (service_id, kind, deleted_at) values ($1, 'http_availability', now()) returning id)
       insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
       select $1, id, 1, 'http_availability', 'ended', $2, $2, $3, 'recovered', 1.5 from p`,
      [serviceId, iso(stormFromMs + 60_000), iso(stormFromMs + 2 * hourMs - 20 * 60_000)],
    );
    await client.query(
      `insert into probe_rollups_hour (domain_id, path, vantage, start_at, samples, ok)
       select d.id, 'backup', 'drill', date_trunc('hour', now()) - make_interval(hours => n), 360, case when n > 26 then 360 else 0 end
       from service_domains d cross join generate_series(1, 48) n where d.service_id = $1`,
      [serviceId],
    );
  } finally {
    await client.end();
  }
};

/** A service with a past, through the public API as far as a past can be told by it. */
const onboardMedia = async ({ world, api }: Telling, leakMs: number): Promise<number> => {
  const service = await api.send<{ id: number }>("POST", "/v1/services", { name: "media", primary_cdn: "akamai", backup_cdn: "bunny" });
  await api.send("POST", `/v1/services/${service.id}/domains`, {
    name: "media.example.test",
    primary_target: world.cdns.primary.url,
    // Nobody listens there.
    backup_target: "http://127.0.0.1:1",
  });
  await api.send("PUT", "/v1/cost/rates/akamai", { cents_per_gb: "8", monthly_cents: null });
  await api.send("PUT", "/v1/cost/rates/bunny", { cents_per_gb: "10", monthly_cents: 50_000 });
  const windows = history(leakMs);
  for (let from = 0; from < windows.length; from += 100)
    await api.send("PUT", `/v1/services/${service.id}/usage`, windows.slice(from, from + 100));
  await remember(world.databaseUrl, service.id, leakMs - (stormHoursAgo[0] ?? 0) * hourMs);
  return service.id;
};

/** As the platform's cron does: the answer ends with the job. */
const runJob = async ({ apiUrl, cronSecret }: World, job: string): Promise<void> => {
  const response = await fetch(`${apiUrl}/internal/cron/${job}`, { headers: { authorization: `Bearer ${cronSecret}` } });
  const text = await response.text();
  if (!response.ok) throw new Error(`the job ${job} answered ${response.status}: ${text.slice(0, 300)}`);
};

/** What egress costs, what is odd of it, and insurance that would not pay. */
export const watchCosts = async (telling: Telling): Promise<void> => {
  const { world, api, customerId, tell, measure } = telling;
  const leakMs = Math.floor((Date.now() - settleMs) / hourMs) * hourMs - hourMs;
  await createApi(world.apiUrl, world.adminToken).send("PUT", `/v1/cost/mode?customer_id=${customerId}`, { mode: "enforce" });
  const serviceId = await onboardMedia(telling, leakMs);
  await runJob(world, "score-costs");

  const series = await api.get<{ id: number; series: Series }[]>(`/v1/cost/baselines?service_id=${serviceId}`);
  const hoursOf = async (cdn: string | null): Promise<readonly Hour[]> => {
    const found = series.find((one) => one.series.cdn === cdn);
    const from = leakMs - 40 * hourMs;
    return found === undefined
      ? []
      : await api.get<Hour[]>(`/v1/cost/baselines/${found.id}/hours?from=${iso(from)}&to=${iso(leakMs + hourMs)}`);
  };
  const inStorm = (hours: readonly Hour[]) =>
    stormHoursAgo.map((ago) => hours.find(({ hour }) => Date.parse(hour) === leakMs - ago * hourMs));
  const [backup, sum] = [inStorm(await hoursOf("bunny")), inStorm(await hoursOf(null))];
  const shifted = backup.reduce((total, hour) => total + (hour?.value ?? 0), 0) / 100;
  tell(
    "the storm's egress is expected",
    backup.every((hour) => hour?.label === "expected: storm") && sum.every((hour) => hour?.severity === "none" && hour.label === null),
    `$${shifted.toFixed(2)} on bunny in two hours, labelled expected: storm; the sum of both CDNs was as usual`,
  );

  const anomalies = await api.get<Anomaly[]>("/v1/cost/anomalies");
  const [leak, ...others] = anomalies;
  tell(
    "five times the usual is found",
    leak !== undefined && others.length === 0 && leak.series.cdn === "akamai" && leak.severity === "critical" && leak.state === "open",
    leak?.explanation ?? "nothing was found",
  );
  const delayMs = leak === undefined ? Number.POSITIVE_INFINITY : Date.parse(leak.created_at) - (leakMs + hourMs);
  // The drill begins at some minute of an hour: its leak was over at the last hour that had settled.
  measure("end of the leak's hour -> anomaly", `${Math.round(delayMs / 60_000)} min`, "<= 76 min", delayMs <= 76 * 60_000);

  await runJob(world, "check-backups");
  const zombies =
    await api.get<{ rule: string; severity: string; reason: string; estimated_monthly_waste: number | null }[]>("/v1/cost/zombies");
  const [dead] = zombies;
  tell(
    "insurance that would not pay",
    zombies.length === 1 &&
      dead?.rule === "backup-would-not-pay" &&
      dead.severity === "critical" &&
      dead.estimated_monthly_waste === 50_000,
    dead === undefined ? "nothing was found" : `${dead.reason} $${((dead.estimated_monthly_waste ?? 0) / 100).toFixed(2)} a month`,
  );
};
