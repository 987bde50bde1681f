import { describe, expect, it } from "vitest";
import { writeHcl, writeTerraformJson } from "../../../src/domain/steering/hcl.ts";
import { iamPolicyFor } from "../../../src/domain/steering/iam-policy.ts";
import type { TerraformDomain, TerraformRecord, TerraformService } from "../../../src/domain/steering/terraform.ts";
import { terraformOf } from "../../../src/domain/steering/terraform.ts";
import { evaluated, hasTerraform, inFolder, parsed, templateText } from "../../support/terraform.ts";

const domain = (more: Partial<TerraformDomain> = {}): TerraformDomain => ({
  domainId: 7,
  name: "app.example.com",
  primaryTarget: "app.a.cdn.net",
  backupTarget: "app.b.cdn.net",
  normal: { primary: 90, backup: 10 },
  verified: true,
  steerGroup: false,
  zoneId: "Z1",
  records: null,
  ...more,
});

const advice = iamPolicyFor(
  "aws",
  [
    { name: "*.example.com", zoneId: "Z1" },
    { name: "new.example.org", zoneId: null },
  ],
  () => "example.org",
);
const role = { roleArn: "arn:aws:iam::123456789012:role/eu/tranche", externalId: "7f0c3d52-6a52-4a39-9d6c-0b5d2f1f7a11" };

const service = (domains: readonly TerraformDomain[], more: Partial<TerraformService> = {}): TerraformService => ({
  serviceId: 3,
  domains,
  domainsTotal: domains.length,
  domainsBehind: false,
  ttlSeconds: 60,
  isApex: (name) => name === "example.com",
  frame: null,
  ...more,
});

const text = (domains: readonly TerraformDomain[], more: Partial<TerraformService> = {}) => writeHcl(terraformOf(service(domains, more)));

const alias: TerraformRecord = {
  name: "app.example.com",
  type: "AAAA",
  setIdentifier: "Backup",
  alias: { hostedZoneId: "Z2", dnsName: "d1.cloudfront.net.", evaluateTargetHealth: false },
};

/** One of everything. */
const everything = service(
  [
    domain(),
    domain({ domainId: 8, name: "*.example.com", steerGroup: true, records: [{ ...alias, name: "*.example.com" }] }),
    domain({ domainId: 9, verified: false }),
    domain({ domainId: 10, zoneId: null }),
  ],
  { domainsBehind: true, frame: { account: role, advice } },
);

