import { createApi } from "../api.ts";
import type { Api } from "../api.ts";
import { policy } from "../onboard.ts";
import { cadence } from "../outside.ts";
import type { Scenario } from "../stage.ts";
import { sendCrowd } from "./crowd.ts";

const names = 24;
const visitors = 100;
/** One account that never answers, and one that throttles every call. */
const neighbours = [
  {
    name: "silent",
    kind: "hang",
    zone: "silent.test",
    accessKeyId: "AKIATRANCHESILENT000",
    secretAccessKey: "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY",
    accountId: "222222222222",
  },
  {
    name: "throttled",
    kind: "throttle",
    zone: "throttled.test",
    accessKeyId: "AKIATRANCHETHROTTLED",
    secretAccessKey: "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY",
    accountId: "333333333333",
  },
] as const;
type Neighbour = (typeof neighbours)[number];
const hostOf = ({ zone }: Neighbour, index: number): string => `n${index}.${zone}`;

/** A customer with an AWS account of its own and two dozen names behind the same CDNs. */
const moveIn = async (
  admin: Api,
  apiUrl: string,
  cdns: { readonly primary: { readonly url: string }; readonly backup: { readonly url: string } },
  neighbour: Neighbour,
): Promise<void> => {
  const customer = await admin.send<{ id: number }>("POST", "/v1/customers", { name: `Customer ${neighbour.name}` });
  const { token } = await admin.send<{ token: string }>("POST", `/v1/customers/${customer.id}/tokens`, { name: "drill", role: "editor" });
  const api = createApi(apiUrl, token);
  await api.send("POST", "/v1/dns-accounts", {
    region: "us-east-1",
    access_key_id: neighbour.accessKeyId,
    secret_access_key: neighbour.secretAccessKey,
  });
  const service = await api.send<{ id: number }>("POST", "/v1/services", {
    name: "downloads",
    primary_cdn: "cloudflare",
    backup_cdn: "fastly",
  });
  for (let index = 0; index < names; index += 1) {
    await api.send("POST", `/v1/services/${service.id}/domains`, {
      name: hostOf(neighbour, index),
      primary_target: cdns.primary.url,
      backup_target: cdns.backup.url,
    });
  }
  await api.send("POST", `/v1/services/${service.id}/storm-policies`, {
    kind: "http_availability",
    threshold_avail: policy.threshold,
    window_seconds: cadence.windowMs / 1_000,
    cooldown_seconds: cadence.cooldownMs / 1_000,
    max_coverage_factor: 1.5,
    min_samples: 3,
    min_failures: policy.minFailures,
  });
};

/** The CDN of three customers dies. Two of them have DNS accounts that do not answer: the third is moved as if it were alone. */
export const slowNeighbour: Scenario = {
  title: "other customers' DNS accounts hang and throttle while a CDN dies",
  // A round a second is ten times as many as in production, and so is what they may send.
  env: { DRIFT_CHECK: "1s", REQUESTS_PER_INVOCATION: "100000" },
  neighbourhood: {
    accounts: neighbours.map(({ accessKeyId, secretAccessKey, accountId }) => ({ accessKeyId, secretAccessKey, accountId })),
    zones: neighbours.map(({ zone, accessKeyId }) => ({ name: zone, accessKeyId })),
  },
  play: async ({ world, tell, measure, until, always, routing, storms, weights }) => {
    const { route53, cdns } = world;
    const admin = createApi(world.apiUrl, world.adminToken);
    for (const neighbour of neighbours) {
      const zone = route53.zones.find(({ name }) => name === `${neighbour.zone}.`)?.id ?? "";
      route53.seed(
        zone,
        Array.from({ length: names }, (_, index) =>
          (["primary", "backup"] as const).map((side) => ({
            name: hostOf(neighbour, index),
            type: "CNAME" as const,
            ttlSeconds: 5,
            setIdentifier: side,
            weight: side === "primary" ? 100 : 0,
            values: [`${side}.cdn.test`],
          })),
        ).flat(),
      );
      await moveIn(admin, world.apiUrl, cdns, neighbour);
    }
    const movedOf = ({ zone }: Neighbour): number => {
      const id = route53.zones.find(({ name }) => name === `${zone}.`)?.id ?? "";
      return route53.records(id).filter(({ setIdentifier, weight }) => setIdentifier === "backup" && weight === 100).length;
    };
    const asked = ({ accessKeyId }: Neighbour): number => route53.requests.filter((request) => request.accessKeyId === accessKeyId).length;
    await until("calm", 20_000, async () => ((await routing()).domains[0]?.status === "found" ? true : null));
    await until("the neighbours' accounts are read", 30_000, () => (neighbours.every((one) => asked(one) > 0) ? true : null));
    tell("calm", weights() === "100/0", `three customers, three AWS accounts, ${2 * names + 1} names`);

    route53.setFault(neighbours.map(({ kind, accessKeyId }) => ({ kind, accessKeyIds: [accessKeyId] })));
    await always("two accounts do not answer", 8_000, () => weights() === "100/0");
    const diedAtMs = Date.now();
    await cdns.primary.setFault({ kind: "5xx" });
    const movedAtMs = await until("the CDN dies, the third customer is moved", 20_000, () => (weights() === "0/100" ? Date.now() : null));
    const crowd = await sendCrowd(world, visitors);
    tell("its visitors reach the backup", crowd.toBackup === visitors && crowd.served === visitors, crowd.told);
    tell("and it is said so", (await routing()).state === "shifted", (await routing()).state);
    tell(
      "the neighbours' names wait",
      neighbours.every((one) => movedOf(one) === 0),
      neighbours.map((one) => `${one.name} ${movedOf(one)} of ${names}`).join(", "),
    );

    route53.setFault(null);
    await until("their accounts answer again, and they are moved", 90_000, () =>
      neighbours.every((one) => movedOf(one) === names) ? true : null,
    );
    tell("the neighbours are moved too", true, neighbours.map((one) => `${one.name} ${movedOf(one)} of ${names}`).join(", "));

    await cdns.primary.setFault({ kind: "healthy" });
    await until("the storms end", 40_000, async () => ((await storms())[0]?.state === "ended" && weights() === "100/0" ? true : null));
    const tookMs = movedAtMs - diedAtMs;
    measure("from the CDN's death to the switch", `${(tookMs / 1_000).toFixed(2)} s`, "10 s, a round of production", tookMs <= 10_000);
    measure("visitors served after it", String(crowd.served), String(visitors), crowd.served === visitors);
  },
};
