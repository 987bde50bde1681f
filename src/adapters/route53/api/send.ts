import { AwsV4Signer } from "aws4fetch";
import { isoTime } from "../../../iso-time.ts";
import { basicTime, type Credentials, encodePart, scrub } from "../../aws/keys.ts";
import { PausedError } from "../../ports/platform/breakers.ts";
import type { Clock } from "../../ports/platform/clock.ts";
import { classify, type Failure, Route53Error, unansweredError, unsentError } from "./error.ts";
import { items, optionalChild, optionalText, parseXml, texts, type XmlNode, XmlShapeError } from "../../aws/xml.ts";

/** A service: `name` as signed, `label` for messages, `root` before every path. */
export type Service = { readonly name: string; readonly label: string; readonly root: string; readonly contentType: string };

/** One API call. `path` is below the version; `root` and `read` define a valid answer. */
export type Route53Request<T> = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly root: string;
  /** @throws XmlShapeError where the answer is not what `root` promises */
  readonly read: (node: XmlNode) => T;
};

/** A call with its credentials and transport. @throws Route53Error, and nothing else */
export type Call = <T>(request: Route53Request<T>) => Promise<T>;

/** One attempt, which ends when the signal says so. @throws Route53Error, and nothing else */
export type Send = <T>(request: Route53Request<T>, keys: Credentials, signal: AbortSignal) => Promise<T>;

export type SendOptions = {
  readonly endpoint: string;
  readonly region: string;
  /** Default Route 53. */
  readonly service?: Service;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** For the whole exchange, the body included. */
  readonly timeoutMs: number;
};

type Answer = { readonly status: number; readonly text: string; readonly id: string | null };

const route53: Service = { name: "route53", label: "Route 53", root: "2013-04-01/", contentType: "application/xml" };

const urlOf = (endpoint: string, path: string, query: Readonly<Record<string, string>> = {}): string => {
  const segments = path.split("/").map(encodePart).join("/");
  const pairs = Object.entries(query).map(([key, value]) => `${encodePart(key)}=${encodePart(value)}`);
  return `${endpoint.replace(/\/+$/, "")}/${segments}${pairs.length > 0 ? `?${pairs.join("&")}` : ""}`;
};

/** Signs and sends one attempt of a call and reads its answer. */
export const createSend = (options: SendOptions): Send => {
  const { clock, region, timeoutMs, service = route53 } = options;
  const { label } = service;
  const fetchOnce = options.fetch; // detached: workerd refuses fetch called as a method
  const keyCache = new Map<string, ArrayBuffer>();

  const exchange = async (request: Route53Request<unknown>, keys: Credentials, signal: AbortSignal): Promise<Answer> => {
    const controller = new AbortController();
    const abort = () => controller.abort();
    const startedAtMs = clock.nowMs();
    const timer = setTimeout(abort, timeoutMs);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    try {
      const signed = await new AwsV4Signer({
        ...keys,
        method: request.method,
        url: urlOf(options.endpoint, service.root + request.path, request.query),
        ...(request.body !== undefined && { body: request.body, headers: { "content-type": service.contentType } }),
        service: service.name,
        region,
        datetime: basicTime(isoTime(clock.nowMs())),
        cache: keyCache,
      }).sign();
      const response = await fetchOnce(signed.url.toString(), {
        method: signed.method,
        headers: signed.headers,
        ...(request.body !== undefined && { body: request.body }),
        redirect: "manual",
        signal: controller.signal,
      });
      return { status: response.status, text: await response.text(), id: response.headers.get("x-amzn-requestid") };
    } catch (cause) {
      if (cause instanceof PausedError) throw unsentError("paused", cause.message);
      if (controller.signal.aborted) throw unansweredError(label, signal.aborted ? clock.nowMs() - startedAtMs : timeoutMs);
      const said = cause instanceof Error ? scrub(cause.message, keys) : "no reason given";
      throw new Route53Error({
        code: "network",
        messages: [`could not reach ${label}: ${said}`],
        httpStatus: null,
        requestId: null,
        retryable: true,
        uncertain: true,
      });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    }
  };

  return async <T>(request: Route53Request<T>, keys: Credentials, signal: AbortSignal): Promise<T> => {
    const answer = await exchange(request, keys, signal);
    const document = parseXml(answer.text);
    if (answer.status !== 200 && answer.status !== 201) {
      const failure = readFailure(document?.root ?? "", document?.node ?? {}, answer, label);
      throw new Route53Error({ ...failure, messages: failure.messages.map((message) => scrub(message, keys)) });
    }
    try {
      if (document?.root === request.root) return request.read(document.node);
    } catch (thrown) {
      if (!(thrown instanceof XmlShapeError)) throw thrown;
    }
    // It may be truncated, or a proxy's: the call may have succeeded, so it counts as unanswered.
    throw new Route53Error({
      code: "unreadable",
      messages: [`the answer is not a whole ${request.root}`],
      httpStatus: answer.status,
      requestId: answer.id,
      retryable: true,
      uncertain: true,
    });
  };
};

/** Reads an error answer: `<ErrorResponse>`, the older `<InvalidChangeBatch>`, EC2's `<Response><Errors>`, or anything else by its status. */
const readFailure = (root: string, node: XmlNode, { status, id }: Answer, label: string): Failure => {
  try {
    const error = optionalChild(node, "Error") ?? items(node, "Errors", "Error")[0] ?? node;
    const code = optionalText(error, "Code") ?? (root === "InvalidChangeBatch" ? root : undefined);
    if (code === undefined || code === "") return unreadableFailure(status, id, label);
    const listed = texts(error, "Messages", "Message");
    const messages = listed.length > 0 ? listed : [optionalText(error, "Message") ?? "no reason given"];
    return {
      code,
      // The lines after the first of a signature error repeat the request's headers, session token included.
      messages: code.includes("Signature") ? messages.map((message) => message.split("\n")[0] ?? "") : messages,
      httpStatus: status,
      requestId: optionalText(node, "RequestId") ?? optionalText(node, "RequestID") ?? id,
      ...classify(code, status),
    };
  } catch {
    return unreadableFailure(status, id, label);
  }
};

const unreadableFailure = (status: number, requestId: string | null, label: string): Failure => {
  const code = `http_${status}`;
  const what = status >= 300 && status < 400 ? "a redirect, which is not followed" : `a body that is not ${label}'s`;
  const messages = [`answered ${status} with ${what}`];
  return { code, messages, httpStatus: status, requestId, ...classify(code, status) };
};