describe("a service as Terraform configuration", () => {
  it("imports a pair that is there, as it is, and leaves to tranche what tranche changes", async () => {
    const records: readonly TerraformRecord[] = [
      { name: "app.example.com", type: "CNAME", setIdentifier: "PRIMARY", ttl: 30, values: ["App.a.cdn.net."] },
      alias,
    ];
    const found = await parsed(text([domain({ records })]));
    const lifecycle = [{ ignore_changes: ["${weighted_routing_policy}", "${health_check_id}"] }];
    expect(found["resource"]).toEqual({
      aws_route53_record: {
        domain_7_cname_primary: [
          {
            zone_id: "Z1",
            name: "app.example.com",
            type: "CNAME",
            set_identifier: "PRIMARY",
            ttl: 30,
            records: ["App.a.cdn.net."],
            weighted_routing_policy: [{ weight: 90 }],
            lifecycle,
          },
        ],
        domain_7_aaaa_backup: [
          {
            zone_id: "Z1",
            name: "app.example.com",
            type: "AAAA",
            set_identifier: "Backup",
            weighted_routing_policy: [{ weight: 10 }],
            alias: [{ name: "d1.cloudfront.net.", zone_id: "Z2", evaluate_target_health: false }],
            lifecycle,
          },
        ],
      },
    });
    expect(found["import"]).toEqual([
      { to: "${aws_route53_record.domain_7_cname_primary}", id: "Z1_app.example.com_CNAME_PRIMARY" },
      { to: "${aws_route53_record.domain_7_aaaa_backup}", id: "Z1_app.example.com_AAAA_Backup" },
    ]);
  });

  it.each<[string, Partial<TerraformDomain>, string]>([
    ["one that is not proven", { verified: false, records: [alias] }, "ownership is not proven"],
    ["one whose zone is not known", { zoneId: null }, "zone has not been found yet"],
    ["one without a target", { backupTarget: null }, "primary_target or backup_target is missing"],
    ["one with an origin as target", { primaryTarget: "https://origin.example.com" }, "no hostname"],
    ["a zone's own name", { name: "example.com" }, "takes no CNAME"],
  ])("says in a comment why there are no records of %s", async (_, more, why) => {
    const found = text([domain(more)]);
    expect(found).toMatch(new RegExp(`^# Domain 7, "${more.name ?? "app.example.com"}": .*${why}`, "m"));
    expect(await parsed(found)).toEqual({});
  });

  it("says that there are no domains, and that there are more", () => {
    expect(text([])).toContain("# The service has no domains yet");
    expect(text([domain()], { domainsBehind: true })).toMatch(/\n\n# The service has more domains: .*\n$/);
  });

  it("has the policies that the API generates, and a role that only this customer's external id opens", async () => {
    const frame = { account: role, advice };
    const { resource, variable } = (await parsed(text([], { frame }))) as {
      resource: Record<string, Record<string, [Record<string, string>]>>;
      variable: object;
    };
    expect(Object.keys(variable)).toEqual(["tranche_principal"]);
    expect(resource["aws_iam_role"]?.["tranche"]?.[0]).toMatchObject({ name: "tranche", path: "/eu/" });
    expect(Object.keys(resource["aws_iam_policy"] ?? {})).toEqual(advice.policies.map((_, index) => `tranche_${index + 1}`));
    const json = writeTerraformJson(terraformOf(service([], { frame })));
    expect(JSON.stringify(json)).toContain(`sts:ExternalId\\" = \\"${role.externalId}\\"`);
    for (const note of advice.notes) expect(text([], { frame })).toContain(`# ${note}`);
  });

  it.skipIf(!hasTerraform)("has policies and trust that Terraform evaluates to those of the API", () => {
    const document = terraformOf(service([], { frame: { account: role, advice } }));
    const values = Object.fromEntries(
      document.flatMap((item) => {
        if (item === "gap" || !("block" in item) || item.block !== "resource") return [];
        const value = item.attributes?.["policy"] ?? item.attributes?.["assume_role_policy"];
        return value === undefined ? [] : [[item.labels?.[1] ?? "", value] as const];
      }),
    );
    const principal = document.filter((item) => item !== "gap" && "block" in item && item.block === "variable");
    const files = {
      "main.tf": writeHcl([...principal, { block: "locals", attributes: { values: { object: values } } }]),
      "terraform.tfvars.json": JSON.stringify({ tranche_principal: "arn:aws:iam::210987654321:user/tranche" }),
    };
    expect(evaluated(files, "[for key, value in local.values : jsondecode(value)]")).toEqual([
      {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { AWS: "arn:aws:iam::210987654321:user/tranche" },
            Action: "sts:AssumeRole",
            Condition: { StringEquals: { "sts:ExternalId": role.externalId } },
          },
        ],
      },
      ...advice.policies,
    ]);
  });

  it.each([
    ["nobody's", null, "POST /v1/dns-accounts"],
    ["a key's", { roleArn: null, externalId: null }, "attach the policies to its user"],
  ])("has no role where the access is %s, and says so", async (_, account, says) => {
    const found = text([], { frame: { account, advice } });
    expect(found).toContain(says);
    expect(Object.keys((await parsed(found))["resource"] as object)).toEqual(["aws_iam_policy"]);
  });

  it("is the same in both syntaxes", async () => {
    const document = terraformOf(everything);
    const [hcl, json] = [await parsed(writeHcl(document)), writeTerraformJson(document) as Record<string, unknown>];
    const addresses = (tree: unknown) =>
      Object.entries(tree as Record<string, Record<string, unknown>>)
        .flatMap(([type, labels]) => Object.keys(labels).map((label) => `${type}.${label}`))
        .toSorted();
    expect(addresses(json["resource"])).toEqual(addresses(hcl["resource"]));
    expect((json["import"] as { id: string }[]).map(({ id }) => templateText(id))).toEqual(
      (hcl["import"] as { id: string }[]).map(({ id }) => templateText(id)),
    );
    expect(json["//"]).toEqual(
      writeHcl(document)
        .split("\n")
        .filter((line) => line.startsWith("#"))
        .map((line) => line.slice(2)),
    );
  });

  it.skipIf(!hasTerraform)("is laid out as terraform fmt has it, and read by Terraform in both syntaxes", () => {
    const document = terraformOf(everything);
    inFolder({ "main.tf": writeHcl(document) }, (terraform) => {
      expect(terraform(["fmt", "-check", "-diff"])).toEqual({ code: 0, out: "" });
      expect(terraform(["get", "-no-color"])).toEqual({ code: 0, out: "" });
    });
    inFolder({ "main.tf.json": JSON.stringify(writeTerraformJson(document)) }, (terraform) =>
      expect(terraform(["get", "-no-color"])).toEqual({ code: 0, out: "" }),
    );
    inFolder({ "main.tf": `${writeHcl(document)}\nresource "x" {}` }, (terraform) => expect(terraform(["get", "-no-color"]).code).toBe(1));
  });
});
