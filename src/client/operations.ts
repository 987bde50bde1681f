// Generated from the OpenAPI document by `node local/generate-client.ts`: not to be edited.

export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** the request id */
  instance: string;
  errors?: ({
    /** RFC 6901 pointer into the body, or the name of a parameter */
    pointer: string;
    detail: string;
  })[];
};

export type Customer = {
  id: number;
  name: string;
  max_coverage_cap: number;
  created_at: string;
};

export type CustomerInput = {
  name: string;
  max_coverage_cap?: number;
};

export type CustomerPatch = {
  name?: string;
  max_coverage_cap?: number;
};

export type NewToken = Token & {
  /** the secret; shown this once */
  token: string;
};

export type Token = {
  id: number;
  customer_id: number;
  name: string;
  /** viewers read, editors write */
  role: "viewer" | "editor";
  created_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
};

export type TokenInput = {
  name: string;
  /** viewers read, editors write */
  role: "viewer" | "editor";
};

export type Service = {
  id: number;
  name: string;
  primary_cdn: string;
  backup_cdn: string;
  /** shadow decides and records, but writes no DNS */
  steering: "auto" | "shadow";
  failback_steps: number[];
  failback_step_seconds: number;
  created_at: string;
  updated_at: string;
};

export type ServiceInput = {
  name: string;
  primary_cdn: string;
  backup_cdn: string;
  /** shadow decides and records, but writes no DNS */
  steering?: "auto" | "shadow";
  /** percent of the way back per step */
  failback_steps?: number[];
  failback_step_seconds?: number;
};

export type ServiceDetail = {
  service: Service;
  domains: Domain[];
  storm_policies: StormPolicy[];
};

export type Domain = {
  id: number;
  service_id: number;
  name: string;
  primary_target: string | null;
  backup_target: string | null;
  probe_path: string | null;
  expect_status: string;
  normal_weights: {
    primary: number;
    backup: number;
  };
  /** the TXT record that proves the ownership; DNS is steered once it was seen */
  verification: {
    record_name: string;
    record_value: string;
    verified_at: string | null;
  };
  created_at: string;
  updated_at: string;
};

export type StormPolicy = {
  id: number;
  service_id: number;
  kind: "http_availability" | "http_latency";
  /** rises with each change; a storm keeps the version with which it began */
  version: number;
  threshold_avail: number;
  window_seconds: number;
  cooldown_seconds: number;
  max_coverage_factor: number;
  min_samples: number;
  min_failures: number;
  latency_ms: number | null;
  created_at: string;
  updated_at: string;
};

export type ServicePatch = {
  name?: string;
  primary_cdn?: string;
  backup_cdn?: string;
  /** shadow decides and records, but writes no DNS */
  steering?: "auto" | "shadow";
  /** percent of the way back per step */
  failback_steps?: number[];
  failback_step_seconds?: number;
};

export type DomainInput = {
  name: string;
  /** where one CDN serves the domain; null: discovered from the live CNAME */
  primary_target?: string | null;
  /** where one CDN serves the domain; null: discovered from the live CNAME */
  backup_target?: string | null;
  probe_path?: string | null;
  expect_status?: string;
  /** Route 53 weights in calm times */
  normal_weights?: {
    primary: number;
    backup: number;
  };
};

export type DomainPatch = {
  /** where one CDN serves the domain; null: discovered from the live CNAME */
  primary_target?: string | null;
  /** where one CDN serves the domain; null: discovered from the live CNAME */
  backup_target?: string | null;
  probe_path?: string | null;
  expect_status?: string;
  /** Route 53 weights in calm times */
  normal_weights?: {
    primary: number;
    backup: number;
  };
};

export type DomainChallenge = {
  record_type: "TXT";
  record_name: string;
  record_value: string;
  /** null: not proven, or another customer proved it later */
  verified_at: string | null;
};

export type DomainVerification = DomainChallenge & {
  /** off: this deployment asks for no proof */
  result: "verified" | "off";
};

export type StormPolicyInput = {
  kind?: "http_availability" | "http_latency";
  threshold_avail?: number;
  window_seconds?: number;
  cooldown_seconds?: number;
  max_coverage_factor?: number;
  min_samples?: number;
  min_failures?: number;
  /** for http_latency: a sample is good up to this */
  latency_ms?: number | null;
};

export type StormPolicyPatch = {
  threshold_avail?: number;
  window_seconds?: number;
  cooldown_seconds?: number;
  max_coverage_factor?: number;
  min_samples?: number;
  min_failures?: number;
  /** for http_latency: a sample is good up to this */
  latency_ms?: number;
};

export type Availability = {
  service_id: number;
  path: "primary" | "backup" | "direct";
  vantage: string | null;
  from: string;
  to: string;
  step_seconds: number;
  /** one a step, over all domains of the service */
  points: ({
    start: string;
    samples: number;
    ok: number;
    /** null: nothing was probed */
    availability: number | null;
    /** of the samples that were ok */
    p50_latency_ms: number | null;
    p95_latency_ms: number | null;
  })[];
};

