import { noBreakers } from "../../support/breakers.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditBundle } from "../../../cli/evidence/evidence-audit.ts";
import { verifyAnchor } from "../../../cli/evidence/evidence-anchors.ts";
import type { AnchorAnswer } from "../../../cli/evidence/evidence-anchors.ts";
import { verifyBundle } from "../../../cli/evidence/evidence-bundle.ts";
import type { EvidenceRecord } from "../../../cli/evidence/evidence-bundle.ts";
import type { Keys } from "../../../cli/evidence/evidence-signatures.ts";
import { createEvidenceAnchorStore } from "../../../src/adapters/db/evidence/evidence-anchors.ts";
import type { ServiceAnchor, Timestamps } from "../../../src/adapters/ports/evidence/evidence-anchors.ts";
import { anchorEvidence } from "../../../src/cron/anchor-evidence.ts";
import type { TestDatabase } from "../../support/database.ts";
import { freshDatabase } from "../../support/database.ts";
import { testSigner } from "../../support/evidence-signer.ts";
import { bundleOf, keysOf, playStorm } from "../../support/evidence.ts";
import { createMemoryLog } from "../../support/memory-log.ts";
import type { World } from "../../support/round-world.ts";
import { createWorld } from "../../support/round-world.ts";

/**
 * Hole 5 of issue J, with the key: who owns the database and the key makes a chain anew as a whole, and signs it. What others
 * were told before remains.
 */
const signer = testSigner();
let database: TestDatabase;
let world: World;
let keys: Keys;
let services: number[];
let customer: number;

const asAnswer = (one: ServiceAnchor): AnchorAnswer => ({
  id: one.id,
  place: one.place,
  path: one.path,
  leaf: { seq: one.seq, hash: one.leafHash },
  anchor: { body: one.body, hash: one.hash, key_id: one.keyId, signature: one.signature, timestamp: one.timestamp },
});

const anchorsOf = async (service: number, of = customer) =>
  (await createEvidenceAnchorStore(world.db).ofService(of, service, { afterId: null, limit: 100 }))?.map(asAnswer) ?? null;

const run = async (timestamps: Timestamps | null = null) => {
  const fence = await world.leases.acquire("job:anchor-evidence", "local", "local:test");
  if (fence === null) throw new Error("the lease is taken");
  const log = createMemoryLog();
  const report = await anchorEvidence(
    {
      evidenceAnchors: createEvidenceAnchorStore(world.db),
      evidenceSigner: signer,
      timestamps,
      breakers: noBreakers,
      clock: world.clock,
      log: log.log,
    },
    fence,
  );
  await world.leases.release(fence);
  return { report, log };
};

const recordsIn = async (storm: number): Promise<readonly EvidenceRecord[]> => {
  const bundle = verifyBundle(await bundleOf(world, storm, signer));
  if (!bundle.ok) throw new Error(bundle.reason);
  return bundle.records;
};

beforeAll(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
  keys = await keysOf(signer);
  const { serviceId } = await playStorm(world, signer);
  [{ id: customer }] = (await world.sql<{ id: string }>("select id from customers")).map(({ id }) => ({ id: Number(id) })) as [
    { id: number },
  ];
  services = [serviceId];
  // Five more chains of others, each with a record.
  for (let at = 0; at < 5; at += 1) {
    const other = await world.seed({ customer: `other-${at}`, name: `web-${at}`, domains: [{ name: `o${at}.example.test` }] });
    services.push(other.serviceId);
    const [storm] = await world.sql<{ id: string }>(
      `insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, max_coverage_factor)
       values ($1, $2, 1, 'http_availability', 'storm', now(), now(), 1.5) returning id`,
      [other.serviceId, other.policyIds[0]],
    );
    await world.sql("insert into evidence (service_id, storm_id, kind, body) values ($1, $2, 'begin', '{}')", [other.serviceId, storm?.id]);
  }
});

afterAll(() => database.close());

