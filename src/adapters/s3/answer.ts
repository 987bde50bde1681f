import { type Credentials, scrub } from "../aws/keys.ts";
import { optionalText, parseXml } from "../aws/xml.ts";
import { isRegion } from "./address.ts";
import { type Bytes, textOf } from "./body.ts";
import { isRetryable, S3Error, type S3Failure } from "./error.ts";

/** An error document has some hundred bytes. */
const maxErrorBytes = 65_536;

type Refusal = {
  readonly failure: S3Failure;
  /** Where the bucket is instead; null: nothing was said of that. */ readonly region: string | null;
};

const saidOf = (xml: string): { code?: string | undefined; message?: string | undefined; region?: string | undefined } => {
  const document = parseXml(xml);
  if (document?.root !== "Error") return {};
  try {
    const [code, message, region] = ["Code", "Message", "Region"].map((name) => optionalText(document.node, name));
    return { code, message, region };
  } catch {
    return {};
  }
};

/** Why S3 refused. Some servers answer with a page of their own: then its status is all that is known. */
export const refusalOf = async (response: Response, keys: Credentials): Promise<Refusal> => {
  const { status, headers } = response;
  const said = saidOf(await textOf(response.body as Bytes | null, maxErrorBytes));
  const code = said.code ?? `http_${status}`;
  const message = scrub(said.message ?? `answered ${status} without saying why`, keys);
  // Others say it where the region is not the point, too.
  const isElsewhere = status === 301 || status === 307 || code === "AuthorizationHeaderMalformed" || code === "PermanentRedirect";
  const region = isElsewhere ? (headers.get("x-amz-bucket-region") ?? said.region ?? null) : null;
  return {
    failure: { code, message, httpStatus: status, requestId: headers.get("x-amz-request-id"), retryable: isRetryable(code, status) },
    region: region !== null && isRegion(region) ? region : null,
  };
};

/** @throws S3Error always */
export const unreadable = (response: Response, what: string): never => {
  const requestId = response.headers.get("x-amz-request-id");
  throw new S3Error({ code: "unreadable", message: what, httpStatus: response.status, requestId, retryable: true });
};
