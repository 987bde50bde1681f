import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ChangeBatchErrorShape } from "./api-error.ts";
import type { AccountOptions, Session } from "./accounts.ts";
import { authorize, createAccounts } from "./accounts.ts";
import { accessDenied, ApiError, renderError } from "./api-error.ts";
import type { Fault } from "./faults.ts";
import type { HealthCheck, Observed } from "./health-checks.ts";
import type { PolicyDocument } from "./iam-document.ts";
import { iamRequest } from "./iam-request.ts";
import { createFaultSwitch, faultError, resetConnection, SERVER_ERROR_HTML, throttled } from "./faults.ts";
import { canonicalName } from "./names.ts";
import { matchOperation } from "./operations.ts";
import { readRequest } from "./read-request.ts";
import type { RecordSet } from "./record-set.ts";
import type { SignedRequest } from "./sigv4.ts";
import { verifySignature } from "./sigv4.ts";
import type { AcceptedChange } from "./store.ts";
import { createStore } from "./store.ts";

/** The first account is the server's own; its key is the one that has no name. */
export interface Route53Options extends AccountOptions {
  /** 0 (default): any free port. */
  port?: number;
  /** Further accounts behind the same endpoint, each with a key, zones, health checks and a request rate of its own. */
  accounts?: readonly AccountOptions[];
  /** Temporary credentials that count beside these: what a local STS has given out, by access key id. */
  sessions?: (accessKeyId: string) => Session | undefined;
  /** `accessKeyId` says whose zone it is; absent: the server's own. */
  zones: readonly { name: string; private?: boolean; accessKeyId?: string }[];
  /** How long a change stays PENDING; default 1000. */
  insyncAfterMs?: number;
  /** Sustained request rate of every account that names none, default 10 (AWS since July 2026). */
  requestsPerSecond?: number;
  /** Requests that may come at once, default 50. */
  burst?: number;
  /** How InvalidChangeBatch looks on the wire; default "error-response", as today. */
  changeBatchErrorShape?: ChangeBatchErrorShape;
  /** Lets health checks of loopback and private addresses be made, which Route 53 refuses; default false. */
  privateHealthChecks?: boolean;
  /** Clock for signatures, throttle and change times; default the real one. */
  now?: () => number;
}

export interface RecordedRequest {
  atMs: number;
  method: string;
  /** Who signed it; null where that was not to be made out. */
  accessKeyId: string | null;
  path: string;
  /** Still encoded, without the question mark. */
  query: string;
  body: string;
  /** Null as long as (or when never) answered. */
  status: number | null;
}

export interface Route53Server {
  url: string;
  close(): Promise<void>;
  /** `id` bare, `name` with trailing dot. `registered`: the registry names its name servers. */
  readonly zones: readonly { id: string; name: string; private: boolean; registered: boolean }[];
  requests: RecordedRequest[];
  /** Accepted batches, oldest first. */
  changes: readonly AcceptedChange[];
  /** UPSERTs record sets without a request: under the rules of the zone, but without limits, throttle or trace. */
  seed(zoneId: string, recordSets: readonly RecordSet[]): void;
  /** The record sets of a zone as they are now, in listing order, SOA and NS included. Frozen. */
  records(zoneId: string): readonly RecordSet[];
  setFault(fault: Fault | readonly Fault[] | null): void;
  /** The policies of the user with that key from now on; null: may do everything. Throws PolicyError as IAM would refuse them. */
  setPolicies(accessKeyId: string, policies: readonly PolicyDocument[] | null): void;
  /** The zone and all its records are gone, as after somebody's DeleteHostedZone. */
  deleteZone(zoneId: string): void;
  /** Whoever is above the zone delegates its name to it: the zone above it here, by NS records, or else the registry. */
  delegate(zoneId: string): void;
  /** The health checks of all accounts as they are now. */
  readonly healthChecks: readonly HealthCheck[];
  /** Says what the checkers of Route 53 find from now on, all of them or those of some regions; healthy from the start. */
  setHealth(id: string, observed: Observed | Readonly<Record<string, Observed>>): void;
  /** The health check is gone, as after somebody's DeleteHealthCheck: records that name it go on naming it. */
  deleteHealthCheck(id: string): void;
  /** Says whether a resource of AWS is healthy, as an alias record evaluates it; healthy from the start. */
  setTargetHealth(dnsName: string, healthy: boolean): void;
  isTargetHealthy(dnsName: string): boolean;
  /** Whether records with this health check may answer. */
  isHealthy(id: string): boolean;
}

