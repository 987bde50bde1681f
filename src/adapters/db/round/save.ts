import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { visitorAnswers } from "../../../domain/steering/backup-reach.ts";
import { isoTime } from "../../../iso-time.ts";
import type { RoundDecisions, RoundOutcomes, StoredIntent } from "../../ports/detection/round.ts";
import type { DomainRouting } from "../../ports/detection/round-view.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { chunksOf } from "./chunks.ts";
import { saveContests, saveDrifts } from "./drifts.ts";
import { auditDropped, forgetAttempts, resolveIntents, saveFailures, saveIntentOutcomes, saveIntents } from "./intents.ts";
import { inShard } from "./pages.ts";
import { saveStates } from "./states.ts";
import { saveExpired, savePolled, saveSettled, saveStandings } from "./polls.ts";
import { noteHealthy, saveStorms } from "./storms.ts";

type DomainRow = DomainRouting & { readonly domainId: number; readonly serviceId: number };

const json = (value: unknown): SQL => sql`${JSON.stringify(value)}::jsonb`;
const ms = (name: string): SQL => sql.raw(`to_timestamp(${name} / 1000.0)`);

const saveServices = (fence: Fence, services: RoundDecisions["services"], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}
  insert into service_routing (service_id, state, reason, latched_storm_id, latched_relapses, latched_also, failback_step,
    failback_step_at, shadow_target, backup_health, updated_at)
  select x.service_id, x.state, x.reason, x.storm_id, x.relapses, x.also, x.step, ${ms("x.step_at")}, x.shadow_target, x.backup_health,
    ${isoTime(nowMs)}::timestamptz
  from jsonb_to_recordset(${json(
    services.map((service) => ({
      service_id: service.serviceId,
      state: service.state,
      reason: service.reason,
      storm_id: service.latch?.stormId ?? null,
      relapses: service.latch?.relapses ?? null,
      also: service.latch?.also ?? null,
      step: service.failback?.step ?? null,
      step_at: service.failback?.sinceMs ?? null,
      shadow_target: service.shadowTarget,
      backup_health: service.backupHealth ?? null,
    })),
  )}) as x(service_id bigint, state text, reason text, storm_id bigint, relapses int, also jsonb, step int, step_at bigint, shadow_target text, backup_health text)
  where exists (select from fence)
  on conflict (service_id) do update set state = excluded.state, reason = excluded.reason,
    latched_storm_id = excluded.latched_storm_id, latched_relapses = excluded.latched_relapses, latched_also = excluded.latched_also,
    failback_step = excluded.failback_step, failback_step_at = excluded.failback_step_at,
    shadow_target = excluded.shadow_target, backup_health = excluded.backup_health, updated_at = excluded.updated_at`;

const saveDomains = (fence: Fence, domains: readonly DomainRow[], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}
  insert into domain_routing (domain_id, service_id, status, zone_id, records, surroundings, group_weights, expected, read_at, primary_weight, backup_weight,
    discovered_primary_target, discovered_backup_target, discovered_primary_ok, discovered_backup_ok, moved_at,
    last_error, updated_at)
  select x.domain_id, x.service_id, x.status, x.zone_id, x.records, x.surroundings, x.group_weights, x.expected, ${ms("x.read_at")},
    (select (r->>'weight')::int from jsonb_array_elements(coalesce(x.records, '[]')) r where lower(r->>'setIdentifier') = 'primary' limit 1),
    (select (r->>'weight')::int from jsonb_array_elements(coalesce(x.records, '[]')) r where lower(r->>'setIdentifier') = 'backup' limit 1),
    x.primary_target, x.backup_target, x.primary_ok, x.backup_ok, ${ms("x.moved_at")}, x.last_error,
    ${isoTime(nowMs)}::timestamptz
  from jsonb_to_recordset(${json(
    domains.map((domain) => ({
      domain_id: domain.domainId,
      service_id: domain.serviceId,
      status: domain.status,
      zone_id: domain.zoneId,
      records: domain.records,
      surroundings: domain.surroundings ?? null,
      group_weights: domain.group ?? null,
      expected: visitorAnswers(domain.records, domain.surroundings ?? null),
      read_at: domain.readAtMs,
      primary_target: domain.discoveredPrimaryTarget,
      backup_target: domain.discoveredBackupTarget,
      primary_ok: domain.discoveredPrimaryOk,
      backup_ok: domain.discoveredBackupOk,
      moved_at: domain.movedAtMs,
      last_error: domain.lastError,
    })),
  )}) as x(domain_id bigint, service_id bigint, status text, zone_id text, records jsonb, surroundings jsonb, group_weights jsonb, expected jsonb, read_at bigint,
    primary_target text, backup_target text, primary_ok boolean, backup_ok boolean, moved_at bigint, last_error text)
  where exists (select from fence)
  on conflict (domain_id) do update set service_id = excluded.service_id, status = excluded.status,
    zone_id = excluded.zone_id, records = excluded.records, surroundings = excluded.surroundings, group_weights = excluded.group_weights, expected = excluded.expected, read_at = excluded.read_at,
    primary_weight = excluded.primary_weight, backup_weight = excluded.backup_weight,
    discovered_primary_target = excluded.discovered_primary_target,
    discovered_backup_target = excluded.discovered_backup_target,
    discovered_primary_ok = excluded.discovered_primary_ok, discovered_backup_ok = excluded.discovered_backup_ok,
    moved_at = excluded.moved_at, last_error = excluded.last_error, updated_at = excluded.updated_at`;

