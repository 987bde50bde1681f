import { baseline } from "./cost-baseline.ts";
import type { Figures, Month } from "./cost-model.ts";
import { assumed, monthOf } from "./cost-model.ts";
import type { Item } from "./cost-rounds.ts";
import { measureRounds, measureStorm } from "./cost-rounds.ts";
import { measureStorage } from "./cost-storage.ts";
import { createCostWorld } from "./cost-world.ts";
import { prices } from "./prices.ts";
import { printTable } from "./table.ts";

const domainsInShard = 200;
const sizes = [1, 100, 10_000] as const;
const largest = 10_000;
/** What was to be halved. */
const goal = 2;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const dollars = (amount: number): string => `$${amount.toFixed(amount < 10 ? 2 : 0)}`;
const gigabytes = (amount: number): string => `${amount.toFixed(amount < 10 ? 2 : 0)} GB`;
const count = (amount: number): string => (amount >= 1e6 ? `${(amount / 1e6).toFixed(1)} M` : Math.round(amount).toLocaleString("en"));

/** In the past, so that an hour of rounds does not lead into the future, which the database would refuse. */
const longAgoMs = (): number => Math.floor(Date.now() / 10_000) * 10_000 - 3 * 3_600_000;

const measure = async (): Promise<Figures & { readonly items: readonly Item[] }> => {
  const calm = await createCostWorld(domainsInShard, longAgoMs());
  const rounds = await measureRounds(calm, domainsInShard);
  await calm.close();
  const stormy = await createCostWorld(20, longAgoMs());
  const stormBytes = await measureStorm(stormy);
  await stormy.close();
  const stored = await createCostWorld(20, longAgoMs());
  const figures = { ...rounds, stormBytes, stored: await measureStorage(stored, Date.now()) };
  await stored.close();
  return figures;
};

const printMeasured = ({ acted, watched, items, stored, stormBytes, freshBytes }: Figures & { readonly items: readonly Item[] }): void => {
  say(`\ncost: ${domainsInShard} domains in one shard, three paths each, real rounds of both providers in calm, real PostgreSQL\n`);
  const roundRow = (name: string, round: Figures["acted"]) => [
    name,
    round.requests.toFixed(1),
    round.statements.toFixed(1),
    round.probes.toFixed(0),
    `${(round.bytesIn / domainsInShard).toFixed(0)} B`,
    `${(round.bytesOut / domainsInShard).toFixed(0)} B`,
    `${round.databaseMs.toFixed(0)} ms`,
    `${round.cpuMs.toFixed(0)} ms`,
    `${(round.cpuMs / round.probes).toFixed(2)} ms`,
  ];
  printTable(
    ["a round of", "requests", "statements", "probes", "sent a domain", "received a domain", "database", "CPU", "CPU a probe"],
    [roundRow("the holder", acted), roundRow("the witness", watched)],
  );
  say("");
  printTable(
    ["what is received", "by", "bytes a domain and round"],
    items.map(({ role, name, bytesOutPerDomain }) => [name, role === "acted" ? "holder" : "witness", bytesOutPerDomain.toFixed(0)]),
  );
  say(`\na new instance of each provider reads its shard once, ${freshBytes.toFixed(0)} B a domain together; then what has changed`);
  say("");
  printTable(
    ["stored", "bytes a domain and day", "kept, days", `at ${largest.toLocaleString("en")} domains`],
    stored.map(({ table, bytesPerDomainDay, keptDays }) => [
      table,
      bytesPerDomainDay.toFixed(0),
      String(Math.round(keptDays * 100) / 100),
      gigabytes((bytesPerDomainDay * keptDays * largest) / 1e9),
    ]),
  );
  say(
    `\na storm with its evidence and switches: ${(stormBytes / 1_024).toFixed(0)} KiB; CPU is that of this machine's Node, not of workerd`,
  );
};

const printMonths = (months: readonly Month[]): void => {
  say("\na month at list prices, both providers at work, the Worker as the holder\n");
  const row = (name: string, of: (month: Month) => string) => [name, ...months.map(of)];
  printTable(
    ["", ...months.map(({ domains }) => `${domains.toLocaleString("en")} domain${domains === 1 ? "" : "s"}`)],
    [
      row("shards", ({ shards }) => String(shards)),
      row("probes", ({ probes }) => count(probes)),
      row("Workers: CPU hours", ({ workers }) => workers.cpuHours.toFixed(1)),
      row("Durable Objects: GB-s", ({ workers }) => count(workers.objectGbSeconds)),
      row(
        "Vercel: invocations, CPU hours, GB-hours",
        ({ vercel }) => `${count(vercel.invocations)}, ${vercel.cpuHours.toFixed(1)}, ${count(vercel.gbHours)}`,
      ),
      row("Neon: compute units", ({ neon }) => String(neon.cu)),
      row("Neon: stored", ({ storageGb }) => gigabytes(storageGb)),
      row("Neon: sent", ({ egressGb }) => gigabytes(egressGb)),
      row("Route 53 calls (free)", ({ route53Calls }) => count(route53Calls)),
      row("Cloudflare", ({ workers }) => dollars(workers.cost)),
      row("Vercel", ({ vercel }) => dollars(vercel.cost)),
      row("Neon: compute", ({ neon }) => dollars(neon.compute)),
      row("Neon: storage", ({ neon }) => dollars(neon.storage)),
      row("Neon: history", ({ neon }) => dollars(neon.history)),
      row("Neon: egress", ({ neon }) => dollars(neon.egress)),
      row("together", ({ cost }) => dollars(cost)),
    ],
  );
  say(
    `\nassumed: ${assumed.domainsPerShard} domains a shard, one a service; ${assumed.probeMs} ms a probe, ${assumed.connections} at once; ${assumed.stormsPerDomainMonth} storms a domain and month;`,
  );
  say(
    `hourly usage windows, books of a year; records in a zone of their own, read every 5 min; ${assumed.freshInstancesPerDay} new instances a day and provider; a restore window of ${assumed.restoreDays} day; no requests of the API`,
  );
  for (const { source } of Object.values(prices)) say(`  ${source}`);
};

/** What a month costs, from figures that are measured in this very run, and how that compares with the baseline. */
export const benchCost = async (): Promise<void> => {
  const figures = await measure();
  printMeasured(figures);
  printMonths(sizes.map((domains) => monthOf(figures, domains)));
  const [before, after] = [monthOf(baseline.figures, largest), monthOf(figures, largest)];
  say(`\nagainst the baseline (${baseline.commit}), ${largest.toLocaleString("en")} domains\n`);
  const compared: readonly [name: string, before: number, after: number, show: (amount: number) => string][] = [
    ["egress a month", before.egressGb, after.egressGb, gigabytes],
    ["storage", before.storageGb, after.storageGb, gigabytes],
    ["a month", before.cost, after.cost, dollars],
  ];
  printTable(
    ["", "before", "after", "before : after"],
    compared.map(([name, was, is, show]) => [name, show(was), show(is), (was / is).toFixed(1)]),
  );
  const missed = compared
    .slice(0, 2)
    .filter(([, was, is]) => was / is < goal)
    .map(([name]) => name);
  if (missed.length === 0) return;
  say(`MISSED: ${missed.join(" and ")} is not halved`);
  process.exitCode = 1;
};
