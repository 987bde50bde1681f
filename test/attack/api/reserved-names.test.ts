import { beforeAll, expect, it } from "vitest";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

/** Hole 8: a target in a zone that exists only in private networks has a probe look around in the operator's own. */

let api: Api;
let token: string;
let service: number;
beforeAll(async () => {
  api = await startApi({ ALLOW_PRIVATE_TARGETS: "false", DOMAIN_VERIFICATION: "on", DOH_ENDPOINTS: "https://127.0.0.1:9/dns-query" });
  token = (await api.onboard("acme")).editor;
  service = (await api.service(token)).id;
});

/** The IANA registry of Special-Use Domain Names, what ICANN reserved or will never delegate, and RFC 6762, appendix G. */
it.each([
  "alt",
  "arpa",
  "home.arpa",
  "example",
  "internal",
  "invalid",
  "local",
  "localhost",
  "onion",
  "test",
  "corp",
  "home",
  "mail",
  "intranet",
  "lan",
  "private",
  "localdomain",
])("refuses .%s as a target and as a name", async (zone) => {
  for (const field of ["primary_target", "backup_target", "name"]) {
    const body = { name: "app.example.com", [field]: `router.${zone}` };
    const answer = await api.call("POST", `/v1/services/${service}/domains`, { token, body });
    expect([answer.status, pointers(answer)], field).toEqual([400, [`/${field}`]]);
  }
});

it("takes what only looks like one", async () => {
  const body = { name: "home.lan.example.com", primary_target: "corp.homes.example.net" };
  expect((await api.call("POST", `/v1/services/${service}/domains`, { token, body })).status).toBe(201);
});
