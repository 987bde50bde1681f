import { sql } from "drizzle-orm";
import { beforeAll, expect, it } from "vitest";
import type { Prober } from "../../../src/adapters/ports/detection/probe.ts";
import { createApp } from "../../../src/app.ts";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

/** Hole 1: the readiness check of a service with 2,000 domains never answers, and sends 4,000 probes to whatever they name. */

let api: Api;
let token: string;
let path: string;
let service: number;
const probed: string[] = [];
const prober: Prober = {
  probe: async ({ url }) => {
    probed.push(url);
    return { kind: "network", latencyMs: 0 };
  },
};

const add = async (count: number, verified: boolean) =>
  await api.db.rows(sql`
  insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, verified_at)
  select s.id, s.customer_id, 'd' || ${String(verified)} || i || '.example.com', 'a' || i || '.victim.com', 'b' || i || '.victim.com', 'token', case when ${verified} then now() end
  from services s, generate_series(1, ${count}::int) i where s.id = ${service}`);

beforeAll(async () => {
  api = await startApi({ DOMAIN_VERIFICATION: "on", ALLOW_PRIVATE_TARGETS: "false", DOH_ENDPOINTS: "https://127.0.0.1:9/dns-query" });
  Object.assign(api.app, { request: createApp({ ...api.deps, prober }).request });
  token = (await api.onboard("acme")).editor;
  service = (await api.service(token)).id;
  path = `/v1/services/${service}/readiness`;
});

it("answers with a page of them, says so, and goes on where it is asked to", async () => {
  await add(50, true);
  const seen = new Set<unknown>();
  const coverage = [];
  for (let query = ""; ;) {
    const answer = await api.call("POST", `${path}/check${query}`, { token });
    expect(answer.status, answer.text).toBe(200);
    for (const { domain_id: id } of answer.body["checks"] as { domain_id: number }[]) seen.add(id);
    const domains = answer.body["domains"] as { checked: number; total: number; next_cursor: string | null };
    coverage.push([domains.checked, domains.total]);
    if (domains.next_cursor === null) break;
    query = `?domains_cursor=${domains.next_cursor}`;
  }
  expect(coverage).toEqual([
    [20, 50],
    [20, 50],
    [10, 50],
  ]);
  expect(seen.size).toBe(50);
  expect(probed).toHaveLength(100);
  expect((await api.call("GET", path, { token })).body["domains"]).toEqual({ checked: 10, total: 50, next_cursor: null });
});

it("does not probe what nobody has proven to be theirs", async () => {
  await api.db.rows(sql`update service_domains set deleted_at = now()`);
  await add(10, false);
  probed.splice(0);
  const answer = await api.call("POST", `${path}/check`, { token });
  const targets = (answer.body["checks"] as { check: string; result: string }[]).filter(({ check }) => check.endsWith("_target"));
  expect(new Set(targets.map(({ result }) => result))).toEqual(new Set(["unproven"]));
  expect(probed).toEqual([]);
});

it("does not probe what leads to a private address", async () => {
  await api.db.rows(sql`update service_domains set deleted_at = now()`);
  await add(1, true);
  await api.db.rows(sql`insert into probe_targets (host, addresses, checked_at) values ('a1.victim.com', 'private', now())`);
  probed.splice(0);
  const answer = await api.call("POST", `${path}/check`, { token });
  expect((answer.body["checks"] as { check: string }[]).find(({ check }) => check === "primary_target")).toMatchObject({
    result: "fail",
    detail: "the primary target leads to a private address: it is not probed",
  });
  expect(probed).toEqual(["https://b1.victim.com/healthz"]);
});
