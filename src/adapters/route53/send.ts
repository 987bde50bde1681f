import { AwsV4Signer } from "aws4fetch";
import { isoTime } from "../../iso-time.ts";
import type { Clock } from "../ports/clock.ts";
import { classify, type Failure, Route53Error } from "./error.ts";
import { optionalChild, optionalText, parseXml, texts, type XmlNode, XmlShapeError } from "./xml.ts";

export type Credentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

/** One API call. `path` is below the version; `root` and `read` say what a good answer is. */
export type Route53Request<T> = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly root: string;
  /** @throws XmlShapeError where the answer is not what `root` promises */
  readonly read: (node: XmlNode) => T;
};

/** @throws Route53Error, and nothing else */
export type Call = <T>(request: Route53Request<T>) => Promise<T>;

export type SendOptions = {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** For the whole exchange, the body included. */
  readonly timeoutMs: number;
};

type Answer = { readonly status: number; readonly text: string; readonly id: string | null };

const version = "2013-04-01";

// RFC 3986 strictly, as SigV4 counts: what is sent is then letter for letter what was signed.
const encode = (part: string): string =>
  encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const urlOf = (endpoint: string, path: string, query: Readonly<Record<string, string>>): string => {
  const segments = path.split("/").map(encode).join("/");
  const pairs = Object.entries(query).map(([key, value]) => `${encode(key)}=${encode(value)}`);
  return `${endpoint.replace(/\/+$/, "")}/${version}/${segments}${pairs.length > 0 ? `?${pairs.join("&")}` : ""}`;
};

/** Signs and sends one attempt of a call and reads its answer. */
export const createSend = (options: SendOptions): Call => {
  const { clock, credentials, region, timeoutMs } = options;
  const fetchOnce = options.fetch; // detached: workerd refuses fetch called as a method
  const keyCache = new Map<string, ArrayBuffer>();
  const { sessionToken = "", secretAccessKey, accessKeyId } = credentials;
  const secrets = [sessionToken, secretAccessKey, accessKeyId].filter((secret) => secret.length >= 8);
  const scrub = (text: string): string =>
    secrets
      .reduce((clean, secret) => clean.replaceAll(secret, "***"), text)
      .replace(/\s+/g, " ")
      .trim();

  const exchange = async (request: Route53Request<unknown>): Promise<Answer> => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), timeoutMs);
    try {
      const signed = await new AwsV4Signer({
        ...credentials,
        method: request.method,
        url: urlOf(options.endpoint, request.path, request.query ?? {}),
        ...(request.body !== undefined && { body: request.body, headers: { "content-type": "application/xml" } }),
        service: "route53",
        region,
        datetime: isoTime(clock.nowMs()).replace(/[:-]|\.\d{3}/g, ""),
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
      const timedOut = controller.signal.aborted;
      const said = cause instanceof Error ? scrub(cause.message) : "no reason given";
      throw new Route53Error({
        code: timedOut ? "timeout" : "network",
        messages: [timedOut ? `no answer from Route 53 within ${timeoutMs} ms` : `could not reach Route 53: ${said}`],
        httpStatus: null,
        requestId: null,
        retryable: true,
        uncertain: true,
      });
    } finally {
      clearTimeout(timer);
    }
  };

  return async <T>(request: Route53Request<T>): Promise<T> => {
    const answer = await exchange(request);
    const document = parseXml(answer.text);
    if (answer.status !== 200 && answer.status !== 201) {
      const failure = readFailure(document?.root ?? "", document?.node ?? {}, answer.status, answer.id);
      throw new Route53Error({ ...failure, messages: failure.messages.map(scrub) });
    }
    try {
      if (document?.root === request.root) return request.read(document.node);
    } catch (thrown) {
      if (!(thrown instanceof XmlShapeError)) throw thrown;
    }
    // It may be cut short, or a proxy's: the call may well have succeeded, so it counts as unanswered.
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

/** Reads an error answer: `<ErrorResponse>`, the older `<InvalidChangeBatch>`, or anything else by its status. */
const readFailure = (root: string, node: XmlNode, status: number, headerId: string | null): Failure => {
  try {
    const error = optionalChild(node, "Error") ?? node;
    const code = optionalText(error, "Code") ?? (root === "InvalidChangeBatch" ? root : undefined);
    if (code === undefined || code === "") return unreadableFailure(status, headerId);
    const listed = texts(error, "Messages", "Message");
    const messages = listed.length > 0 ? listed : [optionalText(error, "Message") ?? "no reason given"];
    return {
      code,
      // What follows the first line of a signature error repeats the request's headers, session token included.
      messages: code.includes("Signature") ? messages.map((message) => message.split("\n")[0] ?? "") : messages,
      httpStatus: status,
      requestId: optionalText(node, "RequestId") ?? optionalText(node, "RequestID") ?? headerId,
      ...classify(code, status),
    };
  } catch {
    return unreadableFailure(status, headerId);
  }
};

const unreadableFailure = (status: number, requestId: string | null): Failure => {
  const code = `http_${status}`;
  const what = status >= 300 && status < 400 ? "a redirect, which is not followed" : "a body that is not Route 53's";
  const messages = [`answered ${status} with ${what}`];
  return { code, messages, httpStatus: status, requestId, ...classify(code, status) };
};