/** A Route 53-compatible server on 127.0.0.1: REST XML API 2013-04-01, real Signature V4, validation and throttling. */
export async function startRoute53(options: Route53Options): Promise<Route53Server> {
  const now = options.now ?? Date.now;
  const { requestsPerSecond = 10, burst = 50, insyncAfterMs = 1000 } = options;
  const { changeBatchErrorShape = "error-response", privateHealthChecks = false, sessions = () => undefined } = options;
  const own = ownAccount(options);
  const accounts = createAccounts({
    accounts: [own, ...(options.accounts ?? [])],
    sessions,
    requestsPerSecond,
    burst,
    privateHealthChecks,
    now,
  });
  const store = createStore(options.zones.map((zone) => ({ ...zone, accountId: accounts.owner(zone.accessKeyId).accountId })));
  const checksOf = (id: string) => accounts.all.find(({ healthChecks }) => healthChecks.find(id))?.healthChecks;
  const isHealthy = (id: string) => checksOf(id)?.isHealthy(id) ?? true;
  const sickTargets = new Set<string>();
  const isTargetHealthy = (dnsName: string) => !sickTargets.has(canonicalName(dnsName));
  const faults = createFaultSwitch();
  const requests: RecordedRequest[] = [];

  /** Decides the answer; null when the client shall get none. */
  const answer = (request: SignedRequest, recorded: RecordedRequest, response: ServerResponse): Answer | null => {
    const { accessKeyId } = verifySignature(request, accounts.credentials, now());
    recorded.accessKeyId = accessKeyId;
    const caller = accounts.caller(accessKeyId);
    if (!caller.account.bucket.take()) throw throttled();
    const { body } = recorded;
    const call = matchOperation(request.method, request.path, new URLSearchParams(request.query), body);
    const fault = faults.take(call, accessKeyId);
    if (fault === "hang") return null;
    const error = faultError(fault, call);
    if (error) throw error;
    if (fault === "server-error") return { status: 500, contentType: "text/html", body: SERVER_ERROR_HTML };
    if (fault === "reset") {
      resetConnection(response);
      return null;
    }
    if (caller.policies !== null) authorize(caller, iamRequest(call, body));
    const zone = store.zones.find(({ id }) => call.resource.endsWith(`:hostedzone/${id}`));
    if (zone && zone.accountId !== caller.account.accountId) throw accessDenied(caller.arn, `route53:${call.operation}`, call.resource);
    const hasHealthCheck = (id: string) => checksOf(id) !== undefined;
    const xml = call.run({
      store,
      account: caller.account,
      hasHealthCheck,
      insyncAfterMs,
      nowMs: now(),
      resolve: { random: Math.random, isHealthy, isTargetHealthy },
    });
    if (fault === "reset-after-apply") resetConnection(response);
    if (fault === "reset-after-apply" || fault === "hang-after-apply") return null;
    const sent = fault === "truncated-xml" ? xml.slice(0, Math.floor(xml.length / 2)) : xml;
    return { status: call.status ?? 200, contentType: "text/xml", body: sent };
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    const { method, path, query } = request;
    const body = Buffer.from(request.body).toString("utf8");
    const recorded: RecordedRequest = { atMs: now(), method, accessKeyId: null, path, query, body, status: null };
    requests.push(recorded);
    const requestId = randomUUID();
    let decided: Answer | null;
    try {
      decided = answer(request, recorded, response);
    } catch (error) {
      const refusal = error instanceof ApiError ? error : new ApiError(500, "InternalFailure", String(error));
      const xml = renderError(refusal, changeBatchErrorShape, requestId);
      decided = { status: refusal.status, contentType: "text/xml", body: xml };
    }
    if (!decided) return;
    recorded.status = decided.status;
    const created = decided.status === 201 ? /<Id>([^<]+)<\/Id>/.exec(decided.body)?.[1] : undefined;
    response.writeHead(decided.status, {
      ...(created !== undefined && { location: `https://route53.amazonaws.com${path}/${created.split("/").at(-1)}` }),
      "content-type": decided.contentType,
      "content-length": Buffer.byteLength(decided.body),
      "x-amzn-requestid": requestId,
    });
    response.end(decided.body);
  };

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    get zones() {
      return store.zones.map(({ id, name, private: isPrivate, registered }) => ({ id, name, private: isPrivate, registered }));
    },
    requests,
    changes: store.accepted,
    seed: (zoneId, recordSets) => {
      const { accountId } = store.zone(zoneId);
      const { healthChecks } = accounts.all.find((account) => account.accountId === accountId) ?? accounts.owner(undefined);
      for (const { healthCheckId } of recordSets) {
        if (healthCheckId !== undefined && !checksOf(healthCheckId)) healthChecks.adopt(healthCheckId);
      }
      store.seed(zoneId, recordSets);
    },
    records: (zoneId) => store.sorted(zoneId),
    setFault: (fault) => faults.set(fault),
    setPolicies: (accessKeyId, policies) => accounts.attach(accessKeyId, policies),
    deleteZone: (zoneId) => store.deleteZone(zoneId),
    get healthChecks() {
      return accounts.all.flatMap(({ healthChecks }) => healthChecks.all);
    },
    delegate: (zoneId) => store.delegate(zoneId),
    deleteHealthCheck: (id) => void checksOf(id)?.remove(id),
    setTargetHealth: (dnsName, healthy) =>
      void (healthy ? sickTargets.delete(canonicalName(dnsName)) : sickTargets.add(canonicalName(dnsName))),
    isTargetHealthy,
    setHealth: (id, observed) => (checksOf(id) ?? accounts.owner(undefined).healthChecks).observe(id, observed),
    isHealthy,
  };
}

function ownAccount({ accessKeyId, secretAccessKey, sessionToken, accountId, policies }: Route53Options): AccountOptions {
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
    ...(accountId !== undefined && { accountId }),
    ...(policies !== undefined && { policies }),
  };
}

interface Answer {
  status: number;
  contentType: string;
  body: string;
}