describe("anchors", () => {
  it("hold every chain that has grown, each once; a customer reads his own and learns of nobody else's", async () => {
    expect((await run()).report).toEqual({ anchors: 1, chains: 6, unstamped: 0 });
    expect((await run()).report).toEqual({ anchors: 0, chains: 0, unstamped: 0 });
    const [own] = (await anchorsOf(services[0] ?? 0)) ?? [];
    if (own === undefined) throw new Error("not anchored");
    expect(verifyAnchor(own, await recordsIn(1), keys)).toMatchObject({ ok: true, inBundle: true, stamped: false });
    expect(await anchorsOf(services[1] ?? 0), "another customer's").toBeNull();
    expect(JSON.parse(own.anchor.body)).toMatchObject({ chains: 6, previous_hash: null });
    // All leaves lead to the same root, whatever their place in a tree of six.
    const leaves = await world.sql<{ service_id: string; customer_id: string }>(
      "select l.service_id, s.customer_id from evidence_anchor_leaves l join services s on s.id = l.service_id",
    );
    for (const { service_id: service, customer_id: of } of leaves) {
      const [anchor] = (await anchorsOf(Number(service), Number(of))) ?? [];
      const record = { seq: anchor?.leaf.seq ?? 0, hash: anchor?.leaf.hash ?? "", serviceId: Number(service) } as EvidenceRecord;
      expect(anchor && verifyAnchor(anchor, [record], keys)).toMatchObject({ ok: true, inBundle: true });
    }
  });

  it("with anything changed are named", async () => {
    const [own] = (await anchorsOf(services[0] ?? 0)) ?? [];
    if (own === undefined) throw new Error("not anchored");
    const records = await recordsIn(1);
    const edits: AnchorAnswer[] = [
      { ...own, place: own.place + 1 },
      { ...own, path: own.path.slice(1) },
      { ...own, path: own.path.map((hash) => hash.replace(/./, (char) => (char === "0" ? "1" : "0"))) },
      { ...own, leaf: { ...own.leaf, hash: "0".repeat(64) } },
      { ...own, anchor: { ...own.anchor, body: own.anchor.body.replace("6", "7") } },
      { ...own, anchor: { ...own.anchor, signature: null } },
      { ...own, anchor: { ...own.anchor, hash: "0".repeat(64) } },
    ];
    for (const [at, edited] of edits.entries()) expect(verifyAnchor(edited, records, keys).ok, String(at)).toBe(false);
  });

  it("detect a rewritten chain, however well it is signed", async () => {
    const [own] = (await anchorsOf(services[0] ?? 0)) ?? [];
    const other = await freshDatabase();
    try {
      // The same service and storm, played otherwise by the same hands with the same key.
      const anew = await createWorld(other);
      await playStorm({ ...anew, round: (over) => anew.round({ ...over, place: { known: () => "elsewhere" } as never }) } as World, signer);
      const forged = await bundleOf(anew, 1, signer);
      expect(auditBundle(forged, { keys })).toMatchObject({ ok: true });
      const bundle = verifyBundle(forged);
      expect(own && bundle.ok && verifyAnchor(own, bundle.records, keys)).toMatchObject({
        ok: false,
        reason: expect.stringContaining("was made anew") as unknown,
      });
    } finally {
      await other.close();
    }
  });

  it("are made without an authority that fails, and with what one that answers says", async () => {
    const grow = () =>
      world.sql(
        "insert into evidence (service_id, storm_id, kind, body) select service_id, storm_id, 'observed', '{}' from evidence where service_id = $1 limit 1",
        [services[1]],
      );
    await grow();
    const failing = await run({ stamp: async () => ({ error: "no answer in time" }) });
    expect(failing.report).toEqual({ anchors: 1, chains: 1, unstamped: 1 });
    await grow();
    expect((await run({ stamp: async () => ({ token: "AAAA" }) })).report).toEqual({ anchors: 1, chains: 1, unstamped: 0 });
    expect(await world.sql("select timestamp, timestamp_error as why from evidence_anchors order by id")).toEqual([
      { timestamp: null, why: null },
      { timestamp: null, why: "no answer in time" },
      { timestamp: "AAAA", why: null },
    ]);
    const bodies = (await world.sql<{ body: string; hash: string }>("select body, hash from evidence_anchors order by id")).map(
      ({ body, hash }) => ({ ...(JSON.parse(body) as { previous_hash: string | null }), hash }),
    );
    expect(bodies.slice(1).map(({ previous_hash: previous }) => previous)).toEqual(bodies.slice(0, -1).map(({ hash }) => hash));
  });
});
