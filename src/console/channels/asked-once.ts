import type { Deps } from "../../adapters/ports/deps.ts";
import type { NotificationChannel } from "../../adapters/ports/notify/channels.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { readForm } from "../../http/body.ts";
import type { App, AppContext } from "../../http/env.ts";
import { html, isolated } from "../../http/html.ts";
import { changeBy } from "../../http/idempotency.ts";
import { removeChannel } from "../../routes/notify/channel-changes.ts";
import { rotateSecret } from "../../routes/notify/channel-doings.ts";
import { idOf } from "../asked.ts";
import { asking, formNote, onceField, shownOnce } from "../fields.ts";
import { formOnce, newForm, refusalOf, sentForm } from "../form.ts";
import type { Form, FormStatus } from "../form.ts";
import { page } from "../page.ts";
import { note, when } from "../parts.ts";
import { acting } from "../session.ts";
import { channelsPath } from "./list.ts";

/** What can not be undone asks once: to delete a channel, and to replace its secret. */
export const registerChannelQuestions = (app: App, deps: Deps): void => {
  const channelOf = async (c: AppContext): Promise<NotificationChannel> => {
    const channel = await deps.channelStore.find(c.var.customerId, idOf(c));
    if (channel === null) throw noSuchResource();
    return channel;
  };

  app.get(`${channelsPath}/:id/delete`, acting, async (c) => {
    const { id, name } = await channelOf(c);
    const body = asking({
      back: `${channelsPath}/${id}`,
      crumb: isolated(name),
      title: html`Delete ${isolated(name)}?`,
      says: "Its secret is erased, and what waits for it is dropped. To have it silent for a while, disable it.",
      path: `${channelsPath}/${id}/delete`,
      word: "Delete",
    });
    return c.html(await page(c, deps.clock.nowMs(), { title: "Delete", tab: "channels", body }));
  });

  app.post(`${channelsPath}/:id/delete`, acting, async (c) => {
    await readForm(c);
    await removeChannel(deps, c.var.customerId, idOf(c), changeBy(c));
    return c.redirect(`${channelsPath}?done=deleted`, 303);
  });

  const askRotation = async (c: AppContext, form: Form, status: FormStatus = 200): Promise<Response> => {
    const { id, name } = await channelOf(c);
    const question = asking({
      back: `${channelsPath}/${id}`,
      crumb: isolated(name),
      title: html`A new secret for ${isolated(name)}?`,
      says: "Messages are signed with both for a day: give the receiver the new one within that.",
      path: `${channelsPath}/${id}/rotate`,
      word: "Replace the secret",
      inside: onceField(form),
    });
    const body = html`${formNote(form, [])}${question}`;
    return c.html(await page(c, deps.clock.nowMs(), { title: "New secret", tab: "channels", body }), status);
  };

  app.get(`${channelsPath}/:id/rotate`, acting, (c) => askRotation(c, newForm(deps)));

  app.post(`${channelsPath}/:id/rotate`, acting, async (c) => {
    const fields = await readForm(c);
    const id = idOf(c);
    try {
      const rotate = formOnce(c, deps, fields, (change) => rotateSecret(deps, c.var.customerId, id, change));
      const { secret, previousUntilMs } = await rotate;
      const nowMs = deps.clock.nowMs();
      const body = html`<p class="crumb"><a href="${channelsPath}">Channels</a></p><h1>The new secret</h1>\n${note("", html`<p>The one before signs as well; that ends ${when(previousUntilMs, nowMs)}.</p>`)}\n${shownOnce("Secret that signs", secret)}\n<p class="acts"><a class="button" href="${channelsPath}/${id}">Done</a></p>`;
      return c.html(await page(c, nowMs, { title: "New secret", tab: "channels", body }));
    } catch (error) {
      const refused = refusalOf(error);
      return await askRotation(c, sentForm(deps, fields, refused), refused.status);
    }
  });
};
