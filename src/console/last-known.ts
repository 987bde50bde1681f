import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { SessionClaim } from "../adapters/ports/tenants/sessions.ts";
import { AppError } from "../errors.ts";
import type { AppContext, AppMiddleware } from "../http/env.ts";
import { html, raw } from "../http/html.ts";
import type { Principal } from "../http/principal.ts";
import { patiently } from "../pipeline/with-timeout.ts";
import { asksFragment, keepsAny } from "./fragment.ts";
import { page, tabOf } from "./page.ts";
import { clock as timeOf, note, ordersOf, when } from "./parts.ts";

/** For how long somebody counts as signed in who can not be looked up: what was revoked since is not known. Such a one only looks. */
const principalMaxAgeMs = 15 * 60_000;
/** What is older says nothing about now. */
const viewMaxAgeMs = 60 * 60_000;
/** For how long a database that did not answer is not asked again for a view that is known. */
const restMs = 5_000;
/** For how long a database is waited for that may hang, where something is known that can be shown. */
export const patienceMs = 4_000;
const mostPrincipals = 1_000;
const mostViews = 200;
const mostBytes = 4 * 1_024 * 1_024;
const mostViewBytes = 512 * 1_024;

/** As markup. */
type View = { readonly title: string; readonly main: string; readonly atMs: number };

/** A map of which the oldest entries leave. */
const put = <Value>(map: Map<string, Value>, key: string, value: Value, most: number): void => {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
};

/** What a view takes of the space that there is. */
const costOf = ({ main }: View): number => Math.max(2 * main.length, mostBytes / mostViews);

/**
 * Views as they were last, by who may see them; bounded in number and in size. Of the customer who has the most the oldest leaves: nobody's
 * are pushed out by somebody who asks for very many.
 */
const createViews = () => {
  const views = new Map<string, { readonly customerId: number; readonly view: View }>();
  const costs = new Map<number, number>();
  let bytes = 0;
  const count = (customerId: number, cost: number): void => {
    bytes += cost;
    const sum = (costs.get(customerId) ?? 0) + cost;
    if (sum <= 0) costs.delete(customerId);
    else costs.set(customerId, sum);
  };
  const remove = (key: string): void => {
    const kept = views.get(key);
    if (kept === undefined) return;
    views.delete(key);
    count(kept.customerId, -costOf(kept.view));
  };
  const leaving = (): string | undefined => {
    const [largest] = [...costs].reduce((a, b) => (b[1] > a[1] ? b : a));
    for (const [key, { customerId }] of views) if (customerId === largest) return key;
    return undefined;
  };
  return {
    get: (key: string) => views.get(key)?.view,
    put: (key: string, customerId: number, view: View): void => {
      remove(key);
      if (2 * view.main.length > mostViewBytes) return;
      views.set(key, { customerId, view });
      count(customerId, costOf(view));
      for (let oldest = leaving(); bytes > mostBytes && oldest !== undefined; oldest = leaving()) remove(oldest);
    },
  };
};

/** Whose view it is: another customer's or another role's is another one. */
const keyOf = (c: AppContext): string => {
  const { principal, customerId } = c.var;
  const right = principal.kind === "admin" ? `admin:${principal.scopes.toSorted().join(",")}` : principal.role;
  const { pathname, searchParams } = new URL(c.req.url);
  searchParams.delete("done");
  return JSON.stringify([customerId, right, pathname, searchParams.toString()]);
};

const claimKey = ({ kind, digest, epoch }: SessionClaim): string => `${kind}:${digest}:${epoch}`;

/** What is in `<main>`, without what can be ordered there; null: the page is none of ours. @param known what a fragment is of */
const viewOf = (text: string, atMs: number, known: View | null): View | null => {
  const title = /<title>([^<]*) – tranche<\/title>/.exec(text)?.[1] ?? known?.title;
  const [begin, end] = [text.indexOf('<main id="main">'), text.lastIndexOf("</main>")];
  if (title === undefined || begin < 0 || end < begin) return null;
  return { title, main: text.slice(begin + '<main id="main">'.length, end).replaceAll(ordersOf, ""), atMs };
};

