import { ListHostedZonesByNameCommand, Route53Client } from "@aws-sdk/client-route-53";
import { HttpResponse } from "@smithy/core/protocols";
import { describe, expect, it } from "vitest";
import { awsPartitions, partitionOf } from "../../../src/domain/steering/aws-partition.ts";

/** Where AWS's own client would send a request for a region, and for which region it would sign it. */
const asTheSdkHasIt = async (region: string): Promise<{ endpoint: string; signingRegion: string | undefined }> => {
  const seen = { endpoint: "", signingRegion: undefined as string | undefined };
  const client = new Route53Client({
    region,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    maxAttempts: 1,
    requestHandler: {
      handle: async (request: { protocol: string; hostname: string; headers: Record<string, string> }) => {
        seen.endpoint = `${request.protocol}//${request.hostname}`;
        seen.signingRegion = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers["authorization"] ?? "")?.[1];
        return { response: new HttpResponse({ statusCode: 500, headers: {} }) };
      },
    },
  });
  await client.send(new ListHostedZonesByNameCommand({})).catch(() => undefined);
  client.destroy();
  return seen;
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
    expect(partition?.route53).toEqual(await asTheSdkHasIt(region));
  });

  it.each(["us-iso-east-1", "us-isob-east-1", "nowhere", "", "us-east"])("knows none for %j", (region) => {
    expect(partitionOf(region)).toBeNull();
  });

  it("is exactly one", () => {
    for (const { route53 } of awsPartitions)
      expect(awsPartitions.filter((one) => one.ownsRegion.test(route53.signingRegion))).toHaveLength(1);
  });
});