export type Storm = {
  id: number;
  service_id: number;
  policy_id: number;
  policy_version: number;
  kind: "http_availability" | "http_latency";
  state: "storm" | "recovering" | "ended";
  monitor_only: boolean;
  started_at: string;
  detected_at: string;
  recovering_since: string | null;
  ended_at: string | null;
  ended_reason: string | null;
  relapses: number;
  max_coverage_factor: number;
};

export type StormDetail = Storm & {
  /** what happened, in its order; of relapses only the number is kept */
  timeline: ({
    at: string;
    event: "begun" | "detected" | "switch" | "recovering" | "ended";
    /** of a switch, which stands where it was intended */
    change: RoutingChange | null;
  })[];
};

export type RoutingChange = {
  id: number;
  domain_id: number;
  storm_id: number | null;
  from: {
    primary: number;
    backup: number;
  };
  to: {
    primary: number;
    backup: number;
  };
  reason: string;
  actor: string;
  epoch: number;
  shadow: boolean;
  result: "intent" | "accepted" | "insync" | "failed" | "superseded" | "shadow";
  change_id: string | null;
  error: string | null;
  intended_at: string;
  accepted_at: string | null;
  insync_at: string | null;
};

export type Routing = {
  service_id: number;
  state: string;
  reason: string;
  override: RoutingOverride | null;
  domains: ({
    domain_id: number;
    name: string;
    status: string;
    /** as last read from DNS */
    weights: {
      primary: number;
      backup: number;
    } | null;
    read_at: string | null;
    /** set while tranche itself has the domain on its backup */
    moved_at: string | null;
    last_error: string | null;
  })[];
  /** one page of the history, newest first */
  changes: RoutingChange[];
};

export type RoutingOverride = {
  /** where the service is held: at its normal weights, at its backup, or as it is */
  mode: "primary" | "backup" | "frozen";
  reason: string;
  until: string | null;
  actor: string;
  set_at: string;
};

export type RoutingOverrideInput = {
  /** where the service is held: at its normal weights, at its backup, or as it is */
  mode: "primary" | "backup" | "frozen";
  reason: string;
  /** when it lapses by itself: in the future, at most 30 days ahead; null: when it is cleared */
  until?: string | null;
};

export type IamPolicy = {
  service_id: number;
  /** an IAM policy document, to be attached as it is */
  policy: {
    Version: "2012-10-17";
    Statement: ({
      Sid: string;
      Effect: "Allow";
      Action: string[];
      Resource: string[];
      /** by operator, then by condition key */
      Condition?: Record<string, unknown>;
    })[];
  };
  /** what to know before attaching it */
  notes: string[];
};

export type UsageWindow = {
  window_start: string;
  window_end: string;
  primary_bytes: number;
  backup_bytes: number;
  /** who reported it; null: nobody yet, counts 0 */
  primary_source: string | null;
  backup_source: string | null;
  invoice_id: number | null;
};

export type UsagePush = ({
  window_start: string;
  window_end: string;
  primary_bytes?: number;
  backup_bytes?: number;
})[];

export type Invoice = {
  id: number;
  /** per customer from 1, without gaps */
  number: number;
  period_start: string;
  period_end: string;
  subtotal_cents: number;
  discount_cents: number;
  total_cents: number;
  issued_at: string;
};

export type InvoiceWithLines = Invoice & {
  line_count: number;
  /** the first hundred */
  lines: InvoiceLine[];
};

export type InvoiceLine = {
  id: number;
  kind: "usage" | "adjustment";
  arrears: boolean;
  service_id: number;
  window_start: string;
  window_end: string;
  primary_bytes: number;
  backup_bytes: number;
  rate_cents_per_gb: string;
  discount_rate: string;
  max_coverage_factor: string;
  storm_microseconds: number;
  amount_cents: number;
  discount_cents: number;
};

export type AuditEntry = {
  id: number;
  at: string;
  /** admin, token:<id>, jwt:<subject>, gateway or tranche */
  actor: string;
  action: string;
  object_type: string;
  object_id: number | null;
  /** the row as it was stored; null: there was none */
  before: Record<string, unknown> | unknown[] | null;
  /** the row as it was stored; null: there was none */
  after: Record<string, unknown> | unknown[] | null;
  request_id: string | null;
};

