import { gzipSync } from "node:zlib";
import type { TrailCall } from "./cloudtrail-calls.ts";
import { bearingCalls } from "./cloudtrail-calls.ts";

/** What is to be recorded. */
export type TrailOptions = {
  readonly accountId?: string;
  readonly region?: string;
  /** Of the first record; each follows `stepMs` later. */
  readonly fromMs: number;
  readonly stepMs?: number;
  /** Makes their ids: the same seed, the same records. */
  readonly seed?: number;
  readonly calls?: readonly TrailCall[];
};

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, "0").slice(-digits);

/** A UUID that is the same for the same numbers. */
export const recordId = (seed: number, index: number): string => `${hex(seed, 8)}-0000-4000-8000-${hex(index, 12)}`;

/** Everybody who can act, as CloudTrail tells of them. */
const identities = (accountId: string): readonly unknown[] => [
  {
    type: "AssumedRole",
    principalId: "AROAEXAMPLEEXAMPLEEX:build-17",
    arn: `arn:aws:sts::${accountId}:assumed-role/Deploy/build-17`,
    accountId,
    accessKeyId: "ASIAEXAMPLEEXAMPLE00",
    sessionContext: {
      sessionIssuer: {
        type: "Role",
        principalId: "AROAEXAMPLEEXAMPLEEX",
        arn: `arn:aws:iam::${accountId}:role/ci/Deploy`,
        accountId,
        userName: "Deploy",
      },
      webIdFederationData: {},
      attributes: { creationDate: "2026-11-28T01:00:00Z", mfaAuthenticated: "false" },
    },
  },
  { type: "IAMUser", principalId: "AIDAEXAMPLE", arn: `arn:aws:iam::${accountId}:user/alice`, accountId, userName: "alice" },
  { type: "Root", principalId: accountId, arn: `arn:aws:iam::${accountId}:root`, accountId, accessKeyId: "" },
  { type: "AWSService", invokedBy: "autoscaling.amazonaws.com" },
];

/** Times of records have no fractions of seconds. */
const trailTime = (atMs: number): string => new Date(atMs).toISOString().replace(/\.\d{3}Z$/, "Z");

/** One record, with every field that AWS documents for a management event. */
const trailRecord = (index: number, options: TrailOptions): Readonly<Record<string, unknown>> => {
  const { accountId = "123456789012", region = "eu-central-1", fromMs, stepMs = 1_000, seed = 1, calls = bearingCalls } = options;
  const { source, name, request, response, resource } = calls[index % calls.length] ?? bearingCalls[0]!;
  const everybody = identities(accountId);
  return {
    eventVersion: "1.11",
    userIdentity: everybody[index % everybody.length],
    eventTime: trailTime(fromMs + index * stepMs),
    eventSource: source,
    eventName: name,
    awsRegion: region,
    sourceIPAddress: "203.0.113.7",
    userAgent: "aws-cli/2.31.0",
    requestParameters: request,
    responseElements: response,
    additionalEventData: { SignatureVersion: "SigV4" },
    requestID: recordId(seed, 0x1000_0000 + index),
    eventID: recordId(seed, index),
    readOnly: false,
    ...(resource !== null && { resources: [{ accountId, type: "AWS::Resource", ARN: `arn:aws:any:${region}:${accountId}:${resource}` }] }),
    eventType: "AwsApiCall",
    apiVersion: "2016-11-15",
    managementEvent: true,
    recipientAccountId: accountId,
    sharedEventID: recordId(seed, 0x2000_0000 + index),
    eventCategory: "Management",
    tlsDetails: { tlsVersion: "TLSv1.3", cipherSuite: "TLS_AES_128_GCM_SHA256", clientProvidedHostHeader: source },
    sessionCredentialFromConsole: "true",
  };
};

export const trailRecords = (count: number, options: TrailOptions): Readonly<Record<string, unknown>>[] =>
  Array.from({ length: count }, (_, index) => trailRecord(index, options));

/** A log file as CloudTrail puts it into a bucket. */
export type TrailFile = { readonly key: string; readonly body: Buffer; readonly contentType: string; readonly contentEncoding: string };

const randomName = (seed: number): string => {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from({ length: 16 }, (_, place) => letters[(seed * 31 + place * 17 + ((seed >> place) & 7)) % letters.length]).join("");
};

/**
 * A file as AWS writes it: `AWSLogs/ACCOUNT/CloudTrail/REGION/yyyy/mm/dd/ACCOUNT_CloudTrail_REGION_yyyymmddThhmmZ_RANDOM.json.gz`, with
 * `Content-Encoding: gzip`.
 * @param prefix before `AWSLogs/`: empty, or ends with a slash
 */
export const trailFile = (
  records: readonly unknown[],
  { accountId = "123456789012", region = "eu-central-1", fromMs, seed = 1 }: TrailOptions,
  prefix = "",
): TrailFile => {
  const time = trailTime(fromMs);
  const folder = `AWSLogs/${accountId}/CloudTrail/${region}/${time.slice(0, 10).replaceAll("-", "/")}`;
  const minute = `${time.slice(0, 10).replaceAll("-", "")}T${time.slice(11, 13)}${time.slice(14, 16)}Z`;
  return {
    key: `${prefix}${folder}/${accountId}_CloudTrail_${region}_${minute}_${randomName(seed)}.json.gz`,
    body: gzipSync(JSON.stringify({ Records: records })),
    contentType: "application/json",
    contentEncoding: "gzip",
  };
};
