import { buildOnce } from "./worker/build-once.ts";
import { runScheduled } from "./cron/schedule.ts";
import { answer } from "./deployment.ts";

export { ShardObject } from "./worker/shard-object.ts";

export default {
  fetch: (request: Request, env: Record<string, unknown>): Response | Promise<Response> => answer(buildOnce(env), request),
  scheduled: async (controller: { cron: string; scheduledTime: number }, env: Record<string, unknown>): Promise<void> => {
    const built = buildOnce(env);
    if (!("deps" in built)) throw built.refusal;
    await runScheduled(built.deps, controller.cron, controller.scheduledTime);
  },
};
