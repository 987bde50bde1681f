import { DurableObject } from "cloudflare:workers";
import type { Shard } from "../adapters/ports/coordination/shards.ts";
import { buildOnce } from "./build-once.ts";
import type { ShardLoop } from "../cron/rounds/shard-loop.ts";
import { createShardLoop } from "../cron/rounds/shard-loop.ts";
import { slotOf } from "../cron/rounds/shard-rounds.ts";

/** For how long an object goes on without being armed: cron may be late or missing, but a Worker may also be gone. */
const armedForMs = 15 * 60_000;

type Armed = Shard & { readonly untilMs: number };

/**
 * One shard: its alarm runs one round every `PROBE_INTERVAL`, each in an invocation of its own. Cron arms it every minute;
 * not armed any more, or no longer among the shards, it stops by itself. Alarms come at least once, which the slot of a
 * round makes harmless. What must survive a restart is stored; the lease it gets back by its name.
 */
export class ShardObject extends DurableObject<Record<string, unknown>> {
  #loop: ShardLoop | null = null;
  #isRunning = false;

  /** Called by cron through the dispatcher. @throws where this deployment is not configured */
  async arm(shard: Shard): Promise<void> {
    const { clock, sharedClock } = this.#deps();
    const { storage } = this.ctx;
    await sharedClock?.sync();
    await storage.put<Armed>("armed", { index: shard.index, count: shard.count, untilMs: clock.nowMs() + armedForMs });
    if (!this.#isRunning) await this.#stayAwake();
  }

  async alarm(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      await this.#wake();
    } finally {
      this.#isRunning = false;
      // Whoever was armed meanwhile, while it was about to stop for one, is on.
      await this.#stayAwake();
    }
  }

  /** What is armed has an alarm. */
  async #stayAwake(): Promise<void> {
    const { storage } = this.ctx;
    if ((await storage.get<Armed>("armed")) === undefined || (await storage.getAlarm()) !== null) return;
    await storage.setAlarm(this.#alarmAt(this.#deps().clock.nowMs()));
  }

  async #wake(): Promise<void> {
    const { storage } = this.ctx;
    const armed = await storage.get<Armed>("armed");
    if (armed === undefined) return;
    const deps = this.#deps();
    const { clock, log, probe, sharedClock } = deps;
    await sharedClock?.sync();
    this.#loop ??= createShardLoop({ ...deps, runId: `shard-object-${this.ctx.id.toString()}` });
    const nowMs = clock.nowMs();
    if (nowMs > armed.untilMs) {
      log.warn("shard_not_armed", { shard: armed.index });
      return await this.#stop();
    }
    // Before the round, so that nothing that happens in it can keep the next one from coming.
    await storage.setAlarm(this.#alarmAt(slotOf(nowMs, probe.intervalMs) + probe.intervalMs));
    if (!(await this.#loop.round(armed))) await this.#stop();
  }

  async #stop(): Promise<void> {
    const loop = this.#loop;
    this.#loop = null;
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.delete("armed");
    // Last, for it takes as long as the database is away: who is armed from here on is on.
    await loop?.stop();
  }

  /** Alarms go by the platform's clock, slots by the database's. */
  #alarmAt(ms: number): number {
    return this.#deps().sharedClock?.toPlatform(ms) ?? ms;
  }

  #deps() {
    const built = buildOnce(this.env);
    if ("refusal" in built) throw built.refusal;
    return built.deps;
  }
}
