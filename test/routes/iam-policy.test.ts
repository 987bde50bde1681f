import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let at: string;

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
  at = `/v1/services/${(await api.service(acme.editor)).id}`;
});

describe("the IAM policy of a service", () => {
  it("lets nothing be changed while there is no domain", async () => {
    const { status, body } = await api.call("GET", `${at}/iam-policy`, { token: acme.viewer });
    expect(status).toBe(200);
    expect(JSON.stringify(body["policy"])).not.toContain("ChangeResourceRecordSets");
  });

  it("names exactly its domains, in the zones in which they were found", async () => {
    const first = await api.created(`${at}/domains`, { name: "app.example.com" }, { token: acme.editor });
    await api.created(`${at}/domains`, { name: "new.example.com" }, { token: acme.editor });
    await api.db.rows(sql`
      insert into domain_routing (domain_id, service_id, status, zone_id) values (${first.id}, ${first["service_id"]}, 'found', 'Z0123')`);
    const { body } = await api.call("GET", `${at}/iam-policy`, { token: acme.viewer });
    const { Statement } = body["policy"] as { Statement: { Sid: string; Resource: string[]; Condition?: Record<string, Record<string, unknown>> }[] };
    const switching = Statement.filter(({ Sid }) => Sid.startsWith("SwitchWeights"));
    expect(switching.map(({ Resource, Condition }) => [Resource, Condition?.["ForAllValues:StringEquals"]?.["route53:ChangeResourceRecordSetsNormalizedRecordNames"]])).toEqual([
      [["arn:aws:route53:::hostedzone/*"], ["new.example.com"]],
      [["arn:aws:route53:::hostedzone/Z0123"], ["app.example.com"]],
    ]);
    expect(String(body["notes"])).toContain("new.example.com is not known yet");
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
