import { expect, it } from "vitest";
import { createApp } from "../../../src/app.ts";
import { connect } from "../../../src/adapters/db/platform/client.ts";
import { createRoundStore } from "../../../src/adapters/db/round/rounds.ts";
import { parseConfig } from "../../../src/config.ts";
import { buildDeps } from "../../../src/deps.ts";
import { startApi } from "../../support/api.ts";
import { proving } from "../../support/proofs.ts";

// A deployment was tried out with DOMAIN_VERIFICATION=off. Somebody took a name that is not theirs; then proofs were switched on.

it("leaves nobody verified who has proven nothing", async () => {
  const before = await startApi({ DOMAIN_VERIFICATION: "off" });
  const squatter = await before.onboard("squatter");
  const service = await before.service(squatter.editor, "bank");
  const domain = await before.created(`/v1/services/${service.id}/domains`, { name: "www.bank.example" }, { token: squatter.editor });
  const path = `/v1/services/${service.id}/domains/${domain.id}/verification`;
  expect((await before.call("POST", path, { token: squatter.editor })).body["verified_at"]).not.toBeNull();

  const config = parseConfig({ ...before.env, DOMAIN_VERIFICATION: "on" });
  const deps = {
    ...buildDeps(config, { clock: before.clock, log: before.log }),
    prober: before.deps.prober,
    dnsDirectory: before.deps.dnsDirectory,
  };
  const after = { ...before, deps, app: createApp(deps) };
  Object.assign(before.app, { request: after.app.request });
  const world = proving({ ...after, app: before.app });
  const read = await before.call("GET", path, { token: squatter.editor });
  expect(read.body["verified_at"]).toBeNull();
  expect(read.body["state"]).toBe("unproven");
  const override = await before.call("PUT", `/v1/services/${service.id}/routing/override`, {
    token: squatter.editor,
    body: { mode: "backup", reason: "mine" },
  });
  expect(override.status).toBe(409);
  const db = connect(before.env.DATABASE_URL, before.env.NEON_FETCH_ENDPOINT);
  const [seen] = await createRoundStore(db).survey({ index: 0, count: 1 }, 0);
  expect(seen?.domains.map(({ verified }) => verified)).toEqual([false]);

  const quotas = await before.call("GET", "/v1/quotas", { token: squatter.editor });
  expect(
    quotas.list.find(({ kind }) => kind === "unverified_domains"),
    "and it counts as one that nobody has proven",
  ).toMatchObject({ used: 1 });

  // Whoever can prove it has it, and nobody has to be asked.
  const bank = await before.onboard("bank");
  const own = await world.claim(bank.editor, "www.bank.example");
  world.publish(own);
  expect((await world.verify(own)).body).toMatchObject({ result: "verified", state: "proven", disputed_at: null });
  expect((await before.call("GET", path, { token: squatter.editor })).body["state"]).toBe("lost");
});
