import { DescribeAddressesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { DescribeLoadBalancersCommand, ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { ListHostedZonesByNameCommand, Route53Client } from "@aws-sdk/client-route-53";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/nested-clients/sts";
import { HttpResponse } from "@smithy/core/protocols";
import { describe, expect, it } from "vitest";
import { awsPartitions, endpointOf, partitionOf } from "../../../src/domain/steering/aws-partition.ts";

type Seen = { endpoint: string; signingRegion: string | undefined };

/** Settings of a client that sends nothing, and where it would have sent it, signed for which region. */
const watched = (region: string) => {
  const seen: Seen = { endpoint: "", signingRegion: undefined };
  const requestHandler = {
    handle: async (request: { protocol: string; hostname: string; headers: Record<string, string> }) => {
      seen.endpoint = `${request.protocol}//${request.hostname}`;
      seen.signingRegion = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers["authorization"] ?? "")?.[1];
      return { response: new HttpResponse({ statusCode: 500, headers: {} }) };
    },
  };
  return {
    seen,
    settings: { region, credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" }, maxAttempts: 1, requestHandler },
  };
};

/** As AWS's own clients have it. */
const sdk = {
  route53: async (region: string): Promise<Seen> => {
    const { seen, settings } = watched(region);
    await new Route53Client(settings).send(new ListHostedZonesByNameCommand({})).catch(() => undefined);
    return seen;
  },
  ec2: async (region: string): Promise<Seen> => {
    const { seen, settings } = watched(region);
    await new EC2Client(settings).send(new DescribeAddressesCommand()).catch(() => undefined);
    return seen;
  },
  elasticloadbalancing: async (region: string): Promise<Seen> => {
    const { seen, settings } = watched(region);
    await new ElasticLoadBalancingV2Client(settings).send(new DescribeLoadBalancersCommand()).catch(() => undefined);
    return seen;
  },
  sts: async (region: string): Promise<Seen> => {
    const { seen, settings } = watched(region);
    await new STSClient(settings)
      .send(new AssumeRoleCommand({ RoleArn: "arn:aws:iam::123456789012:role/tranche", RoleSessionName: "tranche" }))
      .catch(() => undefined);
    return seen;
  },
};

describe("the partition of a region", () => {
  it.each([
    ["us-east-1", "aws"],
    ["eu-central-1", "aws"],
    ["ap-southeast-7", "aws"],
    ["mx-central-1", "aws"],
    ["il-central-1", "aws"],
    ["us-gov-west-1", "aws-us-gov"],
    ["us-gov-east-1", "aws-us-gov"],
    ["cn-north-1", "aws-cn"],
    ["cn-northwest-1", "aws-cn"],
  ])("%s is in %s, with endpoint and signing region as AWS's own client has them", async (region, name) => {
    const partition = partitionOf(region);
    expect(partition?.name).toBe(name);
    expect(partition?.route53).toEqual(await sdk.route53(region));
  });

  it.each(["us-iso-east-1", "us-isob-east-1", "nowhere", "", "us-east"])("knows none for %j", (region) => {
    expect(partitionOf(region)).toBeNull();
  });

  it("is exactly one", () => {
    for (const { route53 } of awsPartitions)
      expect(awsPartitions.filter((one) => one.ownsRegion.test(route53.signingRegion))).toHaveLength(1);
  });
});

describe("the endpoint of a service", () => {
  it.each(["us-east-1", "eu-central-1", "il-central-1", "us-gov-west-1", "cn-north-1"])(
    "in %s is as AWS's own clients have it",
    async (region) => {
      for (const service of ["ec2", "elasticloadbalancing", "sts"] as const)
        expect(await sdk[service](region)).toEqual({ endpoint: endpointOf(service, region), signingRegion: region });
    },
  );
});
