import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ApiError } from "../route53/api-error.ts";
import { resetConnection, SERVER_ERROR_HTML, throttled } from "../route53/faults.ts";
import { readRequest } from "../route53/read-request.ts";
import type { Session } from "../route53/accounts.ts";
import type { Credentials, SignedRequest } from "../route53/sigv4.ts";
import { verifySignature } from "../route53/sigv4.ts";
import type { Markup } from "../route53/xml.ts";
import { element, xmlDocument } from "../route53/xml.ts";
import type { TrustingRole } from "./assume-role.ts";
import { asksWhoCalls, parseAssumeRole, trusted } from "./assume-role.ts";

const NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";
/** The identity of the local credentials, as in refusals. */
const CALLER = "arn:aws:iam::111122223333:user/operator";

/** The faults of the server, for every request. */
export type StsFault = "access-denied" | "expired-token" | "hang" | "reset" | "server-error" | "throttle" | "truncated-xml";

export interface StsOptions {
  /** 0 (default): any free port. */
  port?: number;
  /** Those of the operator, who assumes roles. */
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  /** Of this endpoint: requests have to be signed for it. Default us-east-1. */
  region?: string;
  /** May change while the server runs, as trust policies do. */
  roles: readonly TrustingRole[];
  now?: () => number;
}

export interface StsServer {
  url: string;
  close(): Promise<void>;
  /** The forms that came, good and bad, and what they got; null as long as (or when never) answered. */
  requests: { readonly body: string; status: number | null }[];
  setFault(fault: StsFault | null): void;
  /** The session of this access key id: for `sessions` of the local Route 53. */
  session(accessKeyId: string): Session | undefined;
  /** Revokes sessions, as an administrator of the role's account would. */
  revoke(): void;
}

/** An STS-compatible server on 127.0.0.1: AssumeRole and GetCallerIdentity of the Query API 2011-06-15, real Signature V4, trust policies by external id. */
export async function startSts(options: StsOptions): Promise<StsServer> {
  const { accessKeyId, secretAccessKey, sessionToken, region = "us-east-1", now = Date.now } = options;
  const own: Credentials = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
  const sessions = new Map<string, Session>();
  const requests: StsServer["requests"] = [];
  let fault: StsFault | null = null;

  const grant = (durationSeconds: number, session: Pick<Session, "accountId" | "arn" | "policies">) => {
    const keys = {
      ...session,
      accessKeyId: `ASIA${randomBytes(8).toString("hex").toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString("base64"),
      // As long as real ones, which have no stated limit.
      sessionToken: randomBytes(540).toString("base64"),
      // AWS answers whole seconds.
      expiresAtMs: Math.floor(now() / 1_000 + durationSeconds) * 1_000,
    };
    sessions.set(keys.accessKeyId, keys);
    return keys;
  };

  const answer = (request: SignedRequest): string => {
    const caller = verifySignature(request, (keyId) => (keyId === accessKeyId ? own : sessions.get(keyId)), now(), {
      region,
      service: "sts",
    });
    const session = sessions.get(caller.accessKeyId);
    if (request.method !== "POST" || request.path !== "/" || request.query !== "") {
      throw new ApiError(404, "UnknownOperationException", "this server takes a form at /");
    }
    if (!/^application\/x-www-form-urlencoded(;|$)/.test(request.headers.get("content-type") ?? "")) {
      throw new ApiError(400, "MalformedInput", "the body must be a form");
    }
    if (fault === "throttle") throw throttled();
    if (fault === "expired-token") throw new ApiError(403, "ExpiredToken", "The security token included in the request is expired");
    if (asksWhoCalls(Buffer.from(request.body).toString("utf8"))) {
      const arn = session?.arn ?? CALLER;
      const [, , , , account = ""] = arn.split(":");
      return render("GetCallerIdentityResponse", [
        element("GetCallerIdentityResult", [element("Arn", arn), element("UserId", "AIDA3XFRBF535PLBIFPI4"), element("Account", account)]),
        element("ResponseMetadata", [element("RequestId", randomUUID())]),
      ]);
    }
    // A role here trusts the operator's user alone.
    if (session !== undefined) throw new ApiError(403, "AccessDenied", `User: ${session.arn} is not authorized to perform: sts:AssumeRole`);
    const wanted = parseAssumeRole(Buffer.from(request.body).toString("utf8"));
    const role = trusted(fault === "access-denied" ? [] : options.roles, wanted, CALLER);
    const [, accountId = "", name] = /^arn:[^:]+:iam::(\d+):role\/(?:.*\/)?([^/]+)$/.exec(role.arn) ?? [];
    const arn = `arn:aws:sts::${accountId}:assumed-role/${name}/${wanted.roleSessionName}`;
    const keys = grant(wanted.durationSeconds, { accountId, arn, ...(role.policies && { policies: role.policies }) });
    return render("AssumeRoleResponse", [
      element("AssumeRoleResult", [
        element("AssumedRoleUser", [element("AssumedRoleId", `AROA3XFRBF535PLBIFPI4:${wanted.roleSessionName}`), element("Arn", arn)]),
        element("Credentials", [
          element("AccessKeyId", keys.accessKeyId),
          element("SecretAccessKey", keys.secretAccessKey),
          element("SessionToken", keys.sessionToken),
          element("Expiration", new Date(keys.expiresAtMs).toISOString().replace(".000", "")),
        ]),
      ]),
      element("ResponseMetadata", [element("RequestId", randomUUID())]),
    ]);
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    const recorded: StsServer["requests"][number] = { body: Buffer.from(request.body).toString("utf8"), status: null };
    requests.push(recorded);
    if (fault === "hang") return;
    if (fault === "reset") return resetConnection(response);
    const send = (status: number, contentType: string, text: string): void => {
      recorded.status = status;
      response.writeHead(status, { "content-type": contentType, "x-amzn-requestid": randomUUID() }).end(text);
    };
    if (fault === "server-error") return send(500, "text/html", SERVER_ERROR_HTML);
    try {
      const xml = answer(request);
      send(200, "text/xml", fault === "truncated-xml" ? xml.slice(0, Math.floor(xml.length / 2)) : xml);
    } catch (error) {
      const refusal = error instanceof ApiError ? error : new ApiError(500, "InternalFailure", String(error));
      const detail = [element("Type", "Sender"), element("Code", refusal.code), element("Message", refusal.message)];
      send(refusal.status, "text/xml", render("ErrorResponse", [element("Error", detail), element("RequestId", randomUUID())]));
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
      fault = next;
    },
    session: (keyId) => sessions.get(keyId),
    revoke: () => sessions.clear(),
  };
}

function render(root: string, content: readonly Markup[]): string {
  return xmlDocument(root, content, NAMESPACE);
}
