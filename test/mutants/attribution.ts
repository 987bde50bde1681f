import type { SourceMutant } from "./mutants.ts";

const holdings = "src/adapters/db/metering/holdings.ts";
const facts = "src/adapters/db/metering/usage-facts.ts";
const ingest = "src/adapters/db/metering/ingest.ts";
const write = "src/adapters/db/metering/usage-write.ts";
const job = "src/cron/ingest-usage.ts";
const guards = "drizzle/0026_usage_facts_guards.sql";

/** Ways in which bytes could become somebody else's, or nobody's (semantics §8). */
export const ofAttribution: readonly SourceMutant[] = [
  {
    name: "the sides of today",
    sql: [{
      file: holdings, from: "t.name as host, h.primary_cdn, h.backup_cdn,",
      to: "t.name as host, (select v.primary_cdn from services v where v.id = t.service_id) as primary_cdn, (select v.backup_cdn from services v where v.id = t.service_id) as backup_cdn,",
    }],
    domain: [],
  },
  {
    name: "no bound by the proof",
    sql: [{ file: guards, from: "held boolean := NEW.verified_at IS NOT NULL AND NEW.deleted_at IS NULL", to: "held boolean := NEW.deleted_at IS NULL" }],
    domain: [],
  },
  {
    name: "a measurement replaced by one that saw less",
    sql: [{ file: ingest, from: "bytes, sampling, 1 from touched_readings", to: "bytes, sampling, 1 from touched_readings where false" }],
    domain: [],
  },
  {
    name: "a lower bound takes the place of the whole",
    sql: [{ file: write, from: "then greatest(new_${side}_bytes, ${side}_bytes) else", to: "then new_${side}_bytes else" }],
    domain: [],
  },
  {
    name: "a deleted service skipped",
    sql: [{ file: ingest, from: "coalesce(t.to_at, 'infinity') > ${since} and ${cdn} in (h.primary_cdn, h.backup_cdn)\n        group by", to: "t.to_at is null and ${cdn} in (h.primary_cdn, h.backup_cdn)\n        group by" }],
    domain: [],
  },
  {
    name: "a minute goes to who comes during it",
    sql: [{ file: holdings, from: "to_timestamp(ceil(extract(epoch", to: "to_timestamp(floor(extract(epoch" }],
    domain: [],
  },
  {
    name: "a reading replaced by a lesser one",
    sql: [{ file: ingest, from: "(i.bytes >= k.bytes or (k.sampling is not null", to: "(true or (k.sampling is not null" }],
    domain: [],
  },
  {
    name: "a push taken back by an account that saw nothing",
    sql: [{ file: facts, from: "when rest then greatest(pushed, bytes) else bytes end as bytes", to: "else bytes end as bytes" }],
    domain: [],
  },
  {
    name: "a push counted beside what is measured",
    sql: [{ file: facts, from: "standing is null or not standing <@ cdns as has_rest", to: "true as has_rest" }],
    domain: [],
  },
  {
    name: "an incomplete side taken for complete",
    sql: [{ file: facts, from: "bool_or((r.bytes is null and ${measured})", to: "bool_or((false)" }],
    domain: [],
  },
  {
    name: "a host that can not be read counts as read",
    sql: [],
    domain: [{ file: job, from: "filter(({ host }) => !unreadable.has(host) && !deferred.has(host))", to: "filter(() => true)" }],
  },
  {
    name: "what is older than the look-back given up",
    sql: [],
    domain: [{ file: "src/domain/metering/metering.ts", from: "for (let startMs = oldFromMs; startMs < oldUntilMs;", to: "for (let startMs = oldUntilMs; startMs < oldUntilMs;" }],
  },
];
