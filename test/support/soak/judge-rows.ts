import type { SoakDatabase } from "./database.ts";
import type { Violation } from "./judge.ts";
import type { Played } from "./world.ts";

/** After this an intent has long been given up, tried again or found to be made. */
const intentMs = 10 * 60_000;
/** A switch that failed has its turn again within five minutes, and a round or two. */
const overdueMs = 6 * 60_000;
/** Nobody asks after a change for longer than an hour. */
const askedMs = 65 * 60_000;

type Row = {
  readonly id: number;
  readonly result: string;
  readonly name: string;
  readonly tried: number;
  readonly accepted: number | null;
  readonly next: number | null;
  readonly isParked: boolean;
};

/**
 * Pending rows: an intent, a switch that nobody has seen on all servers yet, one that failed and is tried again. None is
 * forgotten; each is settled in its time, or parked with the time of its next turn.
 */
export const judgePending = async (
  sql: SoakDatabase["sql"],
  nowMs: number,
): Promise<{ readonly violations: readonly Violation[]; readonly settled: number; readonly parked: number }> => {
  const rows = await sql<Row>(
    `select c.id, c.result, d.name, (extract(epoch from coalesce(c.attempted_at, c.intended_at)) * 1000)::bigint as tried,
       (extract(epoch from c.accepted_at) * 1000)::bigint as accepted, (extract(epoch from coalesce(c.next_attempt_at, c.next_check_at)) * 1000)::bigint as next,
       exists (select from dns_standings s where s.polls_paused_until is not null
         and s.customer_id = coalesce(substring(c.change_id from '^c([0-9]+):')::bigint, 0)) as "isParked"
     from routing_changes c join service_domains d on d.id = c.domain_id
     where c.result in ('intent', 'accepted') or c.next_attempt_at is not null`,
  );
  const [all] = await sql<{ count: number }>("select count(*) as count from routing_changes");
  const violations = rows.flatMap((row): Violation[] => {
    const forgotten = (what: string): Violation[] => [
      { law: "rows", atMs: row.tried, what: `row ${row.id} of ${row.name}, ${row.result}, ${what}` },
    ];
    if (row.result === "intent" && row.next === null && nowMs - row.tried > intentMs) return forgotten("is looked after by nobody");
    if (row.result === "accepted" && nowMs - (row.accepted ?? row.tried) > askedMs) return forgotten("is asked after for ever");
    if (row.next !== null && nowMs - row.next > overdueMs && !row.isParked) return forgotten("has missed its turn");
    return [];
  });
  return { violations, settled: (all?.count ?? 0) - rows.length, parked: rows.length };
};

/** When all has been well for a while: the weights are where they belong, no storm is on, and nothing of this was somebody else's doing. */
export const judgeEnd = async ({ sql, plan, dns }: Played): Promise<readonly Violation[]> => {
  const say = (what: string): Violation => ({ law: "rest", atMs: plan.toMs, what });
  const storms = await sql<{ service: number; state: string }>(
    "select service_id as service, state from storm_events where ended_at is null",
  );
  const drifts = await sql<{ name: string; at: Date }>(
    "select d.name, f.found_at as at from routing_drifts f join service_domains d on d.id = f.domain_id",
  );
  const intents = await sql<{ name: string }>(
    "select d.name from routing_changes c join service_domains d on d.id = c.domain_id where c.result = 'intent'",
  );
  const [told] = await sql<{ count: number }>(
    "select count(*) as count from routing_changes where result in ('accepted', 'insync', 'unconfirmed')",
  );
  const names = plan.services.flatMap(({ domains }) => domains.map(({ name }) => name));
  return [
    ...storms.map(({ service, state }) => say(`the storm of service ${service} is still on (${state})`)),
    ...drifts.map(({ name, at }) => say(`a switch of ${name} was taken for somebody else's (${at.toISOString()})`)),
    ...intents.map(({ name }) => say(`an intent of ${name} is still open`)),
    ...names.filter((name) => dns.weights(name) !== "100/0").map((name) => say(`${name} stands at ${dns.weights(name)}`)),
    ...(told?.count === dns.made.length ? [] : [say(`${dns.made.length} switches were made and ${told?.count ?? 0} told of`)]),
  ];
};
