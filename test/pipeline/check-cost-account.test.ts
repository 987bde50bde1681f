import { beforeEach, describe, expect, it } from "vitest";
import type { PolicyDocument } from "../../local/route53/iam-document.ts";
import { checkPolicies, listOf } from "../../local/route53/iam-document.ts";
import type { S3Server } from "../../local/s3/server.ts";
import { startS3 } from "../../local/s3/server.ts";
import type { TrustingRole } from "../../local/sts/assume-role.ts";
import type { StsServer } from "../../local/sts/server.ts";
import { startSts } from "../../local/sts/server.ts";
import { createCallerIdentity } from "../../src/adapters/aws/caller-identity.ts";
import { createCostDirectory } from "../../src/adapters/cost/directory.ts";
import { systemClock } from "../../src/adapters/platform/clock.ts";
import { systemRandom } from "../../src/adapters/platform/random.ts";
import { createSecrets } from "../../src/adapters/platform/secrets.ts";
import type { SealedCostAccount } from "../../src/adapters/ports/cost/accounts.ts";
import { createRole } from "../../src/adapters/route53/role.ts";
import { createRoleTrust } from "../../src/adapters/route53/trust.ts";
import { createTrailFiles } from "../../src/adapters/s3/trail-files.ts";
import { worstOf } from "../../src/domain/cost/account-check.ts";
import { costPolicyFor } from "../../src/domain/cost/iam-policy.ts";
import { costSealingContext } from "../../src/domain/cost/sealing.ts";
import { checkCostAccount } from "../../src/pipeline/cost/check-account.ts";
import { freely } from "../support/budget.ts";
import { trailFile, trailRecords } from "../support/cloudtrail.ts";

const operatorKeys = { accessKeyId: "AKIAOPERATOR00000000", secretAccessKey: "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY" };
const arn = "arn:aws:iam::123456789012:role/costs";
const secrets = createSecrets([btoa("k".repeat(32))], systemRandom);
const account: SealedCostAccount = {
  id: 7,
  customerId: 1,
  name: "production",
  region: "eu-central-1",
  bucket: "trail",
  prefix: "logs/",
  awsAccounts: ["123456789012", "210987654321"],
  regions: ["eu-central-1"],
  accessKeyId: null,
  sealedSecret: null,
  roleArn: arn,
  externalId: "e-1",
  createdAtMs: 0,
};

let s3: S3Server;
let sts: StsServer;
let roles: TrustingRole[];
let rows: SealedCostAccount[];

const common = { fetch, clock: systemClock, timeoutMs: 500 };
const attached = (of: SealedCostAccount) => costPolicyFor(of).policies as unknown as readonly PolicyDocument[];

beforeEach(async () => {
  roles = [{ arn, externalId: "e-1", policies: attached(account) }];
  rows = [account];
  sts = await startSts({ ...operatorKeys, region: "eu-central-1", roles });
  s3 = await startS3({
    buckets: [{ name: "trail", region: "eu-central-1" }],
    keys: [],
    sessions: sts.session,
    policies: (keyId) => sts.session(keyId)?.policies,
  });
  const file = trailFile(trailRecords(1, { fromMs: 0 }), { fromMs: 0 }, "logs/");
  s3.bucket("trail").put(file);
  s3.bucket("trail").put({ ...file, key: `other/${file.key}` });
  return async () => await Promise.all([s3.close(), sts.close()]).then(() => undefined);
});

const stsOf = () => sts.url;
const directory = () =>
  createCostDirectory({
    accounts: {
      page: async () => rows,
      ofCustomer: async () => rows,
      of: async (customerId, id) => rows.find((row) => row.customerId === customerId && row.id === id) ?? null,
    },
    secrets,
    assume: (region, role) => createRole({ ...common, ...role, endpoint: sts.url, region, credentials: operatorKeys }),
  });

const check = async () => {
  const access = await directory().of(1, 7);
  if (access === null) throw new Error("no access");
  const trailFiles = createTrailFiles({ ...common, endpoint: s3.url, readMs: 2_000, mostBytes: 1_000_000 });
  const home = { endpoint: sts.url, region: "eu-central-1" };
  const roleTrust = createRoleTrust({ ...common, home, endpointOf: stsOf, credentials: operatorKeys, strangeId: () => "nobody" });
  const callerIdentity = createCallerIdentity({ ...common, stsOf });
  const findings = await checkCostAccount({ trailFiles, callerIdentity, roleTrust }, access, rows[0]?.roleArn ?? null, freely);
  return { findings, brief: findings.map(({ check: name, result }) => `${name} ${result}`), worst: worstOf(findings), trailFiles, access };
};