/** Storms of one request: with their evidence half of what Neon takes. */
const stormsPerRequest = 1_000;

/**
 * Applies decisions in one transaction; an empty set sends no statement for it. Of very many storms at once all but the last
 * thousand are written first, each with its evidence in one transaction.
 */
const saveSome = async (
  db: Database,
  fence: Fence,
  decisions: RoundDecisions,
  nowMs: number,
): Promise<ReadonlyMap<number, StoredIntent>> => {
  const { storms, healthy, services, domains, resolved, intents, lapsed, drifts, contests, states } = decisions;
  let first = 0;
  for (; storms.length - first > stormsPerRequest; first += stormsPerRequest) {
    await db.batch(saveStorms(fence, storms.slice(first, first + stormsPerRequest), nowMs));
  }
  const last = storms.slice(first);
  const statements = [
    ...saveStorms(fence, last, nowMs),
    ...(services.length > 0 ? [saveServices(fence, services, nowMs)] : []),
    ...(domains.length > 0 ? [saveDomains(fence, domains, nowMs)] : []),
    ...(resolved.length > 0 ? [resolveIntents(fence, resolved, nowMs)] : []),
    ...(drifts.length > 0 ? [saveDrifts(fence, drifts, nowMs)] : []),
    ...(contests.length > 0 ? [saveContests(fence, contests, nowMs)] : []),
    ...(healthy.length > 0 ? [noteHealthy(fence, healthy, nowMs)] : []),
    ...(states.length > 0 ? [saveStates(fence, states)] : []),
    ...(lapsed.length > 0 ? [forgetAttempts(fence, lapsed)] : []),
    ...(intents.length > 0 ? [saveIntents(fence, intents, nowMs)] : []),
  ];
  if (statements.length === 0) return new Map();
  const results = await db.batch(statements);
  const rows = intents.length > 0 ? (results.at(-1) as (StoredIntent & { domainId: number })[]) : [];
  return new Map(rows.map(({ domainId, ...stored }) => [domainId, stored]));
};

/** Applies a round's decisions: in one transaction if they fit one request, else in one per group of services. */
export const saveDecisions = async (
  db: Database,
  fence: Fence,
  decisions: RoundDecisions,
  nowMs: number,
): Promise<ReadonlyMap<number, StoredIntent>> => {
  const rowIds = new Map<number, StoredIntent>();
  for (const chunk of chunksOf(decisions)) {
    for (const [domainId, stored] of await saveSome(db, fence, chunk, nowMs)) rowIds.set(domainId, stored);
  }
  return rowIds;
};

/** Stores a chunk of DNS outcomes, in one transaction. */
const saveSomeOutcomes = async (db: Database, fence: Fence, outcomes: RoundOutcomes, nowMs: number): Promise<void> => {
  const { intents, domains, failures, dropped, settled, polled, expire, standings } = outcomes;
  const statements = [
    ...(intents.length > 0 ? [saveIntentOutcomes(fence, intents)] : []),
    ...(domains.length > 0 ? [saveDomains(fence, domains, nowMs)] : []),
    ...(failures.length > 0 ? [saveFailures(fence, failures, nowMs)] : []),
    ...(dropped.length > 0 ? [auditDropped(fence, dropped)] : []),
    ...(settled.length > 0 ? [saveSettled(fence, settled, nowMs)] : []),
    ...(polled.length > 0 ? [savePolled(fence, polled)] : []),
    ...(expire === null ? [] : [saveExpired(fence, inShard(sql`c.service_id`, expire), nowMs)]),
    ...(standings.length > 0 ? [saveStandings(fence, standings, nowMs)] : []),
  ];
  if (statements.length > 0) await db.batch(statements);
};

/** Outcomes per request: with the records of their domains a few megabytes. */
const outcomesPerRequest = 2_000;

/** Stores DNS outcomes, one transaction per request, usually one; nothing to store: no round trip. */
export const saveOutcomes = async (db: Database, fence: Fence, outcomes: RoundOutcomes, nowMs: number): Promise<void> => {
  const { intents, domains, failures, dropped, settled, polled, standings } = outcomes;
  const most = Math.max(1, ...[intents, domains, failures, dropped, settled, polled, standings].map(({ length }) => length));
  for (let from = 0; from < most; from += outcomesPerRequest) {
    const some = <Item>(all: readonly Item[]): readonly Item[] => all.slice(from, from + outcomesPerRequest);
    await saveSomeOutcomes(
      db,
      fence,
      {
        intents: some(intents),
        domains: some(domains),
        failures: some(failures),
        dropped: some(dropped),
        settled: some(settled),
        polled: some(polled),
        expire: from === 0 ? outcomes.expire : null,
        standings: some(standings),
      },
      nowMs,
    );
  }
};
