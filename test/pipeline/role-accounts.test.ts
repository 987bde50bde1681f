import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startRoute53 } from "../../local/route53/server.ts";
import type { Route53Server } from "../../local/route53/server.ts";
import type { TrustingRole } from "../../local/sts/assume-role.ts";
import type { StsServer } from "../../local/sts/server.ts";
import { startSts } from "../../local/sts/server.ts";
import { createDnsAccountStore, sealedDnsAccounts } from "../../src/adapters/db/steering/dns-accounts.ts";
import { createMetricsStore } from "../../src/adapters/db/coordination/metrics.ts";
import { createDnsDirectory } from "../../src/adapters/route53/dns-directory.ts";
import { createRole } from "../../src/adapters/route53/role.ts";
import type { DnsDirectory } from "../../src/adapters/ports/steering/dns-access.ts";
import { createRoute53 } from "../../src/adapters/route53/route53.ts";
import { startMs } from "../support/round-world.ts";
import { realWork } from "../support/real-work.ts";
import { useWorld } from "../support/use-world.ts";

// One customer brings a role, another is steered with the operator's own credentials. What goes wrong with the role is the
// first one's alone.

const operatorKeys = { accessKeyId: "AKIAOPERATOR00000000", secretAccessKey: "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY" };
const roleArn = "arn:aws:iam::123456789012:role/tranche";

const { world } = useWorld();
let server: Route53Server;
let sts: StsServer;
let roles: TrustingRole[];
let directory: DnsDirectory;
let calls: string[];
let domains: Record<"own" | "other", number>;

const zoneOf = (name: string) => server.zones.find((zone) => zone.name === `${name}.test.`)?.id ?? "";
const weights = (name: string) =>
  server
    .records(zoneOf(name))
    .filter((set) => set.type === "CNAME")
    .toSorted((a, b) => (b.setIdentifier ?? "").localeCompare(a.setIdentifier ?? ""))
    .map((set) => set.weight)
    .join("/");
const rounds = async (number: number) => {
  for (let index = 0; index < number; index += 1) await world.round({ dnsDirectory: directory, driftCheckMs: 60_000 });
};
/** Quiet times: a round every two minutes will do, and the last minute's worth as they come. */
const roundsUntil = async (minutes: number) => {
  const endMs = startMs + minutes * 60_000;
  for (; world.clock.nowMs() < endMs - 120_000; await rounds(1)) await world.clock.advance(110_000);
  while (world.clock.nowMs() < endMs) await rounds(1);
};
const die = () => {
  for (const name of ["own", "other"]) world.prober.say(`a.${name}.net`, 503);
};

beforeEach(async () => {
  const { countSigning, send } = realWork(world);
  countSigning();
  calls = [];
  roles = [];
  sts = await startSts({ ...operatorKeys, roles, now: world.clock.nowMs });
  server = await startRoute53({
    ...operatorKeys,
    sessions: sts.session,
    zones: [{ name: "own.test" }, { name: "other.test" }],
    now: world.clock.nowMs,
    requestsPerSecond: 100,
    burst: 100,
    insyncAfterMs: 5_000,
  });
  const options = { clock: world.clock, fetch: send, timeoutMs: 150 };
  const connect = (place: object, credentials: Parameters<typeof createRoute53>[0]["credentials"]) =>
    createRoute53({
      ...options,
      region: "us-east-1",
      ...place,
      endpoint: server.url,
      credentials,
      random: () => 0.5,
      onCall: (result) => calls.push(result),
    });
  directory = createDnsDirectory({
    operator: connect({}, operatorKeys),
    accounts: (customerIds) => sealedDnsAccounts(world.db, customerIds),
    secrets: null,
    clock: world.clock,
    endpoint: server.url,
    connect,
    assume: (place, role) => createRole({ ...options, ...place, ...role, endpoint: sts.url, credentials: operatorKeys }),
  });
  const seeded = async (name: "own" | "other") => {
    const { domainIds } = await world.seed({
      customer: name,
      domains: [{ name: `app.${name}.test`, primary: `a.${name}.net`, backup: `b.${name}.net` }],
    });
    server.seed(
      zoneOf(name),
      [
        ["primary", 100, "a"],
        ["backup", 0, "b"],
      ].map(([side, weight, cdn]) => ({
        name: `app.${name}.test`,
        type: "CNAME" as const,
        ttlSeconds: 60,
        setIdentifier: String(side),
        weight: Number(weight),
        values: [`${cdn}.cdn.net`],
      })),
    );
    return Number(domainIds[0]);
  };
  domains = { own: await seeded("own"), other: await seeded("other") };
  const [customer] = await world.sql<{ id: string }>("select id from customers where name = 'own'");
  const change = { actor: "test", requestId: "test", idempotency: null };
  const account = await createDnsAccountStore(world.db, null).create(Number(customer?.id), { region: "us-east-1", roleArn }, change);
  roles.push({ arn: roleArn, externalId: account.externalId });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
  await sts.close();
});

