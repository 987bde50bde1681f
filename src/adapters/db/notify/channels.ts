import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { channelSealingContext } from "../../../domain/notify/sealing.ts";
import type { Kept } from "../../../domain/notify/sealing.ts";
import type { QuotaLimits } from "../../../domain/tenants/quota.ts";
import { AppError } from "../../../errors.ts";
import { isoTime } from "../../../iso-time.ts";
import type { ChannelSecret } from "../../ports/notify/channel.ts";
import type { ChannelStore, Confirmation, Confirmed, NewChannel, NotificationChannel } from "../../ports/notify/channels.ts";
import type { Secrets } from "../../ports/platform/secrets.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, rememberedAnswer, taken, write } from "../platform/write.ts";
import { failingEnds, missedEnds } from "./missed-ends.ts";
import { ownedBy } from "./owner.ts";
import type { Exhausted } from "../tenants/quotas.ts";
import { exhausted, noLimits, quotaLock, refuseExhausted } from "../tenants/quotas.ts";

const columns = sql`id, name, kind, settings, kinds, min_severity as "minSeverity", service_ids as "serviceIds", ${ms("confirmed_at", "confirmedAtMs")},
  ${ms("disabled_at", "disabledAtMs")}, disabled_reason as "disabledReason", failures, ${ms("paused_until", "pausedUntilMs")}, ${ms("last_sent_at", "lastSentAtMs")},
  last_error as "lastError", ${ms("last_error_at", "lastErrorAtMs")}, ${ms("created_at", "createdAtMs")}, ${ms("updated_at", "updatedAtMs")}`;

/** Wrong codes after which a new one has to be sent. */
const mostMisses = 10;

/** The operator's channels are few, and nobody else can make one. */
const mostOfOperator = 1_000;

const owned = (customerId: number | null, id: number): SQL =>
  sql`id = ${id} and ${ownedBy(sql`customer_id`, customerId)} and deleted_at is null`;

/** Mails with a code that are sent for an owner within a day, whatever becomes of their channels: they go to whomever somebody names. */
const mostCodes = 50;

/** As a CTE behind `quotaLock`: a row where no more codes may be sent. The audit row of a change says how many it sent; older ones `true`, for one. */
const codesExhausted = (customerId: number | null, confirmation: Confirmation): SQL => sql`
  select true as refused from audit_log a
  where ${confirmation !== null}::boolean and ${ownedBy(sql`a.customer_id`, customerId)} and a.object_type = 'channel' and a.action in ('create', 'update')
    and a.at > now() - interval '1 day' and a.after->'asked' is not null
  having coalesce(sum(case jsonb_typeof(a.after->'asked') when 'number' then (a.after->>'asked')::int else 1 end), 0) + ${confirmation?.mails ?? 0}::int > ${mostCodes}`;

const refuseCode = (refused: boolean | null | undefined): void => {
  if (refused === true)
    throw new AppError(
      "rate_limited",
      `at most ${mostCodes} mails that ask recipients are sent within a day; confirm or delete what waits`,
      { headers: { "retry-after": "3600" } },
    );
};

/** What an audit row says of a channel. */
const told = (row: string): SQL => sql.raw(`to_jsonb(${row}) - 'sealed_secret' - 'confirm_hash'`);

/** The same where a mail with a code follows. */
const toldAsking = (row: string, confirmation: Confirmation): SQL =>
  confirmation === null ? told(row) : sql`${told(row)} || jsonb_build_object('asked', ${confirmation.mails}::int)`;

const array = (values: readonly unknown[] | null, type: "text" | "bigint"): SQL =>
  values === null
    ? sql.raw(`null::${type}[]`)
    : sql`(select array_agg(x::${sql.raw(type)}) from jsonb_array_elements_text(${JSON.stringify(values)}::jsonb) x)`;

