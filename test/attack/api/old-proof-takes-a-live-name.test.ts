import { sql } from "drizzle-orm";
import { beforeAll, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";
import { proving } from "../../support/proofs.ts";

// An agency once set the client's domain up, and its TXT record is still in the client's zone. The agency has left; the client has
// an account of their own now. The agency asks for the name with its old record.

let api: Api;
let world: ReturnType<typeof proving>;
let agency: { editor: string; viewer: string };
let client: { editor: string; viewer: string };

beforeAll(async () => {
  api = await startApi({ DOMAIN_VERIFICATION: "on" });
  world = proving(api);
  agency = await api.onboard("agency");
  client = await api.onboard("client");
});

it("does not take the name from its holder, nor change its records", async () => {
  const old = await world.claim(agency.editor, "shop.example.com");
  world.publish(old);
  const own = await world.claim(client.editor, "shop.example.com");
  world.publish(own);
  expect((await world.verify(own)).status).toBe(200);
  const taken = await world.verify(old);
  expect((await world.read(own))["verified_at"]).not.toBeNull();
  expect((await world.read(old))["verified_at"]).toBeNull();
  expect([taken.status, (await world.override(old, "backup")).status, (await world.override(own, "backup")).status]).toEqual([
    409, 409, 200,
  ]);
  // Both see that there is a dispute, and nothing that says with whom.
  expect((await world.read(own))["disputed_at"]).not.toBeNull();
  expect((await world.read(old))["state"]).toBe("disputed");
});

it("proves nothing with a token that has lain about for more than a week", async () => {
  const old = await world.claim(agency.editor, "blog.example.com");
  world.publish(old);
  await api.db.rows(sql`update service_domains set created_at = now() - interval '8 days' where id = ${old.id}`);
  // On code that knows an expiry.
  await api.db
    .rows(sql`update service_domains set challenge_expires_at = now() - interval '1 day' where id = ${old.id}`)
    .catch(() => undefined);
  const late = await world.verify(old);
  expect(late.status).toBe(409);
  const fresh = await world.read(old);
  expect([fresh["state"], fresh["verified_at"], fresh["record_value"] === old.value]).toEqual(["unproven", null, false]);
  expect((await world.verify(old)).status).toBe(409);
});
