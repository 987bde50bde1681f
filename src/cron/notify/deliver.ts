import type { Fence } from "../../adapters/ports/coordination/lease.ts";
import type { Channels, ChannelSecret, SendOutcome } from "../../adapters/ports/notify/channel.ts";
import type { Attempt, Claimed, Composed, Outbox } from "../../adapters/ports/notify/outbox.ts";
import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { Connection } from "../../adapters/ports/platform/budget.ts";
import type { Log } from "../../adapters/ports/platform/log.ts";
import type { Secrets } from "../../adapters/ports/platform/secrets.ts";
import type { Lookup } from "../../adapters/ports/steering/resolver.ts";
import { mailDetail } from "../../domain/notify/mail-detail.ts";
import type { Message } from "../../domain/notify/message.ts";
import { nextAttemptMs, pauseMs } from "../../domain/notify/retry.ts";
import { channelSealingContext, secretNow } from "../../domain/notify/sealing.ts";
import type { Kept } from "../../domain/notify/sealing.ts";
import type { Connections } from "../../pipeline/connection-slots.ts";
import { connectionOf, createConnections } from "../../pipeline/connection-slots.ts";
import { locate } from "../../pipeline/tenants/whereabouts.ts";
import type { JobReport } from "../job.ts";
import { compose } from "./compose.ts";
import { expandNews } from "./expand.ts";

export type DeliverDeps = {
  readonly outbox: Outbox;
  readonly channels: Channels;
  /** Null: without SECRETS_KEY there is no channel to be sent to. */
  readonly secrets: Secrets | null;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1): spreads attempts. */
  readonly chance: () => number;
  /** The connections of this invocation, which others of its work share; without them a run has its own. */
  readonly connections?: Connections;
  /** Messages that are sent at once; a platform may take more. */
  readonly deliveriesAtOnce?: number;
  /** Where hosts of webhooks lead; asked only where private ones are not allowed (`checksTargets`). */
  readonly lookup?: Lookup;
  readonly checksTargets?: boolean;
};

/** For how long a run begins attempts. */
const runMs = 45_000;
/** What one attempt may take, the wait for a connection included; who claims it has it for longer. */
const attemptMs = 10_000;
const claimMs = 60_000;
const atOnce = 6;
/** How many of those one customer never has: receivers that hang are his, and others' messages go out meanwhile. */
const left = 2;
/** What it may take to learn where a host leads; where nobody answers the message is sent, as when the channel was made. */
const lookupMs = 1_000;
/** How long the outcomes of attempts are gathered for one statement, and how often news is asked for while something is under way. */
const gatherMs = 50;
const pollMs = 1_000;

type Sending = { readonly channelId: number; readonly customerId: number | null; readonly done: Promise<void> };

const withoutSecret: SendOutcome = {
  status: "failed",
  detail: "its secret cannot be opened: is SECRETS_KEY the right one?",
  retryAfterMs: null,
};

const astray: SendOutcome = { status: "failed", detail: "its host leads to a private address", retryAfterMs: null };

const openSecret = async ({ secrets, clock }: DeliverDeps, { sealedSecret, customerId }: Claimed): Promise<ChannelSecret | null> => {
  try {
    if (secrets === null) return null;
    return secretNow(JSON.parse(await secrets.open(sealedSecret, channelSealingContext(customerId))) as Kept<ChannelSecret>, clock.nowMs());
  } catch {
    return null;
  }
};

/** The id of a message for whoever receives it: of each attempt the same. */
const messageId = (deliveryId: number): string => `msg_${deliveryId}`;

const attemptOf = (
  { id, channelId, channelKind, customerId, attempts, channelFailures }: Claimed,
  outcome: SendOutcome,
  nowMs: number,
  chance: number,
): Attempt => {
  const detail = channelKind === "email" && customerId !== null ? mailDetail(outcome.detail) : outcome.detail;
  if (outcome.status === "sent") return { id, channelId, result: "sent", detail, nextAtMs: null, pausedUntilMs: null };
  if (outcome.status === "gone") return { id, channelId, result: "gone", detail, nextAtMs: null, pausedUntilMs: null };
  const nextAtMs = outcome.status === "refused" ? null : nextAttemptMs(attempts + 1, nowMs, chance, outcome.retryAfterMs);
  if (nextAtMs === null) return { id, channelId, result: "dead", detail, nextAtMs, pausedUntilMs: null };
  const putOff = outcome.status === "failed" ? outcome.left : undefined;
  if (putOff !== undefined) return { id, channelId, result: "failed", detail, nextAtMs, pausedUntilMs: null, left: putOff };
  const forMs = pauseMs(channelFailures + 1);
  return { id, channelId, result: "failed", detail, nextAtMs, pausedUntilMs: forMs === 0 ? null : nowMs + forMs };
};

/**
 * Decides the messages of what is new, and sends those that are due: of each thread one after the other, of the channels in turn.
 * Goes on as long as there is something to send, at most for a run. An attempt whose outcome could not be stored is made again by
 * whoever comes next: at least once, under the same id.
 */
