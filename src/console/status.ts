import type { Deps } from "../adapters/ports/deps.ts";
import type { ShownBreaker } from "../adapters/ports/platform/breakers.ts";
import type { ProviderStanding, Status, VantageStanding } from "../adapters/ports/coordination/status.ts";
import { editors } from "../auth/guards.ts";
import { tolerableSkewMs } from "../domain/coordination/clock-skew.ts";
import type { JobStanding } from "../domain/coordination/job-standing.ts";
import { jobStandings } from "../domain/coordination/job-standing.ts";
import { loneVantage } from "../domain/detection/vantage.ts";
import { formatDuration } from "../domain/notify/figures.ts";
import type { App, AppContext } from "../http/env.ts";
import { html, isolated, nothing } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { refuseNeed } from "../http/principal.ts";
import { version } from "../version.ts";
import { page } from "./page.ts";
import { cell, clock, empty, length, note, section, stateOf, table, when } from "./parts.ts";
import type { Word } from "./words.ts";

/** A provider that has not said anything for so long is silent: its witness notices at the same time. */
const silentAfterMs = 45_000;
/** A vantage is not counted any more by then (`silentAfterMs` of detection). */
const vantageSilentMs = 60_000;
const takeoversShown = 10;

const isShard = ({ name }: { readonly name: string }): boolean => name.startsWith("shard:");

/** Shards that a provider holds now. */
const heldBy = ({ leases }: Status, provider: string): readonly string[] =>
  leases.filter((lease) => isShard(lease) && lease.held && lease.provider === provider).map(({ name }) => name.slice("shard:".length));

const isAlive = ({ heartbeatAtMs }: ProviderStanding, nowMs: number): boolean =>
  heartbeatAtMs !== null && nowMs - heartbeatAtMs <= silentAfterMs;

/** Who runs the rounds now, and whether that is on time, in one sentence. */
const verdict = (status: Status, nowMs: number): Html => {
  const holders = status.providers
    .map(({ name, lastRoundAtMs }) => ({ name, lastRoundAtMs, shards: heldBy(status, name) }))
    .filter(({ shards }) => shards.length > 0);
  const held = holders.reduce((sum, { shards }) => sum + shards.length, 0);
  const shards = (count: number): string => (status.shards === 1 ? "the rounds" : `the rounds of ${count} of ${status.shards} shards`);
  const late = holders.filter(({ lastRoundAtMs }) => lastRoundAtMs === null || nowMs - lastRoundAtMs > silentAfterMs);
  const who = holders.map(
    ({ name, shards: own, lastRoundAtMs }, index) =>
      html`${index === 0 ? "" : "; "}<strong>${isolated(name)}</strong> runs ${shards(own.length)}, the latest ${lastRoundAtMs === null ? "never" : when(lastRoundAtMs, nowMs)}`,
  );
  if (held < status.shards)
    return note(
      "bad",
      html`<p>${stateOf({ word: "Nobody runs all rounds", tone: "bad" })} ${held === 0 ? "no shard is held" : html`${held} of ${status.shards} shards are held: ${who}`}. If that lasts a minute, cron runs on neither provider: see the runbook.</p>`,
      "alert",
    );
  if (late.length > 0 || status.failingShards.length > 0)
    return note(
      "bad",
      html`<p>${stateOf({ word: "Rounds are late", tone: "bad" })} ${who}${status.failingShards.map(({ shard, provider, failedRounds }) => html`; shard ${shard} on ${isolated(provider)}: ${failedRounds} failed in a row`)}. The other provider takes over once the lease has lapsed.</p>`,
      "alert",
    );
  return note("", html`<p>${stateOf({ word: "On time", tone: "ok" })} ${who}.</p>`);
};

const shownFace = ({ publicCheckedAtMs, publicOkSinceMs, publicError }: ProviderStanding, isAdmin: boolean, nowMs: number): Html => {
  if (publicCheckedAtMs === null) return html`not looked at`;
  if (publicOkSinceMs !== null)
    return html`${stateOf({ word: "Answers", tone: "ok" })}<small>since ${when(publicOkSinceMs, nowMs)}</small>`;
  return html`${stateOf({ word: "Does not answer", tone: "bad" })}${isAdmin && publicError !== null ? html`<small>${isolated(publicError)}</small>` : ""}`;
};

const clockOf = ({ clockSkewMs }: ProviderStanding): Html => {
  if (clockSkewMs === null) return html`–`;
  const text = `${(clockSkewMs / 1_000).toFixed(1)} s ${clockSkewMs < 0 ? "behind" : "ahead"}`.replace("-", "");
  return Math.abs(clockSkewMs) <= tolerableSkewMs ? html`${text}` : html`<span class="state warn">${text}</span>`;
};

