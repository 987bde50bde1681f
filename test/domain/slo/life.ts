import type { Health } from "../../../src/domain/detection/health.ts";
import type { Span, SideHealth, VisitedDomain } from "../../../src/domain/slo/visitors.ts";
import { conditionOf, nextSpans } from "../../../src/domain/slo/visitors.ts";
import type { Chance } from "./chance.ts";

/**
 * What becomes of a path of a domain, or to which path its visitors are sent. It happens at `at`, and the round at `seenAt` is the
 * first to know; `dated`: samples show when it happened. Epoch seconds.
 */
export type Happening = {
  readonly at: number;
  readonly seenAt: number;
  readonly domain: number;
  readonly what: { readonly path: "primary" | "backup"; readonly health: Health } | { readonly movedTo: "primary" | "backup" };
  readonly dated: boolean;
};

export type Place = { readonly serving: "primary" | "backup"; readonly primary: Health; readonly backup: Health | "none" };

/** A service's days. `silences`: from the last judged round before one to the first after it. Epoch seconds. */
export type Life = {
  readonly from: number;
  readonly until: number;
  readonly start: readonly Place[];
  readonly happenings: readonly Happening[];
  readonly silences: readonly { readonly from: number; readonly to: number }[];
};

export const cdns = ["fastly", "cloudflare"] as const;

/** Failed samples are remembered for so many seconds. */
const window = 60;

const healths: readonly Health[] = ["up", "up", "down", "down", "unknown"];

/** @param seconds how long it lasts */
export const randomLife = (random: Chance, from: number, seconds: number): Life => {
  const count = random.is(25) ? 2 : 1;
  const start: Place[] = Array.from({ length: count }, () => ({
    serving: random.is(80) ? "primary" : "backup",
    // Of several domains each must have been seen: what is not dated of one could be told by none of the others.
    primary: random.one(count === 1 ? healths : (["up", "down"] as const)),
    backup: random.is(15) ? "none" : random.one(count === 1 ? healths : (["up", "down"] as const)),
  }));
  for (const [nth, place] of start.entries()) if (place.backup === "none") start[nth] = { ...place, serving: "primary" };
  const places = start.map((place) => ({ ...place }));
  const happenings: Happening[] = [];
  const silences: Life["silences"][number][] = [];
  let at = from;
  const pace = random.one([30, 120, 600, 3_600]);
  for (;;) {
    const before = at;
    at += random.between(1, 2 * pace);
    if (random.is(6)) {
      const to = before + random.between(121, 900);
      if (to >= from + seconds) break;
      silences.push({ from: before, to });
      at = to;
      continue;
    }
    const seenAt = at + random.between(0, 40);
    if (seenAt >= from + seconds) break;
    const domain = random.below(count);
    const place = places[domain];
    if (place === undefined) continue;
    const dated = count > 1 || random.is(85);
    if (place.backup !== "none" && random.is(25)) {
      place.serving = place.serving === "primary" ? "backup" : "primary";
      happenings.push({ at, seenAt, domain, what: { movedTo: place.serving }, dated: true });
    } else {
      const path = place.backup !== "none" && random.is(50) ? "backup" : "primary";
      const health = random.one(healths.filter((one) => one !== place[path]));
      // A path is judged down by samples that failed.
      happenings.push({ at, seenAt, domain, what: { path, health }, dated: dated || health === "down" });
      place[path] = health;
    }
    at = seenAt;
  }
  return { from, until: from + seconds, start, happenings, silences };
};

type Seen = { health: Health; failedAt: number | null; recoveredAt: number | null };

/** What the rounds of a life find, through `conditionOf` and `nextSpans`. */
export const spansOfLife = (life: Life): readonly Span[] => {
  const seen = life.start.map(({ serving, primary, backup }) => {
    const side = (health: Health): Seen => ({ health, failedAt: health === "down" ? life.from : null, recoveredAt: null });
    return { serving, primary: side(primary), backup: backup === "none" ? null : side(backup) };
  });
  let movedAt: number | null = null;
  const sideAt = (side: Seen, now: number, silentUntil: number | null): SideHealth => {
    // The window moves on, and nobody took samples in a silence.
    const oldest = Math.max(now - window, silentUntil ?? 0);
    return {
      health: side.health,
      firstFailedAtMs: side.failedAt === null || side.health === "up" ? null : Math.max(side.failedAt, oldest) * 1_000,
      recoveredAtMs:
        side.health === "down" ? now * 1_000 : side.recoveredAt === null || side.recoveredAt < oldest ? null : side.recoveredAt * 1_000,
    };
  };
  const domainsAt = (now: number, silentUntil: number | null = null): readonly VisitedDomain[] =>
    seen.map(({ serving, primary, backup }) => {
      const [user, other] = serving === "primary" ? [primary, backup] : [backup, primary];
      return {
        serving,
        user: sideAt(user ?? { health: "unknown", failedAt: null, recoveredAt: null }, now, silentUntil),
        other: other === null ? null : sideAt(other, now, silentUntil),
        readAtMs: (movedAt ?? now) * 1_000,
      };
    });
  const spans: Span[] = [];
  const judge = (now: number, judgedAt: number | null, silentUntil: number | null = null): void => {
    const domains = domainsAt(now, silentUntil);
    spans.push(
      ...nextSpans(spans.at(-1) ?? null, conditionOf(domains, cdns), domains, judgedAt === null ? null : judgedAt * 1_000, now * 1_000),
    );
  };
  judge(life.from, null);
  const rounds = [
    ...life.happenings.map((happening) => ({ now: happening.seenAt, happening })),
    ...life.silences.map((silence) => ({ now: silence.to, silence })),
  ].toSorted((a, b) => a.now - b.now);
  for (const round of rounds) {
    if ("silence" in round) {
      judge(round.now, round.silence.from, round.now);
      continue;
    }
    const { at, what, domain, dated } = round.happening;
    const place = seen[domain];
    if (place === undefined) continue;
    if ("movedTo" in what) {
      place.serving = what.movedTo;
      movedAt = at;
    } else {
      const side = what.path === "primary" ? place.primary : place.backup;
      if (side === null) continue;
      if (what.health !== "down") side.recoveredAt = !dated || (what.health === "unknown" && side.health === "up") ? null : at;
      side.failedAt = what.health === "up" || !dated ? null : at;
      side.health = what.health;
    }
    // The round before did not know of a move.
    judge(round.now, Math.min(round.now - 10, movedAt ?? round.now));
    movedAt = null;
    // A later round finds nothing new.
    judge(round.now, round.now - 10);
  }
  return spans;
};
