import type { Deps } from "../../adapters/ports/deps.ts";
import type { ChannelKind } from "../../adapters/ports/notify/channel.ts";
import { channelKinds } from "../../adapters/ports/notify/channel.ts";
import type { NotificationChannel } from "../../adapters/ports/notify/channels.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { AppError } from "../../errors.ts";
import { readForm } from "../../http/body.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { changeChannel, openChannel } from "../../routes/notify/channel-changes.ts";
import { idOf } from "../asked.ts";
import { shownOnce } from "../fields.ts";
import { formOnce, newForm, refusalOf, sentForm } from "../form.ts";
import type { Form, FormStatus } from "../form.ts";
import { page } from "../page.ts";
import { note } from "../parts.ts";
import { acting } from "../session.ts";
import { changedChannelOf, channelForm, fieldsOf, kindTexts, newChannelOf } from "./form.ts";
import { channelsPath } from "./list.ts";

/** Services to choose from; of more the API takes them. */
const mostChoices = 200;

const kindOf = (text: string | null | undefined): ChannelKind => {
  const kind = channelKinds.find((one) => one === text);
  if (kind === undefined) throw new AppError("not_found", "there is no such kind of channel");
  return kind;
};

/** `/console/channels/new` and `.../{id}/edit`: where messages go, and which. */
export const registerChannelForms = (app: App, deps: Deps): void => {
  const charge = worth(deps, costs.sending);
  const servicesOf = (c: AppContext) => deps.services.list(c.var.customerId, { limit: mostChoices, afterId: null });

  const showNew = async (c: AppContext, kind: ChannelKind, form: Form, status: FormStatus = 200): Promise<Response> => {
    const about = { path: `${channelsPath}/new`, back: channelsPath, services: await servicesOf(c), isNew: true };
    const { name, says } = kindTexts[kind];
    const body = html`<p class="crumb"><a href="${channelsPath}">Channels</a></p><h1>New channel: ${name}</h1><p class="hint">${says}</p>\n${channelForm(form, kind, about)}`;
    return c.html(await page(c, deps.clock.nowMs(), { title: "New channel", tab: "channels", body }), status);
  };

  app.get(`${channelsPath}/new`, acting, (c) => showNew(c, kindOf(c.req.query("kind")), newForm(deps, new URL(c.req.url).searchParams)));

  /** A webhook's secret is in the answer itself: no page that could be asked for again has it. */
  const made = async (c: AppContext, { id, name }: NotificationChannel, secret: string | null): Promise<Response> => {
    if (secret === null) return c.redirect(`${channelsPath}/${id}?done=created`, 303);
    const body = html`<p class="crumb"><a href="${channelsPath}">Channels</a></p><h1>${isolated(name)}</h1>\n${note("", html`<p>Created. Its receiver checks each message by this secret (Standard Webhooks).</p>`)}\n${shownOnce("Secret that signs", secret)}\n<p class="acts"><a class="button" href="${channelsPath}/${id}">To the channel, and its test</a></p>`;
    return c.html(await page(c, deps.clock.nowMs(), { title: "New channel", tab: "channels", body }));
  };

  app.post(`${channelsPath}/new`, acting, async (c) => {
    const fields = await readForm(c);
    const kind = kindOf(fields.get("kind"));
    await charge(c, async () => undefined);
    try {
      const { channel, secret } = await openChannel(deps, c.var.customerId, newChannelOf(fields), (make) =>
        formOnce(c, deps, fields, make),
      );
      return await made(c, channel, secret);
    } catch (error) {
      const refused = refusalOf(error);
      return await showNew(c, kind, sentForm(deps, fields, refused), refused.status);
    }
  });

  const channelOf = async (c: AppContext): Promise<NotificationChannel> => {
    const channel = await deps.channelStore.find(c.var.customerId, idOf(c));
    if (channel === null) throw noSuchResource();
    return channel;
  };

  const showEdit = async (c: AppContext, channel: NotificationChannel, form: Form, status: FormStatus = 200): Promise<Response> => {
    const back = `${channelsPath}/${channel.id}`;
    const about = { path: `${back}/edit`, back, services: await servicesOf(c), isNew: false };
    const body = html`<p class="crumb"><a href="${back}">${isolated(channel.name)}</a></p><h1>Change ${isolated(channel.name)}</h1>\n${channelForm(form, channel.kind, about)}`;
    return c.html(await page(c, deps.clock.nowMs(), { title: "Channel", tab: "channels", body }), status);
  };

  app.get(`${channelsPath}/:id/edit`, acting, async (c) => {
    const channel = await channelOf(c);
    const typed = new URL(c.req.url).searchParams;
    return await showEdit(c, channel, newForm(deps, typed.size === 0 ? fieldsOf(channel) : typed));
  });

  app.post(`${channelsPath}/:id/edit`, acting, async (c) => {
    const fields = await readForm(c);
    const channel = await channelOf(c);
    await charge(c, async () => undefined);
    try {
      await changeChannel(deps, c.var.customerId, channel.id, changedChannelOf(fields), changeBy(c));
    } catch (error) {
      const refused = refusalOf(error);
      return await showEdit(c, channel, sentForm(deps, fields, refused), refused.status);
    }
    return c.redirect(`${channelsPath}/${channel.id}?done=changed`, 303);
  });
};
