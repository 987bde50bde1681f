import { noBreakers } from "../../support/breakers.ts";
import { describe, expect, it } from "vitest";
import type { CloudServer } from "../../../local/ec2/server.ts";
import type { Site } from "../../../local/ec2/site.ts";
import { createCloudReader, type CloudReaderOptions } from "../../../src/adapters/ec2/cloud-reader.ts";
import type { CostAccess } from "../../../src/adapters/ports/cost/access.ts";
import type { CloudFacts } from "../../../src/adapters/ports/cost/cloud.ts";
import type { Budget } from "../../../src/adapters/ports/platform/budget.ts";
import { freely } from "../../support/budget.ts";
import { cloudAccess, cloudAccountId, cloudKeys, many, startTestCloud } from "../../support/cloud.ts";

type More = Partial<CloudReaderOptions> & { readonly accesses?: readonly CostAccess[]; readonly budget?: Budget };

const look = async ({ url }: CloudServer, { accesses = [cloudAccess()], budget = freely, ...more }: More = {}): Promise<CloudFacts> => {
  const reader = createCloudReader({
    accounts: { ofCustomer: async () => accesses },
    endpointOf: () => url,
    fetch,
    breakers: noBreakers,
    clock: { nowMs: () => Date.now(), sleep: async () => {} },
    random: () => 0,
    timeoutMs: 5_000,
    ...more,
  });
  const all = await reader.of(1, budget);
  return {
    addresses: all.flatMap(({ addresses }) => addresses),
    volumes: all.flatMap(({ volumes }) => volumes),
    stoppedInstances: all.flatMap(({ stoppedInstances }) => stoppedInstances),
    idleLoadBalancers: all.flatMap(({ idleLoadBalancers }) => idleLoadBalancers),
    unknown: all.flatMap(({ unknown }) => unknown),
    unread: all.flatMap(({ unread }) => unread),
  };
};

const arnOf = (name: string, kind = "app") =>
  `arn:aws:elasticloadbalancing:eu-central-1:${cloudAccountId}:loadbalancer/${kind}/${name}/50dc6c495c0c9188`;

const healthy = [{ id: "i-web", state: "healthy" as const }];

const site: Site = {
  addresses: [
    { allocationId: "eipalloc-loose", publicIp: "203.0.113.1" },
    { allocationId: "eipalloc-used", publicIp: "203.0.113.2", associationId: "eipassoc-2", instanceId: "i-web" },
    { allocationId: "eipalloc-managed", publicIp: "203.0.113.3", serviceManaged: "alb" },
  ],
  volumes: [
    { volumeId: "vol-loose", volumeType: "gp3", size: 100 },
    { volumeId: "vol-web", volumeType: "gp3", size: 8, instanceIds: ["i-web"] },
    { volumeId: "vol-old", volumeType: "gp2", size: 20, instanceIds: ["i-old"] },
    { volumeId: "vol-old-data", volumeType: "io2", size: 500, instanceIds: ["i-old", "i-older"] },
    { volumeId: "vol-shared", volumeType: "io2", size: 700, instanceIds: ["i-old", "i-web"] },
  ],
  instances: [
    { instanceId: "i-web", state: "running" },
    { instanceId: "i-old", state: "stopped", reason: "User initiated (2026-11-20 10:00:00 GMT)" },
    { instanceId: "i-older", state: "stopped", reason: "Server.SpotInstanceShutdown: Spot instance stopped" },
  ],
  balancers: [
    { name: "web" },
    { name: "empty", listeners: [{ protocol: "HTTPS", port: 443, action: { forward: "empty" }, rules: [{ forward: "empty" }] }] },
    { name: "bare", type: "network", listeners: [{ protocol: "TCP", port: 443, action: { forward: "empty" } }] },
    // These need no target.
    { name: "redirects", listeners: [{ protocol: "HTTP", port: 80, action: { redirect: "www.example.com" } }] },
    {
      name: "redirects-some",
      listeners: [
        { protocol: "TCP", port: 22, action: { forward: "empty" } },
        { protocol: "HTTP", port: 80, action: { forward: "empty" }, rules: [{ forward: "empty" }, { redirect: "www.example.com" }] },
      ],
    },
    { name: "says-503", listeners: [{ protocol: "HTTPS", port: 443, action: { status: 503 } }] },
  ],
  groups: [
    { name: "web-blue", balancers: ["web"], targets: [] },
    { name: "web-green", balancers: ["web"], targets: [{ id: "i-web", state: "unhealthy" }] },
    { name: "empty", balancers: ["empty"], targets: [] },
    { name: "of-nobody", balancers: [], targets: healthy },
  ],
};

