import type { Duo } from "../../../local/drill/duo.ts";
import { cadence, site } from "../../../local/drill/outside.ts";
import type { Telling } from "../../../local/drill/telling.ts";
import { seedCosts } from "../cost-console-world.ts";
import { createPooledDatabase } from "../pooled-database.ts";
import type { Camera } from "./camera.ts";
import { bill, openChannels, publish } from "./papers.ts";
import type { Town } from "./town.ts";

export type Set = Pick<Telling, "tell" | "until"> & { readonly world: Duo; readonly town: Town; readonly camera: Camera };

type Routing = {
  readonly state: string;
  readonly changes: readonly { readonly result: string }[];
  readonly domains: readonly { readonly name: string; readonly status: string }[];
};

const routing = ({ town }: Set, id: number) => town.api.get<Routing>(`/v1/services/${id}/routing`);
const inState = (set: Set, id: number, state: string, withinMs: number) =>
  set.until(state, withinMs, async () => ((await routing(set, id)).state === state ? true : null));
const stormOf = async ({ town }: Set, id: number) =>
  (await town.api.get<{ id: number; state: string }[]>(`/v1/storms?service_id=${id}`))[0];

const thresholds = "kind=http_availability&threshold_avail=0.9&window_seconds=60&cooldown_seconds=300&min_samples=3&min_failures=3";

/** The way of a service from a name to one that is checked. */
const setup = async ({ camera, town: { api, ids } }: Set): Promise<void> => {
  await api.send("POST", `/v1/services/${ids.downloads}/readiness/check`, {});
  await camera.shoot("setup", "services", "/console/setup", "owner");
  await camera.shoot("setup", "new", "/console/setup/new", "owner");
  const at = `/console/setup/${ids.downloads}`;
  for (const step of ["domains", "records", "verification", "readiness"]) await camera.shoot("setup", step, `${at}/${step}`, "owner");
  const preview = `act=preview&${thresholds}&max_coverage_factor=1.5&latency_ms=`;
  await camera.shoot("setup", "policy", `${at}/policy?${preview}`, "owner");
};

/** What the customer's CDNs cost by now: a leak since three hours, a storm three days ago, something that idles. */
const costs = async ({ world, camera, town: { customerId, ids } }: Set): Promise<void> => {
  const db = createPooledDatabase(world.databaseUrl, 1);
  try {
    const leaking = { id: ids.downloads, name: "downloads" };
    const seeded = await seedCosts(db, Date.now(), { customerId, leaking, unrated: { id: ids.images, cdn: "cloudfront" } });
    await camera.shoot("calm", "cost", "/console/cost", "owner");
    await camera.shoot("calm", "cost-series", `/console/cost/series/${seeded.primaryId}`, "owner");
    await camera.shoot("calm", "cost-anomaly", `/console/cost/anomalies/${seeded.leakId}`, "owner");
  } finally {
    await db.close();
  }
};

/** The window of an axis that shows what a drill takes, in seconds since 1970. */
const lately = (): readonly [from: number, to: number] => {
  const now = Math.floor(Date.now() / 1_000);
  return [now - 270, now + 30];
};

/** What somebody sees who looks after everything. */
const overview = async ({ camera, town: { ids } }: Set, scene: string): Promise<void> => {
  await camera.shoot(scene, "fleet", "/console", "owner");
  const [from, to] = lately();
  await camera.shoot(scene, "service", `/console/services/${ids.downloads}?from=${from}&to=${to}`, "owner");
};

const calm = async (set: Set): Promise<void> => {
  const { until, world, tell, camera, town } = set;
  await until("both providers look", 90_000, async () => {
    const rows = await world.watch.query<{ vantage: string }>(
      "select vantage from probe_samples where ok group by vantage having count(*) >= 40",
    );
    return rows.length === 2 && (await routing(set, town.ids.images)).domains.every(({ status }) => status === "found") ? true : null;
  });
  tell("calm", true, "four services, one of them frozen");
  await overview(set, "calm");
  await camera.shoot("calm", "sign-in", "/console/sign-in", "nobody");
  await camera.shoot("calm", "order", `/console/order?mode=frozen&service=${town.ids.downloads}`, "owner");
  await camera.shoot("calm", "customers", "/console/customers", "admin");
  await camera.shoot("calm", "tokens", "/console/tokens", "owner");
  await openChannels(town, world);
  await setup(set);
  await costs(set);
};

const storm = async (set: Set): Promise<void> => {
  const { world, tell, until, camera, town } = set;
  await world.cdns.primary.setFault({ kind: "5xx" });
  await inState(set, town.ids.downloads, "shifted", 40_000);
  await until("in sync", 30_000, async () => {
    const { changes } = await routing(set, town.ids.downloads);
    return changes.every(({ result }) => result === "insync") ? true : null;
  });
  tell("storm", true, "the primary of three services fails");
  await overview(set, "storm");
  await camera.shoot("storm", "storms", "/console/storms", "owner");
  await camera.shoot("storm", "storm", `/console/storms/${(await stormOf(set, town.ids.downloads))?.id}`, "owner");
};

