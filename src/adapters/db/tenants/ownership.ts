import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { ClaimChange } from "../../../domain/tenants/ownership.ts";
import { tokenLifeMs } from "../../../domain/tenants/ownership.ts";
import { isoTime } from "../../../iso-time.ts";
import type { ClaimAuthor, Dispute, DueClaim, NamedClaims, OwnershipStore } from "../../ports/tenants/ownership.ts";
import { violates } from "../platform/client.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { auditRow, ms, tranche } from "../platform/write.ts";

/** A dispute requires a proof in DNS, so a name has few. */
const mostClaims = 50;

const claimColumns = sql`d.id, d.customer_id as "customerId", d.challenge_token as token, ${ms("d.challenge_expires_at", "tokenExpiresAtMs")},
  d.claim_rev as rev, ${ms("d.verified_at", "verifiedAtMs")}, d.verified_by as "verifiedBy", ${ms("d.proof_seen_at", "seenAtMs")},
  ${ms("d.lapsed_at", "lapsedAtMs")}, d.absences, ${ms("d.held_at", "heldAtMs")}, ${ms("d.disputed_at", "disputedAtMs")},
  ${ms("d.lost_at", "lostAtMs")}, ${ms("d.proof_due_at", "dueAtMs")}`;

const asText = (value: number | null): string | null => (value === null ? null : isoTime(value));

const rowOf = ({ claim, event, rotate }: ClaimChange, own: boolean) => ({
  id: claim.id,
  verified: claim.verifiedAtMs !== null,
  verified_at: asText(claim.verifiedAtMs),
  verified_by: claim.verifiedBy,
  seen_at: asText(claim.seenAtMs),
  lapsed_at: asText(claim.lapsedAtMs),
  absences: claim.absences,
  held_at: asText(claim.heldAtMs),
  disputed_at: asText(claim.disputedAtMs),
  lost_at: asText(claim.lostAtMs),
  due_at: asText(claim.dueAtMs),
  event,
  rotate,
  own,
});

/** 64 hexadecimal digits, of which 244 bits are random. */
const anotherToken = sql`replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')`;

/** Optimistic locking: a claim changed since it was read is not written; `revs` are those after the preceding statements. */
const standing = (revs: readonly { readonly id: number; readonly rev: number }[], fence: ClaimAuthor["fence"]): SQL => sql`
  (select count(*) from service_domains e join jsonb_to_recordset(${JSON.stringify(revs)}::jsonb) as k(id bigint, rev int) on k.id = e.id
    where e.deleted_at is null and e.claim_rev = k.rev) = ${revs.length}::int
  ${fence === undefined ? sql`` : sql`and exists (select from fence)`}`;

/** The time of a change of owner is the database's: usage is attributed by it. */
const update = (
  rows: readonly ReturnType<typeof rowOf>[],
  revs: readonly { readonly id: number; readonly rev: number }[],
  author: ClaimAuthor,
): SQL => sql`
  with ${author.fence === undefined ? sql`` : sql`${fenceCte(author.fence)},`} wanted as (
    select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as w(id bigint, verified boolean, verified_by text, seen_at timestamptz,
      lapsed_at timestamptz, absences int, held_at timestamptz, disputed_at timestamptz, lost_at timestamptz, due_at timestamptz,
      event text, rotate boolean, own boolean)
    where ${standing(revs, author.fence)}
  ), old as (select d.* from service_domains d join wanted w on w.id = d.id
  ), changed as (
    update service_domains d set
      verified_at = case when w.verified then coalesce(d.verified_at, now()) end, verified_by = w.verified_by,
      updated_at = case when w.verified <> (d.verified_at is not null) then now() else d.updated_at end,
      steer_checked_at = case when w.verified and d.verified_at is not null then d.steer_checked_at end,
      proof_seen_at = w.seen_at, lapsed_at = w.lapsed_at, absences = w.absences, held_at = w.held_at, disputed_at = w.disputed_at,
      lost_at = w.lost_at, proof_due_at = w.due_at, claim_rev = d.claim_rev + 1,
      challenge_token = case when w.rotate then ${anotherToken} else d.challenge_token end,
      challenge_expires_at = case when w.rotate then now() + ${tokenLifeMs / 1_000} * interval '1 second' else d.challenge_expires_at end
    from wanted w where d.id = w.id returning d.*, w.event, w.own
  ), mine as (${auditOf(author, true)}
  ), others as (${auditOf(tranche, false)}
  )
  select id from changed`;

const auditOf = (author: { readonly actor: string; readonly requestId: string | null }, own: boolean): SQL => sql`
  insert into audit_log (customer_id, actor, action, object_type, object_id, before, after, request_id)
  select c.customer_id, ${author.actor}, c.event, 'domain', c.id, to_jsonb(old), to_jsonb(c) - 'event' - 'own', ${author.requestId}
  from changed c join old on old.id = c.id where c.event is not null and c.own = ${own}::boolean`;

const nameTaken = "service_domains_verified_name_key";

