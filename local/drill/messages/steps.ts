import { setTimeout as sleep } from "node:timers/promises";
import type { NotifySink } from "../../notify-sink/sink.ts";
import type { Received, SinkChannel } from "../../notify-sink/received.ts";
import type { Api } from "../api.ts";
import type { Until } from "./channels.ts";
import { openChannels } from "./channels.ts";
import { judgeMessages } from "./judge.ts";
import type { Told } from "./told.ts";
import { delaysOf, hasNews, readTold, toldBy } from "./told.ts";

type Parts = {
  readonly world: { readonly sink: NotifySink; readonly databaseUrl: string; readonly apiUrl: string; readonly cronSecret: string };
  readonly api: Api;
  readonly line: (text: string) => void;
  readonly until: Until;
  readonly tell: (name: string, ok: boolean, detail: string) => void;
  readonly measure: (name: string, value: string, limit: string, ok: boolean) => void;
};

/** From a round's decision to the first byte at a receiver. */
const limitMs = 2_000;

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;

const inWords = (delays: ReadonlyMap<SinkChannel, number>): string =>
  [...delays].map(([channel, ms]) => `${channel} ${seconds(ms)}`).join(", ");

export type Messages = {
  /** The storm is told on every channel; each delay is measured. */
  readonly started: () => Promise<void>;
  readonly ended: () => Promise<void>;
  /** All that was sent has come, once, in order, verified. */
  readonly judged: () => Promise<void>;
  /** Waits until a message with such a title has come on all four channels. */
  readonly titled: (what: string, pattern: RegExp) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** As the platform's cron does: the answer ends with the job. */
const deliverNow = async ({ apiUrl, cronSecret }: Parts["world"]): Promise<void> => {
  await (await fetch(`${apiUrl}/internal/cron/deliver`, { headers: { authorization: `Bearer ${cronSecret}` } })).text();
};

/** Opens the four channels, shows on the screen what comes, and has the steps in which it is judged. @param how each of the kinds is sent, where that is worth a word */
export const followMessages = async ({ world, api, line, until, tell, measure }: Parts, how: string): Promise<Messages> => {
  const { sink, databaseUrl } = world;
  // What happened before there were channels is told nobody: it must not be decided only once there are some.
  await until("what happened before is past", 15_000, async () => {
    await deliverNow(world);
    return (await hasNews(databaseUrl)) ? null : true;
  });
  const from = await openChannels(api, sink, until);
  tell("four channels", true, how);
  const received = (): readonly Received[] => sink.messages.slice(from);
  const stopping = new AbortController();

  let shown = 0;
  const show = (message: Received, one: Told | null): void => {
    const delay = one === null ? "" : `+${seconds(message.atMs - one.happenedAtMs)}`;
    const cells = [
      message.channel.padEnd(9),
      (one?.action ?? "-").padEnd(7),
      (one?.severity ?? "-").padEnd(8),
      delay.padStart(8),
      message.title,
    ];
    line(`        → ${cells.join("  ")}${message.taken ? "" : ` (${message.answered})`}`);
  };
  const follow = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const fresh = received().slice(shown);
      const told = fresh.length === 0 ? [] : await readTold(databaseUrl);
      for (const message of fresh) show(message, toldBy(told, message));
      shown += fresh.length;
      await sleep(100, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const following = follow().catch(() => undefined);

  /** On the screen too, so that what comes next stands below it. */
  const arrived = (what: string, action: "trigger" | "resolve") =>
    until(what, 15_000, async () => {
      const delays = delaysOf(await readTold(databaseUrl), received(), action);
      return shown < received().length ? null : delays;
    });
  return {
    started: async () => {
      const delays = await arrived("the storm is told", "trigger");
      tell("told on all four channels", true, `after the round that declared the storm: ${inWords(delays)}`);
      for (const [channel, ms] of delays)
        measure(`storm declared -> message, ${channel}`, seconds(ms), `<= ${seconds(limitMs)}`, ms <= limitMs);
    },
    ended: async () => {
      const delays = await arrived("its end is told", "resolve");
      tell("its end is told on all four", true, `after it: ${inWords(delays)}`);
    },
    judged: async () => {
      // What jobs have left to be told waits for the next minute otherwise.
      await deliverNow(world);
      const told = await until("every message is sent", 20_000, async () => {
        const all = await readTold(databaseUrl);
        return all.some(({ due }) => due) || shown < received().length ? null : all.filter(({ state }) => state === "sent");
      });
      const faults = judgeMessages(told, received());
      tell(
        "every message came, once, in order",
        faults.length === 0,
        faults.length === 0 ? `${told.length} messages, the signatures of webhooks verified` : faults.join("; "),
      );
      measure("messages missing, doubled, out of order, wrong", `${faults.length} of ${told.length}`, "0", faults.length === 0);
    },
    titled: async (what, pattern) => {
      const channels = await until(what, 20_000, async () => {
        await deliverNow(world);
        const found = new Set(received().flatMap(({ title, channel }) => (pattern.test(title) ? [channel] : [])));
        return found.size === 4 && shown === received().length ? [...found] : null;
      });
      tell(what, true, channels.join(", "));
    },
    stop: async () => {
      stopping.abort();
      await following;
    },
  };
};
