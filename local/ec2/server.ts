import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ApiError } from "../route53/api-error.ts";
import { resetConnection, SERVER_ERROR_HTML } from "../route53/faults.ts";
import { readRequest } from "../route53/read-request.ts";
import type { Credentials, SignedRequest } from "../route53/sigv4.ts";
import { parseAuthorization, verifySignature } from "../route53/sigv4.ts";
import { element, xmlDocument } from "../route53/xml.ts";
import { ec2Actions } from "./ec2-actions.ts";
import { loadBalancingActions } from "./load-balancing-actions.ts";
import type { SiteAccount, Spot } from "./site.ts";

/** `reset`, `hang`: no answer comes; `truncated-xml`: it stops half-way. */
export interface CloudFault {
  kind: "hang" | "reset" | "server-error" | "throttle" | "truncated-xml";
  /** Only these actions, such as `DescribeVolumes`; all when absent. */
  actions?: readonly string[];
  /** Only in these regions; in all when absent. */
  regions?: readonly string[];
  /** Ends by itself after so many requests; stays when absent. */
  times?: number;
}

export interface CloudServerOptions {
  /** 0 (default): any free port. */
  port?: number;
  /** May change while the server runs, as what there is does. */
  accounts: readonly SiteAccount[];
  /** Temporary credentials that count beside the keys of accounts, by access key id. */
  sessions?: (accessKeyId: string) => (Credentials & { accountId?: string }) | undefined;
  now?: () => number;
}

export interface CloudServer {
  url: string;
  close(): Promise<void>;
  /** What came, good and bad, and what it got; null as long as (or when never) answered. */
  requests: { readonly action: string; readonly region: string; readonly form: URLSearchParams; status: number | null }[];
  setFault(fault: CloudFault | null): void;
}

/** A service by the version of its API. `refused`: how it says that credentials, or a region, are not good. */
interface Api {
  service: "ec2" | "elasticloadbalancing";
  actions: Record<string, (spot: Spot, form: URLSearchParams) => string>;
  refused(error: ApiError): ApiError;
  denied(message: string): ApiError;
  throttled: () => ApiError;
  render(error: ApiError): string;
}

const INVALID_KEYS = "AWS was not able to validate the provided access credentials";

const ec2: Api = {
  service: "ec2",
  actions: ec2Actions,
  refused: ({ code }) =>
    code === "ExpiredToken" ? new ApiError(400, "RequestExpired", "Request has expired.") : new ApiError(401, "AuthFailure", INVALID_KEYS),
  denied: (message) => new ApiError(403, "UnauthorizedOperation", `You are not authorized to perform this operation. ${message}`),
  throttled: () => new ApiError(503, "RequestLimitExceeded", "Request limit exceeded."),
  render: ({ code, message }) =>
    xmlDocument(
      "Response",
      [element("Errors", [element("Error", [element("Code", code), element("Message", message)])]), element("RequestID", randomUUID())],
      null,
    ),
};

const loadBalancing: Api = {
  service: "elasticloadbalancing",
  actions: loadBalancingActions,
  refused: (error) => error,
  denied: (message) => new ApiError(403, "AccessDenied", message),
  throttled: () => new ApiError(400, "Throttling", "Rate exceeded"),
  render: ({ code, message }) => {
    const detail = [element("Type", "Sender"), element("Code", code), element("Message", message)];
    return xmlDocument(
      "ErrorResponse",
      [element("Error", detail), element("RequestId", randomUUID())],
      "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
    );
  },
};

const APIS = new Map<string | null, Api>([
  ["2016-11-15", ec2],
  ["2015-12-01", loadBalancing],
]);

/** The region that a request is signed for: each has an endpoint of its own, and here they are one. */
function regionOf({ headers }: SignedRequest): string {
  try {
    const { credential } = parseAuthorization(headers.get("authorization") ?? "", headers);
    return credential.split("/")[2] ?? "";
  } catch {
    return "";
  }
}

/**
 * EC2 and Elastic Load Balancing on 127.0.0.1, of every region: the Query APIs 2016-11-15 and 2015-12-01 as far as they describe addresses,
 * volumes, instances, load balancers with their listeners and rules, target groups and their targets, with real Signature V4, pages, and regions that are not enabled.
 */