const place = { account: cloudAccountId, region: "eu-central-1" };
const found: Omit<CloudFacts, "unknown" | "unread"> = {
  addresses: [{ id: "eipalloc-loose", ...place }],
  volumes: [{ id: "vol-loose", ...place, type: "gp3", gib: 100 }],
  stoppedInstances: [
    {
      id: "i-old",
      ...place,
      stoppedMs: Date.parse("2026-11-20T10:00:00Z"),
      volumes: [
        { type: "gp2", gib: 20 },
        { type: "io2", gib: 500 },
      ],
    },
    { id: "i-older", ...place, stoppedMs: null, volumes: [] },
  ],
  idleLoadBalancers: [
    { id: arnOf("empty"), ...place },
    { id: arnOf("bare", "net"), ...place },
  ],
};

const actions = [
  "DescribeAddresses",
  "DescribeVolumes",
  "DescribeInstances",
  "DescribeLoadBalancers",
  "DescribeTargetGroups",
  "DescribeListeners",
  "DescribeRules",
];

describe("what idles in an account", () => {
  it("is found, and nothing that is in use", async () => {
    expect(await look(await startTestCloud({ "eu-central-1": site }))).toEqual({ ...found, unknown: [], unread: [] });
  });

  it("is found in each region, and once where two accesses look into one account", async () => {
    const server = await startTestCloud({
      "eu-central-1": site,
      "us-east-1": { addresses: [{ allocationId: "eipalloc-us", publicIp: "203.0.113.9" }] },
    });
    const both = ["eu-central-1", "us-east-1"];
    const facts = await look(server, { accesses: [cloudAccess({ regions: both }), cloudAccess({ id: 2 })] });
    const us = { id: "eipalloc-us", account: cloudAccountId, region: "us-east-1" };
    expect(facts).toEqual({ ...found, addresses: [...found.addresses, us], unknown: [], unread: [] });
  });

  it("is nothing of a load balancer that is deleted while it is looked at", async () => {
    const current: { site: Site } = { site };
    const regions = {
      get "eu-central-1"() {
        return current.site;
      },
    };
    const server = await startTestCloud(regions);
    const deleting = (async (input, init) => {
      if (String(init?.body).includes("DescribeListeners")) current.site = { ...site, balancers: [] };
      return await fetch(input, init);
    }) as typeof fetch;
    expect(await look(server, { fetch: deleting })).toMatchObject({ idleLoadBalancers: [], unknown: [], unread: [] });
  });

  it("is found over many pages", async () => {
    const server = await startTestCloud({
      "eu-central-1": {
        volumes: [
          ...many(501, (n) => ({ volumeId: `vol-${n}`, volumeType: "gp3", size: 1 })),
          ...many(501, (n) => ({ volumeId: `vol-of-${n}`, volumeType: "gp3", size: n, instanceIds: [`i-${n}`] })),
        ],
        instances: many(501, (n) => ({ instanceId: `i-${n}`, state: "stopped" as const })),
        balancers: many(401, (n) => ({ name: `lb-${n}` })),
        groups: many(401, (n) => ({ name: `group-${n}`, balancers: [`lb-${n}`], targets: n === 400 ? healthy : [] })),
      },
    });
    const facts = await look(server, { mostRequests: 1_000 });
    expect(facts).toMatchObject({ unknown: [], unread: [] });
    expect(facts.volumes).toHaveLength(501);
    expect(facts.stoppedInstances.map(({ volumes }) => volumes)).toEqual(many(501, (gib) => [{ type: "gp3", gib }]));
    expect(facts.idleLoadBalancers).toHaveLength(400);
  });

  it("is of its owner where that is one of the customer's accounts", async () => {
    const accesses = [cloudAccess({ awsAccounts: ["999999999999", cloudAccountId] })];
    const facts = await look(await startTestCloud({ "eu-central-1": site }), { accesses });
    expect(facts.stoppedInstances.map(({ account }) => account)).toEqual([cloudAccountId, cloudAccountId]);
    expect(facts.idleLoadBalancers.map(({ account }) => account)).toEqual([cloudAccountId, cloudAccountId]);
    expect(facts.volumes.map(({ account }) => account)).toEqual(["999999999999"]);
    const foreign = await look(await startTestCloud({ "eu-central-1": site }), {
      accesses: [cloudAccess({ awsAccounts: ["999999999999"] })],
    });
    expect(foreign.stoppedInstances.map(({ account }) => account)).toEqual(["999999999999", "999999999999"]);
  });
});

