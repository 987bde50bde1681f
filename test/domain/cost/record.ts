import type { Json } from "../../../src/domain/cost/fields.ts";

/** A clock for records: 2026-11-28T12:00:00Z. */
export const nowMs = 1_795_867_200_000;

export const role = {
  type: "AssumedRole",
  principalId: "AROAEXAMPLEEXAMPLEEX:build-17",
  arn: "arn:aws:sts::123456789012:assumed-role/Deploy/build-17",
  accountId: "123456789012",
  accessKeyId: "ASIAEXAMPLEEXAMPLE00",
  sessionContext: {
    sessionIssuer: {
      type: "Role",
      principalId: "AROAEXAMPLEEXAMPLEEX",
      arn: "arn:aws:iam::123456789012:role/ci/Deploy",
      accountId: "123456789012",
      userName: "Deploy",
    },
    webIdFederationData: { federatedProvider: "token.actions.example.com", attributes: {} },
    attributes: { creationDate: "2026-11-28T01:00:00Z", mfaAuthenticated: "false" },
    sourceIdentity: "alice",
    ec2RoleDelivery: "2.0",
  },
  inScopeOf: {
    sourceArn: "arn:aws:lambda:us-east-1:123456789012:function:f",
    sourceAccount: "123456789012",
    issuerType: "AWS::Lambda::Function",
  },
};

/** A record with every field that AWS documents. */
export const record = (own: Json = {}): Json => ({
  eventVersion: "1.11",
  userIdentity: role,
  eventTime: "2026-11-28T01:30:00Z",
  eventSource: "ec2.amazonaws.com",
  eventName: "RunInstances",
  awsRegion: "us-east-1",
  sourceIPAddress: "203.0.113.7",
  userAgent: "aws-cli/2.31.0",
  requestParameters: { instanceType: "m7i.large", instancesSet: { items: [{ imageId: "ami-0abc", minCount: 1, maxCount: 1 }] } },
  responseElements: { instancesSet: { items: [{ instanceId: "i-0123456789abcdef0" }] } },
  additionalEventData: { SignatureVersion: "SigV4" },
  requestID: "59dbff89-35bd-4eac-99ed-be587EXAMPLE",
  eventID: "3038EBD2-c98a-4c65-9b6e-e22506292313",
  eventType: "AwsApiCall",
  apiVersion: "2016-11-15",
  managementEvent: true,
  readOnly: false,
  resources: [
    { ARN: "arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0", accountId: "123456789012", type: "AWS::EC2::Instance" },
  ],
  recipientAccountId: "123456789012",
  serviceEventDetails: null,
  sharedEventID: "0d0d0d0d-c98a-4c65-9b6e-e22506292313",
  vpcEndpointId: "vpce-0abc",
  vpcEndpointAccountId: "123456789012",
  eventCategory: "Management",
  addendum: { reason: "DELIVERY_DELAY", updatedFields: "", originalRequestID: "", originalEventID: "" },
  sessionCredentialFromConsole: "true",
  eventContext: { requestContext: {}, tagContext: {} },
  edgeDeviceDetails: null,
  tlsDetails: { tlsVersion: "TLSv1.3", cipherSuite: "TLS_AES_128_GCM_SHA256", clientProvidedHostHeader: "ec2.us-east-1.amazonaws.com" },
  ...own,
});

/** The same without one of its fields. */
export const without = (field: string, own: Json = {}): Json =>
  Object.fromEntries(Object.entries(record(own)).filter(([name]) => name !== field));
