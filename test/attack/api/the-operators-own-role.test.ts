import { beforeAll, expect, it } from "vitest";
import { createApp } from "../../../src/app.ts";
import type { RoleTrustCheck } from "../../../src/adapters/ports/steering/dns-access.ts";
import type { RoleTrust } from "../../../src/domain/steering/role-trust.ts";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

// A customer registers a role that is not theirs: the operator's own, or another customer's that trusts whoever asks.

let api: Api;
let trust: RoleTrust;

beforeAll(async () => {
  api = await startApi();
  const roleTrust: RoleTrustCheck = { trustOf: async () => trust };
  Object.assign(api.app, { request: createApp({ ...api.deps, roleTrust }).request });
});

const register = async (token: string, account: string) =>
  await api.call("POST", "/v1/dns-accounts", { token, body: { role_arn: `arn:aws:iam::${account}:role/dns` } });

it.each([
  ["own", "of your own AWS account"],
  ["anybody", "without the external id"],
] as const)("is refused where it is trusted by %s", async (found, detail) => {
  const { editor } = await api.onboard(`mallory-${found}`);
  trust = found;
  const answer = await register(editor, "111122223333");
  expect([answer.status, pointers(answer), JSON.stringify(answer.body["errors"])]).toEqual([
    400,
    ["/role_arn"],
    expect.stringContaining(detail),
  ]);
  expect((await api.call("GET", "/v1/dns-accounts", { token: editor })).list).toEqual([]);
});

it("fails the readiness of who had registered it before its trust policy was loosened", async () => {
  const { editor } = await api.onboard("acme");
  trust = "guarded";
  expect((await register(editor, "123456789012")).status).toBe(201);
  const service = await api.service(editor);
  await api.created(`/v1/services/${service.id}/domains`, { name: "app.example.com" }, { token: editor });
  const checks = async () => {
    const answer = await api.call("POST", `/v1/services/${service.id}/readiness/check`, { token: editor });
    return (answer.body["checks"] as { check: string; result: string; mend: string | null }[]).find(({ check }) => check === "role_trust");
  };
  expect((await checks())?.result).toBe("pass");
  trust = "anybody";
  expect(await checks()).toMatchObject({ result: "fail", mend: expect.stringContaining("sts:ExternalId") });
  trust = "unknown";
  expect((await checks())?.result).toBe("unproven");
});
