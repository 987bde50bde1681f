import type { MadeChange } from "./dns.ts";
import type { Violation } from "./judge.ts";
import type { SoakService } from "./plan.ts";
import type { Played } from "./world.ts";
import { terms } from "./world.ts";

type Seen = { readonly domain: string; readonly vantage: string; readonly atMs: number; readonly ok: boolean };

/** How long ago a decision may have been made that is asked of DNS now; it knew no samples of a round that was not over yet. */
const decidedWithinMs = 5_000;
const stepMs = 250;
const silentAfterMs = 60_000;
/** What is between these is silent for one and not for the other, by who looks when. */
const slackMs = 15_000;

/** Whether the path was known to be up at that moment: by every provider that counts, on every domain of the service. */
const wasKnown = (seen: readonly Seen[], service: SoakService, windowMs: number, atMs: number): boolean => {
  const judges = [...Map.groupBy(seen, ({ vantage }) => vantage)].flatMap(([vantage, own]) => {
    const lastMs = Math.max(...own.filter((one) => one.atMs <= atMs).map((one) => one.atMs));
    const inWindow = Map.groupBy(
      own.filter((one) => one.atMs <= atMs && one.atMs > atMs - windowMs),
      ({ domain }) => domain,
    );
    const isUp = service.domains.every(({ name }) => {
      const samples = inWindow.get(name) ?? [];
      return samples.length >= terms.minSamples && samples.filter(({ ok }) => ok).length >= terms.threshold * samples.length - 1e-9;
    });
    return [{ vantage, isUp, silentMs: atMs - lastMs }];
  });
  const [fresh, stale] = [
    judges.filter(({ silentMs }) => silentMs <= silentAfterMs - slackMs),
    judges.filter(({ silentMs }) => silentMs < silentAfterMs + slackMs),
  ];
  return [fresh, stale].some((speaking) => {
    const independent = speaking.filter(({ vantage }) => !service.cdns.includes(vantage));
    const counted = independent.length > 0 ? independent : speaking;
    return counted.length > 0 && counted.every(({ isUp }) => isUp);
  });
};

/** A switch gives weight only to a path that was up three rounds ago at the latest, and of which the samples say that it is. */
export const judgeSwitches = async (played: Played): Promise<readonly Violation[]> => {
  const { plan, internet, dns, sql } = played;
  const services = new Map(
    plan.services.flatMap((service, index) => service.domains.map((domain) => [domain.name, { service, domain, id: index + 1 }] as const)),
  );
  const windowMs = plan.windowSeconds * 1_000;
  const judgeOne = async (change: MadeChange): Promise<readonly Violation[]> => {
    const known = services.get(change.domain);
    if (known === undefined) return [{ law: "switches", atMs: change.atMs, what: `${change.domain} is nobody's` }];
    const share = ({ primary, backup }: MadeChange["to"]): number => primary / Math.max(1, primary + backup);
    const path = share(change.to) > share(change.from) ? "primary" : "backup";
    const violation = (what: string): Violation => ({
      law: "switches",
      atMs: change.atMs,
      what: `${change.domain} to its ${path}: ${what}`,
    });
    const wasUp = Array.from({ length: 31 }, (_, tenth) => change.atMs - (tenth * plan.intervalMs) / 10).some((atMs) =>
      internet.isUp(known.domain[path], atMs),
    );
    const seen = await sql<Seen>(
      `select d.name as domain, s.vantage, (extract(epoch from s.probed_at) * 1000)::bigint as "atMs", s.ok
       from service_domains d join probe_samples s on s.domain_id = d.id
       where d.service_id = $1 and s.path = $2 and s.round_at > $3::timestamptz - interval '5 minutes' and s.round_at <= $3::timestamptz and s.probed_at <= $3::timestamptz`,
      [known.id, path, new Date(change.atMs)],
    );
    const isKnown = Array.from({ length: (decidedWithinMs + plan.intervalMs) / stepMs + 1 }, (_, step) => change.atMs - step * stepMs).some(
      (atMs) => wasKnown(seen, known.service, windowMs, atMs),
    );
    return [...(wasUp ? [] : [violation("it was down for three rounds")]), ...(isKnown ? [] : [violation("no samples say that it is up")])];
  };
  const found: Violation[] = [];
  for (const change of dns.made) found.push(...(await judgeOne(change)));
  return found;
};
