import type { RoundFigures } from "./cost-model.ts";
import type { CostWorld, Measured } from "./cost-world.ts";
import { driftCheckMs, intervalMs } from "./cost-world.ts";

/** Until the first windows are full. */
const warmUpRounds = 8;
/** In which every record is looked at once, as it is in production. */
const calmRounds = driftCheckMs / intervalMs;

const walOf = async ({ client }: CostWorld): Promise<number> =>
  Number((await client.query<{ bytes: string }>("select pg_current_wal_lsn() - '0/0'::pg_lsn as bytes")).rows[0]?.bytes);

const mean = (measured: readonly Measured[], domains: number, walBytes: number): RoundFigures => {
  const of = (figure: (one: Measured) => number) => measured.reduce((sum, one) => sum + figure(one), 0) / measured.length;
  return {
    domains,
    walBytes,
    requests: of(({ requests }) => requests),
    statements: of(({ statements }) => statements),
    bytesIn: of(({ bytesIn }) => bytesIn),
    bytesOut: of(({ bytesOut }) => bytesOut),
    cpuMs: of(({ cpuMs }) => cpuMs),
    probes: of(({ samples }) => samples),
    databaseMs: of(({ recent }) => recent.reduce((sum, { durationMs }) => sum + durationMs, 0)),
  };
};

/** The request by the first table that it reads or writes. */
const nameOf = (queries: readonly string[]): string => {
  const text = queries.join(" ");
  const names: readonly [name: string, sign: string][] = [
    ["load the shard", "update leases set expires_at"],
    ["store samples, evaluate", "insert into probe_samples"],
    ["read what to probe", "service_routing s on"],
    ["store decisions", "insert into domain_routing"],
    ["store outcomes", "update routing_changes"],
  ];
  return names.find(([, sign]) => text.includes(sign))?.[0] ?? "other";
};

export type Item = { readonly role: "acted" | "watched"; readonly name: string; readonly bytesOutPerDomain: number };

/**
 * Rounds of both providers in calm for as long as a drift check, and which of their requests the answers' bytes are of. The first round is that of
 * instances that have read nothing yet: what they receive is counted separately, as later ones receive only changes.
 */
export const measureRounds = async (
  world: CostWorld,
  domains: number,
): Promise<{ acted: RoundFigures; watched: RoundFigures; items: readonly Item[]; freshBytes: number }> => {
  const fresh = await world.rounds();
  for (let round = 1; round < warmUpRounds; round += 1) await world.rounds();
  await world.client.query("vacuum analyze");
  const walBefore = await walOf(world);
  const rounds = [];
  for (let round = 0; round < calmRounds; round += 1) rounds.push(await world.rounds());
  const walPerRound = ((await walOf(world)) - walBefore) / calmRounds / 2;
  const sums = new Map<string, Item>();
  for (const round of rounds) {
    for (const role of ["acted", "watched"] as const) {
      for (const { queries, bytesOut } of round[role].recent) {
        const name = nameOf(queries);
        const before = sums.get(`${role} ${name}`)?.bytesOutPerDomain ?? 0;
        sums.set(`${role} ${name}`, { role, name, bytesOutPerDomain: before + bytesOut / calmRounds / domains });
      }
    }
  }
  return {
    acted: mean(
      rounds.map(({ acted }) => acted),
      domains,
      walPerRound,
    ),
    watched: mean(
      rounds.map(({ watched }) => watched),
      domains,
      walPerRound,
    ),
    freshBytes: (fresh.acted.bytesOut + fresh.watched.bytesOut) / domains,
    items: [...sums.values()].sort((a, b) => b.bytesOutPerDomain - a.bytesOutPerDomain),
  };
};

/** What a storm leaves behind: its evidence, its switches, its row. @returns bytes a storm, indexes and all */
export const measureStorm = async (world: CostWorld): Promise<number> => {
  const tables = ["storm_events", "evidence", "routing_changes"];
  await world.primaryFails(true);
  for (let round = 0; round < 8; round += 1) await world.rounds();
  await world.primaryFails(false);
  for (let round = 0; round < 45; round += 1) await world.rounds();
  let bytes = 0;
  for (const table of tables) {
    await world.client.query(`vacuum full ${table}`);
    bytes += Number((await world.client.query<{ bytes: string }>(`select pg_total_relation_size('${table}') as bytes`)).rows[0]?.bytes);
  }
  const {
    rows: [row],
  } = await world.client.query<{ ended: string }>("select count(*) filter (where ended_at is not null) as ended from storm_events");
  if (Number(row?.ended) === 0) throw new Error("no storm came and went");
  return bytes / Number(row?.ended);
};
