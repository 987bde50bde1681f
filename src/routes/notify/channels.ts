import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { ChannelKind } from "../../adapters/ports/notify/channel.ts";
import type { ChannelPatch, NotificationChannel } from "../../adapters/ports/notify/channels.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { Guards } from "../../auth/guards.ts";
import { previousSecretMs, secretNow } from "../../domain/notify/sealing.ts";
import { webhookSecret } from "../../domain/notify/webhook-secret.ts";
import { AppError } from "../../errors.ts";
import { jsonBody } from "../../http/body.ts";
import { idParams, jsonAnswer, jsonRequest, like, noContent, pageQuery, problems, readProblems, tenantPageQuery, tenantQuery, writeProblems } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import { sha256Hex } from "../../http/digest.ts";
import type { App, AppContext, AppMiddleware } from "../../http/env.ts";
import { acceptKey, answerOnce, changeBy } from "../../http/idempotency.ts";
import { paged } from "../../http/paging.ts";
import { channelInput, channelPatch, channelSchema, hasTarget, newChannelSchema, reach, representChannel } from "./channel-contract.ts";
import { confirmMessage, newConfirmation, sendNow, testMessage } from "./confirmation.ts";

/** Whose channels they are: under which path, who may read and write them, and how requests name the customer. */
type Audience = {
  readonly path: "/v1/channels" | "/v1/operator/channels";
  readonly whose: string;
  readonly reads: AppMiddleware;
  readonly writes: AppMiddleware;
  readonly owner: (c: AppContext) => number | null;
};

const testSchema = z
  .object({
    status: z.enum(["sent", "failed", "refused", "gone"]).openapi({ example: "sent", description: "`failed` would be tried again, `refused` never; `gone`: the receiver wants no more" }),
    detail: like(z.string(), "200"),
    duration_ms: like(z.int(), 84),
  })
  .openapi("ChannelTest");

const rotatedSchema = z
  .object({ secret: like(z.string(), "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"), previous_valid_until: z.string().openapi({ format: "date-time", example: "2026-11-22T00:00:00.000Z" }) })
  .openapi("RotatedSecret");

const code = z.strictObject({ code: z.string().regex(/^\d{8}$/, "must be eight digits").openapi({ example: "01234567" }) }).openapi("ChannelCode");

const secretBytes = 32;

/** @throws AppError `conflict` where this deployment can not send by it */
const refuseUnsendable = (deps: Pick<Deps, "channels">, kind: ChannelKind): void => {
  if (deps.channels.kinds.includes(kind)) return;
  throw new AppError("bad_request", "the body is not valid", {
    fields: [{ pointer: "/kind", detail: "email can not be sent from here: neither MAIL_API_URL, nor SMTP_URL where there are sockets, is configured" }],
  });
};

