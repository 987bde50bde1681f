import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { previousSecretMs, secretNow } from "../../domain/notify/sealing.ts";
import { webhookSecret } from "../../domain/notify/webhook-secret.ts";
import { AppError } from "../../errors.ts";
import { jsonBody, noBody } from "../../http/body.ts";
import { idParams, jsonAnswer, jsonRequest, like, problems, timeText, writeProblems } from "../../http/contract.ts";
import { costs } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { acceptKey, answerOnce, changeBy } from "../../http/idempotency.ts";
import { isoTime } from "../../iso-time.ts";
import type { Audience } from "./audience.ts";
import { channelSchema, representChannel } from "./channel-contract.ts";
import { hashOfCodes, testMessage } from "./confirmation.ts";
import { privateAddressOf, secretBytes, sendNow } from "./sending.ts";

const testSchema = z
  .object({
    status: z
      .enum(["sent", "failed", "refused", "gone"])
      .openapi({ example: "sent", description: "`failed` would be tried again, `refused` never; `gone`: the receiver wants no more" }),
    detail: like(z.string(), "HTTP 204"),
    duration_ms: like(z.int(), 84),
  })
  .openapi("ChannelTest");

const rotatedSchema = z
  .object({ secret: like(z.string(), "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"), previous_valid_until: timeText })
  .openapi("RotatedSecret");

const digits = z
  .string()
  .regex(/^\d{8}$/, "must be eight digits")
  .openapi({ example: "01234567" });

const code = z
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
  .openapi("ChannelCode", { example: { code: "01234567" } });

/** What can be done with a channel: try it, replace its secret, agree to it. */
export const registerChannelActions = (app: App, deps: Deps, { prefix, writes, owner, costing, query }: Audience): void => {
  const tags = ["notifications"];
  const one = `${prefix}/channels/{id}` as const;
  const answers = problems(400, 401, 403, 404, 409, 413);

  const test = createRoute({
    method: "post",
    path: `${one}/test` as const,
    tags,
    summary: "Send one message for real, now, and say what became of it",
    middleware: [writes, ...costing(costs.sending), noBody],
    request: { params: idParams, query },
    responses: { 200: jsonAnswer(testSchema, "What the receiver said"), ...answers },
  });
  app.openapi(test, async (c) => {
    await acceptKey(c);
    const customerId = owner(c);
    const opened = await deps.channelStore.open(customerId, c.req.valid("param").id);
    if (opened === null) throw noSuchResource();
    const { channel, secret } = opened;
    if (channel.kind === "email" && channel.confirmedAtMs === null)
      throw new AppError("conflict", "its recipients have not agreed yet: POST .../confirm with the code that they were sent");
    if (!deps.channels.kinds.includes(channel.kind)) throw new AppError("conflict", "email can not be sent from here");
    const nowMs = deps.clock.nowMs();
    const reached = secretNow(secret, nowMs);
    const address = await privateAddressOf(deps, reached);
    const outcome =
      address === null
        ? await sendNow(
            deps,
            reached,
            testMessage(channel.name, c.var.principal.actor, nowMs, channel.id),
            `test_${channel.id}_${nowMs}`,
            customerId,
          )
        : {
            status: "refused" as const,
            detail: `its host leads to a private address (${address})`,
            durationMs: deps.clock.nowMs() - nowMs,
          };
    await deps.channelStore.noteSent(customerId, channel.id, "test", outcome, changeBy(c));
    return c.json({ status: outcome.status, detail: outcome.detail, duration_ms: Math.round(outcome.durationMs) }, 200);
  });

  const rotate = createRoute({
    method: "post",
    path: `${one}/rotate-secret` as const,
    tags,
    summary: "Replace the secret of a webhook; the one before signs as well for a day",
    middleware: [writes, noBody],
    request: { params: idParams, query },
    responses: { 200: jsonAnswer(rotatedSchema, "The new secret; shown this once"), ...answers },
  });
  app.openapi(rotate, async (c) => {
    const customerId = owner(c);
    const { id } = c.req.valid("param");
    const rotated = await answerOnce(c, deps, customerId ?? 0, async (change) => {
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
    });
    return c.json({ secret: rotated.secret, previous_valid_until: isoTime(rotated.previousUntilMs) }, 200);
  });

  const confirm = createRoute({
    method: "post",
    path: `${one}/confirm` as const,
    tags,
    summary: "Give the codes that the recipients of a mail were sent",

    description:
      "Each recipient is sent a code of their own, and all have to be given at once. They are good for 24 hours and ten guesses. Others are sent when `to` is set again, with the same recipients or others.",
    middleware: [writes, jsonBody],
    request: { params: idParams, query, body: jsonRequest(code) },
    responses: { 200: jsonAnswer(channelSchema, "The channel, which is sent to from now on"), ...writeProblems },
  });
  app.openapi(confirm, async (c) => {
    await acceptKey(c);
    const customerId = owner(c);
    const { id } = c.req.valid("param");
    const nowMs = deps.clock.nowMs();
    const { code: only, codes = only === undefined ? [] : [only] } = c.req.valid("json");
    const result = await deps.channelStore.confirm(customerId, id, await hashOfCodes(codes), nowMs, changeBy(c));
    const channel = await deps.channelStore.find(customerId, id);
    if (channel === null) throw noSuchResource();
    if (result === null) throw new AppError("conflict", "there is nothing to confirm");
    if (result === "wrong")
      throw new AppError("bad_request", "the body is not valid", {
        fields: [
          only === undefined
            ? { pointer: "/codes", detail: "are not the codes that were sent, one to each recipient" }
            : { pointer: "/code", detail: "is not the code that was sent; of several recipients all have to be given (`codes`)" },
        ],
      });
    if (result === "over")
      throw new AppError(
        "conflict",
        "the codes are too old, or were guessed at too often: set the recipients again, and they are sent others",
      );
    return c.json(representChannel(channel, nowMs), 200);
  });
};
