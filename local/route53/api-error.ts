import { randomUUID } from "node:crypto";
import { element, xmlDocument } from "./xml.ts";

/** A refusal in the form in which Route 53 sends it. `messages` only for InvalidChangeBatch: one per faulty change. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly status: number;
  readonly code: string;
  readonly messages: string[] | undefined;

  constructor(status: number, code: string, message: string, messages?: string[]) {
    super(message);
    this.status = status;
    this.code = code;
    this.messages = messages;
  }
}

/** HTTP 400 InvalidInput. */
export function invalidInput(message: string): ApiError {
  return new ApiError(400, "InvalidInput", message);
}

/** HTTP 400 MalformedInput: what Route 53 answers today to a body that is not the XML document it expects. */
export function malformedInput(message: string): ApiError {
  return new ApiError(400, "MalformedInput", message);
}

/** HTTP 400 InvalidChangeBatch: all messages in one Message element, bracketed and comma-separated. */
export function invalidChangeBatch(messages: string[]): ApiError {
  return new ApiError(400, "InvalidChangeBatch", `[${messages.join(", ")}]`, messages);
}

/** The words in which AWS refuses what a policy does not allow. */
export function accessDenied(arn: string, action: string, resource: string, explicit = false): ApiError {
  const where = resource === "*" ? "" : ` on resource: ${resource}`;
  const why = explicit
    ? "with an explicit deny in an identity-based policy"
    : `because no identity-based policy allows the ${action} action`;
  return new ApiError(403, "AccessDenied", `User: ${arn} is not authorized to perform: ${action}${where} ${why}`);
}

/**
 * How InvalidChangeBatch is put on the wire. Route 53 sends `error-response` today (seen 2024; the SDK then fills
 * `message` only); `messages` is its older document, which SDKs of other languages still carry code for.
 */
export type ChangeBatchErrorShape = "error-response" | "messages";

/** The XML body of a refusal, with the request id that goes into `x-amzn-requestid` too. */
export function renderError(error: ApiError, shape: ChangeBatchErrorShape, requestId: string = randomUUID()): string {
  if (error.messages && shape === "messages") {
    const list = error.messages.map((message) => element("Message", message));
    return xmlDocument("InvalidChangeBatch", [element("Messages", list), element("RequestId", requestId)]);
  }
  const detail = [element("Type", "Sender"), element("Code", error.code), element("Message", error.message)];
  return xmlDocument("ErrorResponse", [element("Error", detail), element("RequestId", requestId)]);
}