const providerRow = (status: Status, one: ProviderStanding, isAdmin: boolean, nowMs: number): Html => {
  const alive = isAlive(one, nowMs);
  const shards = heldBy(status, one.name);
  // What nobody reaches may be dead since its last sign of life.
  const isHidden = one.publicCheckedAtMs !== null && one.publicOkSinceMs === null;
  const well: Word = { word: shards.length > 0 ? "Runs" : "Stands by", tone: isHidden ? "warn" : "ok" };
  const word: Word = alive ? well : { word: "Silent", tone: "bad" };
  return html`<tr><th scope="row">${isolated(one.name)}${one.place !== null && isAdmin ? html`<small>${isolated(one.place)}</small>` : ""}</th><td class="lead">${stateOf(word)}</td>
${cell("Shards", shards.length === 0 ? "none" : shards.length > 12 ? `${shards.length} of ${status.shards}` : shards.join(", "))}${cell("Last round", one.lastRoundAtMs === null ? "never" : when(one.lastRoundAtMs, nowMs))}${cell("Sign of life", one.heartbeatAtMs === null ? "never" : when(one.heartbeatAtMs, nowMs))}${cell("From outside", shownFace(one, isAdmin, nowMs))}${isAdmin ? cell("Clock", clockOf(one)) : ""}</tr>`;
};

const providers = (status: Status, isAdmin: boolean, nowMs: number): Html =>
  status.providers.length === 0
    ? empty(
        "No provider has run a round yet.",
        "Its cron does so every minute, once it is deployed: the first sign of life is here seconds later.",
      )
    : table(
        "The providers, side by side",
        ["Provider", "State", "Shards", "Last round", "Sign of life", "From outside", ...(isAdmin ? ["Clock"] : [])],
        status.providers.map((one) => providerRow(status, one, isAdmin, nowMs)),
      );

const vantageRow = ({ name, place, lastHeardAtMs }: VantageStanding, isAdmin: boolean, nowMs: number): Html => {
  const word: Word =
    lastHeardAtMs === null
      ? { word: "Never heard", tone: "off" }
      : nowMs - lastHeardAtMs < vantageSilentMs
        ? { word: "Probes", tone: "ok" }
        : { word: "Silent", tone: "bad" };
  return html`<tr><th scope="row">${isolated(name)}${place !== null && isAdmin ? html`<small>${isolated(place)}</small>` : ""}</th><td class="lead">${stateOf(word)}</td>
${cell("Last heard", lastHeardAtMs === null ? "–" : when(lastHeardAtMs, nowMs))}</tr>`;
};

/** From where is probed, and plainly where that is one place alone. */
const vantages = (status: Status, isAdmin: boolean, nowMs: number): Html => {
  const only = loneVantage(status.vantages, nowMs);
  const alone =
    only === null
      ? nothing
      : note(
          "warn",
          html`<p>${stateOf({ word: "One vantage only", tone: "warn" })} Nothing confirms what ${isolated(only)} sees: trouble of its own network is taken for a CDN's. Add a probe agent on a machine elsewhere (<code>tranche agent --probe</code>), or a second provider.</p>`,
        );
  const rows = status.vantages.map((one) => vantageRow(one, isAdmin, nowMs));
  const listed =
    rows.length === 0
      ? empty("Nothing has probed yet.", "The first round does, a minute after the deployment.")
      : table("The vantages, all of which have to agree", ["Vantage", "State", "Last heard"], rows);
  return html`${alone}${listed}`;
};

const jobRow = ({ rhythm, runs, lastResult, overdue }: JobStanding, nowMs: number): Html => {
  const goodAtMs = runs?.lastSucceededAtMs ?? null;
  const failedAtMs = runs?.lastFailedAtMs ?? null;
  const words: readonly [boolean, Word][] = [
    [overdue, { word: "Overdue", tone: "bad" }],
    [lastResult === "failed", { word: "Failed last", tone: "warn" }],
    [goodAtMs === null, { word: "Not run yet", tone: "off" }],
  ];
  const word = words.find(([is]) => is)?.[1] ?? { word: "On time", tone: "ok" };
  return html`<tr><th scope="row"><code>${rhythm.job}</code></th><td class="lead">${stateOf(word)}</td>
${cell("Last success", goodAtMs === null ? "never" : when(goodAtMs, nowMs))}${cell("Last failure", failedAtMs === null ? "–" : when(failedAtMs, nowMs))}${cell("Latest by", runs === null ? "–" : isolated(runs.provider))}${cell("Due every", length(rhythm.everyMs * 1_000))}</tr>`;
};

const jobs = (standings: readonly JobStanding[], nowMs: number): Html =>
  table(
    "The jobs of the schedule, whichever provider ran them",
    ["Job", "State", "Last success", "Last failure", "Latest by", "Due every"],
    standings.map((one) => jobRow(one, nowMs)),
  );

