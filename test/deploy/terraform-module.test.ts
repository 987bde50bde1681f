import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { writeHcl } from "../../src/domain/steering/hcl.ts";
import { iamPolicyFor } from "../../src/domain/steering/iam-policy.ts";
import { terraformOf } from "../../src/domain/steering/terraform.ts";
import { evaluated, hasTerraform, inFolder, parsed } from "../support/terraform.ts";

const folder = fileURLToPath(new URL("../../deploy/terraform/", import.meta.url));
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".tf"));
const textOf = (name: string): string => readFileSync(`${folder}${name}`, "utf8");

type Body = Readonly<Record<string, unknown>>;
type Resources = Readonly<Record<string, Readonly<Record<string, readonly [Body]>>>>;

const sample = {
  "app.example.com": { zone_id: "Z1", primary: "app.a.cdn.net", backup: "app.b.cdn.net" },
  "*.example.com": {
    zone_id: "Z1",
    primary: "any.a.cdn.net",
    backup: "any.b.cdn.net",
    weights: { primary: 50, backup: 50 },
    health_checks: true,
  },
  "example.org": {
    zone_id: "Z2",
    alias: { primary: { name: "a.cloudfront.net", zone_id: "ZC" }, backup: { name: "b.cloudfront.net", zone_id: "ZC" } },
  },
};

/** What the module computes before any provider is asked: its variables and locals. */
const pure = (variables: object) => {
  const locals = /^locals \{\n[\s\S]*?^\}\n/m.exec(textOf("main.tf"))?.[0] ?? "";
  return { "variables.tf": textOf("variables.tf"), "main.tf": locals, "terraform.tfvars.json": JSON.stringify(variables) };
};

