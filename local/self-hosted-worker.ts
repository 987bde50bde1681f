import { schedule } from "../src/cron/schedule.ts";
import type { LocalWorker } from "./worker.ts";
import { startSelfHosted } from "./self-hosted.ts";

/**
 * A self-hosted process in the place of the Worker. It runs no jobs by its own clock: `trigger` asks for them over HTTP, as the cron of a
 * platform would.
 * @param options.env with CRON_SECRET
 */
export const startSelfHostedWorker = async (options: {
  readonly env: Readonly<Record<string, string>>;
  readonly port?: number;
  readonly onLine?: (line: string) => void;
}): Promise<LocalWorker> => {
  const { CRON_SECRET: secret = "" } = options.env;
  const server = await startSelfHosted({
    env: { ...options.env, ROLES: "api,dashboard", PORT: String(options.port ?? 0) },
    ...(options.onLine !== undefined && { onLine: options.onLine }),
  });
  const stopping = new AbortController();
  const run = async (job: string): Promise<void> => {
    const answer = await fetch(`${server.url}/internal/cron/${job}`, {
      headers: { authorization: `Bearer ${secret}` },
      signal: stopping.signal,
    });
    const said = await answer.text();
    if (!answer.ok) throw new Error(`the job ${job} answered ${answer.status}: ${said}`);
  };
  return {
    url: server.url,
    trigger: async (cron) => {
      const ended = await Promise.allSettled((schedule[cron] ?? []).map(run));
      const failed = ended.find((one) => one.status === "rejected");
      if (failed !== undefined && !stopping.signal.aborted) throw failed.reason;
    },
    close: async () => {
      stopping.abort();
      await server.close();
    },
  };
};