/** Every operation of the API: what it takes, and what a success answers. */
export type Operations = {
  /** Whether the API answers; asks nobody else */
  "GET /healthz": {
    result: string;
  };
  /** Whether the database answers within 2 s and has the expected schema */
  "GET /readyz": {
    result: string;
  };
  /** List the customers */
  "GET /v1/customers": {
    query?: { limit?: number; cursor?: string; };
    result: Customer[];
  };
  /** Create a customer */
  "POST /v1/customers": {
    body: CustomerInput;
    result: Customer;
  };
  /** Read a customer */
  "GET /v1/customers/{id}": {
    path: { id: number; };
    result: Customer;
  };
  /** Rename a customer or change the greatest coverage factor of its policies */
  "PATCH /v1/customers/{id}": {
    path: { id: number; };
    body: CustomerPatch;
    result: Customer;
  };
  /** List the tokens, revoked ones included */
  "GET /v1/customers/{id}/tokens": {
    path: { id: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: Token[];
  };
  /** Create a token; its secret is shown once */
  "POST /v1/customers/{id}/tokens": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: TokenInput;
    result: NewToken;
  };
  /** Revoke a token; it stops working within 30 seconds */
  "DELETE /v1/customers/{id}/tokens/{childId}": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** List the services */
  "GET /v1/services": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: Service[];
  };
  /** Create a service */
  "POST /v1/services": {
    query?: { customer_id?: number; };
    body: ServiceInput;
    result: Service;
  };
  /** Read a service with its domains and storm policies */
  "GET /v1/services/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: ServiceDetail;
  };
  /** Change a service */
  "PATCH /v1/services/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: ServicePatch;
    result: Service;
  };
  /** Delete a service with its domains and policies; its storm ends, the DNS weights stay */
  "DELETE /v1/services/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Add a domain; the answer says how to prove its ownership */
  "POST /v1/services/{id}/domains": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: DomainInput;
    result: Domain;
  };
  /** Change a domain */
  "PATCH /v1/services/{id}/domains/{childId}": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    body: DomainPatch;
    result: Domain;
  };
  /** Remove a domain; its DNS records stay as they are */
  "DELETE /v1/services/{id}/domains/{childId}": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Read the challenge that proves the ownership of a domain */
  "GET /v1/services/{id}/domains/{childId}/verification": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: DomainChallenge;
  };
  /** Check the challenge; the latest proof of a name wins */
  "POST /v1/services/{id}/domains/{childId}/verification": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: DomainVerification;
  };
  /** List the live storm policies of a service */
  "GET /v1/services/{id}/storm-policies": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: StormPolicy[];
  };
  /** Add a storm policy; one live policy per kind */
  "POST /v1/services/{id}/storm-policies": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: StormPolicyInput;
    result: StormPolicy;
  };
  /** Change a storm policy; makes its next version */
  "PATCH /v1/services/{id}/storm-policies/{childId}": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    body: StormPolicyPatch;
    result: StormPolicy;
  };
  /** Delete a storm policy; its storm ends, the DNS weights stay */
  "DELETE /v1/services/{id}/storm-policies/{childId}": {
    path: { id: number; childId: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Read the availability of a service as a series */
  "GET /v1/services/{id}/availability": {
    path: { id: number; };
    query?: { customer_id?: number; from?: string; to?: string; step?: number; path?: "primary" | "backup" | "direct"; vantage?: string; };
    result: Availability;
  };
  /** List storms, newest first */
  "GET /v1/storms": {
    query?: { customer_id?: number; limit?: number; cursor?: string; service_id?: number; active?: boolean; from?: string; to?: string; };
    result: Storm[];
  };
  /** Read a storm with its timeline */
  "GET /v1/storms/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: StormDetail;
  };
  /** Read the routing state of a service and its history */
  "GET /v1/services/{id}/routing": {
    path: { id: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: Routing;
  };
  /** Force a service to one side, or freeze it; obeyed by the next round */
  "PUT /v1/services/{id}/routing/override": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: RoutingOverrideInput;
    result: RoutingOverride;
  };
  /** Clear the override; tranche decides again from the next round on */
  "DELETE /v1/services/{id}/routing/override": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: undefined;
  };
  /** Read the least-privilege IAM policy with which tranche can steer a service */
  "GET /v1/services/{id}/iam-policy": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: IamPolicy;
  };
  /** List usage windows by their start */
  "GET /v1/services/{id}/usage": {
    path: { id: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; from?: string; to?: string; };
    result: UsageWindow[];
  };
  /** Report usage; all windows are stored or none, and a window that is there is replaced side by side */
  "PUT /v1/services/{id}/usage": {
    path: { id: number; };
    query?: { customer_id?: number; };
    body: UsagePush;
    result: UsageWindow[];
  };
  /** List the invoices, oldest first */
  "GET /v1/invoices": {
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: Invoice[];
  };
  /** Read an invoice with its first hundred lines */
  "GET /v1/invoices/{id}": {
    path: { id: number; };
    query?: { customer_id?: number; };
    result: InvoiceWithLines;
  };
  /** List the lines of an invoice by window, then service; as CSV for `Accept: text/csv` */
  "GET /v1/invoices/{id}/lines": {
    path: { id: number; };
    query?: { customer_id?: number; limit?: number; cursor?: string; };
    result: InvoiceLine[];
  };
  /** List the changes of your resources, newest first */
  "GET /v1/audit-log": {
    query?: { customer_id?: number; limit?: number; cursor?: string; action?: string; object_type?: string; };
    result: AuditEntry[];
  };
  /** Read the metrics of the whole installation */
  "GET /metrics": {
    result: string;
  };
  /** This API as a page to read */
  "GET /docs": {
    result: string;
  };
};
