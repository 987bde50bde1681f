import type { IamRequest } from "../route53/iam.ts";
import type { S3Operation } from "./faults.ts";

/** What IAM is asked for a request to S3 (Service Authorization Reference, Amazon S3). @param key of a listing its prefix */
export function s3IamRequest(operation: S3Operation, bucket: string, key: string): IamRequest {
  if (operation === "ListObjectsV2") return { action: "s3:ListBucket", resource: `arn:aws:s3:::${bucket}`, context: { "s3:prefix": key } };
  return { action: operation === "GetObject" ? "s3:GetObject" : "s3:PutObject", resource: `arn:aws:s3:::${bucket}/${key}`, context: {} };
}
