import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../cdn/fault.ts";
import { auditStorm, keepKeys } from "./audit.ts";
import { watchCosts } from "./costs.ts";
import { crossedAtMs, firstFailureKnownAtMs, readPrimarySamples } from "./evidence.ts";
import type { Budget } from "./budget.ts";
import { keepBudget } from "./budget.ts";
import type { Invoice } from "./money.ts";
import type { Messages } from "./messages/steps.ts";
import { followMessages } from "./messages/steps.ts";
import { settleMoney } from "./money.ts";
import { closeMonth } from "./month.ts";
import { onboard, policy } from "./onboard.ts";
import type { DrillFault } from "./options.ts";
import type { Figure, Screen, Step } from "./screen.ts";
import { createTelling } from "./telling.ts";
import { createVisitors } from "./visitors.ts";
import type { World } from "./world.ts";
import { startWorldCron } from "./world.ts";
import { cadence, site } from "./outside.ts";

type Storm = { id: number; state: string; started_at: string; ended_at: string | null; relapses: number };

export type Story = { readonly steps: readonly Step[]; readonly figures: readonly Figure[]; readonly invoice: Invoice | null };

const unrest: Readonly<Record<DrillFault, Fault>> = {
  "5xx": { kind: "oscillate", badMs: 3_000, goodMs: 4_000 },
  refuse: { kind: "oscillate", badMs: 3_000, goodMs: 4_000 },
  oscillate: { kind: "oscillate", badMs: 3_000, goodMs: 4_000 },
  hang: { kind: "hang" },
  partial: { kind: "partial" },
};

const outage = (fault: DrillFault): Fault => (fault === "oscillate" ? unrest.oscillate : { kind: fault });

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;

