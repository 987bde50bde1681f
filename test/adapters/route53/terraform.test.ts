import { describe, expect, it } from "vitest";
import { writeHcl } from "../../../src/domain/steering/hcl.ts";
import type { TerraformDomain } from "../../../src/domain/steering/terraform.ts";
import { terraformOf } from "../../../src/domain/steering/terraform.ts";
import { parsed } from "../../support/terraform.ts";
import type { Seed } from "./account.ts";
import { dns, found, pair, server, settle, useAccount, zoneId } from "./account.ts";
import { route53At } from "./support.ts";

useAccount();

type Resource = {
  readonly zone_id: string;
  readonly name: string;
  readonly type: string;
  readonly set_identifier: string;
  readonly ttl?: number;
  readonly records?: readonly string[];
  readonly alias?: readonly [{ readonly name: string; readonly zone_id: string; readonly evaluate_target_health: boolean }];
  readonly weighted_routing_policy: readonly [{ readonly weight: number }];
};

const written = async (domain: Partial<TerraformDomain> & { readonly name: string }) => {
  const whole: TerraformDomain = {
    domainId: 1,
    primaryTarget: "app.a.cdn.net",
    backupTarget: "app.b.cdn.net",
    normal: { primary: 100, backup: 0 },
    verified: true,
    steerGroup: false,
    zoneId: zoneId("example.com"),
    records: null,
    ...domain,
  };
  const service = {
    serviceId: 1,
    domains: [whole],
    domainsTotal: 1,
    domainsBehind: false,
    ttlSeconds: 60,
    isApex: () => false,
    frame: null,
  };
  const { resource, import: imports = [] } = (await parsed(writeHcl(terraformOf(service)))) as {
    readonly resource: { readonly aws_route53_record: Readonly<Record<string, readonly [Resource]>> };
    readonly import?: readonly { readonly id: string }[];
  };
  return {
    imports: imports.map(({ id }) => id).toSorted(),
    records: Object.values(resource.aws_route53_record).map(([one]) => ({
      name: `${one.name}.`,
      type: one.type,
      setIdentifier: one.set_identifier,
      weight: one.weighted_routing_policy[0].weight,
      ...(one.ttl !== undefined && { ttlSeconds: one.ttl }),
      ...(one.records !== undefined && { values: one.records }),
    })),
  };
};

const at = (name: string) =>
  server
    .records(zoneId("example.com"))
    .filter((set) => set.name === `${name}.`)
    .map(({ name: own, type, setIdentifier, weight, ttlSeconds, values }) => ({
      name: own,
      type,
      setIdentifier,
      weight,
      ...(ttlSeconds !== undefined && { ttlSeconds }),
      ...(values !== undefined && { values }),
    }));
const bySide = (records: readonly { readonly setIdentifier?: string | undefined }[]) =>
  records.toSorted((a, b) => ((a.setIdentifier ?? "") < (b.setIdentifier ?? "") ? -1 : 1));

describe("records for Terraform", () => {
  it("that are not there are those that provision creates", async () => {
    const { records, imports } = await written({ name: "tf.example.com" });
    const result = await route53At(server.url).provision({
      domain: "tf.example.com",
      targets: { primary: "app.a.cdn.net", backup: "app.b.cdn.net" },
      weights: { primary: 100, backup: 0 },
      ttlSeconds: 60,
    });
    expect(result.status).toBe("created");
    expect(bySide(records)).toEqual(bySide(at("tf.example.com")));
    expect(imports).toEqual([]);
  });

  it.each<[string, Partial<Seed>]>([
    ["CNAMEs", {}],
    ["addresses", { type: "AAAA", values: ["2001:db8::1"] }],
  ])("that are there, %s, are imported as they are, but for weights, whatever tranche has switched", async (_, more) => {
    const name = `there-${Object.keys(more).length}.example.com`;
    server.seed(zoneId("example.com"), pair(name, more));
    const before = found((await dns.read([name])).get(name));
    const first = await written({ name, records: before.records });
    expect(bySide(first.records)).toEqual(bySide(at(name)));
    expect(first.imports).toEqual(
      at(name)
        .map(({ type, setIdentifier }) => `${before.zoneId}_${name}_${type}_${setIdentifier}`)
        .toSorted(),
    );

    await dns.apply([{ domain: name, zoneId: before.zoneId, records: before.records, to: { primary: 0, backup: 100 } }]);
    settle();
    const after = found((await dns.read([name])).get(name));
    expect(
      at(name)
        .map(({ weight }) => weight)
        .toSorted((a, b) => Number(a) - Number(b)),
    ).toEqual([0, 100]);
    // The configuration is the same: nothing for a plan but what is ignored.
    expect(await written({ name, records: after.records })).toEqual(first);
  });
});
