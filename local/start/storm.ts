import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "../../src/client/client.ts";
import type { Api } from "../drill/api.ts";
import { createApi } from "../drill/api.ts";
import { closeChannels, openChannels } from "../drill/messages/channels.ts";
import { lineOf } from "../notify-sink/print.ts";
import type { Received } from "../notify-sink/received.ts";
import type { Stage } from "./stage.ts";
import { startCdns, startReceiver, stormHost } from "./stage.ts";

type Storm = { readonly id: number; readonly state: string; readonly started_at: string; readonly ended_at: string | null };
type Routing = { readonly state: string; readonly reason: string };
type Named = { readonly id: number; readonly name: string };

const customerName = "Storm demo";

/** How long each part lasts, to be looked at. */
export type Pace = { readonly calmMs: number; readonly outageMs: number; readonly windowSeconds: number; readonly cooldownSeconds: number };
const livePace: Pace = { calmMs: 8_000, outageMs: 20_000, windowSeconds: 30, cooldownSeconds: 20 };
/** The time-out of each step; a round of another tranche may come only every minute. */
const patienceMs = 180_000;

/** The demo's customer: always the same. */
const customerOf = async (baseUrl: string, token: string): Promise<number> => {
  const admin = createClient({ baseUrl, token });
  for await (const { id, name } of admin.each("GET /v1/customers")) if (name === customerName) return id;
  return (await admin.request("POST /v1/customers", { body: { name: customerName } })).id;
};

/** How a message is shown among the lines of the demo. */
export const showMessage =
  (say: (line: string) => void) =>
  (message: Received): void =>
    say(`  -> ${lineOf(message)}`);

/** Removes what is left of an earlier demo, whose CDNs and receiver are gone, and in the end of this one. */
const clear = async (api: Api): Promise<void> => {
  await closeChannels(api);
  for (const { id } of await api.get<Named[]>("/v1/services")) await api.send("DELETE", `/v1/services/${id}`, undefined);
};

const onboard = async (api: Api, cdns: Stage["cdns"], pace: Pace): Promise<number> => {
  const service = await api.send<Named>("POST", "/v1/services", { name: "storm-demo", primary_cdn: "cloudflare", backup_cdn: "fastly" });
  await api.send("POST", `/v1/services/${service.id}/domains`, {
    name: stormHost,
    primary_target: cdns.primary.url,
    backup_target: cdns.backup.url,
  });
  await api.send("POST", `/v1/services/${service.id}/storm-policies`, {
    kind: "http_availability",
    threshold_avail: 0.9,
    window_seconds: pace.windowSeconds,
    cooldown_seconds: pace.cooldownSeconds,
    max_coverage_factor: 1.5,
    min_samples: 3,
    min_failures: 3,
  });
  return service.id;
};

/**
 * Plays a storm on a control plane, as a customer of its own: calm, an outage, recovery. Then all stays as it is, to be looked
 * at, until `signal`; the demo's service and channels go with its CDNs, its storm stays to be read.
 * @param options.stage the CDNs and the receiver of messages; else this starts its own
 * @throws Error where the control plane refuses, or something does not happen
 */
export const playStorm = async (options: {
  readonly url: string;
  readonly adminToken: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  readonly stage?: Pick<Stage, "cdns" | "receiver">;
  readonly pace?: Pace;
}): Promise<void> => {
  const { url, adminToken, say, signal, pace = livePace } = options;
  const cdns = options.stage?.cdns ?? (await startCdns());
  const { sink, kinds } = options.stage?.receiver ?? (await startReceiver(showMessage(say), false));
  const customerId = await customerOf(url, adminToken);
  const api = createApi(url, adminToken, { "x-customer-id": String(customerId) });
  const tell = (text: string) => say(`storm demo: ${text}`);
  const wait = (ms: number) => sleep(ms, undefined, { signal });
  const until = async <T>(what: string, look: () => Promise<T | null>): Promise<T> => {
    for (const deadline = Date.now() + patienceMs; ; await wait(250)) {
      const seen = await look();
      if (seen !== null) return seen;
      if (Date.now() > deadline) throw new Error(`${what} did not happen within ${patienceMs / 60_000} minutes`);
    }
  };
  try {
    await clear(api);
    const serviceId = await onboard(api, cdns, pace);
    // Without SECRETS_KEY there are no channels, and a storm all the same.
    await openChannels(api, sink, (what, _, look) => until(what, async () => await look()), kinds).then(
      () => tell(`messages to ${kinds.join(", ")} are shown as they arrive at ${sink.url}`),
      (error: unknown) => tell(`no messages are sent: ${error instanceof Error ? error.message : String(error)}`),
    );
    const storm = async (state?: string) =>
      (await api.get<Storm[]>(`/v1/storms?service_id=${serviceId}`)).find((one) => state === undefined || one.state === state) ?? null;
    tell(`service ${serviceId} of customer ${customerId}, ${stormHost}: ${cdns.primary.url} and ${cdns.backup.url}`);
    await until("the first probes", async () =>
      cdns.primary.requests.probes.served >= 3 && cdns.backup.requests.probes.served >= 1 ? true : null,
    );
    tell("calm: both answer");
    await wait(pace.calmMs);
    await cdns.primary.setFault("5xx");
    tell("the primary answers 503 from now on");
    const { id } = await until("a storm", () => storm());
    tell(`storm ${id} is declared`);
    await wait(pace.outageMs);
    const { state, reason } = await api.get<Routing>(`/v1/services/${serviceId}/routing`);
    tell(`routing is ${state} (${reason})`);
    // One that runs without the demo's DNS sees the storm and has nothing to switch.
    if (reason === "unprovisioned") {
      tell(`this tranche has no DNS with records of ${stormHost}: nothing is switched here`);
      tell("stop it and start it with npm start -- --storm, without AWS credentials, to see the switch");
    }
    await cdns.primary.setFault("healthy");
    tell("the primary is well again");
    await until("recovery", async () => ((await storm("storm")) === null ? true : null));
    tell(`recovering; it ends ${pace.cooldownSeconds} s later`);
    await until("the end of the storm", () => storm("ended"));
    tell("the storm has ended. Look at it (Ctrl-C ends the demo, its storm stays to be read):");
    for (const path of [
      `/v1/storms/${id}`,
      `/v1/storms/${id}/evidence`,
      `/v1/services/${serviceId}/routing`,
      `/v1/services/${serviceId}/availability?step=60`,
    ]) {
      say(`  curl -H "Authorization: Bearer $ADMIN_TOKEN" -H "X-Customer-ID: ${customerId}" "${url}${path}"`);
    }
    for (;;) await wait(60_000);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await clear(api).catch(() => undefined);
    if (options.stage === undefined) await Promise.all([cdns.primary.close(), cdns.backup.close(), sink.close()]);
  }
};