export const createOwnershipStore = (db: Database): OwnershipStore => ({
  claims: async (domainId) => {
    const [named] = await db.rows<NamedClaims>(sql`
      select m.name, coalesce((select jsonb_agg(x) from (
        select ${claimColumns} from service_domains d
        where d.name = m.name and d.deleted_at is null and (d.id = m.id or d.verified_at is not null or d.disputed_at is not null)
        order by d.id = m.id desc, d.verified_at is not null desc, d.disputed_at, d.id limit ${mostClaims}) x), '[]') as claims
      from service_domains m where m.id = ${domainId} and m.deleted_at is null`);
    return named ?? null;
  },

  save: async ({ name, claims }, ownId, changes, author) => {
    if (changes.length === 0) return true;
    const rows = changes.map((change) => rowOf(change, change.claim.id === ownId));
    const [leaving, others] = [rows.filter(({ verified }) => !verified), rows.filter(({ verified }) => verified)];
    const revs = claims.map(({ id, rev }) => ({ id, rev }));
    const after = revs.map(({ id, rev }) => ({ id, rev: leaving.some((row) => row.id === id) ? rev + 1 : rev }));
    // The claim that loses the name is written first: only one may hold it at any moment.
    const statements = [
      sql`select 1 from service_domains where deleted_at is null and name = ${name} order by id for update`,
      ...(leaving.length > 0 ? [update(leaving, revs, author)] : []),
      ...(others.length > 0 ? [update(others, after, author)] : []),
    ];
    try {
      const results = await db.batch<{ id: number }[][]>(statements);
      return (results.at(-1) ?? []).length > 0;
    } catch (error) {
      // A claim that was not among those read has become the owner meanwhile.
      if (violates(error, nameTaken)) return false;
      throw error;
    }
  },

  renew: async (domainId, nowMs, author) => {
    await db.rows(sql`
      with old as (
        select * from service_domains where id = ${domainId} and deleted_at is null and verified_at is null and disputed_at is null
          and challenge_expires_at <= ${isoTime(nowMs)}::timestamptz for update
      ), renewed as (
        update service_domains d set challenge_token = ${anotherToken}, claim_rev = d.claim_rev + 1,
          challenge_expires_at = now() + ${tokenLifeMs / 1_000} * interval '1 second'
        from old where d.id = old.id returning d.*
      )
      ${auditRow(
        author,
        "renew_challenge",
        "domain",
        sql`
        select r.id as object_id, r.customer_id, to_jsonb(old) as before, to_jsonb(r) as after from renewed r join old on old.id = r.id`,
      )}`);
  },

  due: async (nowMs, limit) =>
    await db.rows<DueClaim>(sql`
    select id, name, token from (
      select id, name, challenge_token as token, proof_due_at, row_number() over (partition by customer_id order by proof_due_at, id) as place
      from service_domains
      where deleted_at is null and (verified_at is not null or disputed_at is not null) and coalesce(verified_by, 'proof') <> 'off'
        and proof_due_at <= ${isoTime(nowMs)}::timestamptz
    ) x order by place, proof_due_at, id limit ${limit}`),

  ofService: async (customerId, serviceId, limit) => {
    const rows = await db.rows<{ domains: (DueClaim & { verified: boolean })[] }>(sql`
      select coalesce((select jsonb_agg(x order by x.id) from (
        select d.id, d.name, d.challenge_token as token, d.verified_at is not null and coalesce(d.verified_by, 'proof') <> 'off' as verified
        from service_domains d where d.service_id = s.id and d.deleted_at is null order by d.verified_at is null, d.lapsed_at is not null, d.id limit ${limit}) x), '[]') as domains
      from services s where s.id = ${serviceId} and s.customer_id = ${customerId} and s.deleted_at is null`);
    return rows[0]?.domains ?? null;
  },

  byIds: async (domainIds) =>
    await db.rows<DueClaim>(sql`
    select id, name, challenge_token as token from service_domains
    where id = any(${`{${domainIds.join()}}`}::bigint[]) and deleted_at is null and verified_at is not null order by id`),

  noteFirstSwitch: async (domainIds, fence) => {
    await db.rows(sql`
      with ${fenceCte(fence)}
      update service_domains set steer_checked_at = now()
      where id = any(${`{${domainIds.join()}}`}::bigint[]) and verified_at is not null and steer_checked_at is null and exists (select from fence)`);
  },

  disputes: async (page) =>
    await db.rows<Dispute>(sql`
    select d.id, d.name, d.customer_id as "customerId", d.service_id as "serviceId", ${ms("d.disputed_at", "disputedAtMs")},
      ${ms("d.proof_seen_at", "seenAtMs")}, (
        select jsonb_build_object('id', o.id, 'customerId', o.customer_id, 'serviceId', o.service_id,
          'verifiedAtMs', trunc(extract(epoch from o.verified_at) * 1000)::bigint, 'lapsedAtMs', trunc(extract(epoch from o.lapsed_at) * 1000)::bigint)
        from service_domains o where o.name = d.name and o.deleted_at is null and o.verified_at is not null limit 1) as owner
    from service_domains d
    where d.deleted_at is null and d.disputed_at is not null and d.verified_at is null and d.id > ${page.afterId ?? 0}
    order by d.id limit ${page.limit}`),
});
