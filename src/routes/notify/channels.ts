import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { ChannelKind } from "../../adapters/ports/notify/channel.ts";
import type { ChannelPatch, NotificationChannel } from "../../adapters/ports/notify/channels.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { webhookSecret } from "../../domain/notify/webhook-secret.ts";
import { AppError } from "../../errors.ts";
import { jsonBody } from "../../http/body.ts";
import { idParams, jsonAnswer, jsonRequest, noContent, writeProblems } from "../../http/contract.ts";
import { costs } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { answerOnce, changeBy } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import type { Audience } from "./audience.ts";
import { channelInput, channelPatch, channelSchema, hasTarget, newChannelSchema, reach, representChannel } from "./channel-contract.ts";
import { askRecipients, newConfirmation } from "./confirmation.ts";
import { privateAddressOf, secretBytes } from "./sending.ts";

const unsendable = "email can not be sent from here: neither MAIL_API_URL, nor SMTP_URL where there are sockets, is configured";

/** @throws AppError `bad_request` where this deployment can not send by it */
const refuseUnsendable = (deps: Pick<Deps, "channels">, kind: ChannelKind): void => {
  if (!deps.channels.kinds.includes(kind))
    throw new AppError("bad_request", "the body is not valid", { fields: [{ pointer: "/kind", detail: unsendable }] });
};

/** @throws AppError `bad_request` where messages would go into a private network */
const refusePrivate = async (
  deps: Parameters<typeof privateAddressOf>[0],
  secret: Parameters<typeof privateAddressOf>[1],
): Promise<void> => {
  const address = await privateAddressOf(deps, secret);
  if (address !== null)
    throw new AppError("bad_request", "the body is not valid", {
      fields: [{ pointer: "/url", detail: `must not lead to a private address (${address})` }],
    });
};

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
    const { name, kind, kinds, min_severity: minSeverity, service_ids: serviceIds, ...target } = c.req.valid("json");
    const customerId = owner(c);
    refuseUnsendable(deps, kind);
    const secret = webhookSecret(deps.random.bytes(secretBytes));
    const reached = reach(kind, target, [secret], deps.config.allowPrivateTargets);
    const asked = reached.secret.kind === "email" ? await newConfirmation(deps, reached.secret.to) : null;
    const channel = await answerOnce(c, deps, customerId ?? 0, async (change) => {
      await refusePrivate(deps, reached.secret);
      const made = await deps.channelStore.create(
        customerId,
        { name, kinds, minSeverity, serviceIds, ...reached, confirmation: asked?.confirmation ?? null },
        change,
      );
      return made === null || asked === null ? made : await askRecipients(deps, customerId, made, reached.secret, asked.codes, change);
    });
    if (channel === null) throw noSuchResource();
    return c.json({ ...represent(channel), ...(kind === "webhook" && { secret }) }, 201, { location: `${path}/${channel.id}` });
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
    const customerId = owner(c);
    const { id } = c.req.valid("param");
    const { name, kinds, min_severity: minSeverity, service_ids: serviceIds, enabled, ...target } = c.req.valid("json");
    const fields: ChannelPatch = {
      ...(name !== undefined && { name }),
      ...(kinds !== undefined && { kinds }),
      ...(minSeverity !== undefined && { minSeverity }),
      ...(serviceIds !== undefined && { serviceIds }),
      ...(enabled !== undefined && { enabled }),
    };
    const change = changeBy(c);

    /** Of a webhook the secrets stay; what the others were does not matter, and need not be opened. */
    const withTarget = async (kind: ChannelKind): Promise<NotificationChannel | null> => {
      refuseUnsendable(deps, kind);
      const was = kind === "webhook" ? (await deps.channelStore.open(customerId, id))?.secret : undefined;
      const reached = reach(kind, target, was?.kind === "webhook" ? was.secrets : [], deps.config.allowPrivateTargets);
      await refusePrivate(deps, reached.secret);
      const asked = reached.secret.kind === "email" ? await newConfirmation(deps, reached.secret.to) : null;
      const secret = { ...reached.secret, ...(was?.previousUntilMs !== undefined && { previousUntilMs: was.previousUntilMs }) };
      const way = { ...reached, secret, confirmation: asked?.confirmation ?? null, ...(was !== undefined && { was }) };
      const changed = await deps.channelStore.update(customerId, id, { ...fields, target: way }, change);
      if (changed === null && was !== undefined) throw new AppError("conflict", "the channel was changed meanwhile");
      return changed === null || asked === null
        ? changed
        : await askRecipients(deps, customerId, changed, reached.secret, asked.codes, change);
    };
    const found = hasTarget(target) ? await deps.channelStore.find(customerId, id) : null;
    if (found === null && hasTarget(target)) throw noSuchResource();
    const channel = found === null ? await deps.channelStore.update(customerId, id, fields, change) : await withTarget(found.kind);
    if (channel === null) throw noSuchResource();
    if (enabled === true) deps.tell();
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
    if (!(await deps.channelStore.remove(owner(c), c.req.valid("param").id, changeBy(c)))) throw noSuchResource();
    return c.body(null, 204);
  });
};
