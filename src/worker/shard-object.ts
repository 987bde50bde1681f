import { DurableObject } from "cloudflare:workers";
import type { Shard } from "../adapters/ports/coordination/shards.ts";
import { buildOnce } from "./build-once.ts";
import type { ShardLoop } from "../cron/rounds/shard-loop.ts";
import { createShardLoop } from "../cron/rounds/shard-loop.ts";
import { slotOf } from "../cron/rounds/shard-rounds.ts";

/** How long an object continues without being armed: cron may be late or missing, but a Worker may also be deleted. */
const armedForMs = 15 * 60_000;

type Armed = Shard & { readonly untilMs: number };

/**
 * One shard: its alarm runs one round every `PROBE_INTERVAL`, each in an invocation of its own. Cron arms it every minute;
 * without being armed, or no longer among the shards, it stops by itself. Alarms are delivered at least once, which is
 * harmless as a slot has one round. State that must survive a restart is stored; the lease is re-acquired by its name.
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
      // It was armed again while about to stop: it continues.
      await this.#stayAwake();
    }
  }

  /** An armed object always has an alarm. */
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
    // Before the round, so that no failure in it can prevent the next one.
    await storage.setAlarm(this.#alarmAt(slotOf(nowMs, probe.intervalMs) + probe.intervalMs));
    if (!(await this.#loop.round(armed))) await this.#stop();
  }

  async #stop(): Promise<void> {
    const loop = this.#loop;
    this.#loop = null;
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.delete("armed");
    // Last, as it may take as long as the database is unreachable: arming from here on takes effect.
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