/** What is pressed, and who was told, on a bad day. */
const badDay = async ({ camera, town }: Set): Promise<void> => {
  await camera.shoot("held", "freeze-all", "/console/all?what=services", "owner");
  await camera.shoot("held", "panic", "/console/all?what=panic", "admin");
  await camera.shoot("held", "channels", "/console/channels", "owner");
  const [first] = await town.api.get<{ id: number }[]>("/v1/channels");
  await camera.shoot("held", "channel", `/console/channels/${first?.id}`, "owner");
  await camera.shoot("held", "status-page", await publish(town), "nobody");
  await camera.shoot("held", "publishing", "/console/status-page", "owner");
  await camera.shoot("held", "audit", "/console/audit", "owner");
};

/** The backup fails as well: there is nowhere to go, and an error budget burns. */
const held = async (set: Set): Promise<void> => {
  const { world, tell, until, camera, town } = set;
  await world.cdns.backup.setFault({ kind: "5xx" });
  await inState(set, town.ids.checkout, "held", 60_000);
  tell("held", true, "the backup fails too");
  await overview(set, "held");
  await camera.shoot("held", "checkout", `/console/services/${town.ids.checkout}`, "owner");
  await badDay(set);
  const path = `/v1/services/${town.ids.downloads}/objectives/${town.objectiveId}/alerts?state=open`;
  await until("a burn alert", 180_000, async () => ((await town.api.get<unknown[]>(path)).length > 0 ? true : null));
  tell("a burn alert", true, "99.99 %: its budget burns");
  await camera.shoot("burn", "objectives", "/console/objectives", "owner");
  await camera.shoot("burn", "fleet", "/console", "owner");
};

const failback = async (set: Set): Promise<void> => {
  const { world, tell, camera, town } = set;
  await world.cdns.backup.setFault({ kind: "healthy" });
  await world.cdns.primary.setFault({ kind: "healthy" });
  await inState(set, town.ids.downloads, "failback", 90_000);
  tell("failback", true, "back by steps of 10 and 50 percent");
  await overview(set, "failback");
  await inState(set, town.ids.downloads, "normal", 120_000);
  const over = await stormOf(set, town.ids.downloads);
  if (over === undefined) throw new Error("there was no storm");
  await camera.shoot("over", "storm", `/console/storms/${over.id}`, "owner");
  const invoiceId = await bill(town, world, { id: over.id, service_id: town.ids.downloads });
  await camera.shoot("over", "invoices", "/console/invoices", "owner");
  await camera.shoot("over", "invoice", `/console/invoices/${invoiceId}`, "owner");
  await camera.shoot("over", "links", `/console/invoices/${invoiceId}/links`, "owner");
};

/** Somebody's infrastructure-as-code sets other weights, again and again. */
const contested = async (set: Set): Promise<void> => {
  const { world, tell, until, town } = set;
  const apply = () =>
    world.route53.seed(
      world.zoneId,
      (["primary", "backup"] as const).map((side) => ({
        name: site.host,
        type: "CNAME",
        ttlSeconds: 5,
        setIdentifier: side,
        weight: side === "primary" ? 30 : 70,
        values: [site[side]],
      })),
    );
  const weightIs = (wanted: number) =>
    world.route53
      .records(world.zoneId)
      .some(({ name, setIdentifier, weight }) => name === `${site.host}.` && setIdentifier === "primary" && weight === wanted);
  for (const time of ["first", "second"]) {
    apply();
    await until(`healed the ${time} time`, 40_000, () => (weightIs(100) ? true : null));
  }
  apply();
  await until("contested", 40_000, async () =>
    (await routing(set, town.ids.downloads)).domains.some(({ status }) => status === "contested") ? true : null,
  );
  tell("contested", true, "weights that are changed back and forth are left, and said");
  await overview(set, "contested");
};

const takeover = async (set: Set): Promise<void> => {
  const { world, tell, until, camera } = set;
  const darkAtMs = Date.now();
  await world.cloudflare.kill();
  await until(
    "takeover",
    60_000,
    async () => (await world.watch.takeovers()).find(({ to, atMs }) => to === "vercel" && atMs > darkAtMs) ?? null,
  );
  tell("takeover", true, "the Worker is killed; the fallback carries on, and serves the console");
  await camera.shoot("takeover", "fleet", "/console", "owner");
  await camera.shoot("takeover", "status", "/console/status", "admin");
};

/** In the order in which they can be played one after the other. */
export const scenes: readonly ((set: Set) => Promise<void>)[] = [calm, storm, held, failback, contested, takeover];

/** What the drill's world needs beside its own variables, so that nobody waits for a scene. */
export const environment = { DRIFT_CHECK: `${cadence.intervalMs}ms` } as const;