describe("what can not be read", () => {
  it.each([
    ["ec2:DescribeAddresses", ["address-unassociated"], { addresses: [] }],
    ["ec2:DescribeVolumes", ["volume-unattached", "stopped-instance-volumes"], { volumes: [], stoppedInstances: [] }],
    ["ec2:DescribeInstances", ["stopped-instance-volumes"], { stoppedInstances: [] }],
    ["elasticloadbalancing:DescribeLoadBalancers", ["load-balancer-idle"], { idleLoadBalancers: [] }],
    ["elasticloadbalancing:DescribeTargetGroups", ["load-balancer-idle"], { idleLoadBalancers: [] }],
    ["elasticloadbalancing:DescribeTargetHealth", ["load-balancer-idle"], { idleLoadBalancers: [] }],
    ["elasticloadbalancing:DescribeListeners", ["load-balancer-idle"], { idleLoadBalancers: [] }],
    ["elasticloadbalancing:DescribeRules", ["load-balancer-idle"], { idleLoadBalancers: [] }],
  ])("%s: is not known, and the rest goes on", async (denied, rules, less) => {
    const server = await startTestCloud({ "eu-central-1": site }, { denied: [denied] });
    const accesses = [cloudAccess({ awsAccounts: [cloudAccountId, "999999999999"] })];
    const { unread, unknown, ...facts } = await look(server, { accesses });
    expect(facts).toEqual({ ...found, ...less });
    expect(unknown).toEqual(rules.flatMap((rule) => [cloudAccountId, "999999999999"].map((account) => ({ rule, account }))));
    expect(unread).toEqual(
      rules.map(() => ({
        source: `${denied} of ${cloudAccountId} in eu-central-1`,
        problem: expect.stringMatching(/^AWS does not permit this .*not authorized to perform: /) as string,
      })),
    );
    // A refusal is final.
    const [, action = ""] = denied.split(":");
    expect(server.requests.filter((request) => request.action === action).length).toBeLessThanOrEqual(2);
  });

  it("is the page that fails: what was read before it is known", async () => {
    const volumes = many(501, (n) => ({ volumeId: `vol-${n}`, volumeType: "gp3", size: 1 }));
    const server = await startTestCloud({ "eu-central-1": { volumes } });
    const failing = (async (input, init) => {
      if (String(init?.body).includes("NextToken")) server.setFault({ kind: "server-error" });
      return await fetch(input, init);
    }) as typeof fetch;
    const facts = await look(server, { fetch: failing });
    expect(facts.volumes).toHaveLength(500);
    expect(facts.unknown).toContainEqual({ rule: "volume-unattached", account: cloudAccountId });
  });

  it("is a region that is not enabled: each of its endpoints is asked once, and the keys are dropped as often", async () => {
    const server = await startTestCloud({ "eu-central-1": site });
    let dropped = 0;
    const keys = { get: async () => cloudKeys, drop: () => void (dropped += 1) };
    const facts = await look(server, { accesses: [cloudAccess({ keys, regions: ["ap-east-1", "eu-central-1"] })] });
    expect(facts).toMatchObject(found);
    expect(server.requests.filter(({ region }) => region === "ap-east-1").map(({ action }) => action)).toEqual([
      "DescribeAddresses",
      "DescribeLoadBalancers",
    ]);
    expect(dropped).toBe(2);
    expect(facts.unread.map(({ source }) => source)).toEqual([
      `ec2:DescribeAddresses of ${cloudAccountId} in ap-east-1`,
      `ec2:DescribeVolumes of ${cloudAccountId} in ap-east-1`,
      `ec2:DescribeInstances of ${cloudAccountId} in ap-east-1`,
      `elasticloadbalancing:DescribeLoadBalancers of ${cloudAccountId} in ap-east-1`,
    ]);
    for (const { problem } of facts.unread)
      expect(problem).toMatch(/(AuthFailure|InvalidClientTokenId): .*; or ap-east-1 is not enabled in the account/);
  });

  it("is one that hangs: it is asked once, and the others are read", async () => {
    const server = await startTestCloud({ "eu-central-1": site, "us-east-1": site });
    server.setFault({ kind: "hang", regions: ["us-east-1"] });
    const facts = await look(server, { accesses: [cloudAccess({ regions: ["us-east-1", "eu-central-1"] })], timeoutMs: 200 });
    expect(facts).toMatchObject(found);
    expect(facts.unread).toContainEqual({
      source: `ec2:DescribeVolumes of ${cloudAccountId} in us-east-1`,
      problem: "timeout: no answer from EC2 within 200 ms",
    });
    expect(server.requests.filter(({ region }) => region === "us-east-1")).toHaveLength(2);
  });

  it("is an account without usable keys", async () => {
    const keys = { get: () => Promise.reject(new Error("of no kind that is known")), drop: () => {} };
    const server = await startTestCloud({ "eu-central-1": site });
    const facts = await look(server, { accesses: [cloudAccess({ keys, awsAccounts: ["999999999999"] }), cloudAccess({ id: 2 })] });
    expect(facts).toMatchObject(found);
    expect(facts.unread).toHaveLength(4);
    expect(new Set(facts.unknown.map(({ account }) => account))).toEqual(new Set(["999999999999"]));
  });

  it("is everything where the database does not answer", async () => {
    const server = await startTestCloud({});
    const facts = await look(server, { accounts: { ofCustomer: () => Promise.reject(new Error("no database")) } });
    expect(facts.unread).toEqual([{ source: "the accounts whose costs are watched", problem: "the database does not answer" }]);
    expect(facts.unknown.map(({ rule, account }) => [rule, account])).toEqual([
      ["address-unassociated", null],
      ["volume-unattached", null],
      ["stopped-instance-volumes", null],
      ["load-balancer-idle", null],
    ]);
  });
});

