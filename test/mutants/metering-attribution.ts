import { attribution as tests } from "./killers.ts";
import type { Mutant } from "./mutant.ts";

const holdings = "src/adapters/db/metering/holdings.ts";
const facts = "src/adapters/db/metering/usage-facts.ts";
const ingest = "src/adapters/db/metering/ingest.ts";
const killedBy = { tests } as const;

/** Ways in which bytes could become somebody else's, or nobody's (semantics §8). */
export const attribution: readonly Mutant[] = [
  {
    id: "attribution: the sides of today",
    breaks: "bytes of the past go to the sides that a service has now",
    killedBy,
    file: holdings,
    from: "t.name as host, h.primary_cdn, h.backup_cdn,",
    to: "t.name as host, (select v.primary_cdn from services v where v.id = t.service_id) as primary_cdn, (select v.backup_cdn from services v where v.id = t.service_id) as backup_cdn,",
  },
  {
    id: "attribution: no bound by the proof",
    breaks: "a name is metered for who has not proven it",
    killedBy,
    file: "drizzle/0026_usage_facts_guards.sql",
    from: "held boolean := NEW.verified_at IS NOT NULL AND NEW.deleted_at IS NULL",
    to: "held boolean := NEW.deleted_at IS NULL",
  },
  {
    id: "attribution: a measurement replaced by one that saw less",
    breaks: "a sampled reading takes the place of a better one",
    killedBy,
    file: ingest,
    from: "bytes, sampling, 1 from touched_readings",
    to: "bytes, sampling, 1 from touched_readings where false",
  },
  {
    id: "attribution: a lower bound takes the place of the whole",
    breaks: "a part of a side replaces what was known of all of it",
    killedBy,
    file: "src/adapters/db/metering/usage-write.ts",
    from: "then greatest(new_${side}_bytes, ${side}_bytes) else",
    to: "then new_${side}_bytes else",
  },
  {
    id: "attribution: a deleted service skipped",
    breaks: "the last bytes of a deleted service are nobody's",
    killedBy,
    file: ingest,
    from: "coalesce(t.to_at, 'infinity') > ${since} and ${cdn} in (h.primary_cdn, h.backup_cdn)\n        group by",
    to: "t.to_at is null and ${cdn} in (h.primary_cdn, h.backup_cdn)\n        group by",
  },
  {
    id: "attribution: a minute goes to who comes during it",
    breaks: "whoever takes over a name is billed for the minute before",
    killedBy,
    file: holdings,
    from: "to_timestamp(ceil(extract(epoch",
    to: "to_timestamp(floor(extract(epoch",
  },
  {
    id: "attribution: a reading replaced by a lesser one",
    breaks: "a reading shrinks though nobody corrected it",
    killedBy,
    file: ingest,
    from: "(i.bytes >= k.bytes or (k.sampling is not null",
    to: "(true or (k.sampling is not null",
  },
  {
    id: "attribution: a push taken back by an account that saw nothing",
    breaks: "pushed bytes vanish once an account is read",
    killedBy,
    file: facts,
    from: "when rest then greatest(pushed, bytes) else bytes end as bytes",
    to: "else bytes end as bytes",
  },
  {
    id: "attribution: a push counted beside what is measured",
    breaks: "the same bytes are billed twice",
    killedBy,
    file: facts,
    from: "standing is null or not standing <@ cdns as has_rest",
    to: "true as has_rest",
  },
  {
    id: "attribution: an incomplete side taken for complete",
    breaks: "what could not be read counts as nothing",
    killedBy,
    file: facts,
    from: "bool_or((r.bytes is null and ${measured})",
    to: "bool_or((false)",
  },
  {
    id: "attribution: a host that can not be read counts as read",
    breaks: "an unreadable host makes no window incomplete",
    killedBy,
    file: "src/cron/ingest-usage.ts",
    from: "filter(({ host }) => !unreadable.has(host) && !deferred.has(host))",
    to: "filter(() => true)",
  },
  {
    id: "attribution: what is older than the look-back given up",
    breaks: "windows that stayed incomplete for long are never read again",
    killedBy,
    file: "src/domain/metering/metering.ts",
    from: "for (let startMs = oldFromMs; startMs < oldUntilMs;",
    to: "for (let startMs = oldUntilMs; startMs < oldUntilMs;",
  },
];
