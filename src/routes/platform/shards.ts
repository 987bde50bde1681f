import { createRoute, z } from "@hono/zod-openapi";
import type { Status } from "../../adapters/ports/coordination/status.ts";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import { providerNames } from "../../domain/coordination/provider-names.ts";
import { jsonBody } from "../../http/body.ts";
import { jsonAnswer, jsonRequest, label, like, problems } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { acceptKey, changeBy } from "../../http/idempotency.ts";

const most = 1_024;
const shard = z
  .int()
  .min(0)
  .max(most - 1);
const reason = label(500).openapi({ example: "domains that hang were seen too late, see INC-42" });

const shardsSchema = z
  .object({
    shards: like(z.int(), 25),
    wanted: like(z.int(), 25).openapi({ description: "how many there had better be, by what was measured; `shards` where that will do" }),
    held: z
      .array(
        z.object({
          shard: like(z.int(), 0),
          provider: like(z.string().nullable(), "cloudflare").openapi({
            description: "who has it, or is preferred for it; null: nobody yet",
          }),
          held: z.boolean(),
          domains: like(z.int().nullable(), 40).openapi({ description: "as measured within the last ten minutes; null: not measured" }),
          left_out: like(z.int().nullable(), 0),
          utilisation: like(z.number().nullable(), 0.42),
        }),
      )
      .openapi({ description: "by number" }),
  })
  .openapi("Shards");

const numberInput = z
  .strictObject({
    shards: z.int().min(1).max(most).openapi({ example: 25 }),
    reason,
    force: z.boolean().default(false).openapi({ default: false, example: false, description: "in a storm as well" }),
  })
  .openapi("ShardsInput");

const moveInput = z
  .strictObject({
    to: z.enum(providerNames).openapi({ example: "vercel" }),
    shards: z
      .array(shard)
      .min(1)
      .max(most)
      .nullable()
      .default(null)
      .openapi({ type: ["array", "null"], items: { type: "integer", minimum: 0, maximum: most - 1 }, description: "null, or absent: all" }),
    reason: label(500).openapi({ example: "the monthly drill" }),
    force: z
      .boolean()
      .default(false)
      .openapi({ default: false, example: false, description: "though that provider shows no sign of life" }),
  })
  .openapi("ShardMoveInput");

const numbers = z.array(z.int());
const movedSchema = z
  .object({
    moved: like(numbers, [0, 1]),
    stayed: like(numbers, [2]).openapi({ description: "that provider's already" }),
    unheld: like(numbers, []).openapi({ description: "nobody has ever held them: whoever comes first takes them" }),
  })
  .openapi("ShardsMoved");

const represent = ({ shards, shardsWanted, shardLoads, leases }: Status): z.infer<typeof shardsSchema> => ({
  shards,
  wanted: shardsWanted,
  held: Array.from({ length: shards }, (_, number) => {
    const lease = leases.find(({ name }) => name === `shard:${number}`);
    const load = shardLoads.find((one) => one.shard === number);
    return {
      shard: number,
      provider: lease?.provider ?? null,
      held: lease?.held ?? false,
      domains: load?.domains ?? null,
      left_out: load?.leftOut ?? null,
      utilisation: load === undefined ? null : Math.round(load.utilisation * 1_000) / 1_000,
    };
  }),
});

/** `/v1/shards`: how many there are, and who has them. For admins only. */
export const registerShards = (app: App, deps: Pick<Deps, "shardControl" | "status">, guards: Guards): void => {
  const tags = ["operation"];
  const path = "/v1/shards";
  const query = z.strictObject({});

  const get = createRoute({
    method: "get",
    path,
    tags,
    summary: "Read how many shards there are, how many are needed, and who has them",
    middleware: [guards.admin],
    request: { query },
    responses: { 200: jsonAnswer(shardsSchema, "As it stands"), ...problems(400, 401, 403) },
  });
  app.openapi(get, async (c) => c.json(represent(await deps.status.read()), 200));

  const split = createRoute({
    method: "put",
    path,
    tags,
    summary: "Split the services into another number of shards; every lease ends with it, which costs a round",
    description: "Both providers follow within a minute. Refused while a storm is on, unless `force` says that it can not wait.",
    middleware: [guards.admin, jsonBody],
    request: { query, body: jsonRequest(numberInput) },
    responses: { 200: jsonAnswer(shardsSchema, "As it is now"), ...problems(400, 401, 403, 409, 413, 415) },
  });
  app.openapi(split, async (c) => {
    await deps.shardControl.split(c.req.valid("json"), changeBy(c));
    return c.json(represent(await deps.status.read()), 200);
  });

  const move = createRoute({
    method: "post",
    path: `${path}/move`,
    tags,
    summary: "Give shards to a provider, as a hand-back does",
    description:
      "It takes them in its next slot, and is preferred for as long as a lease lasts. The preferred provider gets them back once it has been " +
      "well for some minutes and no storm is on.",
    middleware: [guards.admin, jsonBody],
    request: { query, body: jsonRequest(moveInput) },
    responses: { 200: jsonAnswer(movedSchema, "What was given away"), ...problems(400, 401, 403, 409, 413, 415) },
  });
  app.openapi(move, async (c) => {
    await acceptKey(c);
    const { moved, stayed, unheld } = await deps.shardControl.move(c.req.valid("json"), changeBy(c));
    return c.json({ moved: [...moved], stayed: [...stayed], unheld: [...unheld] }, 200);
  });
};