/** Plays the whole story against the world and measures it. Never throws for a step that failed: it is in the steps. */
export const tellStory = async (world: World, fault: DrillFault, screen: Screen, elapsedMs: () => number): Promise<Story> => {
  const telling = createTelling(screen, elapsedMs);
  const { steps, figures, tell, measure, until, end } = telling;
  let invoice: Invoice | null = null;
  const cron = startWorldCron(world);
  const visitors = createVisitors(world);
  let messages: Messages | null = null;
  try {
    screen.chapter("Onboarding, through the public API");
    const { api, serviceId, customerId } = await onboard(world);
    // The domain is metered from the first second that begins when it is proven.
    await sleep(1_000 - (Date.now() % 1_000) + 50);
    visitors.start();
    tell("customer, service, domain, policy", true, `service ${serviceId}: ${site.host}, cloudflare -> fastly`);
    const budget: Budget = await keepBudget(api, serviceId, telling);
    messages = await followMessages(
      { world, api, line: (text) => screen.line(text), until, tell, measure },
      "a webhook, Slack, PagerDuty, and mail over SMTP that is confirmed by its code",
    );
    const keys = await keepKeys(api);
    const storms = () => api.get<Storm[]>(`/v1/storms?service_id=${serviceId}`);

    screen.chapter("Calm");
    await until("calm: rounds run", 20_000, async () => {
      const samples = await readPrimarySamples(world.databaseUrl);
      return samples.filter((sample) => sample.ok).length >= 6 ? true : null;
    });
    const before = visitors.visits.slice(-20);
    tell(
      "calm",
      (await storms()).length === 0 && before.every((visit) => visit.cdn === "primary" && visit.served),
      `no storm; the last ${before.length} visitors were all served by the primary`,
    );

    screen.chapter(`Outage (${fault})`);
    const brokenAtMs = Date.now();
    await world.cdns.primary.setFault(outage(fault));
    tell("the primary breaks", true, `${site.primary} now shows: ${fault}`);
    const failedAtMs = await until("first failed probe", 15_000, async () =>
      firstFailureKnownAtMs(await readPrimarySamples(world.databaseUrl), brokenAtMs),
    );
    tell("first failed probe", true, `${seconds(failedAtMs - brokenAtMs)} after the outage began`);
    const storm = await until("storm declared", 20_000, async () => (await storms())[0] ?? null);
    tell("storm declared", storm.state === "storm", `storm ${storm.id}, started_at ${storm.started_at}`);
    const shift = await until("weights 0/100 accepted", 15_000, () => shiftOf(world, brokenAtMs));
    const crossed = crossedAtMs(await readPrimarySamples(world.databaseUrl), brokenAtMs, policy) ?? failedAtMs;
    const sinceMs = fault === "partial" ? crossed : failedAtMs;
    tell("weights 0/100 accepted by Route 53", true, `change ${shift.changeId}`);
    const limitMs = 2 * cadence.intervalMs + (fault === "hang" ? cadence.timeoutMs : 0);
    measure("outage -> first failed probe known", seconds(failedAtMs - brokenAtMs), "", true);
    measure(
      fault === "partial" ? "threshold crossed -> weights accepted" : "first failed probe -> weights accepted",
      seconds(shift.acceptedAtMs - sinceMs),
      `<= ${seconds(limitMs)}`,
      shift.acceptedAtMs - sinceMs <= limitMs,
    );
    measure("outage -> weights accepted", seconds(shift.acceptedAtMs - brokenAtMs), "", true);

    const moved = await Promise.all(Array.from({ length: 20 }, () => visitors.visit()));
    const reached = moved.filter((visit) => visit.cdn === "backup" && visit.served).length;
    tell(
      "visitors reach the backup",
      reached === moved.length,
      `${reached} of ${moved.length} visitors resolved to and were served by the backup`,
    );
    measure("visitors on the backup after the switch", `${reached}/${moved.length}`, "all", reached === moved.length);

    await messages.started();

    screen.chapter(unrest[fault].kind === "oscillate" ? "The primary comes and goes" : "The outage lasts");
    await world.cdns.primary.setFault(unrest[fault]);
    const unrestUntil = Date.now() + 14_000;
    while (Date.now() < unrestUntil) {
      screen.progress(`unrest for another ${((unrestUntil - Date.now()) / 1_000).toFixed(0)} s`);
      await sleep(200);
    }
    const during = await storms();
    const flaps = world.route53.changes.filter((change) => change.acceptedAtMs > shift.acceptedAtMs).length;
    tell(
      "no flapping",
      flaps === 0 && during.length === 1,
      `${flaps} further DNS changes, ${during.length} storm, ${during[0]?.relapses} relapses`,
    );
    measure("DNS changes during the unrest", `${flaps}`, "0", flaps === 0);

    screen.chapter("Recovery");
    await world.cdns.primary.setFault({ kind: "healthy" });
    const healedAtMs = Date.now();
    tell("the primary is healthy again", true, "");
    await until("recovering", 30_000, async () => ((await storms()).some(({ state }) => state !== "storm") ? true : null));
    tell("recovering", true, `${seconds(Date.now() - healedAtMs)} after; the cooldown of ${seconds(cadence.cooldownMs)} runs`);
    const early = shiftBack(world, healedAtMs);
    tell("weights stay during the cooldown", early === null, "still 0/100");
    const back = await until("weights 100/0 accepted", 30_000, () => shiftBack(world, healedAtMs));
    const ended = await until("storm ended", 5_000, async () => (await storms()).find(({ state }) => state === "ended") ?? null);
    tell("storm ended", true, `ended_at ${ended.ended_at}, ${ended.relapses} relapses`);
    tell("weights 100/0 accepted by Route 53", true, `change ${back.changeId}`);
    await messages.ended();
    measure(
      "recovery -> weights back",
      seconds(back.acceptedAtMs - healedAtMs),
      `>= ${seconds(cadence.cooldownMs)}`,
      back.acceptedAtMs - healedAtMs >= cadence.cooldownMs,
    );
    const home = await Promise.all(Array.from({ length: 20 }, () => visitors.visit()));
    tell(
      "visitors are back on the primary",
      home.every((visit) => visit.cdn === "primary" && visit.served),
      `${home.length} of ${home.length}`,
    );
    await until("change in sync", 10_000, async () => {
      const { changes } = await api.get<{ changes: { result: string }[] }>(`/v1/services/${serviceId}/routing`);
      return changes.length === 2 && changes.every(({ result }) => result === "insync") ? true : null;
    });
    tell("both switches in sync", true, "GetChange says INSYNC for both");

    screen.chapter("Error budget");
    await budget.judged({
      stormId: storm.id,
      brokenAtMs,
      shiftedAtMs: shift.acceptedAtMs,
      healedAtMs,
      visits: visitors.visits,
      isTotal: fault !== "partial" && fault !== "oscillate",
    });

    screen.chapter("Evidence");
    await world.plane.worker.trigger("23 3 * * *");
    const audited = await auditStorm(api, storm.id, keys);
    tell("the evidence is verified offline", audited.ok, audited.detail);
    measure("records signed, decisions replayed", `${audited.records}, ${audited.replayed}`, "", audited.replayed >= 2);

    screen.chapter("Money");
    await visitors.stop();
    invoice = await settleMoney({ world, api, serviceId, until, tell, measure });
    await closeMonth({ world, tell });

    screen.chapter("Costs");
    await watchCosts({ world, api, customerId, until, tell, measure });

    await messages.titled("the leak is told on all four", /^media on akamai: /);
    await messages.titled("the dead backup is told on all four", /^Insurance that would not pay: media/);

    screen.chapter("Messages");
    await messages.judged();

    const all = await storms();
    measure("storms", `${all.length}`, "exactly 1", all.length === 1);
    measure("relapses", `${all[0]?.relapses ?? 0}`, "", true);
    measure("DNS changes in all", `${world.route53.changes.length}`, "exactly 2", world.route53.changes.length === 2);
    const lost = visitors.visits.filter((visit) => !visit.served).length;
    measure("visitors served / lost", `${visitors.visits.length - lost}/${lost}`, "", true);
  } catch (error) {
    end(error);
  } finally {
    await visitors.stop();
    await messages?.stop();
    cron.stop();
  }
  return { steps, figures, invoice };
};

type Change = World["route53"]["changes"][number];

const weightSet = (change: Change, identifier: string): number | undefined =>
  change.changes.find(({ action, recordSet }) => action !== "DELETE" && recordSet.setIdentifier === identifier)?.recordSet.weight;

const shiftOf = (world: World, sinceMs: number): Change | null =>
  world.route53.changes.find(
    (change) => change.acceptedAtMs >= sinceMs && weightSet(change, "primary") === 0 && weightSet(change, "backup") === 100,
  ) ?? null;

const shiftBack = (world: World, sinceMs: number): Change | null =>
  world.route53.changes.find(
    (change) => change.acceptedAtMs >= sinceMs && weightSet(change, "primary") === 100 && weightSet(change, "backup") === 0,
  ) ?? null;
