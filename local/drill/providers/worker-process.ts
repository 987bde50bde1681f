import { setTimeout as sleep } from "node:timers/promises";
import { startWorker } from "../../worker.ts";

/**
 * Cloudflare, as far as the drill goes: the Worker in workerd, and the platform's cron, in a process group of its own, so
 * that it can die as a whole. `DRILL_WORKER_ENV`: the Worker's variables. `DRILL_INSIDE`: origins that the Worker reaches by
 * another way than the public does, as a Worker reaches what is on its own network.
 */
const env = JSON.parse(process.env["DRILL_WORKER_ENV"] ?? "{}") as Record<string, string>;
const inside = JSON.parse(process.env["DRILL_INSIDE"] ?? "{}") as Record<string, string>;

const outbound = async (request: Request): Promise<Response> => {
  const { origin, hostname, pathname, search } = new URL(request.url);
  // Nothing leaves this machine; where a Worker asks which of Cloudflare's places it is in, it is in none.
  if (hostname !== "127.0.0.1") return new Response("colo=DRL\n");
  const body = request.body === null ? null : await request.arrayBuffer();
  return await fetch(`${inside[origin] ?? origin}${pathname}${search}`, { method: request.method, headers: request.headers, body, redirect: "manual" });
};

const worker = await startWorker({ env, outbound, onLine: (line) => process.stdout.write(`${line}\n`) });
process.stdout.write(`listening on ${worker.url}\n`);
// Whoever started this holds the other end.
process.stdin.resume().once("end", () => process.exit(0)).once("error", () => process.exit(0));
for (;;) await worker.trigger("* * * * *").catch(() => sleep(200));