const takeovers = (status: Status, preferred: string, nowMs: number): Html => {
  const rows = status.takeovers
    .slice(0, takeoversShown)
    .map(
      ({ atMs, lease, kind, from, to, lapsed, unheldMs }) =>
        html`<tr><th scope="row">${when(atMs, nowMs)}</th>${cell("What", html`${kind === "hand_back" ? "handed back" : lapsed ? "taken over, as it fell silent" : "taken over"}<small><code>${lease}</code></small>`)}${cell("From, to", html`${isolated(from)} → ${isolated(to)}`)}${cell("Unheld for", formatDuration(unheldMs), true)}</tr>`,
    );
  const away = status.leases.filter((lease) => isShard(lease) && lease.held && lease.provider !== preferred).length;
  const next =
    away === 0
      ? nothing
      : html`<p class="hint">${away} of ${status.shards} shards are not on ${isolated(preferred)}, the preferred provider. They are handed back by themselves once it has been well for a while and no storm is on.</p>`;
  return html`${next}${rows.length === 0 ? empty("No takeover yet.", "When the holder of a shard falls silent, the other provider takes it over within a minute, and it is listed here.") : table("Takeovers, the newest first", ["When", "What", "From, to", { number: "Unheld for" }], rows, true)}`;
};

const breakersShown = 5;

/** What it is, for whoever does not know its kind. */
const outsideNames: Readonly<Record<ShownBreaker["kind"], string>> = {
  cdn: "usage of a CDN",
  timestamp: "time-stamping authority",
  s3: "S3",
  ec2: "EC2",
  archive: "archive of cost events",
  dns: "DNS account",
};

const outsideOne = ({ kind, customerId, account, nextProbeMs, lastError }: ShownBreaker, nowMs: number): Html =>
  html`${outsideNames[kind]}${account === null ? "" : html` ${isolated(account)}`}${customerId === null ? "" : html` of customer ${customerId}`}${lastError === null ? "" : html` (${isolated(lastError)})`}${nextProbeMs === null ? "" : html`, tried again ${when(nextProbeMs, nowMs)}`}`;

/** Outside services that are paused, in one line. */
const outside = (breakers: readonly ShownBreaker[], nowMs: number): Html => {
  const paused = breakers.filter(({ state }) => state !== "closed");
  if (paused.length === 0) return html`<p>${stateOf({ word: "None is paused", tone: "ok" })} Every outside service is asked as ever.</p>`;
  const named = paused.slice(0, breakersShown).map((one, index) => html`${index === 0 ? "" : "; "}${outsideOne(one, nowMs)}`);
  const more = paused.length - breakersShown;
  return html`<p>${stateOf({ word: `${paused.length} paused`, tone: "warn" })} ${named}${more > 0 ? `; and ${more} more` : ""}.</p>`;
};

/** Each order of more than one service, where whoever looks may give it. */
const buttons = (c: AppContext): Html => {
  const { principal, customerId } = c.var;
  const link = (what: string, word: string): Html => html`<a class="button" href="/console/all?what=${what}">${word}…</a>`;
  const mayFreezeAll = customerId > 0 && refuseNeed(principal, editors) === null;
  const mayStop = principal.kind === "admin" && principal.scopes.includes("freeze");
  if (!mayFreezeAll && !mayStop) return nothing;
  return html`<div class="acts">${mayFreezeAll ? link("services", "Freeze all services") : ""}${mayStop ? html`${link("everything", "Freeze everything")}${link("panic", "Panic")}` : ""}</div>`;
};

const doneWords: Readonly<Record<string, string>> = {
  "give-services": "All services are frozen. The next round obeys, within seconds.",
  "lift-services": "All services are released: each obeys its own order again.",
  "give-everything": "Everything is frozen.",
  "lift-everything": "The freeze is lifted.",
  "give-panic": "Panic is on: nothing is written to any outside system any more.",
  "lift-panic": "The panic is lifted: what is wanted is written from the next round on.",
};

/** `/console/status`: who runs the rounds, whether that is on time, and the orders of last resort. */
export const registerStatusPage = (app: App, deps: Deps): void => {
  const path = "/console/status";
  app.get(path, async (c) => {
    const nowMs = deps.clock.nowMs();
    // As /readyz shows it to everybody; what only /v1/status tells is for admins.
    const isAdmin = c.var.principal.kind === "admin" && c.var.principal.scopes.includes("read");
    const [status, breakers] = await Promise.all([deps.status.read(), isAdmin ? deps.breakerStore.list(null, nowMs) : []]);
    const done = doneWords[c.req.query("done") ?? ""];
    const body = html`${done === undefined ? nothing : note("", html`<p>${done}</p>`)}
<div class="head"><div><h1>Status</h1><p>As of ${clock(nowMs)} UTC; <a href="${path}">look again</a>. This page is by ${isolated(deps.config.provider)}, version ${version}; the database answers.</p></div>${buttons(c)}</div>
${verdict(status, nowMs)}
${section("providers", "Providers", providers(status, isAdmin, nowMs))}
${section("vantages", "Vantages", vantages(status, isAdmin, nowMs))}
${isAdmin ? html`${section("jobs", "Jobs", jobs(jobStandings(deps.jobs.rhythms, status.jobRuns, status), nowMs))}\n${section("outside", "Outside services", outside(breakers, nowMs))}\n${section("takeovers", "Takeovers", takeovers(status, deps.config.preferredProvider, nowMs))}` : ""}`;
    return c.html(await page(c, nowMs, { title: "Status", tab: "status", body }));
  });
};