describe("the check of a cost account", () => {
  it("passes with the role and policy as they are advised, and says which AWS account has no files yet", async () => {
    const { brief, findings, worst } = await check();
    expect(brief).toEqual(["credentials pass", "role_trust pass", "listing pass", "listing warn", "reading pass"]);
    expect(worst).toBe("warn");
    expect(findings[0]?.detail).toContain("arn:aws:sts::123456789012:assumed-role/costs/tranche");
    expect(findings[3]).toMatchObject({
      about: "logs/AWSLogs/210987654321/CloudTrail/",
      detail: "the listing is permitted, and there is no file",
    });
  });

  it("is permitted nothing beside the trail", async () => {
    const { trailFiles, access } = await check();
    for (const prefix of ["", "logs/", "other/", "logs/AWSLogs/999999999999/CloudTrail/"]) {
      expect(await trailFiles.list(access, { prefix, most: 1 }, freely)).toMatchObject({ ok: false, problem: { kind: "denied" } });
    }
    const [key = ""] = [...s3.bucket("trail").objects.keys()].filter((one) => one.startsWith("other/"));
    expect(await trailFiles.read(access, key, freely, async () => {})).toMatchObject({ ok: false, problem: { kind: "denied" } });
  });

  it("says what is missing: the listing, the reading, the trust", async () => {
    const statements = attached(account).flatMap(({ Statement }) => listOf(Statement));
    const without = (sid: string): PolicyDocument[] => [{ Statement: statements.filter(({ Sid }) => Sid !== sid) }];
    roles[0] = { arn, externalId: "e-1", policies: without("ListTrail") };
    const unlisted = await check();
    expect(unlisted.brief).toEqual(["credentials pass", "role_trust pass", "listing fail", "listing fail"]);
    expect(unlisted.findings[2]?.mend).toContain("/iam-policy");
    roles[0] = { arn, externalId: "e-1", policies: without("ReadTrail") };
    const unread = await check();
    expect(unread.brief.at(-1)).toBe("reading fail");
    expect(unread.findings.at(-1)?.mend).toContain("kms:Decrypt");
    roles[0] = { arn, externalId: null, policies: attached(account) };
    expect((await check()).findings[1]).toMatchObject({ result: "fail", detail: expect.stringContaining("GET /v1/cost/accounts") });
    roles[0] = { arn, externalId: "another" };
    const strange = await check();
    expect(strange.brief).toEqual(["credentials fail", "role_trust pass"]);
    expect([strange.worst, strange.findings[0]?.mend]).toEqual(["fail", expect.stringContaining("external_id")]);
  });

  it("holds what is away against nobody", async () => {
    sts.setFault("hang");
    expect((await check()).brief.slice(0, 2)).toEqual(["credentials unproven", "role_trust unproven"]);
    sts.setFault(null);
    s3.setFault({ kind: "slow-down" });
    const { brief, worst } = await check();
    expect([brief.slice(2), worst]).toEqual([["listing unproven", "listing unproven"], "pass"]);
  });

  it("says that a key can not be unsealed, and that a bucket is not there", async () => {
    const sealedSecret = await secrets.seal("secret", costSealingContext(2, "AKIA"));
    rows = [{ ...account, roleArn: null, externalId: null, accessKeyId: "AKIA", sealedSecret }];
    expect((await check()).findings[0]).toMatchObject({ result: "fail", detail: expect.stringContaining("cannot be unsealed") });
    rows = [{ ...account, bucket: "nowhere" }];
    roles[0] = { arn, externalId: "e-1" };
    expect((await check()).findings[2]).toMatchObject({ result: "fail", detail: "there is no bucket nowhere" });
    rows = [{ ...account, bucket: null }];
    expect((await check()).brief).toEqual(["credentials pass", "role_trust pass"]);
  });
});

describe("the policy of a cost account", () => {
  it.each([1, 12, 50])("of %i AWS accounts is one that IAM attaches, and ever the same", (count) => {
    const many = {
      ...account,
      prefix: `${"p".repeat(198)}/`,
      awsAccounts: Array.from({ length: count }, (_, at) => `${100_000_000_000 + at}`),
      regions: Array.from({ length: 4 }, (_, at) => `eu-west-${at + 1}`),
    };
    expect(() => checkPolicies(attached(many))).not.toThrow();
    const text = JSON.stringify(attached(many));
    for (const awsAccount of many.awsAccounts) expect(text.match(new RegExp(`AWSLogs/${awsAccount}/CloudTrail/\\*`, "g"))).toHaveLength(2);
    expect(text).not.toMatch(/Put|Delete|Create|Write|s3:\*/);
  });

  it("is of the partition, and of nothing but what idles where there is no bucket", () => {
    const { policies } = costPolicyFor({ ...account, region: "cn-north-1", regions: ["cn-north-1"], bucket: null });
    expect(policies.flatMap(({ Statement }) => Statement.map(({ Sid }) => Sid))).toEqual(["FindIdle"]);
    expect(JSON.stringify(costPolicyFor({ ...account, region: "cn-north-1", regions: ["cn-north-1"] }))).toContain(
      "arn:aws-cn:s3:::trail/logs/AWSLogs/",
    );
  });
});
