import type { CostBoard } from "../../adapters/ports/cost/board.ts";
import type { CostSummary } from "../../adapters/ports/cost/summary.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import { dollars } from "../../domain/cost/explain.ts";
import { costPath } from "../../domain/notify/cost-message.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { readMode } from "../../routes/cost/mode-changes.ts";
import { keeps } from "../fragment.ts";
import { mayAct, page } from "../page.ts";
import { asOf, empty, note, ordering, section } from "../parts.ts";
import { viewing } from "../session.ts";
import { anomaliesPath, anomalyCards } from "./anomaly-list.ts";
import { deadNote } from "./dead-letters.ts";
import { egressTable, seriesListPath } from "./egress.ts";
import { modeFacts } from "./mode.ts";
import { ratesTable } from "./rates.ts";
import { huntNote, zombiesPath, zombieTable } from "./zombie-list.ts";

const doneWords: Readonly<Record<string, string>> = {
  rated: "Saved: what it carries from the next hour on is scored by it.",
  forgotten: "Forgotten: what it carries is bytes again.",
  mode: "The mode is changed.",
  acknowledged: "Acknowledged: whoever looks next sees that somebody is at it.",
  open: "It is open again.",
};

const done = (c: AppContext): Html => {
  const word = doneWords[c.req.query("done") ?? ""];
  return word === undefined ? nothing : ordering(note("", html`<p>${word}</p>`));
};

const anomalies = ({ anomalies: worst, live }: CostBoard, nowMs: number, isActing: boolean): Html =>
  worst.length === 0
    ? html`${empty("Nothing is odd.", "Each hour of egress, and each event, is scored by what was usual without it; what is far from that is here within minutes, with why.")}<p class="pages"><a href="${anomaliesPath}">Those that are over</a></p>`
    : html`${anomalyCards(worst, nowMs, isActing)}<p class="pages"><a href="${anomaliesPath}">${live > worst.length ? `All of them, ${live} that are not over` : "All of them, also those that are over"}</a></p>`;

const wasteLine = ({ open, monthlyWasteCents, unpriced }: CostBoard["idle"]): Html => {
  const things = open === 1 ? "One thing idles" : `${open} things idle`;
  if (unpriced === open) return html`<p class="said">${things}; no price is known of ${open === 1 ? "it" : "them"}</p>`;
  return html`<p class="said">${things}: <strong>${dollars(monthlyWasteCents)} a month</strong>${unpriced === 0 ? "" : html`, and ${unpriced} of no known price`}</p>`;
};

const openAccount = html`<p class="hint">No AWS account is watched, so addresses, volumes and load balancers are not looked at: open one with <code>POST /v1/cost/accounts</code>.</p>`;

const idle = (board: CostBoard, nowMs: number, isActing: boolean): Html => {
  const { zombies, hunt, accounts, idle: counts } = board;
  const none =
    hunt === null
      ? empty(
          "Nobody has looked yet.",
          "What is paid for without being used is looked for once a day, a backup that would not answer every hour.",
        )
      : empty("Nothing idles.", "What is paid for without being used is here once it was found, with how to remove it.");
  const list =
    zombies.length === 0 ? none : html`${wasteLine(counts)}${zombieTable("What idles, the worst first", zombies, nowMs, isActing)}`;
  const all = counts.open > zombies.length ? `All of it, ${counts.open} that are open` : "All of it, also what is dismissed or gone";
  return html`${list}${huntNote(hunt, nowMs)}${accounts === 0 ? openAccount : nothing}<p class="pages"><a href="${zombiesPath}">${all}</a></p>`;
};

/** By which a live page says that it still has the figures of egress: they change once an hour. */
const egressId = "egress-figures";
const freshMs = 60_000;

const egress = (summary: CostSummary | null): Html =>
  summary === null
    ? html`<div id="${egressId}" data-keep></div>`
    : html`<div id="${egressId}" data-fresh="${freshMs}">${egressTable(summary)}<p class="pages"><a href="${seriesListPath}">All series, those of AWS accounts too</a></p></div>`;

const waiting = ({ waiting: events }: CostBoard["events"]): Html =>
  events === 0 ? nothing : html`<p class="hint">${events} ${events === 1 ? "event waits" : "events wait"} to be scored.</p>`;

/** `/console/cost`: what is odd, what costs how much against the usual, what idles, and who is told. */
export const registerCostPage = (app: App, deps: Deps): void => {
  app.get(costPath, viewing, async (c) => {
    const nowMs = deps.clock.nowMs();
    const { customerId } = c.var;
    // Of very many series their hours are the most that is read here: a live page has them for a while.
    const [summary, board, mode] = await Promise.all([
      keeps(c, egressId) ? null : deps.costSummary.summary(customerId),
      deps.costBoard.look(customerId),
      readMode(deps, customerId),
    ]);
    const isActing = mayAct(c);
    const setRate = ordering(html`<p class="acts"><a class="button" href="${costPath}/rates/set">Set a rate…</a></p>`);
    const body = html`${done(c)}${deadNote(board.events.dead)}<div class="head"><div><h1>Cost</h1><p>As of ${asOf(nowMs)} UTC; what CDNs and AWS charge you, not what you bill</p></div></div>
${section("odd", "What is odd, the worst first", anomalies(board, nowMs, isActing))}
${section("egress", "Egress against the usual", html`${egress(summary)}${waiting(board.events)}`)}
${section("idle", "What idles", idle(board, nowMs, isActing))}
${section("mode", "Who is told", modeFacts(mode, isActing))}
${section("rates", "What CDNs charge", html`${ratesTable(board, nowMs, isActing)}${isActing ? setRate : nothing}`)}`;
    return c.html(await page(c, nowMs, { title: "Cost", tab: "cost", body, live: true }));
  });
};
