import { sql } from "drizzle-orm";
import { beforeAll, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";
import { proving } from "../../support/proofs.ts";

// Somebody had the name for a day, proved it, and has lost it: the record is gone. They keep the account.

let api: Api;
let world: ReturnType<typeof proving>;
let mallory: { editor: string };

beforeAll(async () => {
  api = await startApi({ DOMAIN_VERIFICATION: "on" });
  world = proving(api);
  mallory = await api.onboard("mallory");
});

it("is not verified by a replay of what was true once", async () => {
  const once = await world.claim(mallory.editor, "replay.example.com");
  world.publish(once);
  const headers = { "idempotency-key": "a" };
  expect((await world.verify(once, headers)).status).toBe(200);
  world.withdraw(once);
  const again = await world.verify(once, headers);
  expect([again.status, again.headers.get("idempotency-replayed")]).toEqual([409, null]);
});

it("overrides nothing once the record is gone, be it a minute ago", async () => {
  const once = await world.claim(mallory.editor, "order.example.com");
  world.publish(once);
  await world.verify(once);
  expect((await world.override(once, "backup")).status).toBe(200);
  world.withdraw(once);
  const orders = await Promise.all(["backup", "primary"].map(async (mode) => (await world.override(once, mode)).status));
  expect(orders).toEqual([409, 409]);
  expect((await world.override(once, "frozen")).status).toBe(200);
  expect((await world.read(once))["state"]).toBe("lapsing");
});

it("is warned of for 72 h and held then; a look that nobody answers is no loss", async () => {
  const once = await world.claim(mallory.editor, "lapse.example.com");
  world.publish(once);
  await world.verify(once);
  world.dns.silent = true;
  await world.pass(48);
  expect((await world.read(once))["state"]).toBe("proven");
  // The last sight of it is fresh enough for an order, and is not for ever.
  expect((await world.override(once, "backup")).status).toBe(200);
  await world.pass(25);
  expect((await world.override(once, "backup")).status).toBe(409);
  world.dns.silent = false;
  world.withdraw(once);
  await world.pass(2);
  expect((await world.read(once))["state"]).toBe("lapsing");
  const weights = { token: mallory.editor, body: { normal_weights: { primary: 0, backup: 100 } } };
  expect((await api.call("PATCH", once.own, weights)).status).toBe(409);
  await world.pass(80);
  expect(await world.read(once)).toMatchObject({ state: "held", held_at: expect.stringMatching(/Z$/) });
  expect((await api.call("PATCH", once.own, weights)).status).toBe(409);
  const status = await api.call("GET", "/v1/status");
  expect((status.body["ownership"] as { held: number }).held).toBeGreaterThanOrEqual(1);
  const told = (await api.call("GET", "/v1/audit-log?object_type=domain", { token: mallory.editor })).list.filter(
    (row) => row["object_id"] === once.id,
  );
  expect(told.map((row) => row["action"])).toEqual(["proof_held", "proof_lapsed", "verify", "create"]);
  // Usage is still the holder's: a lapse moves no bytes.
  const tenures = await api.db.rows<{ open: boolean }>(sql`select to_at is null as open from domain_tenures where domain_id = ${once.id}`);
  expect(tenures).toEqual([{ open: true }]);
  world.publish(once);
  expect((await world.verify(once)).body["state"]).toBe("proven");
  expect((await api.call("PATCH", once.own, weights)).status).toBe(200);
});

it("is found in the readiness of the service", async () => {
  const once = await world.claim(mallory.editor, "ready.example.com");
  world.publish(once);
  await world.verify(once);
  world.withdraw(once);
  await world.verify(once);
  const readiness = await api.call("POST", `/v1/services/${once.serviceId}/readiness/check`, { token: mallory.editor });
  const owner = (readiness.body["checks"] as { check: string; result: string; detail: string }[]).find(({ check }) => check === "owner");
  expect([owner?.result, owner?.detail]).toEqual(["warn", expect.stringContaining("after 72 h nothing is switched")]);
});
