import { rmSync } from "node:fs";
import { startWorker } from "../../worker.ts";
import { startCron } from "../cron.ts";

/**
 * Cloudflare, as far as the drill goes: the Worker in workerd, and the platform's cron, in a process group of its own, so
 * that it can die as a whole. `DRILL_WORKER_ENV`: the Worker's variables. `DRILL_INSIDE`: origins that the Worker reaches by
 * another way than the public does, as a Worker reaches what is on its own network. `DRILL_CRON_FROM`: when its cron fired
 * for the first time, epoch ms; empty: it fires as soon as the Worker is there. `DRILL_HOME`: its temporary directory.
 */
const env = JSON.parse(process.env["DRILL_WORKER_ENV"] ?? "{}") as Record<string, string>;
const inside = JSON.parse(process.env["DRILL_INSIDE"] ?? "{}") as Record<string, string>;
const cronFrom = process.env["DRILL_CRON_FROM"] ?? "";

const outbound = async (request: Request): Promise<Response> => {
  const { origin, hostname, pathname, search } = new URL(request.url);
  // Nothing leaves this machine; a Worker's query of its Cloudflare location gets none.
  if (hostname !== "127.0.0.1") return new Response("colo=DRL\n");
  const body = request.body === null ? null : await request.arrayBuffer();
  return await fetch(`${inside[origin] ?? origin}${pathname}${search}`, {
    method: request.method,
    headers: request.headers,
    body,
    redirect: "manual",
  });
};

const die = (): void => {
  rmSync(process.env["DRILL_HOME"] ?? "", { recursive: true, force: true });
  process.kill(-process.pid, "SIGKILL");
};

// The parent process holds the other end.
process.stdin.resume().once("end", die).once("error", die);
const worker = await startWorker({ env, outbound, onLine: (line) => process.stdout.write(`${line}\n`) });
const cronFromMs = cronFrom === "" ? Date.now() : Number(cronFrom);
process.stdout.write(`listening on ${worker.url}, cron from ${cronFromMs}\n`);
startCron(cronFromMs, (minuteMs) => worker.trigger("* * * * *", new Date(minuteMs)));
