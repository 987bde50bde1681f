import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { FoundDrift, RoundDecisions } from "../../ports/detection/round.ts";
import { fenceCte } from "../platform/fence.ts";

/** Stores drifts, and adds them to the counter of `/metrics`: the rows themselves are pruned. */
export const saveDrifts = (fence: Fence, drifts: readonly FoundDrift[], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}, found as (
  insert into routing_drifts (service_id, domain_id, record_type, previous_primary, previous_backup, expected_primary,
    expected_backup, found_primary, found_backup, previous_others, found_others, left_alone, epoch, found_at)
  select x.service_id, x.domain_id, x.record_type, x.previous_primary, x.previous_backup, x.expected_primary,
    x.expected_backup, x.found_primary, x.found_backup, x.previous_others, x.found_others, x.left_alone, ${fence.epoch}, ${isoTime(nowMs)}::timestamptz
  from jsonb_to_recordset(${JSON.stringify(
    drifts.map((drift) => ({
      service_id: drift.serviceId,
      domain_id: drift.domainId,
      record_type: drift.recordType,
      previous_primary: drift.previous.primary,
      previous_backup: drift.previous.backup,
      expected_primary: drift.expected?.primary ?? null,
      expected_backup: drift.expected?.backup ?? null,
      found_primary: drift.found.primary,
      found_backup: drift.found.backup,
      previous_others: drift.others?.previous ?? null,
      found_others: drift.others?.found ?? null,
      left_alone: drift.leftAlone,
    })),
  )}::jsonb) as x(service_id bigint, domain_id bigint, record_type text, previous_primary int, previous_backup int,
    expected_primary int, expected_backup int, found_primary int, found_backup int, previous_others int, found_others int, left_alone text)
  where exists (select from fence)
  returning coalesce(left_alone, 'healing') as outcome)
  insert into counters as c (name, provider, label, value)
  select 'drifts', '', outcome, count(*) from found group by outcome order by outcome
  on conflict (name, provider, label) do update set value = c.value + excluded.value`;

/** Does not reopen a fight that an operator resolved during the round: it names the state it saw. */
export const saveContests = (fence: Fence, contests: RoundDecisions["contests"], nowMs: number): SQL => sql`
  with ${fenceCte(fence)}
  update domain_routing r
  set contested_at = case when x.contested then ${isoTime(nowMs)}::timestamptz end, updated_at = ${isoTime(nowMs)}::timestamptz
  from jsonb_to_recordset(${JSON.stringify(contests.map((one) => ({ id: one.domainId, contested: one.contested })))}::jsonb)
    as x(id bigint, contested boolean)
  where r.domain_id = x.id and (r.contested_at is null) = x.contested and exists (select from fence)`;
