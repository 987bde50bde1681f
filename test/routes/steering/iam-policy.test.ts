import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let at: string;

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
  at = `/v1/services/${(await api.service(acme.editor)).id}`;
});

type Statement = { Sid: string; Resource: string[]; Condition?: Record<string, Record<string, unknown>> };
const switching = (policy: unknown) =>
  (policy as { Statement: Statement[] }).Statement.filter(({ Sid }) => Sid.startsWith("SwitchWeights")).map(({ Resource, Condition }) => [
    Resource,
    Condition?.["ForAllValues:StringEquals"]?.["route53:ChangeResourceRecordSetsNormalizedRecordNames"],
  ]);

describe("the IAM policy of a service", () => {
  it("lets nothing be changed while there is no domain", async () => {
    const { status, body } = await api.call("GET", `${at}/iam-policy`, { token: acme.viewer });
    expect(status).toBe(200);
    expect(JSON.stringify(body["policy"])).not.toContain("ChangeResourceRecordSets");
  });

  it("names the domains of all services of its customer, each with the others of its zone", async () => {
    const first = await api.created(`${at}/domains`, { name: "app.example.com" }, { token: acme.editor });
    await api.created(`${at}/domains`, { name: "new.example.com" }, { token: acme.editor });
    const other = await api.service(acme.editor, "other");
    const second = await api.created(`/v1/services/${other.id}/domains`, { name: "www.example.com" }, { token: acme.editor });
    await api.db.rows(sql`
      insert into domain_routing (domain_id, service_id, status, zone_id)
      values (${first.id}, ${first["service_id"]}, 'found', 'Z0123'), (${second.id}, ${other.id}, 'found', 'Z0123')`);
    const { body } = await api.call("GET", `${at}/iam-policy`, { token: acme.viewer });
    expect(switching(body["policy"])).toEqual([
      [["arn:aws:route53:::hostedzone/*"], ["new.example.com"]],
      [["arn:aws:route53:::hostedzone/Z0123"], ["app.example.com", "new.example.com", "www.example.com"]],
    ]);
    expect(body["policies"]).toEqual([body["policy"]]);
    expect(String(body["notes"])).toContain("new.example.com is not known yet");
    const { body: same } = await api.call("GET", `/v1/services/${other.id}/iam-policy`, { token: acme.viewer });
    expect(same["policies"]).toEqual(body["policies"]);
  });

  it("has a counterpart for the operator's own account, of the customers without one", async () => {
    const initech = await api.onboard("initech");
    await api.created(
      `/v1/services/${(await api.service(initech.editor)).id}/domains`,
      { name: "app.initech.example" },
      { token: initech.editor },
    );
    await api.db.rows(sql`
      insert into dns_accounts (customer_id, region, role_arn, external_id)
      values (${initech.id}, 'us-east-1', 'arn:aws:iam::123456789012:role/tranche', gen_random_uuid())`);
    const { status, body } = await api.call("GET", "/v1/iam-policy");
    expect(status).toBe(200);
    const [policy] = body["policies"] as unknown[];
    expect(JSON.stringify(policy)).toContain("www.example.com");
    expect(JSON.stringify(policy)).not.toContain("initech");
    expect((await api.call("GET", "/v1/iam-policy", { token: acme.editor })).status).toBe(403);
  });

  it("is read by its tenant only", async () => {
    const globex = await api.onboard("globex");
    expect((await api.call("GET", `${at}/iam-policy`, { token: globex.editor })).status).toBe(404);
  });

  it("speaks of the partition of the configured region", async () => {
    const china = await startApi({ AWS_REGION: "cn-north-1" });
    const { editor } = await china.onboard("acme");
    const { id } = await china.service(editor);
    const { text } = await china.call("GET", `/v1/services/${id}/iam-policy`, { token: editor });
    expect(text).toContain("arn:aws-cn:route53:::change/*");
  });
});
