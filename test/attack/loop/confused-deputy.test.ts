import { afterEach, beforeEach, expect, it } from "vitest";
import type { TrustingRole } from "../../../local/sts/assume-role.ts";
import type { StsServer } from "../../../local/sts/server.ts";
import { startSts } from "../../../local/sts/server.ts";
import { systemClock } from "../../../src/adapters/platform/clock.ts";
import { createRole } from "../../../src/adapters/route53/role.ts";
import { createRoleTrust } from "../../../src/adapters/route53/trust.ts";
import { requestBudget } from "../../../src/pipeline/request-budget.ts";
import { createConnections } from "../../../src/pipeline/connection-slots.ts";

// The operator's credentials may assume many roles. Whoever names a role that is not theirs makes the operator their deputy: one of
// another customer, whose trust policy forgot the external id, or one of the operator's own account.

const keys = { accessKeyId: "AKIAOPERATOR00000000", secretAccessKey: "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY" };
const operatorsOwn = "arn:aws:iam::111122223333:role/dns-admin";
const victims = (name: string) => `arn:aws:iam::123456789012:role/${name}`;
let sts: StsServer;
let roles: TrustingRole[];

beforeEach(async () => {
  roles = [
    { arn: operatorsOwn, externalId: null },
    { arn: victims("forgot"), externalId: null },
    { arn: victims("any"), externalId: "*" },
    { arn: victims("guarded"), externalId: "3c0f9a5e-theirs" },
  ];
  sts = await startSts({ ...keys, roles });
});
afterEach(async () => await sts.close());

const trustWith = (credentials = keys) =>
  createRoleTrust({
    home: { endpoint: sts.url, region: "us-east-1" },
    endpointOf: () => sts.url,
    credentials,
    fetch: (...request) => fetch(...request),
    clock: systemClock,
    timeoutMs: 500,
    strangeId: () => "tranche-nobody-0123456789abcdef",
  });
const budget = () => requestBudget(systemClock, createConnections(systemClock));
const trustOf = async (roleArn: string) => await trustWith().trustOf({ roleArn, region: "us-east-1" }, budget());

it("tells a role that trusts without the external id, or with any, from one that trusts with its own alone", async () => {
  expect(
    await Promise.all([victims("forgot"), victims("any"), victims("guarded"), victims("none-such"), operatorsOwn].map(trustOf)),
  ).toEqual(["anybody", "anybody", "guarded", "guarded", "own"]);
});

it("says nothing for certain of a role while STS does not answer", async () => {
  for (const fault of ["throttle", "server-error", "reset", "hang"] as const) {
    sts.setFault(fault);
    expect(await trustOf(victims("guarded")), fault).toBe("unknown");
  }
});

it("assumes no role of the operator's own account for a customer, however it was stored", async () => {
  const assume = (roleArn: string, externalId: string) =>
    trustWith().foreignOnly(
      roleArn,
      createRole({
        roleArn,
        externalId,
        endpoint: sts.url,
        region: "us-east-1",
        credentials: keys,
        fetch: (...request) => fetch(...request),
        clock: systemClock,
        timeoutMs: 500,
      }),
    );
  await expect(assume(operatorsOwn, "chosen-by-us-1").get(budget())).rejects.toThrow("operator's own AWS account");
  expect(sts.requests.filter(({ body }) => body.includes("Action=AssumeRole"))).toEqual([]);
  expect((await assume(victims("guarded"), "3c0f9a5e-theirs").get(budget())).sessionToken).toBeDefined();
  // One customer's role under another's external id.
  await expect(assume(victims("guarded"), "mallorys-own-id").get(budget())).rejects.toThrow("cannot be assumed");
});

it("assumes none while it is not known which account is the operator's", async () => {
  sts.setFault("server-error");
  const role = { get: async () => await Promise.reject(new Error("must not be asked")), drop: () => undefined };
  await expect(trustWith().foreignOnly(victims("guarded"), role).get(budget())).rejects.toThrow(/STS/);
});
