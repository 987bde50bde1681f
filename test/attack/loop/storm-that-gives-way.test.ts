import { expect, it } from "vitest";
import { auditBundle } from "../../../cli/evidence/evidence-audit.ts";
import type { CreditTerms } from "../../../src/domain/billing/credit.ts";
import { everyStorm } from "../../../src/domain/billing/credit.ts";
import { freshDatabase } from "../../support/database.ts";
import { bundleOf, keysOf } from "../../support/evidence.ts";
import { testSigner } from "../../support/evidence-signer.ts";
import { createWorld } from "../../support/round-world.ts";

it("a storm that ends as its credit would be decided otherwise (credit_changed) ends once, in evidence that verifies", async () => {
  const [world, signer] = [await createWorld(await freshDatabase()), testSigner()];
  const credit: CreditTerms = { ...everyStorm, rule: "verified", requireVerified: true };
  const rounds = async (number: number) => {
    for (let at = 0; at < number; at += 1) await world.round({ evidenceSigner: signer, credit });
  };
  await world.seed();
  world.dns.put("app.example.test");
  await rounds(12);
  world.prober.say("a.cdn.net", "refuse");
  await rounds(4);
  await world.sql("update service_domains set verified_by = 'off'");
  await rounds(4);
  const storms = await world.sql<{ id: string; line: string }>(
    "select id, concat_ws(' ', ended_reason, credit, credit_reason) as line from storm_events order by id",
  );
  expect(storms.map(({ line }) => line)).toEqual(["credit_changed earned", "refused unverified"]);
  const keys = await keysOf(signer);
  const [first, second] = storms.map(({ id }) => Number(id));
  expect(auditBundle(await bundleOf(world, first ?? 0, signer), { keys })).toMatchObject({
    ok: true,
    bundle: { kinds: ["begin", "switch", "end"] },
    replayed: 2,
    remarks: [],
  });
  expect(auditBundle(await bundleOf(world, second ?? 0, signer), { keys })).toMatchObject({ ok: true, replayed: 1, remarks: [] });

  // As it was recorded before: once more by the database. Whoever asks for no signature can still read such a bundle; another end is a fault.
  const record = async (reason: string) =>
    await world.sql(
      `insert into evidence (service_id, storm_id, kind, body) select service_id, id, 'end',
    '{"decided_at":"2026-11-18T11:30:00.000Z","decision":{"change":"end","ended_at":"' || to_char(ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","reason":"' || $2 || '"}}'
    from storm_events where id = $1`,
      [first, reason],
    );
  await record("credit_changed");
  expect(auditBundle(await bundleOf(world, first ?? 0, null), null)).toMatchObject({ ok: true });
  expect(auditBundle(await bundleOf(world, first ?? 0, signer), { keys })).toMatchObject({ ok: false, reason: "is not signed" });
  await record("policy_deleted");
  expect(auditBundle(await bundleOf(world, first ?? 0, null), null)).toMatchObject({
    ok: false,
    reason: "comes to end a storm that has ended",
  });
});
