import type { Deps } from "../../adapters/ports/deps.ts";
import type { NotificationChannel } from "../../adapters/ports/notify/channels.ts";
import type { Delivery } from "../../adapters/ports/notify/history.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { AppError } from "../../errors.ts";
import { readForm } from "../../http/body.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated, joined, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { changeChannel } from "../../routes/notify/channel-changes.ts";
import { channelCode, confirmChannel, testChannel } from "../../routes/notify/channel-doings.ts";
import type { Sent } from "../../routes/notify/channel-doings.ts";
import { idOf } from "../asked.ts";
import { formNote, secretField } from "../fields.ts";
import { newForm, readInput, refusalOf } from "../form.ts";
import type { Form, FormStatus } from "../form.ts";
import { mayAct, page } from "../page.ts";
import { cell, empty, facts, note, section, stateOf, table, when } from "../parts.ts";
import { acting, viewing } from "../session.ts";
import { deliveryWords } from "../words.ts";
import { kindTexts } from "./form.ts";
import { channelsPath, reachedBy, standingOf } from "./list.ts";

const deliveriesShown = 20;

const deliveryRow = (delivery: Delivery, nowMs: number): Html =>
  html`<tr><th scope="row">${when(delivery.createdAtMs, nowMs)}</th><td class="lead">${stateOf(deliveryWords[delivery.state])}</td>
${cell("Of", html`${delivery.kind}${delivery.message === null ? "" : html`<small>${isolated(delivery.message.title)}</small>`}`)}${cell("Attempts", String(delivery.attempts), true)}${cell("Last answer", delivery.lastStatus === null ? "–" : isolated(delivery.lastStatus))}</tr>`;

const deliveries = (rows: readonly Delivery[], nowMs: number): Html =>
  rows.length === 0
    ? empty("No message yet.", "What happens from now on is listed here, with what became of it. A test is not.")
    : table(
        "The last messages, the newest first",
        ["When", "State", "Of", { number: "Attempts" }, "Last answer"],
        rows.map((delivery) => deliveryRow(delivery, nowMs)),
      );

const subscription = ({ kinds, minSeverity, serviceIds }: NotificationChannel, names: ReadonlyMap<number, string>): Html => {
  const services = serviceIds?.map((id) => isolated(names.get(id) ?? `service ${id}`)) ?? null;
  return html`${minSeverity === "info" ? "everything" : `${minSeverity} and worse`}<small>${kinds === null ? "all kinds" : kinds.join(", ")}</small><small>${services === null ? "all services" : joined(services, ", ")}</small>`;
};

const button = (path: string, act: string, word: string, isMain = false): Html =>
  html`<form method="post" action="${path}"><button name="act" value="${act}"${isMain ? html` class="main"` : ""}>${word}</button></form>`;

const buttons = (channel: NotificationChannel): Html => {
  const path = `${channelsPath}/${channel.id}`;
  const isOn = channel.disabledAtMs === null;
  return html`<div class="acts">${button(path, "test", "Send a test", true)}${isOn ? button(path, "disable", "Disable") : button(path, "enable", "Enable")}<a class="button" href="${path}/edit">Change…</a>${channel.kind === "webhook" ? html`<a class="button" href="${path}/rotate">New secret…</a>` : ""}<a class="button" href="${path}/delete">Delete…</a></div>`;
};

/** The codes that the recipients of a mail were sent; asked for until they were given. */
const confirmation = (channel: NotificationChannel, form: Form): Html => {
  if (channel.kind !== "email" || channel.confirmedAtMs !== null) return nothing;
  const shown = { ...form, faults: { ...form.faults, ...(form.faults["code"] !== undefined && { codes: form.faults["code"] }) } };
  return section(
    "confirm",
    "Its recipients have to agree",
    html`<form class="card" method="post" action="${channelsPath}/${channel.id}">
${secretField(shown, { name: "codes", label: "Codes", isRequired: true, hint: "Eight digits of each recipient, with spaces between them. They are good for 24 hours; others are sent when the recipients are given again." })}
<div class="acts"><button class="main" name="act" value="confirm">Confirm</button></div></form>`,
  );
};

const testWords: Readonly<Record<Sent["status"], string>> = {
  sent: "The test has arrived",
  failed: "The test failed; a real message would be tried again",
  refused: "The test was refused; a real message would not be tried again",
  gone: "The receiver says that it wants no more",
};

