import type { UsageSource } from "../../../src/adapters/ports/metering/usage.ts";
import { UsageSourceError } from "../../../src/adapters/ports/metering/usage.ts";
import type { TestDatabase } from "../../support/database.ts";
import type { Event, Schedule } from "./schedule.ts";
import { carrying, endMs, minuteMs, startMs } from "./schedule.ts";

const at = (event: Event): string => `'${new Date(event.atMs).toISOString()}'`;

/** The same that the API writes, at the event's time. */
const statementOf = (event: Event): string => {
  switch (event.kind) {
    case "create service":
      return `insert into services (id, customer_id, name, primary_cdn, backup_cdn, created_at, updated_at) overriding system value
        values (${event.service}, ${event.customer}, 's${event.service}', '${event.cdns[0]}', '${event.cdns[1]}', ${at(event)}, ${at(event)})`;
    case "change CDNs":
      return `update services set primary_cdn = '${event.cdns[0]}', backup_cdn = '${event.cdns[1]}', updated_at = ${at(event)} where id = ${event.service}`;
    case "delete service":
      return `update service_domains set deleted_at = ${at(event)}, updated_at = ${at(event)} where service_id = ${event.service} and deleted_at is null;
        update services set deleted_at = ${at(event)}, updated_at = ${at(event)} where id = ${event.service}`;
    case "rename":
      return `update services set name = name || '+', updated_at = ${at(event)} where id = ${event.service}`;
    case "add domain":
      return `insert into service_domains (id, service_id, customer_id, name, challenge_token, created_at, verified_at, updated_at) overriding system value
        values (${event.domain}, ${event.service}, ${event.customer}, '${event.host}', 'token', ${at(event)}, ${event.proven ? at(event) : "null"}, ${at(event)})`;
    case "prove":
      return `update service_domains set verified_at = null, updated_at = ${at(event)} where id = ${event.displaced ?? 0};
        update service_domains set verified_at = ${at(event)}, updated_at = ${at(event)} where id = ${event.domain}`;
    case "lose proof":
      return `update service_domains set verified_at = null, updated_at = ${at(event)} where id = ${event.domain}`;
    case "delete domain":
      return `update service_domains set deleted_at = ${at(event)}, updated_at = ${at(event)} where id = ${event.domain}`;
  }
};

/** Lets happen what happens from (exclusive) until (inclusive), in one transaction, as no test of locks. */
export const play = async (database: TestDatabase, schedules: readonly Schedule[], afterMs: number, untilMs: number): Promise<void> => {
  const due = schedules
    .flatMap(({ events }) => events.filter(({ atMs }) => atMs > afterMs && atMs <= untilMs))
    .toSorted((a, b) => a.atMs - b.atMs);
  if (due.length > 0) await database.sql(due.map(statementOf).join(";\n"));
};

const sums = new Map<string, Uint32Array>();

/** Bytes of the minutes before each minute. */
const sumsOf = (cdn: string, host: string): Uint32Array => {
  const name = `${cdn} ${host}`;
  const known = sums.get(name);
  if (known !== undefined) return known;
  const carried = carrying(cdn, host);
  const made = new Uint32Array((endMs - startMs) / minuteMs + 1);
  for (let minute = 1; minute < made.length; minute += 1) made[minute] = (made[minute - 1] ?? 0) + carried(minute - 1);
  sums.set(name, made);
  return made;
};

/** A CDN's analytics as they are at `nowMs`: by the minute, blind where the schedules say so, away as a whole if `isAway`. */
export const cdnAt = (
  cdn: string,
  schedules: readonly Schedule[],
  nowMs: number,
  options: { readonly isAway: boolean; readonly puttingOff: (host: string) => boolean },
): UsageSource => {
  const blind = new Set(
    schedules.flatMap((schedule) =>
      schedule.blind.filter((one) => one.cdn === cdn && one.fromMs <= nowMs && nowMs < one.toMs).map(({ host }) => host),
    ),
  );
  return {
    cdn,
    read: async ({ hosts, windows }) => {
      if (options.isAway) throw new UsageSourceError("away", true);
      const deferredHosts = hosts.filter((host) => !blind.has(host) && options.puttingOff(host));
      const put = new Set(deferredHosts);
      return {
        unreadable: hosts.filter((host) => blind.has(host)).map((host) => ({ host, reason: "no service lists it" })),
        unknownHosts: hosts.filter((host) => blind.has(host)),
        deferredHosts,
        rows: hosts
          .filter((host) => !blind.has(host) && !put.has(host))
          .flatMap((host) => {
            const until = sumsOf(cdn, host);
            const before = (ms: number) => until[(ms - startMs) / minuteMs] ?? 0;
            return windows.map((span) => ({
              host,
              startMs: span.startMs,
              endMs: span.endMs,
              bytes: before(span.endMs) - before(span.startMs),
            }));
          }),
      };
    },
  };
};