export const isAway = (error: unknown): boolean => error instanceof AppError && error.code === "unavailable";

export type LastKnown = {
  /** Notes who was looked up just now. */
  readonly note: (claim: SessionClaim, principal: Principal) => void;
  /** Who was looked up not long ago; null: nobody that is known here. */
  readonly principalOf: (claim: SessionClaim) => Principal | null;
  /** Notes that the database did not answer just now. */
  readonly noteAway: () => void;
  readonly forget: (claim: SessionClaim) => void;
  /** Keeps a view, and shows it where the database is away. Mounted after `signedIn`, before the view. */
  readonly view: AppMiddleware;
};

/** The last known state of views, in the memory of one isolate (decision 73). */
export const createLastKnown = (clock: Clock): LastKnown => {
  const principals = new Map<string, { readonly principal: Principal; readonly atMs: number }>();
  const views = createViews();
  let away: { readonly sinceMs: number; readonly lastMs: number } | null = null;

  const within = (atMs: number, mostMs: number): boolean => clock.nowMs() - atMs >= 0 && clock.nowMs() - atMs < mostMs;

  const noteAway = (): void => {
    const nowMs = clock.nowMs();
    away = { sinceMs: away?.sinceMs ?? nowMs, lastMs: nowMs };
  };

  const stale = async (c: AppContext, view: View): Promise<Response> => {
    const nowMs = clock.nowMs();
    c.set("away", true);
    // What was ordered of all is part of what was shown.
    c.set("standing", Promise.resolve(null));
    const body = html`${note(
      "bad",
      html`<p><strong>The database is away</strong>, noticed here at ${timeOf(away?.sinceMs ?? nowMs)} UTC. Below is what this deployment knew last, as of ${timeOf(view.atMs)} UTC, ${when(view.atMs, nowMs)}: its times are relative to then.</p>
<p>Nothing can be ordered, as a freeze could not be stored. Without the database no round decides anything either: weights stay as they are, but for standing failovers, which DNS makes by itself. <a href="${c.req.path}">Try again</a></p>`,
      "alert",
    )}
<div class="stale">${raw(view.main)}</div>`;
    const answer = c.html(await page(c, nowMs, { title: html`Last known: ${raw(view.title)}`, ...tabOf(c.req.path), body }), 503);
    answer.headers.set("retry-after", "5");
    return answer;
  };

  return {
    note: (claim, principal) => put(principals, claimKey(claim), { principal, atMs: clock.nowMs() }, mostPrincipals),
    noteAway,
    principalOf: (claim) => {
      const known = principals.get(claimKey(claim));
      return known !== undefined && within(known.atMs, principalMaxAgeMs) ? known.principal : null;
    },
    forget: (claim) => void principals.delete(claimKey(claim)),
    view: async (c, next) => {
      const key = keyOf(c);
      const kept = views.get(key);
      const known = kept !== undefined && within(kept.atMs, viewMaxAgeMs) ? kept : null;
      if (known !== null && away !== null && within(away.lastMs, restMs)) {
        // A live page goes on showing what it has, which is as fresh, and says so.
        if (asksFragment(c)) throw new AppError("unavailable", "the database is not reachable");
        return await stale(c, known);
      }
      const shown = next().then(() => true);
      if (!(known === null ? await shown : await patiently(clock, shown, patienceMs, false))) {
        noteAway();
        if (asksFragment(c)) throw new AppError("unavailable", "the database does not answer");
        return known === null ? undefined : await stale(c, known);
      }
      if (c.res.status === 200) {
        away = null;
        // Without the parts that a live page keeps, it is not whole.
        const view = keepsAny(c) ? null : viewOf(await c.res.clone().text(), clock.nowMs(), known);
        if (view !== null) views.put(key, c.var.customerId, view);
      } else if (isAway(c.error)) {
        noteAway();
        if (known === null || asksFragment(c)) return undefined;
        const answer = await stale(c, known);
        c.res = undefined;
        c.res = answer;
      }
      return undefined;
    },
  };
};
