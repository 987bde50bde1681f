import { ApiError } from "../../src/client/client.ts";
import type { Result } from "../../src/client/client.ts";
import type { Command } from "../command.ts";
import { exit } from "../exit.ts";
import { fleetOf } from "../services.ts";
import type { Session } from "../session.ts";
import type { Cell } from "../text.ts";
import { agoText, facts, table } from "../text.ts";
import { fleetTable } from "./services.ts";

type Ready = Result<"GET /readyz">;
type Status = Result<"GET /v1/status">;
type Freeze = Result<"GET /v1/freeze">["freeze"];

/** What admins alone may see; null for others. */
const forAdmins = async <T>(asked: Promise<T>): Promise<T | null> =>
  asked.catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 403) return null;
    throw error;
  });

const publicCell = (ok: boolean | null): Cell =>
  ok === null ? "not looked at" : ok ? { text: "ok", tone: "good" } : { text: "down", tone: "bad" };

const clockText = (status: Status | null, name: string): string => {
  const skew = status?.providers.find((one) => one.name === name)?.clock_skew_seconds ?? null;
  return skew === null ? "-" : `${skew < 0 ? "" : "+"}${skew.toFixed(1)} s`;
};

const providerTable = (ready: Ready, status: Status | null, nowMs: number, paint: Parameters<typeof table>[0]): string[] => {
  const rows = ready.providers.map((one): Cell[] => {
    const holds = ready.leases.filter(({ provider, held }) => held && provider === one.name).length;
    return [
      one.name,
      agoText(one.heartbeat_at, nowMs),
      agoText(one.last_round_at, nowMs),
      `${holds} of ${ready.leases.length}`,
      publicCell(one.public_ok),
      clockText(status, one.name),
    ];
  });
  return table(paint, ["PROVIDER", "HEARTBEAT", "LED A ROUND", "SHARDS", "PUBLIC", "CLOCK"], rows);
};

const frozenCell = (freeze: Freeze | null, known: boolean): Cell => {
  if (!known) return "admins know";
  if (freeze === null) return "no";
  return { text: `since ${freeze.set_at} by ${freeze.actor}: ${freeze.reason}`, tone: "bad" };
};

const read = async (session: Session) => {
  const { client } = session;
  const [ready, services, status, frozen] = await Promise.all([
    client.request("GET /readyz"),
    fleetOf(session),
    forAdmins(client.request("GET /v1/status")),
    forAdmins(client.request("GET /v1/freeze")),
  ]);
  return { ready, services, status, frozen };
};

export const status: Command = {
  name: "status",
  summary: "shows whether tranche runs, who serves, and which services are in trouble",
  flags: { "exit-code": { says: "exits with 1 where a service is in trouble, or rounds fail" } },
  run: async ({ session, on, paint, answer }) => {
    const opened = await session();
    const { ready, services, status: full, frozen } = await read(opened);
    const nowMs = Date.now() + (opened.times.aheadMs ?? 0);
    const troubled = services.filter(({ trouble }) => trouble !== "none");
    const rows: (readonly [string, Cell])[] = [
      ["deployment", opened.url],
      ["rounds", ready.status === "ok" ? { text: "ok", tone: "good" } : { text: "failing: tranche doctor", tone: "bad" }],
      ...(ready.panic ? [["panic", { text: "on: nothing is written to DNS, for anybody", tone: "bad" }] as const] : []),
      ["frozen", frozenCell(frozen?.freeze ?? null, frozen !== null)],
      ["services", `${services.length}, ${troubled.length} in trouble`],
      ...ready.warnings.map((warning): readonly [string, Cell] => ["warning", { text: warning, tone: "uneasy" }]),
    ];
    answer({ url: opened.url, ready, status: full, freeze: frozen?.freeze ?? null, services: troubled, services_total: services.length }, [
      ...facts(paint, rows),
      ...(ready.providers.length === 0 ? [] : ["", ...providerTable(ready, full, nowMs, paint)]),
      ...(troubled.length === 0 ? [] : ["", ...fleetTable(paint, troubled)]),
    ]);
    return on("exit-code") && (troubled.length > 0 || ready.status !== "ok") ? exit.wrong : exit.ok;
  },
};
