import { element, xmlDocument } from "../route53/xml.ts";

/** A refusal as S3 sends it: its status, code, message, what else its document names, and headers. */
export class S3Refusal extends Error {
  override name = "S3Refusal";
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, details: Record<string, string> = {}, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
    this.headers = headers;
  }
}

/** The document of a refusal; unlike its listings it has no namespace. */
export function renderRefusal({ code, message, details }: S3Refusal, requestId: string): string {
  const parts = { Code: code, Message: message, ...details, RequestId: requestId, HostId: "local" };
  return xmlDocument(
    "Error",
    Object.entries(parts).map(([name, value]) => element(name, value)),
    null,
  );
}

export const accessDenied = (): S3Refusal => new S3Refusal(403, "AccessDenied", "Access Denied");

export const noSuchBucket = (name: string): S3Refusal =>
  new S3Refusal(404, "NoSuchBucket", "The specified bucket does not exist", { BucketName: name });

export const noSuchKey = (key: string): S3Refusal => new S3Refusal(404, "NoSuchKey", "The specified key does not exist.", { Key: key });

export const invalidArgument = (name: string, value: string, message: string): S3Refusal =>
  new S3Refusal(400, "InvalidArgument", message, { ArgumentName: name, ArgumentValue: value });

export const slowDown = (): S3Refusal => new S3Refusal(503, "SlowDown", "Please reduce your request rate.");

export const internalError = (): S3Refusal => new S3Refusal(500, "InternalError", "We encountered an internal error. Please try again.");

/** Where a bucket is instead, in the form of both redirects. */
export const elsewhere = (bucket: { name: string; region: string }, style: "path" | "virtual"): S3Refusal =>
  new S3Refusal(
    301,
    "PermanentRedirect",
    "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
    {
      Endpoint: `${style === "virtual" ? `${bucket.name}.` : ""}s3.${bucket.region}.amazonaws.com`,
      Bucket: bucket.name,
    },
    { "x-amz-bucket-region": bucket.region },
  );
