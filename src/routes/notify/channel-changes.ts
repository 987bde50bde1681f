import type { z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { ChannelKind } from "../../adapters/ports/notify/channel.ts";
import type { ChannelPatch, NotificationChannel } from "../../adapters/ports/notify/channels.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { webhookSecret } from "../../domain/notify/webhook-secret.ts";
import { AppError } from "../../errors.ts";
import { hasTarget, reach } from "./channel-contract.ts";
import type { channelInput, channelPatch } from "./channel-contract.ts";
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

type Opened = NotificationChannel | null;

/**
 * Opens a channel of a customer or (null) the operator. The API and the console do it by the same rules.
 * @param once runs what stores it, once per request
 * @returns the channel, and of a webhook the secret that signs
 * @throws AppError `bad_request` at the field that is wrong, `conflict` for a name that is taken, `quota`, `not_found`
 */
export const openChannel = async (
  deps: Deps,
  customerId: number | null,
  { name, kind, kinds, min_severity: minSeverity, service_ids: serviceIds, ...target }: z.infer<typeof channelInput>,
  once: (make: (change: Change) => Promise<Opened>) => Promise<Opened>,
): Promise<{ readonly channel: NotificationChannel; readonly secret: string | null }> => {
  refuseUnsendable(deps, kind);
  const secret = webhookSecret(deps.random.bytes(secretBytes));
  const reached = reach(kind, target, [secret], deps.config.allowPrivateTargets);
  const asked = reached.secret.kind === "email" ? await newConfirmation(deps, reached.secret.to) : null;
  const channel = await once(async (change) => {
    await refusePrivate(deps, reached.secret);
    const made = await deps.channelStore.create(
      customerId,
      { name, kinds, minSeverity, serviceIds, ...reached, confirmation: asked?.confirmation ?? null },
      change,
    );
    return made === null || asked === null ? made : await askRecipients(deps, customerId, made, reached.secret, asked.codes, change);
  });
  if (channel === null) throw noSuchResource();
  return { channel, secret: kind === "webhook" ? secret : null };
};

type Target = Parameters<typeof reach>[1];

/** Of a webhook the secrets stay; what the others were does not matter, and need not be opened. */
const withTarget = async (
  deps: Deps,
  customerId: number | null,
  { id, kind }: NotificationChannel,
  target: Target,
  fields: ChannelPatch,
  change: Change,
): Promise<Opened> => {
  refuseUnsendable(deps, kind);
  const was = kind === "webhook" ? (await deps.channelStore.open(customerId, id))?.secret : undefined;
  const reached = reach(kind, target, was?.kind === "webhook" ? was.secrets : [], deps.config.allowPrivateTargets);
  await refusePrivate(deps, reached.secret);
  const asked = reached.secret.kind === "email" ? await newConfirmation(deps, reached.secret.to) : null;
  const secret = { ...reached.secret, ...(was?.previousUntilMs !== undefined && { previousUntilMs: was.previousUntilMs }) };
  const way = { ...reached, secret, confirmation: asked?.confirmation ?? null, ...(was !== undefined && { was }) };
  const changed = await deps.channelStore.update(customerId, id, { ...fields, target: way }, change);
  if (changed === null && was !== undefined) throw new AppError("conflict", "the channel was changed meanwhile");
  return changed === null || asked === null ? changed : await askRecipients(deps, customerId, changed, reached.secret, asked.codes, change);
};

/** Changes what a body names of a channel. @throws AppError `bad_request`, `conflict`, `not_found` */
export const changeChannel = async (
  deps: Deps,
  customerId: number | null,
  id: number,
  { name, kinds, min_severity: minSeverity, service_ids: serviceIds, enabled, ...target }: z.infer<typeof channelPatch>,
  change: Change,
): Promise<NotificationChannel> => {
  const fields: ChannelPatch = {
    ...(name !== undefined && { name }),
    ...(kinds !== undefined && { kinds }),
    ...(minSeverity !== undefined && { minSeverity }),
    ...(serviceIds !== undefined && { serviceIds }),
    ...(enabled !== undefined && { enabled }),
  };
  const found = hasTarget(target) ? await deps.channelStore.find(customerId, id) : null;
  if (found === null && hasTarget(target)) throw noSuchResource();
  const channel =
    found === null
      ? await deps.channelStore.update(customerId, id, fields, change)
      : await withTarget(deps, customerId, found, target, fields, change);
  if (channel === null) throw noSuchResource();
  if (enabled === true) deps.tell();
  return channel;
};

/** Its secret is erased, and what waits for it is dropped. @throws AppError `not_found` */
export const removeChannel = async (
  { channelStore }: Pick<Deps, "channelStore">,
  customerId: number | null,
  id: number,
  change: Change,
): Promise<void> => {
  if (!(await channelStore.remove(customerId, id, change))) throw noSuchResource();
};