const statuses = async () =>
  Object.fromEntries((await createMetricsStore(world.db).read()).domains.map(({ status, count }) => [status, count]));

describe("a customer's role", () => {
  it("steers its own names, and goes on for hours with one assumption an hour", async () => {
    await rounds(4);
    die();
    await rounds(2);
    expect([weights("own"), weights("other")]).toEqual(["0/100", "0/100"]);
    const [change] = await world.sql<{ change_id: string }>("select change_id from routing_changes where domain_id = $1", [domains.own]);
    expect(change?.change_id).toMatch(/^c\d+:/);
    const signers = new Set(server.changes.map(({ zoneId }) => zoneId));
    expect(signers).toEqual(new Set([zoneOf("own"), zoneOf("other")]));
    for (const name of ["own", "other"]) world.prober.say(`a.${name}.net`, 200);
    await rounds(20);
    await roundsUntil(70);
    expect([weights("own"), weights("other"), await statuses()]).toEqual(["100/0", "100/0", { found: 2 }]);
    expect([sts.requests.length, sts.requests.every(({ status }) => status === 200)]).toEqual([2, true]);
    expect(new Set(calls)).toEqual(new Set(["ok"]));
  });

  const trust = (externalId: string) => roles.splice(0, 1, { arn: roleArn, externalId });

  it.each([
    {
      name: "whose trust policy names another id",
      begins: () => trust("another"),
      says: /AccessDenied: the role \S+ cannot be assumed/,
      call: "refused",
    },
    { name: "that is gone", begins: () => roles.splice(0, 1), says: /AccessDenied: the role \S+ cannot be assumed/, call: "refused" },
    {
      name: "while the operator's own credentials have expired",
      begins: () => sts.setFault("expired-token"),
      says: /ExpiredToken: the role/,
      call: "refused",
    },
    { name: "while STS throttles", begins: () => sts.setFault("throttle"), says: /Throttling: the role/, call: "throttled" },
    { name: "while STS answers 500 with HTML", begins: () => sts.setFault("server-error"), says: /http_500: the role/, call: "refused" },
    { name: "while STS does not answer", begins: () => sts.setFault("hang"), says: /timeout: the role/, call: "refused" },
    { name: "while STS is cut off", begins: () => sts.setFault("truncated-xml"), says: /unreadable: the role/, call: "refused" },
  ])("$name: is shown and counted, hurts nobody else, and is over when it is over", async ({ begins, says, call }) => {
    const externalId = roles[0]?.externalId ?? "";
    begins();
    await rounds(4);
    die();
    await rounds(3);
    expect([weights("own"), weights("other")]).toEqual(["100/0", "0/100"]);
    expect(await world.domain(domains.own)).toMatchObject({ status: "error", last_error: expect.stringMatching(says) as string });
    expect(await world.domain(domains.other)).toMatchObject({ status: "found", last_error: null });
    expect(await statuses()).toEqual({ error: 1, found: 1 });
    expect(calls).toContain(call);
    for (const secret of Object.values(operatorKeys))
      expect(JSON.stringify(await world.sql("select * from domain_routing"))).not.toContain(secret);
    sts.setFault(null);
    if (roles.length === 0) roles.push({ arn: roleArn, externalId });
    trust(externalId);
    await rounds(10);
    expect([weights("own"), (await world.domain(domains.own))?.last_error]).toEqual(["0/100", null]);
  });

  it("switches in a storm while STS is away, as long as its session lasts", async () => {
    await roundsUntil(54);
    expect(sts.requests).toHaveLength(1);
    sts.setFault("hang");
    await roundsUntil(57);
    expect(sts.requests.length).toBeGreaterThan(1);
    die();
    await rounds(4);
    expect([weights("own"), weights("other")]).toEqual(["0/100", "0/100"]);
    expect((await world.domain(domains.own))?.last_error).toBeNull();
  });
});
