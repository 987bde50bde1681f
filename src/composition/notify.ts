import { createChannels } from "../adapters/channels/channels.ts";
import { createChannelStore } from "../adapters/db/notify/channels.ts";
import { createNotifyHistory } from "../adapters/db/notify/history.ts";
import { createOutbox } from "../adapters/db/notify/deliveries.ts";
import type { Database } from "../adapters/db/platform/client.ts";
import type { NotifyDeps } from "../adapters/ports/deps.ts";
import type { Connect } from "../adapters/ports/platform/connect.ts";
import type { Random } from "../adapters/ports/platform/random.ts";
import type { Config } from "../config.ts";
import type { JobDeps } from "../cron/schedule.ts";
import { secretBox } from "./platform.ts";

type Needs = {
  readonly config: Config;
  readonly db: Database;
  readonly random: Random;
  readonly chance: () => number;
  readonly fetch: typeof fetch;
  /** Null: no sockets here, and no SMTP. */
  readonly connect: Connect | null;
};

/** How people are told. */
export const buildNotify = ({
  config,
  db,
  random,
  chance,
  fetch,
  connect,
}: Needs): NotifyDeps & Pick<JobDeps, "outbox" | "secrets" | "chance"> => ({
  outbox: createOutbox(db),
  notifyHistory: createNotifyHistory(db),
  channelStore: createChannelStore(db, secretBox(config, random), config.quotas),
  channels: createChannels({ fetch, connect, selfUrl: config.selfUrl, pagerdutyEndpoint: config.pagerdutyEndpoint, mail: config.mail }),
  secrets: secretBox(config, random),
  chance,
});
