import { setTimeout as sleep } from "node:timers/promises";
import { startToyCdn } from "../../../local/cdn/toy-cdn.ts";
import type { ToyCdn } from "../../../local/cdn/toy-cdn.ts";
import type { Api } from "../../../local/drill/api.ts";
import { createApi } from "../../../local/drill/api.ts";
import type { Invoice } from "../../../local/drill/money.ts";
import { site } from "../../../local/drill/outside.ts";
import type { World } from "../../../local/drill/world.ts";

/** Who plays the story: a customer of the drill's world, with a name that fails over and an edge of the primary that fails for it alone. */
export type Customer = {
  readonly token: string;
  readonly api: Api;
  readonly host: string;
  readonly primary: ToyCdn;
};

export const welcome = async (world: World, label: string): Promise<Customer> => {
  const admin = createApi(world.apiUrl, world.adminToken);
  const { id } = await admin.send<{ id: number }>("POST", "/v1/customers", { name: `Example ${label}` });
  const { token } = await admin.send<{ token: string }>("POST", `/v1/customers/${id}/tokens`, { name: "dana", role: "editor" });
  const host = `${label}.${site.zone}`;
  world.route53.seed(
    world.zoneId,
    (["primary", "backup"] as const).map((side) => ({
      name: host,
      type: "CNAME",
      ttlSeconds: 5,
      setIdentifier: side,
      weight: side === "primary" ? 100 : 0,
      values: [site[side]],
    })),
  );
  return { token, api: createApi(world.apiUrl, token), host, primary: await startToyCdn({ name: "cloudflare" }) };
};

const visitBytes = 32 * 2 ** 20;

/** A visitor whom the backup serves; it counts what it sends. */
export const visitBackup = async ({ cdns }: World, { host }: Customer): Promise<void> => {
  const answer = await fetch(`${cdns.backup.url}/page?bytes=${visitBytes}`, { headers: { "x-visitor-host": host } });
  await answer.arrayBuffer();
};

const patienceMs = 240_000;

/** @throws Error where it does not happen in time */
const until = async <T>(what: string, look: () => Promise<T | null>): Promise<T> => {
  for (const deadlineMs = Date.now() + patienceMs; Date.now() < deadlineMs; await sleep(250)) {
    const found = await look();
    if (found !== null) return found;
  }
  throw new Error(`${what}: not within ${patienceMs / 1_000} s`);
};

type Usage = { readonly window_start: string; readonly window_end: string };

/** Meters both sides, as CDNs do, and runs the billing job. @returns what was issued */
export const bill = async (world: World, { api, host }: Customer, serviceId: number): Promise<Invoice> => {
  const served = (fromMs: number, toMs: number): number => world.cdns.backup.bytesServed(host, fromMs, toMs);
  const pushed = await until("the windows of all visits are over", async () => {
    await world.plane.worker.trigger("*/5 * * * *");
    const rows = (await api.get<Usage[]>(`/v1/services/${serviceId}/usage?limit=200`)).map(({ window_start, window_end }) => ({
      window_start,
      window_end,
      backup_bytes: served(Date.parse(window_start), Date.parse(window_end)),
    }));
    return rows.reduce((sum, { backup_bytes }) => sum + backup_bytes, 0) >= visitBytes ? rows : null;
  });
  await api.send("PUT", `/v1/services/${serviceId}/usage`, pushed);
  const { id } = await until("an invoice", async () => {
    await world.plane.worker.trigger("7 * * * *");
    return (await api.get<{ id: number }[]>("/v1/invoices"))[0] ?? null;
  });
  return await api.get<Invoice>(`/v1/invoices/${id}`);
};
