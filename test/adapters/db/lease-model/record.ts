import type { TestDatabase } from "../../../support/database.ts";

/** Times are epoch microseconds: they are compared exactly. */
type Moment = number;

/** A version of a lease's row; `seq` was drawn while the row was locked, so it tells the order in which things happened. */
export type LeaseVersion = {
  readonly seq: number;
  readonly lease: string;
  readonly epoch: number;
  readonly holder: string;
  readonly provider: string;
  readonly acquiredAt: Moment;
  readonly expiresAt: Moment;
  readonly releasedAt: Moment | null;
  /** When the row was written. */
  readonly at: Moment;
};

/** A write that has been committed, with whose lease it was in that moment. */
export type Landed = {
  readonly seq: number;
  readonly lease: string;
  readonly epoch: number;
  readonly holder: string;
  /** When its statement began: its fence was looked at later. */
  readonly startedAt: Moment;
  readonly at: Moment;
  readonly leaseEpoch: number;
  readonly leaseHolder: string;
};

export type Takeover = {
  readonly seq: number;
  readonly kind: string;
  readonly lease: string;
  readonly from: string;
  readonly to: string;
  readonly epoch: number;
  readonly lapsed: boolean;
  readonly unheldMs: number;
  readonly previousHash: string | null;
  readonly hash: string;
};

/** What became of some leases, as the database itself recorded it. */
export type DatabaseRecord = {
  readonly versions: readonly LeaseVersion[];
  readonly landed: readonly Landed[];
  /** Of all leases: they are one chain. */
  readonly takeovers: readonly Takeover[];
};

/** The table that is written under leases, and triggers that record what happens: the referee, independent of the code under test. */
export const prepareRecord = async (database: TestDatabase): Promise<void> => {
  await database.sql(`
    create sequence model_seq;
    create table written (
      id bigint generated always as identity primary key, lease text not null, epoch bigint not null, holder text not null,
      started_at timestamptz not null default statement_timestamp()
    );
    create table lease_versions (
      seq bigint, lease text, epoch bigint, holder text, provider text, acquired_at timestamptz, expires_at timestamptz,
      released_at timestamptz, at timestamptz
    );
    create table landed (
      seq bigint, lease text, epoch bigint, holder text, started_at timestamptz, at timestamptz, lease_epoch bigint, lease_holder text
    );
    create function note_lease() returns trigger language plpgsql as $$ begin
      insert into lease_versions values (nextval('model_seq'), new.name, new.epoch, new.holder, new.provider, new.acquired_at,
        new.expires_at, new.released_at, clock_timestamp());
      return null;
    end $$;
    create trigger note_lease after insert or update on leases for each row execute function note_lease();
    create function note_landed() returns trigger language plpgsql as $$ begin
      insert into landed select nextval('model_seq'), new.lease, new.epoch, new.holder, new.started_at, clock_timestamp(), l.epoch, l.holder
      from leases l where l.name = new.lease;
      return null;
    end $$;
    -- At commit: whose lease it is then is what counts.
    create constraint trigger note_landed after insert on written deferrable initially deferred for each row execute function note_landed();
    -- The preferred provider looks well for as long as anybody asks.
    insert into providers (name, heartbeat_at, heartbeat_since, public_checked_at, public_ok_since)
      select 'cloudflare', now() + interval '1 day', now() - interval '1 day', now() + interval '1 day', now() - interval '1 day'`);
};

const us = (column: string) => `(extract(epoch from ${column}) * 1000000)::float8`;

/** Reads what has been recorded since the last time, and forgets it. @param takeoversFrom the first takeover that is wanted */
export const takeRecord = async (database: TestDatabase, takeoversFrom: number): Promise<DatabaseRecord> => {
  const numbers = <Row extends object>(rows: readonly Row[], ...fields: readonly (keyof Row)[]): Row[] =>
    rows.map((row) => ({ ...row, ...Object.fromEntries(fields.map((field) => [field, Number(row[field])])) }));
  const versions = await database.sql<LeaseVersion>(
    `select seq, lease, epoch, holder, provider, ${us("acquired_at")} as "acquiredAt", ${us("expires_at")} as "expiresAt",
       ${us("released_at")} as "releasedAt", ${us("at")} as at from lease_versions order by seq`,
  );
  const landed = await database.sql<Landed>(
    `select seq, lease, epoch, holder, ${us("started_at")} as "startedAt", ${us("at")} as at, lease_epoch as "leaseEpoch",
       lease_holder as "leaseHolder" from landed order by seq`,
  );
  const takeovers = await database.sql<Takeover>(
    `select seq, kind, lease, from_provider as "from", to_provider as "to", epoch, lapsed, unheld_ms as "unheldMs",
       previous_hash as "previousHash", hash from takeovers where seq >= $1 order by seq`,
    [takeoversFrom],
  );
  await database.sql("truncate written, lease_versions, landed");
  return {
    versions: numbers(versions, "seq", "epoch"),
    landed: numbers(landed, "seq", "epoch", "leaseEpoch"),
    takeovers: numbers(takeovers, "seq", "epoch", "unheldMs"),
  };
};
