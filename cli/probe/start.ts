import { systemClock } from "../../src/adapters/platform/clock.ts";
import { createDatabaseClock } from "../../src/adapters/platform/database-clock.ts";
import { createProber } from "../../src/adapters/probing/prober.ts";
import { version } from "../../src/version.ts";
import { runAgent } from "./agent.ts";
import { createAgentApi } from "./api.ts";
import { agentKey } from "./key.ts";
import { createSafeSend } from "./safe-send.ts";

export type StartOptions = {
  readonly url: string;
  readonly secret: string;
  /** The variable or flag that the secret comes from. */
  readonly source: string;
  readonly stop: AbortSignal;
  readonly log: (line: string) => void;
  readonly allowPrivate: boolean;
  readonly once: boolean;
};

/** A probe agent on this machine, until it is to stop. @throws CommandError */
export const startAgent = async ({ url, secret, source, stop, log, allowPrivate, once }: StartOptions): Promise<void> => {
  const key = agentKey(secret, source);
  const clock = createDatabaseClock({
    platform: systemClock,
    timerMs: () => performance.now(),
    // It is read with every answer of the API, and never asked for by itself.
    ask: async () => await Promise.reject(new Error("not asked")),
    log: {
      warn: (_, fields) =>
        log(`this machine's clock is ${String(fields?.["seconds"])} s ahead of the database's, by which the agent goes: set it`),
    },
  });
  const prober = createProber(createSafeSend(allowPrivate), () => performance.now());
  await runAgent({ api: createAgentApi(url, key, clock, `tranche/${version}`), prober, clock, version, log, stop, once });
};
