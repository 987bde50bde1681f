import type { EC2ServiceException } from "@aws-sdk/client-ec2";
import {
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  EC2Client,
  paginateDescribeInstances,
  paginateDescribeVolumes,
} from "@aws-sdk/client-ec2";
import type { ElasticLoadBalancingV2ServiceException } from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  paginateDescribeListeners,
  paginateDescribeLoadBalancers,
  paginateDescribeRules,
  paginateDescribeTargetGroups,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { describe, expect, it, onTestFinished } from "vitest";
import type { CloudServer } from "../../local/ec2/server.ts";
import { cloudAccountId, cloudKeys, many, startTestCloud } from "../support/cloud.ts";

// The referees of the local double are AWS's own clients.

const site = {
  addresses: [
    { allocationId: "eipalloc-1", publicIp: "203.0.113.1" },
    { allocationId: "eipalloc-2", publicIp: "203.0.113.2", associationId: "eipassoc-2", instanceId: "i-01" },
    { allocationId: "eipalloc-3", publicIp: "203.0.113.3", serviceManaged: "alb" },
  ],
  volumes: many(13, (n) => ({ volumeId: `vol-${n}`, volumeType: "gp3", size: n + 1, ...(n % 2 === 1 && { instanceIds: [`i-0${n}`] }) })),
  instances: many(12, (n) => ({
    instanceId: `i-0${n}`,
    state: n % 4 === 0 ? ("running" as const) : ("stopped" as const),
    ...(n % 4 !== 0 && { reason: "User initiated (2026-11-20 10:00:00 GMT)" }),
  })),
  balancers: [
    {
      name: "web",
      listeners: [
        { protocol: "HTTP" as const, port: 80, action: { redirect: "www.example.com" } },
        { protocol: "HTTPS" as const, port: 443, action: { forward: "web-a" }, rules: [{ status: 404 }, { redirect: "www.example.com" }] },
      ],
    },
    { name: "old", type: "network" as const },
    { name: "api" },
  ],
  groups: [
    { name: "web-a", balancers: ["web"], targets: [{ id: "i-00", state: "healthy" as const }] },
    { name: "old", balancers: ["old"], targets: [] },
    { name: "loose", balancers: [], targets: [] },
  ],
};

const start = async (more: Parameters<typeof startTestCloud>[1] = {}) => await startTestCloud({ "eu-central-1": site }, more);

