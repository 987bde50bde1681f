/** An AWS partition, with accounts, endpoints and ARNs of its own. */
export type AwsPartition = {
  /** As in ARNs: `arn:<name>:`. */
  readonly name: string;
  readonly route53: { readonly endpoint: string; readonly signingRegion: string };
  /** The suffix of `<service>.<region>.`. */
  readonly dnsSuffix: string;
  readonly ownsRegion: RegExp;
};

const commercial: AwsPartition = {
  name: "aws",
  route53: { endpoint: "https://route53.amazonaws.com", signingRegion: "us-east-1" },
  dnsSuffix: "amazonaws.com",
  ownsRegion: /^(?!cn-|us-gov-|us-iso)[a-z]{2,}(-[a-z]+)+-\d+$/,
};

/**
 * Route 53's endpoint and signing region, by partition (AWS General Reference, "Amazon Route 53
 * endpoints and quotas"; compared with the endpoint rules of AWS's own client by a test).
 */
export const awsPartitions: readonly AwsPartition[] = [
  commercial,
  {
    name: "aws-us-gov",
    route53: { endpoint: "https://route53.us-gov.amazonaws.com", signingRegion: "us-gov-west-1" },
    dnsSuffix: "amazonaws.com",
    ownsRegion: /^us-gov-[a-z]+-\d+$/,
  },
  {
    name: "aws-cn",
    route53: { endpoint: "https://route53.amazonaws.com.cn", signingRegion: "cn-northwest-1" },
    dnsSuffix: "amazonaws.com.cn",
    ownsRegion: /^cn-[a-z]+-\d+$/,
  },
];

/** The partition of a region; null where it is in no supported one. */
export const partitionOf = (region: string): AwsPartition | null => awsPartitions.find(({ ownsRegion }) => ownsRegion.test(region)) ?? null;

export const defaultPartition: AwsPartition = commercial;

/** Where a service of a region is: `https://sts.eu-central-1.amazonaws.com`. */
export const endpointOf = (service: "ec2" | "elasticloadbalancing" | "sts", region: string): string =>
  `https://${service}.${region}.${(partitionOf(region) ?? defaultPartition).dnsSuffix}`;
