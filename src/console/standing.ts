import type { Deps } from "../adapters/ports/deps.ts";
import type { StandingOrders } from "../adapters/ports/steering/freeze.ts";
import type { AppContext } from "../http/env.ts";
import { editors } from "../auth/guards.ts";
import { refuseNeed } from "../http/principal.ts";
import { html, isolated, nothing } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { patiently } from "../pipeline/with-timeout.ts";
import { note, ordering, when } from "./parts.ts";

/** How old what is said of orders on every page may be; whoever gives one sees it at once. */
const maxAgeMs = 5_000;
/** No page waits longer for it, whatever the database does. */
const patienceMs = 4_000;
const mostCustomers = 1_000;

/** What is ordered of more than one service, for every page: read beside the page, once in a while. */
export type Standing = {
  /** Null where it is not known. Never rejects. */
  readonly of: (customerId: number) => Promise<StandingOrders | null>;
  /** The next page reads it anew. */
  readonly forget: () => void;
};

type Known = { readonly atMs: number; readonly orders: Promise<StandingOrders | null> };

export const createStanding = (deps: Pick<Deps, "clock" | "freeze" | "background">): Standing => {
  const known = new Map<number, Known>();
  const ask = (customerId: number, nowMs: number): Known => {
    const before = known.get(customerId);
    const ageMs = before === undefined ? maxAgeMs : nowMs - before.atMs;
    if (before !== undefined && ageMs >= 0 && ageMs < maxAgeMs) return before;
    known.delete(customerId);
    const [oldest] = known.keys();
    if (known.size >= mostCustomers && oldest !== undefined) known.delete(oldest);
    const orders = deps.freeze.standing(customerId, nowMs).catch(() => null);
    // Others wait for it: it goes on although whoever began it has left.
    deps.background(orders);
    const asked = { atMs: nowMs, orders };
    known.set(customerId, asked);
    return asked;
  };
  return {
    // Each by a timer of its own: those of a request that was cut off never fire (workerd).
    of: (customerId) => patiently(deps.clock, ask(customerId, deps.clock.nowMs()).orders, patienceMs, null),
    forget: () => known.clear(),
  };
};

/** Of what concerns everybody, who did it and why is the operator's affair. */
const byWhom = (c: AppContext, { actor, reason }: { readonly actor: string; readonly reason: string }): Html =>
  c.var.principal.kind === "admin" ? html` by ${isolated(actor)}: ${isolated(reason)}` : html` by the operator`;

/** What an order of everything means for whoever looks at a page. */
export const standingNotes = (c: AppContext, { panic, freeze, ofCustomer }: StandingOrders, nowMs: number): Html => {
  const link = (what: string, word: string): Html => ordering(html` <a href="/console/all?what=${what}">${word}…</a>`);
  const { principal } = c.var;
  const isAdmin = principal.kind === "admin" && principal.scopes.includes("freeze");
  const mayRelease = refuseNeed(principal, editors) === null;
  return html`${panic === null ? nothing : note("bad", html`<p><strong>Panic</strong>, ${when(panic.setAtMs, nowMs)}${byWhom(c, panic)}. No weight and no health check is changed for anybody; storms are seen, and not answered.${isAdmin ? link("panic", "Lift it") : ""}</p>`, "alert")}${
    freeze === null
      ? nothing
      : note(
          "warn",
          html`<p><strong>Everything is frozen</strong>, ${when(freeze.setAtMs, nowMs)}${byWhom(c, freeze)}.${isAdmin ? link("everything", "Lift it") : ""}</p>`,
        )
  }${
    ofCustomer === null
      ? nothing
      : note(
          "warn",
          html`<p><strong>All services are frozen</strong>, ${when(ofCustomer.setAtMs, nowMs)} by ${isolated(ofCustomer.actor)}: ${isolated(ofCustomer.reason)}${ofCustomer.untilMs === null ? "" : html`; it ends ${when(ofCustomer.untilMs, nowMs)}`}.${mayRelease ? link("services", "Release them") : ""}</p>`,
        )
  }`;
};