const ec2Of = ({ url }: CloudServer, region = "eu-central-1", credentials = cloudKeys): EC2Client => {
  const client = new EC2Client({ endpoint: url, region, credentials, maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  return client;
};

const elbOf = ({ url }: CloudServer, region = "eu-central-1", credentials = cloudKeys): ElasticLoadBalancingV2Client => {
  const client = new ElasticLoadBalancingV2Client({ endpoint: url, region, credentials, maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  return client;
};

type Said = EC2ServiceException | ElasticLoadBalancingV2ServiceException;

const refusal = async (call: Promise<unknown>) => {
  const thrown = await call.then(
    () => expect.unreachable("the call succeeded"),
    (error: unknown) => error as Said,
  );
  return [thrown.name, thrown.$metadata.httpStatusCode];
};

const all = async <Page>(pages: AsyncIterable<Page>): Promise<Page[]> => {
  const read: Page[] = [];
  for await (const page of pages) read.push(page);
  return read;
};

describe("AWS's own client of EC2", () => {
  it("reads addresses", async () => {
    const { Addresses: read } = await ec2Of(await start()).send(new DescribeAddressesCommand());
    expect(read?.map((one) => [one.AllocationId, one.PublicIp, one.AssociationId, one.InstanceId, one.ServiceManaged])).toEqual([
      ["eipalloc-1", "203.0.113.1", undefined, undefined, undefined],
      ["eipalloc-2", "203.0.113.2", "eipassoc-2", "i-01", undefined],
      ["eipalloc-3", "203.0.113.3", undefined, undefined, "alb"],
    ]);
  });

  it("reads volumes by a filter, page by page", async () => {
    const client = ec2Of(await start());
    const loose = await all(paginateDescribeVolumes({ client, pageSize: 5 }, { Filters: [{ Name: "status", Values: ["available"] }] }));
    expect(loose.map(({ Volumes }) => Volumes?.map(({ VolumeId, Size, State }) => [VolumeId, Size, State]))).toEqual([
      many(5, (n) => [`vol-${n * 2}`, n * 2 + 1, "available"]),
      many(2, (n) => [`vol-${10 + n * 2}`, 11 + n * 2, "available"]),
    ]);
    const filter = { Name: "attachment.instance-id", Values: ["i-01", "i-03"] };
    const { Volumes: attached } = await client.send(new DescribeVolumesCommand({ Filters: [filter] }));
    expect(attached?.map(({ VolumeId, VolumeType, Attachments }) => [VolumeId, VolumeType, Attachments?.[0]?.InstanceId])).toEqual([
      ["vol-1", "gp3", "i-01"],
      ["vol-3", "gp3", "i-03"],
    ]);
  });

  it("reads stopped instances, page by page, with the reason of their last transition", async () => {
    const client = ec2Of(await start());
    const filter = { Name: "instance-state-name", Values: ["stopped"] };
    const pages = await all(paginateDescribeInstances({ client, pageSize: 5 }, { Filters: [filter] }));
    expect(pages.map(({ Reservations }) => Reservations?.length)).toEqual([5, 4]);
    const [first] = pages[0]?.Reservations ?? [];
    expect(first).toMatchObject({
      OwnerId: cloudAccountId,
      Instances: [
        { InstanceId: "i-01", State: { Code: 80, Name: "stopped" }, StateTransitionReason: "User initiated (2026-11-20 10:00:00 GMT)" },
      ],
    });
  });

  it.each([
    ["too small a page", { MaxResults: 4 }, "InvalidParameterValue"],
    ["a token of nobody's", { NextToken: "bm9uc2Vuc2U=" }, "InvalidParameterValue"],
    ["an unknown filter", { Filters: [{ Name: "colour", Values: ["red"] }] }, "InvalidParameterValue"],
    ["too many values", { Filters: [{ Name: "instance-state-name", Values: many(201, String) }] }, "FilterLimitExceeded"],
    ["an unknown parameter", { InstanceIds: ["i-00"] }, "UnknownParameter"],
  ])("is refused %s", async (_, input, code) => {
    expect(await refusal(ec2Of(await start()).send(new DescribeInstancesCommand(input)))).toEqual([code, 400]);
  });

  it("is refused a token with other filters than it was given out for", async () => {
    const client = ec2Of(await start());
    const { NextToken } = await client.send(new DescribeVolumesCommand({ MaxResults: 5 }));
    const other = new DescribeVolumesCommand({ MaxResults: 5, NextToken, Filters: [{ Name: "status", Values: ["in-use"] }] });
    expect(await refusal(client.send(other))).toEqual(["InvalidParameterValue", 400]);
  });
});

describe("AWS's own client of Elastic Load Balancing", () => {
  it("reads load balancers and target groups, page by page", async () => {
    const client = elbOf(await start());
    const balancers = await all(paginateDescribeLoadBalancers({ client }, { PageSize: 2 }));
    const arn = (kind: string, name: string) =>
      `arn:aws:elasticloadbalancing:eu-central-1:${cloudAccountId}:loadbalancer/${kind}/${name}/50dc6c495c0c9188`;
    expect(balancers.map(({ LoadBalancers }) => LoadBalancers?.map(({ LoadBalancerArn, Type }) => [LoadBalancerArn, Type]))).toEqual([
      [
        [arn("app", "web"), "application"],
        [arn("net", "old"), "network"],
      ],
      [[arn("app", "api"), "application"]],
    ]);
    const groups = await all(paginateDescribeTargetGroups({ client }, { PageSize: 2 }));
    expect(
      groups.flatMap(({ TargetGroups = [] }) =>
        TargetGroups.map(({ TargetGroupName, LoadBalancerArns }) => [TargetGroupName, LoadBalancerArns]),
      ),
    ).toEqual([
      ["web-a", [arn("app", "web")]],
      ["old", [arn("net", "old")]],
      ["loose", []],
    ]);
  });

  it("reads listeners and their rules, page by page", async () => {
    const client = elbOf(await start());
    const base = `arn:aws:elasticloadbalancing:eu-central-1:${cloudAccountId}`;
    const LoadBalancerArn = `${base}:loadbalancer/app/web/50dc6c495c0c9188`;
    const listeners = (await all(paginateDescribeListeners({ client }, { LoadBalancerArn, PageSize: 1 }))).flatMap(
      ({ Listeners = [] }) => Listeners,
    );
    expect(listeners.map(({ Port, Protocol, DefaultActions }) => [Port, Protocol, DefaultActions?.map(({ Type }) => Type)])).toEqual([
      [80, "HTTP", ["redirect"]],
      [443, "HTTPS", ["forward"]],
    ]);
    const rules = (await all(paginateDescribeRules({ client }, { ListenerArn: listeners[1]?.ListenerArn, PageSize: 2 }))).flatMap(
      ({ Rules = [] }) => Rules,
    );
    expect(rules.map(({ Priority, IsDefault, Actions }) => [Priority, IsDefault, Actions?.map(({ Type }) => Type)])).toEqual([
      ["1", false, ["fixed-response"]],
      ["2", false, ["redirect"]],
      ["default", true, ["forward"]],
    ]);
    const gone = `${base}:loadbalancer/app/gone/50dc6c495c0c9188`;
    expect(await refusal(client.send(new DescribeListenersCommand({ LoadBalancerArn: gone })))).toEqual([
      "LoadBalancerNotFoundException",
      400,
    ]);
    expect(await refusal(client.send(new DescribeListenersCommand({})))).toEqual(["ValidationError", 400]);
    const nowhere = new DescribeRulesCommand({ ListenerArn: `${base}:listener/app/gone/50dc6c495c0c9188/1` });
    expect(await refusal(client.send(nowhere))).toEqual(["ListenerNotFoundException", 400]);
  });

  it("reads the health of targets", async () => {
    const client = elbOf(await start());
    const arn = (name: string) => `arn:aws:elasticloadbalancing:eu-central-1:${cloudAccountId}:targetgroup/${name}/73e2d6bc24d8a067`;
    const health = async (name: string) =>
      (await client.send(new DescribeTargetHealthCommand({ TargetGroupArn: arn(name) }))).TargetHealthDescriptions;
    expect(await health("web-a")).toMatchObject([{ Target: { Id: "i-00" }, TargetHealth: { State: "healthy" } }]);
    expect(await health("old")).toEqual([]);
    expect(await refusal(health("gone"))).toEqual(["TargetGroupNotFoundException", 400]);
  });

  it.each([{ PageSize: 401 }, { Marker: "bm9uc2Vuc2U=" }, { Names: ["web"] }])("is refused %o", async (input) => {
    expect(await refusal(elbOf(await start()).send(new DescribeLoadBalancersCommand(input)))).toEqual(["ValidationError", 400]);
  });
});

describe("either client", () => {
  const wrong = { ...cloudKeys, secretAccessKey: "of-somebody-else-altogether" };

  it("is refused with keys that are not good, and in a region that is not enabled", async () => {
    const server = await start();
    expect(await refusal(ec2Of(server, "eu-central-1", wrong).send(new DescribeAddressesCommand()))).toEqual(["AuthFailure", 401]);
    expect(await refusal(ec2Of(server, "ap-east-1").send(new DescribeAddressesCommand()))).toEqual(["AuthFailure", 401]);
    const ask = new DescribeLoadBalancersCommand();
    expect(await refusal(elbOf(server, "eu-central-1", wrong).send(ask))).toEqual(["SignatureDoesNotMatch", 403]);
    expect(await refusal(elbOf(server, "ap-east-1").send(ask))).toEqual(["InvalidClientTokenId", 403]);
  });

  it("may come with a session that was given out", async () => {
    const session = { accessKeyId: "ASIALOCALSESSION0001", secretAccessKey: "a-secret-of-the-session", sessionToken: "its-token" };
    const sessions = (keyId: string) => (keyId === session.accessKeyId ? { ...session, accountId: cloudAccountId } : undefined);
    const server = await start({ sessions });
    expect((await ec2Of(server, "eu-central-1", session).send(new DescribeAddressesCommand())).Addresses).toHaveLength(3);
    const expired = await start({ sessions: (keyId) => ({ ...session, ...sessions(keyId), expiresAtMs: 0 }) });
    expect(await refusal(ec2Of(expired, "eu-central-1", session).send(new DescribeAddressesCommand()))).toEqual(["RequestExpired", 400]);
    expect(await refusal(elbOf(expired, "eu-central-1", session).send(new DescribeLoadBalancersCommand()))).toEqual(["ExpiredToken", 403]);
  });

  it("is denied what no policy allows, action by action", async () => {
    const server = await start({ denied: ["ec2:DescribeVolumes", "elasticloadbalancing:DescribeLoadBalancers"] });
    expect(await refusal(ec2Of(server).send(new DescribeVolumesCommand()))).toEqual(["UnauthorizedOperation", 403]);
    expect(await refusal(elbOf(server).send(new DescribeLoadBalancersCommand()))).toEqual(["AccessDenied", 403]);
    expect((await ec2Of(server).send(new DescribeAddressesCommand())).Addresses).toHaveLength(3);
  });

  it("is told of too many requests", async () => {
    const server = await start();
    server.setFault({ kind: "throttle", actions: ["DescribeVolumes", "DescribeLoadBalancers"], times: 2 });
    expect(await refusal(ec2Of(server).send(new DescribeVolumesCommand()))).toEqual(["RequestLimitExceeded", 503]);
    expect(await refusal(elbOf(server).send(new DescribeLoadBalancersCommand()))).toEqual(["Throttling", 400]);
    expect((await ec2Of(server).send(new DescribeVolumesCommand())).Volumes).toHaveLength(13);
  });
});