const confirmed = (confirmation: Confirmation): SQL => sql`case when ${confirmation === null}::boolean then now() end`;
const until = (confirmation: Confirmation): SQL => sql`${confirmation === null ? null : isoTime(confirmation.untilMs)}::timestamptz`;

/** Services that are named and are none of the customer's; the operator names none. */
const strangers = (customerId: number | null, serviceIds: readonly number[] | null | undefined): SQL => sql`
  select x.id from unnest(coalesce(${array(serviceIds ?? null, "bigint")}, '{}'::bigint[])) as x(id)
  where not exists (select from services s where s.id = x.id and s.customer_id = ${customerId}::bigint and s.deleted_at is null) limit 1`;

const refuseStranger = (id: number | null | undefined): void => {
  if (id != null)
    throw new AppError("bad_request", "the body is not valid", {
      fields: [{ pointer: "/service_ids", detail: `must be services of the customer: ${id} is none` }],
    });
};

const nameTaken = taken("there is a channel of that name", "/name");

/** @param secrets null where SECRETS_KEY is not set */
export const createChannelStore = (db: Database, secrets: Secrets | null, limits: QuotaLimits = noLimits): ChannelStore => {
  const box = (): Secrets => {
    if (secrets === null) throw new AppError("conflict", "this deployment keeps no secrets (SECRETS_KEY is not set)");
    return secrets;
  };
  const seal = (secret: Kept<ChannelSecret>, customerId: number | null): Promise<string> =>
    box().seal(JSON.stringify(secret), channelSealingContext(customerId));

  const create = async (customerId: number | null, input: NewChannel, sealed: string, change: Parameters<ChannelStore["create"]>[2]) => {
    const { name, settings, kinds, minSeverity, serviceIds, secret, confirmation } = input;
    const room =
      customerId === null
        ? sql`select 'channels' as kind, ${mostOfOperator}::int as "limit" from channels where customer_id is null and deleted_at is null having count(*) >= ${mostOfOperator}`
        : exhausted(customerId, limits, ["channels"]);
    const [row] = await write<{
      channel: NotificationChannel | null;
      quota: Exhausted | null;
      stranger: number | null;
      refused: boolean | null;
    }>(
      db,
      sql`
      with quota as (${room}
      ), codes as (${codesExhausted(customerId, confirmation)}
      ), stranger as (${strangers(customerId, serviceIds)}
      ), created as (
        insert into channels (customer_id, name, kind, settings, sealed_secret, kinds, min_severity, service_ids, confirmed_at, confirm_hash, confirm_until)
        select ${customerId}::bigint, ${name}, ${secret.kind}, ${JSON.stringify(settings)}::jsonb, ${sealed}, ${array(kinds, "text")}, ${minSeverity}, ${array(serviceIds, "bigint")},
          ${confirmed(confirmation)}, ${confirmation?.codeHash ?? null}, ${until(confirmation)}
        where not exists (select from quota) and not exists (select from codes) and not exists (select from stranger)
          and (${customerId}::bigint is null or exists (select from customers where id = ${customerId}::bigint)) returning *
      ), view as (select ${columns} from created
      ), remembered as (${rememberedAnswer(change, "created", secret.kind === "webhook" ? null : "view")}
      ), audit as (${auditRow(change, "create", "channel", sql`select id as object_id, customer_id, null::jsonb as before, ${toldAsking("created", confirmation)} as after from created`)}
      )
      select (select to_jsonb(v) from view v) as channel, (select to_jsonb(q) from quota q) as quota, (select id from stranger) as stranger, (select refused from codes) as refused`,
      { channels_live_name_key: nameTaken },
      quotaLock(customerId ?? 0),
    );
    refuseExhausted(row?.quota);
    refuseCode(row?.refused);
    refuseStranger(row?.stranger);
    return row?.channel ?? null;
  };

  const replaceSecret = async (
    customerId: number | null,
    id: number,
    was: string,
    sealed: string,
    change: Parameters<ChannelStore["remove"]>[2],
  ) => {
    const [row] = await write<NotificationChannel>(
      db,
      sql`
      with moved as (
        update channels set sealed_secret = ${sealed}, updated_at = now() where ${owned(customerId, id)} and sealed_secret = ${was} returning *
      ), remembered as (${rememberedAnswer(change, "moved", null, 200)}
      ), audit as (${auditRow(change, "rotate", "channel", sql`select id as object_id, customer_id, null::jsonb as before, ${told("moved")} as after from moved`)}
      )
      select ${columns} from moved`,
    );
    return row ?? null;
  };

  /** Sealed as they were opened: what is put in their place must be the very same. */
  const opened = new WeakMap<object, string>();

  return {
    create: async (customerId, input, change) => await create(customerId, input, await seal(input.secret, customerId), change),
    list: (customerId, page) =>
      db.rows<NotificationChannel>(sql`
      select ${columns} from channels where ${ownedBy(sql`customer_id`, customerId)} and deleted_at is null and id > ${page.afterId ?? 0}
      order by id limit ${page.limit}`),
    find: async (customerId, id) =>
      (await db.rows<NotificationChannel>(sql`select ${columns} from channels where ${owned(customerId, id)}`))[0] ?? null,
    open: async (customerId, id) => {
      const [row] = await db.rows<NotificationChannel & { sealed: string }>(
        sql`select ${columns}, sealed_secret as sealed from channels where ${owned(customerId, id)}`,
      );
      if (row === undefined) return null;
      const { sealed, ...channel } = row;
      const text = await box()
        .open(sealed, channelSealingContext(customerId))
        .catch(() => {
          throw new AppError(
            "conflict",
            "the secret of the channel can not be opened with the keys of this deployment (SECRETS_KEY): say anew how it is reached, or delete it",
          );
        });
      const secret = JSON.parse(text) as Kept<ChannelSecret>;
      opened.set(secret, sealed);
      return { channel, secret };
    },
    update: async (customerId, id, { name, kinds, minSeverity, serviceIds, target, enabled }, change) => {
      const sealed = target === undefined ? null : await seal(target.secret, customerId);
      const sets = [
        ...(name === undefined ? [] : [sql`name = ${name}`]),
        ...(kinds === undefined ? [] : [sql`kinds = ${array(kinds, "text")}`]),
        ...(minSeverity === undefined ? [] : [sql`min_severity = ${minSeverity}`]),
        ...(serviceIds === undefined ? [] : [sql`service_ids = ${array(serviceIds, "bigint")}`]),
        ...(target === undefined
          ? []
          : [
              sql`settings = ${JSON.stringify(target.settings)}::jsonb, sealed_secret = ${sealed}, failures = 0, paused_until = null,
          confirmed_at = ${confirmed(target.confirmation)}, confirm_hash = ${target.confirmation?.codeHash ?? null}, confirm_until = ${until(target.confirmation)}, confirm_misses = 0`,
            ]),
        ...(enabled === undefined
          ? []
          : [
              enabled
                ? sql`disabled_at = null, disabled_reason = null, failures = 0, paused_until = null`
                : sql`disabled_at = coalesce(c.disabled_at, now()), disabled_reason = coalesce(c.disabled_reason, 'switched off')`,
            ]),
        sql`updated_at = now()`,
      ];
      const was = target?.was === undefined ? sql`` : sql`and sealed_secret = ${opened.get(target.was) ?? ""}`;
      const confirmation = target?.confirmation ?? null;
      const [row] = await write<{ channel: NotificationChannel | null; stranger: number | null; refused: boolean | null }>(
        db,
        sql`
        with old as (select * from channels where ${owned(customerId, id)} ${was} for update
        ), codes as (${codesExhausted(customerId, confirmation)}
        ), stranger as (${strangers(customerId, serviceIds)}
        ), changed as (
          update channels c set ${sql.join(sets, sql`, `)} from old where c.id = old.id and not exists (select from codes) and not exists (select from stranger) returning c.*
        ), ends as (${enabled === true ? missedEnds(sql`changed`) : sql`select 1`}
        ), well as (${enabled === true ? failingEnds(sql`(select o.* from old o, changed)`, "enabled") : sql`select 1`}
        ), view as (select ${columns} from changed
        ), remembered as (${rememberedAnswer(change, "changed", "view", 200)}
        ), audit as (${auditRow(change, "update", "channel", sql`select n.id as object_id, n.customer_id, ${told("old")} as before, ${toldAsking("n", confirmation)} as after from changed n, old`)}
        )
        select (select to_jsonb(v) from view v) as channel, (select s.id from stranger s where exists (select from old)) as stranger,
          (select k.refused from codes k where exists (select from old)) as refused`,
        { channels_live_name_key: nameTaken },
        ...(confirmation === null ? [] : [quotaLock(customerId ?? 0)]),
      );
      refuseCode(row?.refused);
      refuseStranger(row?.stranger);
      return row?.channel ?? null;
    },
    replaceSecret: async (customerId, id, was, secret, change) =>
      await replaceSecret(customerId, id, opened.get(was) ?? "", await seal(secret, customerId), change),
    noteSent: async (customerId, id, what, { status, detail }, change) => {
      const sent = status === "sent";
      const [row] = await write<NotificationChannel>(
        db,
        sql`
        with noted as (
          update channels set last_sent_at = case when ${sent}::boolean then now() else last_sent_at end, failures = case when ${sent}::boolean then 0 else failures end,
            paused_until = case when ${sent}::boolean then null else paused_until end, last_error = case when ${sent}::boolean then last_error else ${detail} end,
            last_error_at = case when ${sent}::boolean then last_error_at else now() end
          where ${owned(customerId, id)} returning *
        ), audit as (${auditRow(
          change,
          what,
          "channel",
          sql`
          select id as object_id, customer_id, null::jsonb as before, jsonb_build_object('status', ${status}::text, 'detail', ${detail}::text) as after from noted`,
        )}
        )
        select ${columns} from noted`,
      );
      return row ?? null;
    },
    confirm: async (customerId, id, codeHash, nowMs, change) => {
      const [row] = await write<{ result: Confirmed }>(
        db,
        sql`
        with old as (select * from channels where ${owned(customerId, id)} and confirmed_at is null and confirm_hash is not null for update
        ), judged as (
          select o.*, case when o.confirm_misses >= ${mostMisses} or o.confirm_until <= ${isoTime(nowMs)}::timestamptz then 'over'
            when o.confirm_hash = ${codeHash} then 'confirmed' else 'wrong' end as result from old o
        ), changed as (
          update channels c set confirmed_at = case when j.result = 'confirmed' then now() end,
            confirm_hash = case when j.result = 'confirmed' then null else c.confirm_hash end, confirm_misses = c.confirm_misses + (j.result = 'wrong')::int
          from judged j where c.id = j.id returning c.*, j.result
        ), audit as (${auditRow(
          change,
          "confirm",
          "channel",
          sql`
          select id as object_id, customer_id, null::jsonb as before, ${told("changed")} as after from changed where result = 'confirmed'`,
        )}
        )
        select result from changed`,
      );
      return row?.result ?? null;
    },
    remove: async (customerId, id, change) => {
      const rows = await write<{ id: number }>(
        db,
        sql`
        with gone as (
          update channels set deleted_at = now(), sealed_secret = '', confirm_hash = null where ${owned(customerId, id)} returning *
        ), dropped as (
          update deliveries d set state = 'dropped', ended_at = now() from gone where d.channel_id = gone.id and d.state = 'pending'
        ), well as (${failingEnds(sql`gone`, "deleted")}
        ), audit as (${auditRow(change, "delete", "channel", sql`select id as object_id, customer_id, ${told("gone")} as before, null::jsonb as after from gone`)}
        )
        select id from gone`,
      );
      return rows.length > 0;
    },
  };
};
