import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { NotificationChannel } from "../../adapters/ports/notify/channels.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { jsonBody } from "../../http/body.ts";
import { idParams, jsonAnswer, jsonRequest, noContent, writeProblems } from "../../http/contract.ts";
import { costs } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import type { Audience } from "./audience.ts";
import { changeChannel, openChannel, removeChannel } from "./channel-changes.ts";
import { channelInput, channelPatch, channelSchema, newChannelSchema, representChannel } from "./channel-contract.ts";

/** `/v1/channels`: where a customer's messages go; `/v1/operator/channels`: where the operator's do. */
export const registerChannels = (
  app: App,
  deps: Deps,
  { prefix, whose, reads, writes, owner, costing, query, page, readable }: Audience,
): void => {
  const tags = ["notifications"];
  const path = `${prefix}/channels` as const;
  const one = `${prefix}/channels/{id}` as const;
  const represent = (channel: NotificationChannel) => representChannel(channel, deps.clock.nowMs());

  const create = createRoute({
    method: "post",
    path,
    tags,
    summary: `Have messages sent somewhere: a channel of ${whose}`,
    description: "Without SECRETS_KEY this deployment keeps no secrets, and there are no channels: a 409.",
    middleware: [writes, ...costing(costs.sending), jsonBody],
    request: { query, body: jsonRequest(channelInput) },
    responses: { 201: jsonAnswer(newChannelSchema, "The channel; of a webhook with the secret that signs"), ...writeProblems },
  });
  app.openapi(create, async (c) => {
    const customerId = owner(c);
    const { channel, secret } = await openChannel(deps, customerId, c.req.valid("json"), (make) =>
      answerOnce(c, deps, customerId ?? 0, make),
    );
    return c.json({ ...represent(channel), ...(secret !== null && { secret }) }, 201, { location: `${path}/${channel.id}` });
  });

  const list = createRoute({
    method: "get",
    path,
    tags,
    summary: `List the channels of ${whose}`,
    middleware: [reads],
    request: { query: page },
    responses: { 200: jsonAnswer(z.array(channelSchema), "One page"), ...readable },
  });
  app.openapi(list, async (c) => {
    const channels = await paged(c, c.req.valid("query"), (at) => deps.channelStore.list(owner(c), at));
    return c.json(channels.map(represent), 200);
  });

  const get = createRoute({
    method: "get",
    path: one,
    tags,
    summary: "Read a channel; never its secret",
    middleware: [reads],
    request: { params: idParams, query },
    responses: { 200: jsonAnswer(channelSchema, "The channel"), ...readable },
  });
  app.openapi(get, async (c) => {
    const channel = await deps.channelStore.find(owner(c), c.req.valid("param").id);
    if (channel === null) throw noSuchResource();
    return c.json(represent(channel), 200);
  });

  const update = createRoute({
    method: "patch",
    path: one,
    tags,
    summary: "Change a channel: what it is told, how it is reached, whether anything is sent",
    description:
      "Other recipients of a mail have to agree anew; the same ones, given again, are sent another code. A webhook keeps its secret.",
    middleware: [writes, ...costing(costs.sending), jsonBody],
    request: { params: idParams, query, body: jsonRequest(channelPatch) },
    responses: { 200: jsonAnswer(channelSchema, "The channel as it is now"), ...writeProblems },
  });
  app.openapi(update, async (c) => {
    const channel = await changeChannel(deps, owner(c), c.req.valid("param").id, c.req.valid("json"), changeBy(c));
    return c.json(represent(channel), 200);
  });

  const remove = createRoute({
    method: "delete",
    path: one,
    tags,
    summary: "Delete a channel; its secret is erased, and what waits for it is dropped",
    middleware: [writes],
    request: { params: idParams, query },
    responses: { 204: noContent, ...readable },
  });
  app.openapi(remove, async (c) => {
    await removeChannel(deps, owner(c), c.req.valid("param").id, changeBy(c));
    return c.body(null, 204);
  });
};