export async function startCloud(options: CloudServerOptions): Promise<CloudServer> {
  const { accounts, sessions = () => undefined, now = Date.now } = options;
  const requests: CloudServer["requests"] = [];
  let fault: (CloudFault & { left: number }) | null = null;

  const faultOf = (action: string, region: string): CloudFault["kind"] | null => {
    if (fault === null || fault.left < 1) return null;
    const { kind, actions = [action], regions = [region] } = fault;
    if (!actions.includes(action) || !regions.includes(region)) return null;
    fault.left -= 1;
    return kind;
  };

  const accountOf = (accessKeyId: string): SiteAccount | undefined => {
    const accountId = sessions(accessKeyId)?.accountId;
    return accounts.find((account) => account.keys.accessKeyId === accessKeyId || account.accountId === accountId);
  };

  /** Throws the ApiError of who is not known in the region that the request is signed for. */
  const authenticated = (request: SignedRequest, { service, refused }: Api, region: string) => {
    try {
      const keyring = (keyId: string) => sessions(keyId) ?? accountOf(keyId)?.keys;
      const { accessKeyId } = verifySignature(request, keyring, now(), { region, service });
      const account = accountOf(accessKeyId);
      const site = account?.regions[region];
      if (account !== undefined && site !== undefined) return { account, site };
      throw new ApiError(403, "InvalidClientTokenId", "The security token included in the request is invalid");
    } catch (error) {
      throw error instanceof ApiError ? refused(error) : error;
    }
  };

  const answer = (request: SignedRequest, form: URLSearchParams, api: Api, region: string): string => {
    const action = form.get("Action") ?? "";
    if (request.method !== "POST" || request.path !== "/" || request.query !== "") {
      throw new ApiError(404, "InvalidAction", "this server takes a form at /");
    }
    if (!/^application\/x-www-form-urlencoded(;|$)/.test(request.headers.get("content-type") ?? "")) {
      throw new ApiError(400, "MalformedInput", "the body must be a form");
    }
    const { account, site } = authenticated(request, api, region);
    const run = Object.hasOwn(api.actions, action) ? api.actions[action] : undefined;
    if (run === undefined) throw new ApiError(400, "InvalidAction", `The action ${action} is not valid for this web service.`);
    const permission = `${api.service}:${action}`;
    if (account.denied?.includes(permission) === true) {
      const arn = `arn:aws:iam::${account.accountId}:user/tranche`;
      throw api.denied(
        `User: ${arn} is not authorized to perform: ${permission} because no identity-based policy allows the ${permission} action`,
      );
    }
    return run({ accountId: account.accountId, region, site }, form);
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    const form = new URLSearchParams(Buffer.from(request.body).toString("utf8"));
    const api = APIS.get(form.get("Version")) ?? ec2;
    const recorded: CloudServer["requests"][number] = { action: form.get("Action") ?? "", region: regionOf(request), form, status: null };
    requests.push(recorded);
    const kind = faultOf(recorded.action, recorded.region);
    if (kind === "hang") return;
    if (kind === "reset") return resetConnection(response);
    const send = (status: number, contentType: string, text: string): void => {
      recorded.status = status;
      response.writeHead(status, { "content-type": contentType, "x-amzn-requestid": randomUUID() }).end(text);
    };
    if (kind === "server-error") return send(500, "text/html", SERVER_ERROR_HTML);
    try {
      if (kind === "throttle") throw api.throttled();
      const xml = answer(request, form, api, recorded.region);
      send(200, "text/xml", kind === "truncated-xml" ? xml.slice(0, Math.floor(xml.length / 2)) : xml);
    } catch (error) {
      const refusal = error instanceof ApiError ? error : new ApiError(500, "InternalError", String(error));
      send(refusal.status, "text/xml", api.render(refusal));
    }
  };

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    requests,
    setFault: (next) => {
      fault = next === null ? null : { ...next, left: next.times ?? Number.POSITIVE_INFINITY };
    },
  };
}