describe("the Terraform module", () => {
  it("is read by HashiCorp's parser", async () => {
    expect(files.length).toBeGreaterThanOrEqual(10);
    for (const name of files) expect(Object.keys(await parsed(textOf(name))), name).not.toEqual([]);
  });

  it("ignores of its records what the printed configuration ignores, and has the same attributes", async () => {
    const records = (["primary", "backup"] as const).map((side) => ({
      name: "app.example.com",
      type: "A",
      setIdentifier: side,
      ttl: 60,
      values: ["192.0.2.1"],
      alias: { hostedZoneId: "Z", dnsName: "x", evaluateTargetHealth: false },
    }));
    const domain = {
      domainId: 1,
      name: "app.example.com",
      primaryTarget: null,
      backupTarget: null,
      normal: { primary: 100, backup: 0 },
      verified: true,
      steerGroup: false,
      zoneId: "Z1",
      records,
    };
    const frame = null;
    const service = { serviceId: 1, domains: [domain], domainsTotal: 1, domainsBehind: false, ttlSeconds: 60, isApex: () => false, frame };
    const printed = ((await parsed(writeHcl(terraformOf(service))))["resource"] as Resources)["aws_route53_record"]?.[
      "domain_1_a_primary"
    ]?.[0];
    const own = ((await parsed(textOf("main.tf")))["resource"] as Resources)["aws_route53_record"]?.["pair"]?.[0];
    expect(own?.["lifecycle"]).toEqual(printed?.["lifecycle"]);
    expect(own?.["lifecycle"]).toEqual([{ ignore_changes: ["${weighted_routing_policy}", "${health_check_id}"] }]);
    const { dynamic, for_each: _, health_check_id: check, ...rest } = own ?? {};
    expect(check).toBeDefined();
    expect([...Object.keys(rest), ...Object.keys(dynamic as object)].toSorted()).toEqual(Object.keys(printed ?? {}).toSorted());
  });

  it.skipIf(!hasTerraform)("is laid out as terraform fmt has it, and read by Terraform with its example", () => {
    inFolder(
      {},
      (terraform) => {
        expect(terraform(["fmt", "-check", "-diff", "-recursive"])).toEqual({ code: 0, out: "" });
        expect(terraform(["-chdir=example", "get", "-no-color"])).toMatchObject({ code: 0 });
      },
      folder,
    );
  });

  it.skipIf(!hasTerraform)("validates as far as that needs no provider", () => {
    inFolder(
      {},
      (terraform) => {
        expect(terraform(["init", "-no-color", "-input=false"]).code).toBe(0);
        expect(terraform(["validate", "-no-color"])).toMatchObject({ code: 0, out: expect.stringContaining("valid") });
      },
      `${folder}policy`,
    );
  });

  it.skipIf(!hasTerraform)("has a record for each type and side, and a health check where they are wanted", () => {
    expect(evaluated(pure({ domains: sample }), "keys(local.records)")).toEqual([
      "*.example.com/CNAME/backup",
      "*.example.com/CNAME/primary",
      "app.example.com/CNAME/backup",
      "app.example.com/CNAME/primary",
      "example.org/A/backup",
      "example.org/A/primary",
      "example.org/AAAA/backup",
      "example.org/AAAA/primary",
    ]);
    expect(evaluated(pure({ domains: sample }), "local.checks")).toEqual({
      "*.example.com/backup": { domain: "*.example.com", host: "any.b.cdn.net" },
      "*.example.com/primary": { domain: "*.example.com", host: "any.a.cdn.net" },
    });
    expect(evaluated(pure({ domains: {} }), "[local.records, local.checks]")).toEqual([{}, {}]);
  });

  it.skipIf(!hasTerraform).each<[string, object, RegExp]>([
    ["a name in capitals", { "App.example.com": {} }, /each key must be a hostname/],
    ["a name with a dot at its end", { "app.example.com.": {} }, /each key must be a hostname/],
    ["the path of a zone", { "app.example.com": { zone_id: "/hostedzone/Z1" } }, /without \/hostedzone\//],
    ["an origin", { "app.example.com": { primary: "https://origin.example.com" } }, /primary and backup must be hostnames/],
    ["one target twice", { "app.example.com": { backup: "app.a.cdn.net" } }, /must differ/],
    ["a missing target", { "app.example.com": { backup: null } }, /needs primary and backup, or alias/],
    ["a TTL that is long", { "app.example.com": { ttl: 300 } }, /ttl must be 1 to 60/],
    ["a weight that is too heavy", { "app.example.com": { weights: { primary: 256, backup: 0 } } }, /weights must be whole numbers/],
    ["a primary that answers nobody", { "app.example.com": { weights: { primary: 0, backup: 1 } } }, /that of the primary above 0/],
    ["a path that is none", { "app.example.com": { probe_path: "health" } }, /probe_path must begin with/],
  ])("refuses %s, and says by which rule", (_, given, rule) => {
    const domains = Object.fromEntries(
      Object.entries(given).map(([name, more]) => [name, { zone_id: "Z1", primary: "app.a.cdn.net", backup: "app.b.cdn.net", ...more }]),
    );
    inFolder(pure({ domains }), (terraform) => {
      const { code, out } = terraform(["plan", "-no-color", "-input=false"]);
      expect(code).toBe(1);
      expect(out.replaceAll(/[│\s]+/g, " ")).toMatch(rule);
    });
  });

  it.skipIf(!hasTerraform)("has the policy of the API, for names whose zones are known", () => {
    const zones = { "*.example.com": "Z1", "app.example.com": "Z1", "b-1.example.org": "Z2", "a_b.example.net": "Z0" };
    for (const domains of [zones, {}] as Record<string, string>[]) {
      for (const partition of ["aws", "aws-cn"]) {
        const variables = { "terraform.tfvars.json": JSON.stringify({ partition, domains }) };
        const permitted = Object.entries(domains).map(([name, zoneId]) => ({ name, zoneId }));
        expect([evaluated(variables, "jsondecode(local.document)", `${folder}policy`)]).toEqual(
          iamPolicyFor(partition, permitted, (name) => name).policies,
        );
      }
    }
  });

  it.skipIf(!hasTerraform)("refuses a policy that is too long, and says what to do", () => {
    const domains = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`a-name-that-is-long-${index}.example.com`, "Z1"]));
    inFolder(
      { "terraform.tfvars.json": JSON.stringify({ partition: "aws", domains }) },
      (terraform) => {
        const { code, out } = terraform(["plan", "-no-color", "-input=false"]);
        expect(code).toBe(1);
        expect(out.replaceAll(/[│\s]+/g, " ")).toContain("give access.policy_documents");
      },
      `${folder}policy`,
    );
  });
});
