import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import { jsonBody, noBody } from "../../http/body.ts";
import { idParams, jsonAnswer, jsonRequest, like, problems, timeText, writeProblems } from "../../http/contract.ts";
import { costs } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { acceptKey, answerOnce, changeBy } from "../../http/idempotency.ts";
import { isoTime } from "../../iso-time.ts";
import type { Audience } from "./audience.ts";
import { channelCode, confirmChannel, rotateSecret, testChannel } from "./channel-doings.ts";
import { channelSchema, representChannel } from "./channel-contract.ts";

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
    const outcome = await testChannel(deps, customerId, c.req.valid("param").id, changeBy(c));
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
    const rotated = await answerOnce(c, deps, customerId ?? 0, (change) => rotateSecret(deps, customerId, id, change));
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
    request: { params: idParams, query, body: jsonRequest(channelCode) },
    responses: { 200: jsonAnswer(channelSchema, "The channel, which is sent to from now on"), ...writeProblems },
  });
  app.openapi(confirm, async (c) => {
    await acceptKey(c);
    const customerId = owner(c);
    const { id } = c.req.valid("param");
    const channel = await confirmChannel(deps, customerId, id, c.req.valid("json"), changeBy(c));
    return c.json(representChannel(channel, deps.clock.nowMs()), 200);
  });
};
