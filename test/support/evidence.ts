import { createEvidenceStore } from "../../src/adapters/db/evidence/evidence.ts";
import { systemClock } from "../../src/adapters/platform/clock.ts";
import type { Clock } from "../../src/adapters/ports/platform/clock.ts";
import type { EvidenceSigner } from "../../src/adapters/ports/evidence/evidence-signer.ts";
import { canonicalJson } from "../../src/domain/evidence/canonical-json.ts";
import { headFields, headText } from "../../src/domain/evidence/evidence-claim.ts";
import { createObservationStore } from "../../src/adapters/db/steering/observations.ts";
import { observeAnswers } from "../../src/cron/observe-answers.ts";
import { auditBundle } from "../../cli/evidence/evidence-audit.ts";
import { trusted } from "../../cli/evidence/evidence-signatures.ts";
import type { Keys } from "../../cli/evidence/evidence-signatures.ts";
import { createMemoryLog } from "./memory-log.ts";
import type { ServiceSeed, World } from "./round-world.ts";

export const keysOf = async (signer: EvidenceSigner): Promise<Keys> => trusted(await signer.publicKeys(), null);

type Where = Pick<World, "db" | "sql"> & { readonly clock?: Clock };

/** A storm's whole bundle, its signed end included, as the route gives it. */
export const bundleOf = async (world: Where, stormId: number, signer: EvidenceSigner | null): Promise<Uint8Array> => {
  const [row] = await world.sql<{ customer_id: string }>(
    "select v.customer_id from storm_events e join services v on v.id = e.service_id where e.id = $1",
    [stormId],
  );
  const store = createEvidenceStore(world.db, { clock: world.clock ?? systemClock, currency: "USD" });
  const parts: string[] = [];
  for (let after: number | undefined = 0; after !== undefined;) {
    const page = await store.bundle(Number(row?.customer_id), stormId, after);
    if (page === null || "pruned" in page) throw new Error("no evidence");
    parts.push(page.bundle.slice(1, -1));
    after = page.nextAfterSeq ?? undefined;
    if (after === undefined && signer !== null && page.head !== null) {
      const keys = await signer.publicKeys();
      const { head } = page;
      const { keyId, signature } = await signer.sign((id) => headText(headFields(head, id, keys)));
      parts.push(canonicalJson({ ...headFields(head, keyId, keys), signature }));
    }
  }
  return new TextEncoder().encode(`[${parts.join(",")}]`);
};

/** What the job finds at public resolvers, which answer as DNS stands. */
const observe = async (world: World, answer: string, signer: EvidenceSigner | null) => {
  const fence = await world.leases.acquire("job:observe-answers", "local", `local:${answer}`);
  if (fence === null) throw new Error("the lease is taken");
  const lookup = {
    lookup: async () => [
      { resolver: "one.test", status: "answered" as const, answers: [`${answer}.`] },
      { resolver: "two.test", status: "silent" as const },
    ],
  };
  const report = await observeAnswers(
    { observations: createObservationStore(world.db), lookup, clock: world.clock, log: createMemoryLog().log, evidenceSigner: signer },
    fence,
  );
  await world.leases.release(fence);
  return report;
};

/** One storm with a switch, a relapse, a recovery and the way back, as the real rounds record and sign it; each switch observed. */
export const playStorm = async (
  world: World,
  signer: EvidenceSigner | null,
  policy: NonNullable<ServiceSeed["policies"]>[number] = {},
): Promise<{ readonly serviceId: number; readonly policyId: number }> => {
  const {
    serviceId,
    policyIds: [policyId = 0],
  } = await world.seed({ policies: [{ cooldown: 60, ...policy }] });
  world.dns.put("app.example.test");
  const rounds = async (number: number) => {
    for (let at = 0; at < number; at += 1) await world.round({ evidenceSigner: signer });
  };
  await rounds(4);
  world.prober.say("a.cdn.net", 503);
  await rounds(4);
  world.dns.settle();
  world.prober.say("a.cdn.net", 200);
  await rounds(5);
  world.prober.say("a.cdn.net", "refuse");
  await rounds(3);
  await observe(world, "b.cdn.net", signer);
  world.prober.say("a.cdn.net", 200);
  await rounds(14);
  world.dns.settle();
  await rounds(8);
  await observe(world, "a.cdn.net", signer);
  return { serviceId, policyId };
};

export const audit = async (bytes: Uint8Array, signer: EvidenceSigner) => auditBundle(bytes, { keys: await keysOf(signer) });
