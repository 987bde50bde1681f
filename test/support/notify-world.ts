import { createOutbox } from "../../src/adapters/db/notify/deliveries.ts";
import { createLeaseStore } from "../../src/adapters/db/coordination/leases.ts";
import type { Fence } from "../../src/adapters/ports/coordination/lease.ts";
import type { ChannelKind, Channels, ChannelSecret, SendOutcome } from "../../src/adapters/ports/notify/channel.ts";
import type { Message } from "../../src/domain/notify/message.ts";
import { deliver } from "../../src/cron/notify/deliver.ts";
import type { DeliverDeps } from "../../src/cron/notify/deliver.ts";
import { createMemoryLog } from "./memory-log.ts";
import type { World } from "./round-world.ts";

export type Received = { readonly to: string; readonly id: string; readonly atMs: number; readonly message: Message };

/** Seals nothing: what is in the database can be read by the test. */
export const openSecrets = {
  keyIds: async () => ["none"],
  seal: async (text: string) => text,
  open: async (sealed: string) => sealed,
};

type ChannelSeed = {
  customerId?: number | null;
  name?: string;
  kind?: ChannelKind;
  kinds?: readonly string[] | null;
  minSeverity?: string;
  serviceIds?: readonly number[] | null;
};

/** The delivery job over the stores of a world, with receivers in the hands of the test: `say` decides what one answers. */
export const createNotifyWorld = (world: World) => {
  const { clock, sql, db } = world;
  const received: Received[] = [];
  const { log, lines } = createMemoryLog();
  const answers = new Map<string, (message: Message) => SendOutcome | Promise<SendOutcome>>();
  const channels: Channels = {
    kinds: ["webhook", "slack", "pagerduty", "email"],
    send: async (secret: ChannelSecret, message, id) => {
      const to =
        secret.kind === "webhook" || secret.kind === "slack" ? secret.url : secret.kind === "email" ? secret.to.join() : secret.routingKey;
      received.push({ to, id, atMs: clock.nowMs(), message });
      return await (answers.get(to)?.(message) ?? { status: "sent", detail: "200" });
    },
  };
  const deps: DeliverDeps = { outbox: createOutbox(db), channels, secrets: openSecrets, clock, log, chance: () => 0.5 };
  const leases = createLeaseStore(db);
  const acquire = async (): Promise<Fence> => {
    await sql("update leases set expires_at = now() - interval '1 hour', released_at = null where name = 'job:deliver'");
    const fence = await leases.acquire("job:deliver", "local", `local:${crypto.randomUUID()}`);
    if (fence === null) throw new Error("the lease is taken");
    return fence;
  };
  return {
    deps,
    received,
    lines,
    acquire,
    /** @returns the channel's id; what it receives is `received` under its name */
    channel: async ({
      customerId = null,
      name = "hook",
      kind = "webhook",
      kinds = null,
      minSeverity = "info",
      serviceIds = null,
    }: ChannelSeed = {}): Promise<number> => {
      const [row] = await sql<{ id: string }>(
        `insert into channels (customer_id, name, kind, settings, sealed_secret, kinds, min_severity, service_ids, confirmed_at)
         values ($1, $2, $3, '{}', $4, $5, $6, $7, now()) returning id`,
        [customerId, name, kind, JSON.stringify({ kind: "webhook", url: name, secrets: [] }), kinds, minSeverity, serviceIds],
      );
      return Number(row?.id);
    },
    say: (to: string, answer: SendOutcome | ((message: Message) => SendOutcome | Promise<SendOutcome>)): void =>
      void answers.set(to, typeof answer === "function" ? answer : () => answer),
    /** One run of the job, until nothing is due within it. */
    deliver: async (over: Partial<DeliverDeps> = {}) => await clock.run(deliver({ ...deps, ...over }, await acquire())),
    /** `trigger storm.started cdn-a is failing: web`, in the order of their arrival. */
    told: (to = "hook") =>
      received.filter((one) => one.to === to).map(({ message }) => `${message.action} ${message.kind} ${message.title}`),
    customerOf: async (serviceId: number): Promise<number> =>
      Number((await sql<{ id: string }>("select customer_id as id from services where id = $1", [serviceId]))[0]?.id),
  };
};
