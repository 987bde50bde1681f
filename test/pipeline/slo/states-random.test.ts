import { expect, it } from "vitest";
import type { ServiceSeed } from "../../support/round-world.ts";
import { intervalMs, startMs } from "../../support/round-world.ts";
import { seededRandom } from "../../support/random.ts";
import { useWorld } from "../../support/use-world.ts";

const { world } = useWorld();

const services = 200;
const rounds = 48;
/** Between two events of a service: a window of 30 s has to have room for what was before. */
const apartMs = 75_000;
/** What is known of the first rounds is not much: three samples are wanted of each path. */
const settledMs = 40_000;
/** A round takes so long where a failure is confirmed. */
const roundMs = 3_000;

type Side = "primary" | "backup";
type Flip = { readonly atMs: number; readonly isUp: boolean };
type Path = { readonly host: string; readonly flips: readonly Flip[] };
type Domain = { readonly name: string; readonly paths: Readonly<Record<Side, Path>> };
type Seen = { readonly state: string; readonly blame: string | null; readonly serving: string; readonly avoided: boolean };
type Row = Seen & { readonly from: number; readonly to: number | null };

const isUp = ({ flips }: Path, atMs: number): boolean => flips.findLast((flip) => flip.atMs <= atMs)?.isUp ?? true;

/** What visitors get at a moment, by what the test itself has made happen: who is served from where, and what works. */
const truth = (domains: readonly Domain[], servedFrom: (name: string, atMs: number) => Side, atMs: number): Seen => {
  const each = domains.map(({ name, paths }) => {
    const serving = servedFrom(name, atMs);
    const [user, other] = serving === "primary" ? [paths.primary, paths.backup] : [paths.backup, paths.primary];
    return { serving, userUp: isUp(user, atMs), otherUp: isUp(other, atMs) };
  });
  const [one] = each;
  const serving = each.every((domain) => domain.serving === one?.serving) ? (one?.serving ?? "primary") : "mixed";
  const down = each.filter(({ userUp }) => !userUp);
  if (down.length === 0) {
    return { state: "up", blame: null, serving, avoided: each.some((domain) => domain.serving === "backup" && !domain.otherUp) };
  }
  const isExcused = down.every(({ otherUp }) => otherUp);
  const blamed = down.some((domain) => domain.serving === "primary") ? "cdn-a" : "cdn-b";
  return { state: "down", blame: isExcused ? blamed : "self", serving, avoided: false };
};

it("two hundred random histories are recorded as they were, to within one interval", { timeout: 120_000 }, async () => {
  const { seed, prober, dns, clock, roundsOf, sql } = world;
  const random = seededRandom(20_261_118);
  const below = (limit: number): number => Math.floor(random() * limit);
  const untilMs = startMs + rounds * intervalMs;
  const flipsOf = (count: number): Flip[][] => {
    const all: Flip[][] = Array.from({ length: count }, () => []);
    for (let atMs = startMs + settledMs + below(40_000); atMs < untilMs; atMs += apartMs + below(60_000)) {
      const own = all[below(count)];
      own?.push({ atMs, isUp: !(own.at(-1)?.isUp ?? true) });
    }
    return all;
  };
  const moves = new Map<string, { readonly atMs: number; readonly to: Side }[]>();
  dns.hooks.latencyMs = () => 10;
  dns.hooks.after = ({ domain, to }) => {
    moves.set(domain, [...(moves.get(domain) ?? []), { atMs: clock.nowMs(), to: to.backup > to.primary ? "backup" : "primary" }]);
  };
  const servedFrom = (name: string, atMs: number): Side => moves.get(name)?.findLast((move) => move.atMs <= atMs)?.to ?? "primary";

  const histories: { serviceId: number; domains: Domain[] }[] = [];
  for (let nth = 0; nth < services; nth += 1) {
    const count = nth % 3 === 0 ? 2 : 1;
    const flips = flipsOf(2 * count);
    const domains = Array.from({ length: count }, (_, at): Domain => {
      const path = (side: string, own: number): Path => ({ host: `${side}${at}.s${nth}.cdn.net`, flips: flips[2 * at + own] ?? [] });
      return { name: `d${at}.s${nth}.test`, paths: { primary: path("a", 0), backup: path("b", 1) } };
    });
    for (const { name, paths } of domains) {
      dns.put(name, 100, 0, { targets: [paths.primary.host, paths.backup.host] });
      for (const path of Object.values(paths)) prober.say(path.host, () => (isUp(path, clock.nowMs()) ? 200 : 503));
    }
    const own: ServiceSeed = {
      name: `s${nth}`,
      domains: domains.map(({ name, paths }) => ({ name, primary: paths.primary.host, backup: paths.backup.host })),
    };
    histories.push({ serviceId: (await seed(own)).serviceId, domains });
  }
  await roundsOf(rounds);

  const untilNow = Math.floor((clock.nowMs() - 2 * intervalMs - 30_000) / 1_000) * 1_000;
  const wrong: string[] = [];
  const told = { spans: 0, seconds: 0, late: 0 };
  for (const { serviceId, domains } of histories) {
    const rows = await sql<Row>(
      `select extract(epoch from started_at)::float8 * 1000 as from, extract(epoch from ended_at)::float8 * 1000 as to, state,
         coalesce(upstream_cdn, attribution) as blame, serving, avoided from service_states where service_id = $1 order by started_at, id`,
      [serviceId],
    );
    told.spans += rows.length;
    for (const [at, row] of rows.entries()) expect(row.to).toBe(rows[at + 1]?.from ?? null);
    let since = 0;
    let before = "";
    for (let atMs = startMs + settledMs; atMs < untilNow; atMs += 1_000) {
      const row = rows.findLast(({ from }) => from <= atMs);
      const recorded = JSON.stringify({ state: row?.state, blame: row?.blame, serving: row?.serving, avoided: row?.avoided });
      const { state, blame, serving, avoided } = truth(domains, servedFrom, atMs);
      const wanted = JSON.stringify({ state, blame, serving, avoided });
      if (wanted !== before) since = atMs;
      before = wanted;
      told.seconds += 1;
      if (recorded === wanted) continue;
      told.late += 1;
      if (atMs - since > intervalMs + roundMs)
        wrong.push(`service ${serviceId} at ${(atMs - startMs) / 1_000} s: ${recorded}, not ${wanted}`);
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  // No history is without edges, and of the time little is near one.
  expect(told.spans).toBeGreaterThan(services * 5);
  expect(told.late / told.seconds).toBeLessThan(0.1);
});