export const deliver = async (deps: DeliverDeps, fence: Fence): Promise<JobReport> => {
  const { outbox, channels, clock, log } = deps;
  const slots = deps.deliveriesAtOnce ?? atOnce;
  const connections = deps.connections ?? createConnections(clock, slots, { message: [slots, slots] });
  const perCustomer = Math.max(1, slots - left);
  const untilMs = clock.nowMs() + runMs;
  const count = { news: 0, sent: 0, failed: 0, dead: 0 };
  const sending = new Map<number, Sending>();
  let outcomes: Attempt[] = [];
  let held = true;
  let awake = Promise.withResolvers<void>();

  const expand = async (): Promise<void> => {
    const news = await expandNews(outbox, log, fence, () => clock.nowMs());
    held &&= news !== null;
    count.news += news ?? 0;
  };

  const hosts = new Map<string, Promise<boolean>>();
  /** Whether a name, which was judged when the channel was made, leads into a private network by now. Asked once in a run. */
  const leadsAstray = async (secret: ChannelSecret, connection: Connection): Promise<boolean> => {
    if (secret.kind !== "webhook" || deps.lookup === undefined || deps.checksTargets !== true) return false;
    const host = new URL(secret.url).hostname;
    const known = hosts.get(host);
    if (known !== undefined) return await known;
    const asked = locate(deps.lookup, host, { untilMs: clock.nowMs() + lookupMs, connection }).then((found) => found.private !== null);
    hosts.set(host, asked);
    return await asked;
  };

  const attempt = async (claimed: Claimed, message: Message): Promise<void> => {
    const { id, channelId, channelFailures } = claimed;
    const connection = connectionOf(connections, { lane: "message", key: channelId, suspect: () => channelFailures > 0 });
    const send = async (): Promise<SendOutcome> => {
      const secret = await openSecret(deps, claimed);
      if (secret === null) return withoutSecret;
      if (await leadsAstray(secret, connection)) return astray;
      return await channels.send(secret, message, messageId(id), clock.nowMs(), { untilMs: clock.nowMs() + attemptMs, connection });
    };
    // A sender never throws; one that does must not take the others with it.
    const outcome = await send().catch((error: unknown): SendOutcome => {
      log.error("message_failed", error, { delivery: id, channel: channelId });
      return { status: "failed", detail: "an error of ours: see the log", retryAfterMs: null };
    });
    outcomes.push(attemptOf(claimed, outcome, clock.nowMs(), deps.chance()));
    count[outcome.status === "sent" ? "sent" : outcome.status === "failed" ? "failed" : "dead"] += 1;
    if (outcome.status !== "sent")
      log.warn("message_not_delivered", { delivery: id, channel: channelId, status: outcome.status, detail: outcome.detail });
    sending.delete(id);
    awake.resolve();
  };

  /** One that can not be put into words must not keep the others from being sent. */
  const composeSafely = (claimed: Claimed, nowMs: number): Message | null => {
    try {
      return compose(claimed, nowMs);
    } catch (error) {
      log.error("message_not_composed", error, { delivery: claimed.id, kind: claimed.kind });
      return null;
    }
  };

  const begin = async (): Promise<number> => {
    const free = slots - sending.size;
    if (free <= 0 || clock.nowMs() >= untilMs) return 0;
    const nowMs = clock.nowMs();
    const claimed = await outbox.claim(
      fence,
      { kinds: channels.kinds, limit: free, perCustomer, busy: [...sending.values()], claimMs },
      nowMs,
    );
    const composed: Composed[] = [];
    for (const one of claimed)
      if (one.message === null) {
        const message = composeSafely(one, nowMs);
        if (message !== null) composed.push({ id: one.id, message });
        else
          outcomes.push({
            id: one.id,
            channelId: one.channelId,
            result: "dead",
            detail: "what it tells of is gone, or can not be put into words",
            nextAtMs: null,
            pausedUntilMs: null,
          });
      }
    const frozen = new Map((composed.length === 0 ? [] : await outbox.freeze(fence, composed)).map(({ id, message }) => [id, message]));
    for (const one of claimed) {
      const message = one.message ?? frozen.get(one.id);
      if (message !== undefined) sending.set(one.id, { channelId: one.channelId, customerId: one.customerId, done: attempt(one, message) });
    }
    return claimed.length;
  };

  const store = async (): Promise<void> => {
    const [some, rest] = [outcomes.slice(0, 500), outcomes.slice(500)];
    if (some.length === 0) return;
    outcomes = rest;
    await outbox.record(fence, some, clock.nowMs());
  };

  await outbox.noteExpired(fence, clock.nowMs());
  let newsAtMs = Number.NEGATIVE_INFINITY;
  while (held) {
    if (clock.nowMs() - newsAtMs >= pollMs) {
      await expand();
      newsAtMs = clock.nowMs();
    }
    await store();
    const begun = await begin();
    if (sending.size > 0) {
      awake = Promise.withResolvers<void>();
      const tired = new AbortController();
      await Promise.race([awake.promise, clock.sleep(pollMs, tired.signal)]);
      // Those that end together are stored together.
      await clock.sleep(Math.min(gatherMs, pollMs), tired.signal);
      tired.abort();
      continue;
    }
    if (begun > 0 || outcomes.length > 0) continue;
    await expand();
    newsAtMs = clock.nowMs();
    const dueMs = await outbox.nextDueMs(channels.kinds, clock.nowMs());
    if (dueMs === null || dueMs >= untilMs || clock.nowMs() >= untilMs) break;
    await clock.sleep(Math.min(pollMs, Math.max(gatherMs, dueMs - clock.nowMs())));
  }
  await Promise.all([...sending.values()].map(({ done }) => done));
  while (held && outcomes.length > 0) await store();
  return count;
};