const tested = ({ status, detail, durationMs }: Sent): Html =>
  note(
    status === "sent" ? "" : "bad",
    html`<p>${testWords[status]}: ${isolated(detail)}, after ${Math.round(durationMs)} ms.</p>`,
    status === "sent" ? "status" : "alert",
  );

const doneWords: Readonly<Record<string, string>> = {
  created: "Created.",
  changed: "Saved.",
  disable: "Disabled: nothing is sent, and what waited is dropped.",
  enable: "Enabled.",
  confirm: "Confirmed: it is sent to from now on.",
};

const done = (c: AppContext): Html => {
  const word = c.req.method === "GET" ? doneWords[c.req.query("done") ?? ""] : undefined;
  return word === undefined ? nothing : note("", html`<p>${word}</p>`);
};

/** `/console/channels/{id}`: one channel, its messages, and what can be done with it. */
export const registerChannelPage = (app: App, deps: Deps): void => {
  const path = `${channelsPath}/:id`;

  const show = async (c: AppContext, form: Form, result: Html, status: FormStatus = 200): Promise<Response> => {
    const nowMs = deps.clock.nowMs();
    const id = idOf(c);
    const { customerId } = c.var;
    const [channel, told] = await Promise.all([
      deps.channelStore.find(customerId, id),
      deps.notifyHistory.deliveries(customerId, id, { limit: deliveriesShown, afterId: null }),
    ]);
    if (channel === null) throw noSuchResource();
    const ids = channel.serviceIds ?? [];
    const services = ids.length === 0 ? [] : await deps.services.list(customerId, { limit: 200, afterId: Math.min(...ids) - 1 });
    const names = new Map(services.map((service) => [service.id, service.name]));
    const isActing = mayAct(c);
    const body = html`${done(c)}${result}${formNote(form, ["codes", "code"])}
<div class="head"><div><p class="crumb"><a href="${channelsPath}">Channels</a></p><h1>${isolated(channel.name)}</h1><p>${kindTexts[channel.kind].name}</p></div>${isActing ? buttons(channel) : ""}</div>
${facts([
  ["State", standingOf(channel, nowMs)],
  ["Goes to", channel.settings.to === undefined ? reachedBy(channel) : joined(channel.settings.to.map(isolated), ", ")],
  ["Is told", subscription(channel, names)],
  ["Last sent", channel.lastSentAtMs === null ? "never" : when(channel.lastSentAtMs, nowMs)],
])}
${isActing ? confirmation(channel, form) : ""}
${section("messages", "Last messages", deliveries(told ?? [], nowMs))}`;
    return c.html(await page(c, nowMs, { title: "Channel", tab: "channels", body }), status);
  };

  app.get(path, viewing, (c) => show(c, newForm(deps), nothing));

  const charge = worth(deps, costs.sending);

  /** @returns what is shown of it; null: the page alone shows it */
  const act = async (c: AppContext, what: string, fields: URLSearchParams): Promise<Html | null> => {
    const [{ customerId }, id] = [c.var, idOf(c)];
    if (what === "test") {
      await charge(c, async () => undefined);
      return tested(await testChannel(deps, customerId, id, changeBy(c)));
    }
    if (what === "confirm") {
      const codes = (fields.get("codes") ?? "").split(/\s+/).filter((code) => code !== "");
      const [only = ""] = codes;
      await confirmChannel(deps, customerId, id, readInput(channelCode, codes.length > 1 ? { codes } : { code: only }), changeBy(c));
      return null;
    }
    if (what !== "disable" && what !== "enable") throw new AppError("bad_request", "this is nothing that can be done with a channel");
    await charge(c, async () => undefined);
    await changeChannel(deps, customerId, id, { enabled: what === "enable" }, changeBy(c));
    return null;
  };

  app.post(path, acting, async (c) => {
    const fields = await readForm(c);
    const what = fields.get("act") ?? "";
    try {
      const result = await act(c, what, fields);
      return result === null
        ? c.redirect(`${channelsPath}/${idOf(c)}?done=${encodeURIComponent(what)}`, 303)
        : await show(c, newForm(deps), result);
    } catch (error) {
      const { faults, status } = refusalOf(error);
      return await show(c, { ...newForm(deps), faults }, nothing, status);
    }
  });
};