describe("requests", () => {
  it.each([
    ["throttle", 3],
    ["server-error", 3],
    ["truncated-xml", 3],
    ["reset", 3],
  ] as const)("are repeated after %s, at most twice", async (kind, attempts) => {
    const server = await startTestCloud({ "eu-central-1": site });
    server.setFault({ kind, actions: ["DescribeAddresses"], times: 2 });
    expect(await look(server)).toMatchObject({ ...found, unread: [] });
    server.setFault({ kind, actions: ["DescribeAddresses"] });
    server.requests.length = 0;
    expect(await look(server)).toMatchObject({ ...found, addresses: [], unknown: [{ rule: "address-unassociated" }] });
    expect(server.requests.filter(({ action }) => action === "DescribeAddresses")).toHaveLength(attempts);
  });

  it("are so many of an account and no more", async () => {
    const server = await startTestCloud({ "eu-central-1": site });
    const facts = await look(server, { mostRequests: 3 });
    expect(server.requests).toHaveLength(3);
    expect(facts.unread.length).toBeGreaterThan(0);
    for (const { problem } of facts.unread)
      expect(problem).toBe("too_many: the account takes more than 3 requests, which is all that is sent in one look");
  });

  it("all take a connection of the budget, and none is begun when its time is over", async () => {
    const server = await startTestCloud({ "eu-central-1": site });
    let taken = 0;
    const counted: Budget["connection"] = async (times, request) => {
      expect(times.answerMs).toBe(5_000);
      taken += 1;
      return await freely.connection(times, request);
    };
    await look(server, { budget: { ...freely, connection: counted } });
    expect(taken).toBe(server.requests.length);
    expect(new Set(server.requests.map(({ action }) => action))).toEqual(new Set([...actions, "DescribeTargetHealth"]));

    server.requests.length = 0;
    const late = await look(server, { budget: { untilMs: 0, connection: async () => ({ status: "unsent" }) } });
    expect(server.requests).toEqual([]);
    expect(late.unread.map(({ problem }) => problem)).toEqual([
      ...many(3, () => "too_late: there was no time to ask EC2"),
      "too_late: there was no time to ask Elastic Load Balancing",
    ]);
  });
});