const registerFor = (app: App, deps: Deps, { path, whose, reads, writes, owner }: Audience): void => {
  const tags = ["notifications"];
  const isOperators = path === "/v1/operator/channels";
  const query = isOperators ? z.strictObject({}) : tenantQuery;
  const listQuery = isOperators ? pageQuery : tenantPageQuery;
  const one = `${path}/{id}` as const;
  const now = () => deps.clock.nowMs();
  const represent = (channel: NotificationChannel) => representChannel(channel, now());
  const newSecret = () => webhookSecret(deps.random.bytes(secretBytes));
  const readable = isOperators ? problems(400, 401, 403, 404) : readProblems;

  /** A mail with the code. Where it does not leave, the channel waits: another is sent when its recipients are set again. */
  const askRecipients = async (channel: NotificationChannel, to: readonly string[], given: string): Promise<void> => {
    const outcome = await sendNow(deps, { kind: "email", to }, confirmMessage(channel.name, given, now(), channel.id), `confirm_${channel.id}_${now()}`);
    if (outcome.status !== "sent") deps.log.warn("confirmation_not_sent", { channel: channel.id, detail: outcome.detail });
  };

  const create = createRoute({
    method: "post", path, tags,
    summary: `Have messages sent somewhere: a channel of ${whose}`,
    middleware: [writes, jsonBody],
    request: { query, body: jsonRequest(channelInput) },
    responses: { 201: jsonAnswer(newChannelSchema, "The channel; of a webhook with the secret that signs"), ...writeProblems },
  });
  app.openapi(create, async (c) => {
    const { name, kind, kinds, min_severity: minSeverity, service_ids: serviceIds, ...target } = c.req.valid("json");
    const customerId = owner(c);
    refuseUnsendable(deps, kind);
    const secret = newSecret();
    const reached = reach(kind, target, [secret], deps.config.allowPrivateTargets);
    const asked = kind === "email" ? await newConfirmation(deps) : null;
    let isNew = false;
    const channel = await answerOnce(c, deps, customerId ?? 0, async (change) => {
      isNew = true;
      return await deps.channelStore.create(customerId, { name, kinds, minSeverity, serviceIds, ...reached, confirmation: asked?.confirmation ?? null }, change);
    });
    if (channel === null) throw noSuchResource();
    if (isNew && asked !== null && reached.secret.kind === "email") await askRecipients(channel, reached.secret.to, asked.code);
    return c.json({ ...represent(channel), ...(kind === "webhook" && { secret }) }, 201, { location: `${path}/${channel.id}` });
  });

  const list = createRoute({
    method: "get", path, tags,
    summary: `List the channels of ${whose}`,
    middleware: [reads],
    request: { query: listQuery },
    responses: { 200: jsonAnswer(z.array(channelSchema), "One page"), ...readable },
  });
  app.openapi(list, async (c) => {
    const channels = await paged(c, c.req.valid("query"), (page) => deps.channelStore.list(owner(c), page));
    return c.json(channels.map(represent), 200);
  });

  const get = createRoute({
    method: "get", path: one, tags,
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
    method: "patch", path: one, tags,
    summary: "Change a channel: what it is told, how it is reached, whether anything is sent",
    description: "Other recipients of a mail have to agree anew; the same ones, given again, are sent another code. A webhook keeps its secret.",
    middleware: [writes, jsonBody],
    request: { params: idParams, query, body: jsonRequest(channelPatch) },
    responses: { 200: jsonAnswer(channelSchema, "The channel as it is now"), ...writeProblems },
  });
  app.openapi(update, async (c) => {
    const customerId = owner(c);
    const { id } = c.req.valid("param");
    const { name, kinds, min_severity: minSeverity, service_ids: serviceIds, enabled, ...target } = c.req.valid("json");
    const fields: ChannelPatch = {
      ...(name !== undefined && { name }), ...(kinds !== undefined && { kinds }), ...(minSeverity !== undefined && { minSeverity }),
      ...(serviceIds !== undefined && { serviceIds }), ...(enabled !== undefined && { enabled }),
    };
    let asked: Awaited<ReturnType<typeof newConfirmation>> | null = null;
    let to: readonly string[] = [];
    const withTarget = async (): Promise<ChannelPatch> => {
      if (!hasTarget(target)) return fields;
      const opened = await deps.channelStore.open(customerId, id);
      if (opened === null) throw noSuchResource();
      const { kind } = opened.channel;
      refuseUnsendable(deps, kind);
      const reached = reach(kind, target, opened.secret.kind === "webhook" ? opened.secret.secrets : [], deps.config.allowPrivateTargets);
      if (reached.secret.kind === "email") [asked, to] = [await newConfirmation(deps), reached.secret.to];
      return { ...fields, target: { ...reached, confirmation: asked?.confirmation ?? null } };
    };
    const channel = await deps.channelStore.update(customerId, id, await withTarget(), changeBy(c));
    if (channel === null) throw noSuchResource();
    const { code: given = null } = (asked as { code: string } | null) ?? {};
    if (given !== null) await askRecipients(channel, to, given);
    return c.json(represent(channel), 200);
  });

  const remove = createRoute({
    method: "delete", path: one, tags,
    summary: "Delete a channel; its secret is erased, and what waits for it is dropped",
    middleware: [writes],
    request: { params: idParams, query },
    responses: { 204: noContent, ...readable },
  });
  app.openapi(remove, async (c) => {
    if (!(await deps.channelStore.remove(owner(c), c.req.valid("param").id, changeBy(c)))) throw noSuchResource();
    return c.body(null, 204);
  });

  const cost = isOperators ? [] : [worth(deps, costs.asking)];
  const test = createRoute({
    method: "post", path: `${one}/test` as const, tags,
    summary: "Send one message for real, now, and say what became of it",
    middleware: [writes, ...cost],
    request: { params: idParams, query },
    responses: { 200: jsonAnswer(testSchema, "What the receiver said"), ...readable, ...problems(409) },
  });
  app.openapi(test, async (c) => {
    await acceptKey(c);
    const opened = await deps.channelStore.open(owner(c), c.req.valid("param").id);
    if (opened === null) throw noSuchResource();
    const { channel, secret } = opened;
    if (channel.kind === "email" && channel.confirmedAtMs === null) throw new AppError("conflict", "its recipients have not agreed yet: POST .../confirm with the code that they were sent");
    if (!deps.channels.kinds.includes(channel.kind)) throw new AppError("conflict", "email can not be sent from here");
    const outcome = await sendNow(deps, secretNow(secret, now()), testMessage(channel.name, c.var.principal.actor, now(), channel.id), `test_${channel.id}_${now()}`);
    return c.json({ status: outcome.status, detail: outcome.detail, duration_ms: Math.round(outcome.durationMs) }, 200);
  });

  const rotate = createRoute({
    method: "post", path: `${one}/rotate-secret` as const, tags,
    summary: "Replace the secret of a webhook; the one before signs as well for a day",
    middleware: [writes],
    request: { params: idParams, query },
    responses: { 200: jsonAnswer(rotatedSchema, "The new secret; shown this once"), ...readable, ...problems(409) },
  });
  app.openapi(rotate, async (c) => {
    await acceptKey(c);
    const customerId = owner(c);
    const { id } = c.req.valid("param");
    const opened = await deps.channelStore.open(customerId, id);
    if (opened === null) throw noSuchResource();
    const { secret: was } = opened;
    if (was.kind !== "webhook") throw new AppError("conflict", "only a webhook has a secret that signs");
    const secret = newSecret();
    const previousUntilMs = now() + previousSecretMs;
    const next = { ...was, secrets: [secret, ...was.secrets.slice(0, 1)], previousUntilMs };
    if ((await deps.channelStore.replaceSecret(customerId, id, was, next, changeBy(c))) === null) throw new AppError("conflict", "the channel was changed meanwhile");
    return c.json({ secret, previous_valid_until: new Date(previousUntilMs).toISOString() }, 200);
  });

  const confirm = createRoute({
    method: "post", path: `${one}/confirm` as const, tags,
    summary: "Give the code that the recipients of a mail were sent",
    middleware: [writes, jsonBody],
    request: { params: idParams, query, body: jsonRequest(code) },
    responses: { 200: jsonAnswer(channelSchema, "The channel, which is sent to from now on"), ...writeProblems },
  });
  app.openapi(confirm, async (c) => {
    await acceptKey(c);
    const customerId = owner(c);
    const { id } = c.req.valid("param");
    const result = await deps.channelStore.confirm(customerId, id, await sha256Hex(c.req.valid("json").code), now(), changeBy(c));
    const channel = await deps.channelStore.find(customerId, id);
    if (channel === null) throw noSuchResource();
    if (result === null) throw new AppError("conflict", "there is nothing to confirm");
    if (result === "wrong") throw new AppError("bad_request", "the body is not valid", { fields: [{ pointer: "/code", detail: "is not the code that was sent" }] });
    if (result === "over") throw new AppError("conflict", "the code is too old, or was guessed at too often: set the recipients again, and they are sent another");
    return c.json(represent(channel), 200);
  });
};

/** `/v1/channels`: where a customer's messages go; `/v1/operator/channels`: where the operator's do. */
export const registerChannels = (app: App, deps: Deps, guards: Guards): void => {
  registerFor(app, deps, { path: "/v1/channels", whose: "the customer", reads: guards.viewer, writes: guards.editor, owner: (c) => c.var.customerId });
  registerFor(app, deps, { path: "/v1/operator/channels", whose: "the operator", reads: guards.admin, writes: guards.admin, owner: () => null });
};
