import type { Deps } from "../../adapters/ports/deps.ts";
import { channelKinds } from "../../adapters/ports/notify/channel.ts";
import type { NotificationChannel } from "../../adapters/ports/notify/channels.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { channelStateOf } from "../../routes/notify/channel-contract.ts";
import { afterOf } from "../asked.ts";
import { mayAct, page } from "../page.ts";
import { cell, empty, note, pages, stateOf, table, when } from "../parts.ts";
import { viewing } from "../session.ts";
import { channelWords } from "../words.ts";
import { kindTexts } from "./form.ts";

export const channelsPath = "/console/channels";

const shown = 100;

/** How it is reached, as far as that is no secret. */
export const reachedBy = ({ kind, settings: { host, region, to } }: NotificationChannel): Html => {
  if (to !== undefined) return html`${to.length === 1 ? isolated(to[0] ?? "") : `${to.length} addresses`}`;
  return html`${isolated(host ?? region?.toUpperCase() ?? "")}${kind === "pagerduty" ? "" : html`<small>the rest of its address is not shown</small>`}`;
};

const toldOf = ({ minSeverity, kinds, serviceIds }: NotificationChannel): Html => {
  const some = [
    ...(kinds === null ? [] : [`${kinds.length} kinds`]),
    ...(serviceIds === null ? [] : [`${serviceIds.length} ${serviceIds.length === 1 ? "service" : "services"}`]),
  ];
  return html`${minSeverity === "info" ? "everything" : `${minSeverity} and worse`}${some.length === 0 ? "" : html`<small>${some.join(", ")} alone</small>`}`;
};

/** Its state, and what opened its circuit. */
export const standingOf = (channel: NotificationChannel, nowMs: number): Html => {
  const state = channelStateOf(channel, nowMs);
  const { failures, lastError, lastErrorAtMs } = channel;
  return html`${stateOf(channelWords[state])}${failures === 0 ? "" : html`<small>${failures} failed in a row</small>`}${lastError === null || lastErrorAtMs === null ? "" : html`<small>${isolated(lastError)}, ${when(lastErrorAtMs, nowMs)}</small>`}`;
};

const row = (channel: NotificationChannel, nowMs: number): Html =>
  html`<tr><th scope="row"><a href="${channelsPath}/${channel.id}">${isolated(channel.name)}</a><small>${kindTexts[channel.kind].name}</small></th>
<td class="lead">${standingOf(channel, nowMs)}</td>
${cell("Goes to", reachedBy(channel))}${cell("Is told", toldOf(channel))}${cell("Last sent", channel.lastSentAtMs === null ? "never" : when(channel.lastSentAtMs, nowMs))}</tr>`;

/** The kinds of channels that can be made here. */
const creation = (deps: Deps): Html =>
  html`<section aria-labelledby="new"><h2 id="new">New channel</h2><ul class="choices">${channelKinds.map((kind) => {
    const { name, says } = kindTexts[kind];
    if (!deps.channels.kinds.includes(kind))
      return html`<li>${name}<small>Can not be sent from here: no mail server is configured.</small></li>`;
    return html`<li><a href="${channelsPath}/new?kind=${kind}">${name}…</a><small>${says}</small></li>`;
  })}</ul></section>`;

const done = (c: AppContext): Html =>
  c.req.query("done") === "deleted" ? note("", html`<p>Deleted, and its secret erased.</p>`) : nothing;

/** `/console/channels`: who is told, and whether messages arrive. */
export const registerChannelList = (app: App, deps: Deps): void => {
  app.get(channelsPath, viewing, async (c) => {
    const nowMs = deps.clock.nowMs();
    const afterId = afterOf(c);
    const channels = await deps.channelStore.list(c.var.customerId, { limit: shown + 1, afterId });
    const rows = channels.slice(0, shown).map((channel) => row(channel, nowMs));
    const next = channels.length > shown ? `${channelsPath}?after=${channels[shown - 1]?.id ?? 0}` : null;
    const list =
      rows.length === 0
        ? empty(
            "Nobody is told.",
            "Without a channel a storm is seen, steered and recorded, and nobody hears of it. Open one, and send a test.",
          )
        : table("Channels", ["Channel", "State", "Goes to", "Is told", "Last sent"], rows);
    const body = html`${done(c)}<div class="head"><div><h1>Channels</h1><p>Who is told, of what, and whether messages arrive</p></div></div>\n${list}${pages(channelsPath, afterId === null, next)}\n${mayAct(c) ? creation(deps) : ""}`;
    return c.html(await page(c, nowMs, { title: "Channels", tab: "channels", body }));
  });
};
