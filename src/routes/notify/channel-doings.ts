import { z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { SendOutcome } from "../../adapters/ports/notify/channel.ts";
import type { NotificationChannel } from "../../adapters/ports/notify/channels.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { previousSecretMs, secretNow } from "../../domain/notify/sealing.ts";
import { webhookSecret } from "../../domain/notify/webhook-secret.ts";
import { AppError, invalidBody } from "../../errors.ts";
import { hashOfCodes, testMessage } from "./confirmation.ts";
import { privateAddressOf, secretBytes, sendNow } from "./sending.ts";

const digits = z
  .string()
  .regex(/^\d{8}$/, "must be eight digits")
  .openapi({ example: "01234567" });

export const channelCode = z
  .strictObject({
    code: digits.optional().openapi({ description: "where there is one recipient" }),
    codes: z
      .array(digits)
      .min(1)
      .max(10)
      .optional()
      .openapi({ example: ["01234567"], description: "one of each recipient, in any order" }),
  })
  .refine((given) => (given.code === undefined) !== (given.codes === undefined), { message: "must have either code or codes" })
  .openapi("ChannelCode", { minProperties: 1, maxProperties: 1, example: { code: "01234567" } });

/** What became of a message, and how long that took. */
export type Sent = SendOutcome & { readonly durationMs: number };

/**
 * Sends one message by a channel for real, now. The API and the console do it by the same rules.
 * @throws AppError `conflict` where its recipients have not agreed, or it can not be sent from here; `not_found`
 */
export const testChannel = async (deps: Deps, customerId: number | null, id: number, change: Change): Promise<Sent> => {
  const opened = await deps.channelStore.open(customerId, id);
  if (opened === null) throw noSuchResource();
  const { channel, secret } = opened;
  if (channel.kind === "email" && channel.confirmedAtMs === null)
    throw new AppError("conflict", "its recipients have not agreed yet: POST .../confirm with the code that they were sent");
  if (!deps.channels.kinds.includes(channel.kind)) throw new AppError("conflict", "email can not be sent from here");
  const nowMs = deps.clock.nowMs();
  const reached = secretNow(secret, nowMs);
  const address = await privateAddressOf(deps, reached);
  const message = testMessage(channel.name, change.actor, nowMs, channel.id);
  const outcome: Sent =
    address === null
      ? await sendNow(deps, reached, message, `test_${channel.id}_${nowMs}`, customerId)
      : { status: "refused", detail: `its host leads to a private address (${address})`, durationMs: deps.clock.nowMs() - nowMs };
  await deps.channelStore.noteSent(customerId, channel.id, "test", outcome, change);
  return outcome;
};

/**
 * Replaces the secret of a webhook; the one before signs as well until `previousUntilMs`.
 * @throws AppError `conflict` where it has none, or was changed meanwhile; `not_found`
 */
export const rotateSecret = async (
  deps: Deps,
  customerId: number | null,
  id: number,
  change: Change,
): Promise<{ readonly secret: string; readonly previousUntilMs: number }> => {
  const opened = await deps.channelStore.open(customerId, id);
  if (opened === null) throw noSuchResource();
  const { secret: was } = opened;
  if (was.kind !== "webhook") throw new AppError("conflict", "only a webhook has a secret that signs");
  const secret = webhookSecret(deps.random.bytes(secretBytes));
  const previousUntilMs = deps.clock.nowMs() + previousSecretMs;
  const next = { ...was, secrets: [secret, ...was.secrets.slice(0, 1)], previousUntilMs };
  if ((await deps.channelStore.replaceSecret(customerId, id, was, next, change)) === null)
    throw new AppError("conflict", "the channel was changed meanwhile");
  return { secret, previousUntilMs };
};

/**
 * Gives the codes that the recipients of a mail were sent.
 * @returns the channel, which is sent to from now on
 * @throws AppError `bad_request` for other codes, `conflict` where they are too old or there is nothing to confirm, `not_found`
 */
export const confirmChannel = async (
  deps: Deps,
  customerId: number | null,
  id: number,
  { code: only, codes = only === undefined ? [] : [only] }: z.infer<typeof channelCode>,
  change: Change,
): Promise<NotificationChannel> => {
  const result = await deps.channelStore.confirm(customerId, id, await hashOfCodes(codes), deps.clock.nowMs(), change);
  const channel = await deps.channelStore.find(customerId, id);
  if (channel === null) throw noSuchResource();
  if (result === null) throw new AppError("conflict", "there is nothing to confirm");
  if (result === "wrong")
    throw invalidBody(
      only === undefined
        ? { pointer: "/codes", detail: "are not the codes that were sent, one to each recipient" }
        : { pointer: "/code", detail: "is not the code that was sent; of several recipients all have to be given (`codes`)" },
    );
  if (result === "over")
    throw new AppError(
      "conflict",
      "the codes are too old, or were guessed at too often: set the recipients again, and they are sent others",
    );
  return channel;
};
