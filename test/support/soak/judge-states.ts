import type { Violation } from "./judge.ts";
import type { Played } from "./world.ts";

type Row = {
  readonly service: number;
  readonly from: number;
  readonly to: number | null;
  readonly state: string;
  readonly serving: string;
  readonly outage: number | null;
};

/**
 * What visitors got, as recorded: without gap or overlap, one span open; the pieces of an outage have one beginning; and at the
 * end, when all has been well for a while, everybody is served from a primary that is up.
 */
export const judgeStates = async ({ sql, plan }: Played): Promise<readonly Violation[]> => {
  const rows = await sql<Row>(
    `select service_id as service, (extract(epoch from started_at) * 1000)::float8 as from, (extract(epoch from ended_at) * 1000)::float8 as to,
       state, serving, (extract(epoch from outage_at) * 1000)::float8 as outage
     from service_states order by service_id, started_at, id`,
  );
  const byService = Map.groupBy(rows, ({ service }) => service);
  const say = (atMs: number, what: string): Violation => ({ law: "states", atMs, what });
  const missing =
    byService.size === plan.services.length ? [] : [say(plan.toMs, `${plan.services.length - byService.size} services have no states`)];
  return [
    ...missing,
    ...[...byService].flatMap(([service, own]) =>
      own.flatMap((row, at): Violation[] => {
        const [before, next] = [own[at - 1], own[at + 1]];
        const expected = row.state === "up" ? null : (before?.outage ?? (row.state === "down" ? row.from : null));
        return [
          ...(row.to === (next?.from ?? null)
            ? []
            : [say(row.from, `a span of service ${service} ends at ${row.to}, the next begins at ${next?.from}`)]),
          ...(row.outage === expected
            ? []
            : [say(row.from, `a piece of an outage of service ${service} began at ${row.outage}, not ${expected}`)]),
          ...(next !== undefined || (row.state === "up" && row.serving === "primary")
            ? []
            : [say(row.from, `the visitors of service ${service} still get ${row.state} from ${row.serving}`)]),
        ];
      }),
    ),
  ];
};
