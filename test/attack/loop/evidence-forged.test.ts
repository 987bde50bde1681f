import { createHash } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditBundle } from "../../../cli/evidence/evidence-audit.ts";
import { verifyBundle } from "../../../cli/evidence/evidence-bundle.ts";
import type { Keys } from "../../../cli/evidence/evidence-signatures.ts";
import { createStormStore } from "../../../src/adapters/db/detection/storms.ts";
import { createPolicyStore } from "../../../src/adapters/db/detection/policies.ts";
import type { JsonValue } from "../../../src/domain/evidence/canonical-json.ts";
import { canonicalJson } from "../../../src/domain/evidence/canonical-json.ts";
import { claimText, headFields, headText } from "../../../src/domain/evidence/evidence-claim.ts";
import type { EvidenceKind } from "../../../src/domain/evidence/evidence-claim.ts";
import type { TestDatabase } from "../../support/database.ts";
import { freshDatabase } from "../../support/database.ts";
import { testSigner } from "../../support/evidence-signer.ts";
import { audit, bundleOf, keysOf, playStorm } from "../../support/evidence.ts";
import type { World } from "../../support/round-world.ts";
import { createWorld } from "../../support/round-world.ts";

/**
 * Hole 5 of issue J: whoever can write to the database makes a storm that never was, or takes from one that was. He has every
 * right of the application there, and knows how hashes are made; the key he has not.
 */
type Rec = Record<string, JsonValue> & { kind: string; seq: number; hash: string; body: Record<string, JsonValue> };

const signer = testSigner();
let database: TestDatabase;
let world: World;
let keys: Keys;
let bundle: Uint8Array;
let ids: { serviceId: number; policyId: number };

const parse = (bytes: Uint8Array): Rec[] => JSON.parse(new TextDecoder().decode(bytes)) as Rec[];
const text = (records: readonly Rec[]) => new TextEncoder().encode(`[${records.map((record) => canonicalJson(record)).join(",")}]`);

/** Hashed anew from the first to the last, and the head with them: what a forger does who knows the format. */
const rehashed = (records: readonly Rec[]): Uint8Array => {
  let previous: string | null = null;
  const out: Rec[] = [];
  for (const [at, record] of records.entries()) {
    if (record.kind === "head") {
      out.push({ ...record, hash: out.at(-1)?.hash ?? "", seq: out.at(-1)?.seq ?? 0 });
      continue;
    }
    const { hash: _hash, ...rest } = {
      ...record,
      seq: (records[0]?.seq ?? 1) + at,
      previous_hash: at === 0 ? (record["previous_hash"] ?? null) : previous,
    };
    const hash = createHash("sha256").update(canonicalJson(rest)).digest("hex");
    previous = hash;
    out.push({ ...rest, hash } as unknown as Rec);
  }
  return text(out);
};

const check = (bytes: Uint8Array) => auditBundle(bytes, { keys });

beforeAll(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
  keys = await keysOf(signer);
  ids = await playStorm(world, signer);
  bundle = await bundleOf(world, 1, signer);
});

afterAll(() => database.close());

describe("a storm that was", () => {
  it("is signed record by record, replays from its samples, and is told to be sound", () => {
    const told = check(bundle);
    expect(told).toMatchObject({ ok: true, remarks: [], replayed: 3 });
    expect(parse(bundle).map(({ kind, v }) => [kind, v])).toEqual(
      ["begin", "switch", "relapse", "observed", "end", "switch", "observed", "head"].map((kind) => [kind, 2]),
    );
    expect(parse(bundle)[0]?.body["domains"]).toMatchObject({
      entries: [
        {
          urls: [{ path: "primary", url: "https://a.cdn.net/healthz" }, { path: "backup" }, ...[{}].slice(1)],
          expect_status: "200-399",
          verified: true,
          edited_at: expect.any(String),
        },
      ],
    });
  });

  it("with one byte flipped is named, all over it", () => {
    for (let at = 0; at < bundle.length; at += 7) {
      const edited = bundle.slice();
      edited[at] = (edited[at] ?? 0) ^ 1;
      expect(check(edited).ok, `byte ${at}`).toBe(false);
    }
  });

  it("with one record dropped, or two swapped, is named, even where all hashes were recomputed", () => {
    const records = parse(bundle);
    for (let gone = 0; gone < records.length; gone += 1) {
      expect(check(rehashed(records.toSpliced(gone, 1))).ok, `without ${gone}`).toBe(false);
      if (gone === 0 || gone + 2 >= records.length) continue;
      const [one, other] = [records[gone], records[gone + 1]];
      if (one !== undefined && other !== undefined)
        expect(check(rehashed(records.toSpliced(gone, 2, other, one))).ok, `swapped ${gone}`).toBe(false);
    }
    expect(check(rehashed(records.slice(0, 5))), "cut off behind its end").toMatchObject({
      ok: false,
      reason: expect.stringContaining("is missing") as unknown,
    });
  });

  it("rewritten as a whole by who owns the database, and given a new signed end, is named by its signers: each knew what came before", async () => {
    const records = parse(bundle);
    const publicKeys = await signer.publicKeys();
    const closedAnew = async (edited: readonly Rec[]) => {
      const again = parse(rehashed(edited.filter(({ kind }) => kind !== "head")));
      const last = again.at(-1);
      const head = { serviceId: ids.serviceId, stormId: 1, seq: last?.seq ?? 0, hash: last?.hash ?? "" };
      const { keyId, signature } = await signer.sign((id) => headText(headFields(head, id, publicKeys)));
      return check(text([...again, { ...headFields(head, keyId, publicKeys), signature } as unknown as Rec]));
    };
    expect(await closedAnew(records)).toMatchObject({ ok: true });
    for (let gone = 0; gone < 4; gone += 1) expect((await closedAnew(records.toSpliced(gone, 1))).ok, `without ${gone}`).toBe(false);
    for (const [at, record] of records.entries()) {
      if (record.kind !== "begin" && record.kind !== "relapse" && record.kind !== "end") continue;
      for (const path of leavesOf(record.body)) {
        const told = await closedAnew(records.with(at, { ...record, body: withLeaf(record.body, path, "other") as Rec["body"] }));
        expect(told, path.join("/")).toMatchObject({ ok: false, record: at + 1 });
      }
    }
  });

  it("is worth nothing under another key", async () => {
    expect(await audit(bundle, testSigner(8))).toMatchObject({
      ok: false,
      record: 1,
      reason: expect.stringContaining("not among those that are trusted") as unknown,
    });
    expect(auditBundle(bundle, { pinned: ["0".repeat(32)] })).toMatchObject({ ok: false, record: 1 });
    const [own] = await signer.publicKeys();
    expect(auditBundle(bundle, { pinned: [own?.keyId ?? ""] })).toMatchObject({ ok: true });
  });

  it("by its signer himself does not stand with samples of others: the decision does not follow", async () => {
    const resigned = async (edit: (record: Rec) => Rec) => {
      let previous: string | null = null;
      const out: Rec[] = [];
      for (const record of parse(bundle).map(edit)) {
        if (record.kind === "head") break;
        const at: Rec = {
          ...record,
          previous_hash: previous,
          follows: out.length === 0 ? (record["follows"] ?? null) : { hash: previous, seq: record.seq - 1 },
        };
        const { hash: _hash, ...rest }: Record<string, JsonValue> = at;
        const claim = {
          kind: record.kind as EvidenceKind,
          serviceId: Number(record["service_id"]),
          stormId: Number(record["storm_id"]),
          follows: at["follows"] as never,
          body: record.body,
        };
        const { signature } = await signer.sign((keyId) => claimText(claim, keyId));
        const signed: Record<string, JsonValue> = { ...rest, signature };
        const hash: string = createHash("sha256").update(canonicalJson(signed)).digest("hex");
        previous = hash;
        out.push({ ...signed, hash } as unknown as Rec);
      }
      return auditBundle(text(out), { keys });
    };
    const swapped = await resigned((record) => {
      if (record.kind !== "begin") return record;
      const samples = record.body["samples"] as { entries: JsonValue[][] };
      // A failure is made a success, as if nobody had seen it.
      const entries = samples.entries.map((sample, at, all) =>
        at === all.findIndex((one) => one[5] === false) ? sample.with(5, true) : sample,
      );
      return { ...record, body: { ...record.body, samples: { ...samples, entries } } };
    });
    expect(swapped).toMatchObject({ ok: false, record: 1, reason: expect.stringContaining("does not follow") as unknown });
    const stricter = await resigned((record) =>
      record.kind !== "begin"
        ? record
        : { ...record, body: { ...record.body, policy: { ...(record.body["policy"] as object), min_failures: 50 } } },
    );
    expect(stricter).toMatchObject({ ok: false, record: 1, reason: expect.stringContaining("does not follow") as unknown });
    const empty = await resigned((record) => (record.kind !== "end" ? record : { ...record, body: {} }));
    expect(empty).toMatchObject({ ok: false, record: 5, reason: expect.stringContaining("is empty") as unknown });
  });

  it("survives none of 10,000 random edits, most of which recompute all hashes", () => {
    const records = parse(bundle);
    const original = new TextDecoder().decode(bundle);
    const byte = fc.record({ kind: fc.constant("byte" as const), at: fc.nat(bundle.length - 1), to: fc.nat(255) });
    const place = fc.nat(records.length - 1);
    const drop = fc.record({ kind: fc.constant("drop" as const), at: place });
    const copy = fc.record({ kind: fc.constant("copy" as const), at: place, to: place });
    const swap = fc.record({ kind: fc.constant("swap" as const), at: place, to: place });
    const leaf = fc.record({
      kind: fc.constant("leaf" as const),
      at: place,
      which: fc.nat(10_000),
      value: fc.oneof(fc.constant(null), fc.boolean(), fc.integer(), fc.string({ unit: "binary-ascii" })),
    });
    fc.assert(
      fc.property(
        fc.oneof(
          { weight: 1, arbitrary: byte },
          { weight: 1, arbitrary: drop },
          { weight: 2, arbitrary: copy },
          { weight: 2, arbitrary: swap },
          { weight: 6, arbitrary: leaf },
        ),
        (edit) => {
          const edited = apply(records, edit);
          const same = new TextDecoder().decode(edited) === original;
          return same || !check(edited).ok;
        },
      ),
      { numRuns: 10_000, seed: 20_261_127 },
    );
  });
});

type Edit =
  | { kind: "byte"; at: number; to: number }
  | { kind: "drop"; at: number }
  | { kind: "copy"; at: number; to: number }
  | { kind: "swap"; at: number; to: number }
  | { kind: "leaf"; at: number; which: number; value: JsonValue };

const leavesOf = (value: JsonValue, path: readonly (string | number)[] = []): (readonly (string | number)[])[] =>
  typeof value !== "object" || value === null
    ? [path]
    : Object.entries(value).flatMap(([key, inner]) => leavesOf(inner as JsonValue, [...path, Array.isArray(value) ? Number(key) : key]));

const withLeaf = (value: JsonValue, [key, ...rest]: readonly (string | number)[], leaf: JsonValue): JsonValue => {
  if (key === undefined) return leaf;
  if (Array.isArray(value)) return value.map((item: JsonValue, at) => (at === key ? withLeaf(item, rest, leaf) : item));
  const fields = value as Record<string, JsonValue>;
  return { ...fields, [key]: withLeaf(fields[key] ?? null, rest, leaf) };
};

const apply = (records: readonly Rec[], edit: Edit): Uint8Array => {
  if (edit.kind === "byte") {
    const bytes = bundle.slice();
    bytes[edit.at] = edit.to;
    return bytes;
  }
  const one = records[edit.at];
  if (one === undefined) return bundle;
  if (edit.kind === "drop") return rehashed(records.toSpliced(edit.at, 1));
  if (edit.kind === "copy") return rehashed(records.toSpliced(edit.to, 0, one));
  if (edit.kind === "swap") return rehashed(records.with(edit.at, records[edit.to] ?? one).with(edit.to, one));
  const leaves = leavesOf(one);
  return rehashed(records.with(edit.at, withLeaf(one, leaves[edit.which % leaves.length] ?? [], edit.value) as Rec));
};

describe("a storm that never was", () => {
  const forgedStorm = async (of: { serviceId: number; policyId: number }) => {
    const [row] = await world.sql<{ id: string }>(
      `insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
       values ($1, $2, 1, 'http_availability', 'ended', '2026-11-18T12:00:00Z', '2026-11-18T12:00:20Z', '2026-11-18T20:00:00Z', 'recovered', 1.5) returning id`,
      [of.serviceId, of.policyId],
    );
    return Number(row?.id);
  };

  it("of plain INSERTs is named: nobody signed it, whatever signatures it is given", async () => {
    const storm = await forgedStorm(ids);
    for (const kind of ["begin", "end"])
      await world.sql("insert into evidence (service_id, storm_id, kind, body) values ($1, $2, $3, '{}')", [ids.serviceId, storm, kind]);
    const forged = await bundleOf(world, storm, signer);
    expect(verifyBundle(forged), "its hashes are in order: that was all that was asked for").toMatchObject({ ok: true });
    expect(check(forged)).toMatchObject({ ok: false, record: 1, reason: "is not signed" });
    expect(auditBundle(forged, null), "unsigned ones are empty even so").toMatchObject({
      ok: false,
      record: 1,
      reason: expect.stringContaining("is empty") as unknown,
    });

    // With the very body and signature of a storm that was.
    const copied = await forgedStorm(ids);
    await world.sql(
      `insert into evidence (service_id, storm_id, kind, body, key_id, signature, follows_seq, follows_hash)
       select service_id, $2, kind, body, key_id, signature, follows_seq, follows_hash from evidence where service_id = $1 and storm_id = 1 and kind in ('begin', 'end') order by seq`,
      [ids.serviceId, copied],
    );
    const replay = check(await bundleOf(world, copied, signer));
    expect(replay.ok).toBe(false);
  });

  it("can not be put behind one that was: a relapse, a switch, another end", async () => {
    for (const kind of ["relapse", "switch", "observed", "end"]) {
      await world.sql(
        `insert into evidence (service_id, storm_id, kind, body, key_id, signature, follows_seq, follows_hash)
         select service_id, storm_id, kind, body, key_id, signature, follows_seq, follows_hash from evidence where service_id = $1 and storm_id = 1 and kind = $2 order by seq limit 1`,
        [ids.serviceId, kind],
      );
      expect(check(await bundleOf(world, 1, signer)).ok, kind).toBe(false);
    }
  });
});

describe("what comes at once", () => {
  const inOwnWorld = async (play: (own: World) => Promise<void>): Promise<void> => {
    const other = await freshDatabase();
    try {
      await play(await createWorld(other));
    } finally {
      await other.close();
    }
  };

  it("decisions of one round, none of which knows of the others, are sound in the bundle of each storm", async () => {
    await inOwnWorld(async (own) => {
      await own.seed({ policies: [{ cooldown: 60 }, { kind: "http_latency", latencyMs: 10, cooldown: 60 }] });
      own.dns.put("app.example.test");
      const rounds = async (number: number) => {
        for (let at = 0; at < number; at += 1) await own.round({ evidenceSigner: signer });
      };
      await rounds(1);
      own.prober.say("a.cdn.net", 503);
      await rounds(6);
      own.prober.say("a.cdn.net", 200);
      await rounds(20);
      const storms = await own.sql<{ id: string; kind: string }>("select id, kind from storm_events order by id");
      expect(storms.length).toBeGreaterThan(1);
      for (const { id, kind } of storms) {
        const told = check(await bundleOf(own, Number(id), signer));
        expect(told, `${kind} ${JSON.stringify(told)}`).toMatchObject({ ok: true, remarks: [] });
        expect(told.ok && told.bundle.stormId).toBe(Number(id));
      }
      expect(
        await own.sql("select follows_seq from evidence where kind = 'begin' group by follows_seq having count(*) > 1"),
        "two began in one round",
      ).toHaveLength(1);
    });
  });

  it("what others record while a round decides stands before its records in the bundle, and is no fault", async () => {
    await inOwnWorld(async (own) => {
      const { serviceId, policyIds } = await own.seed({});
      own.dns.put("app.example.test");
      const [old] = await own.sql<{ id: string }>(
        `insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
         values ($1, $2, 1, 'http_availability', 'ended', '2026-11-17', '2026-11-17', '2026-11-17', 'recovered', 1.5) returning id`,
        [serviceId, policyIds[0]],
      );
      const meanwhile = async (): Promise<void> => {
        const body = {
          change: 1,
          change_id: null,
          domain: "app.example.test",
          expected: [],
          insync_at: null,
          observed_at: "2026-11-17T00:00:00.000Z",
          record_type: "A",
          resolvers: [],
          verdict: "missed",
        };
        const follows = { seq: 0, hash: null };
        const { keyId, signature } = await signer.sign((id) =>
          claimText({ kind: "observed", serviceId, stormId: Number(old?.id), follows, body }, id),
        );
        await own.sql(
          "insert into evidence (service_id, storm_id, kind, body, key_id, signature, follows_seq) values ($1, $2, 'observed', $3, $4, $5, 0)",
          [serviceId, old?.id, canonicalJson(body), keyId, signature],
        );
      };
      const rounds = {
        ...own.rounds,
        saveDecisions: async (...args: Parameters<typeof own.rounds.saveDecisions>) => {
          if (args[1].storms.some(({ transition }) => transition.kind === "begin")) await meanwhile();
          return await own.rounds.saveDecisions(...args);
        },
      };
      for (let at = 0; at < 4; at += 1) await own.round({ evidenceSigner: signer, rounds });
      own.prober.say("a.cdn.net", 503);
      for (let at = 0; at < 4; at += 1) await own.round({ evidenceSigner: signer, rounds });
      const told = check(await bundleOf(own, Number(old?.id) + 1, signer));
      expect(told, JSON.stringify(told)).toMatchObject({ ok: true });
      expect(told.ok && told.bundle.records.map(({ kind }) => kind)).toEqual(["observed", "begin", "switch"]);
      expect(told.ok && told.bundle.kinds).toEqual(["begin", "switch"]);
    });
  });
});

describe("a storm that a deletion ended", () => {
  it("is signed by who deleted", async () => {
    const own = await freshDatabase();
    try {
      const other = await createWorld(own);
      const {
        serviceId,
        policyIds: [policyId = 0],
      } = await other.seed({});
      other.dns.put("app.example.test");
      const rounds = async (number: number) => {
        for (let at = 0; at < number; at += 1) await other.round({ evidenceSigner: signer });
      };
      await rounds(4);
      other.prober.say("a.cdn.net", 503);
      await rounds(4);
      const [{ customer_id: customerId } = { customer_id: "0" }] = await other.sql<{ customer_id: string }>(
        "select customer_id from services",
      );
      const nowMs = Date.now();
      const clock = { nowMs: () => nowMs, sleep: async () => undefined };
      await createPolicyStore(other.db, undefined, { signer, clock }).remove(Number(customerId), serviceId, policyId, {
        actor: "admin",
        requestId: "r",
      } as never);
      const told = check(await bundleOf(other, 1, signer));
      expect(told).toMatchObject({ ok: true });
      expect(told.ok && told.bundle.kinds).toEqual(["begin", "switch", "end"]);
    } finally {
      await own.close();
    }
  });
});

describe("an admin's decision on a storm's discount", () => {
  it("is signed as it was said, and what only says so is named", async () => {
    const own = await freshDatabase();
    try {
      const other = await createWorld(own);
      await other.seed({});
      other.dns.put("app.example.test");
      const rounds = async (number: number) => {
        for (let at = 0; at < number; at += 1) await other.round({ evidenceSigner: signer });
      };
      await rounds(4);
      other.prober.say("a.cdn.net", 503);
      await rounds(4);
      const clock = { nowMs: () => Date.now(), sleep: async () => undefined };
      const admin = { actor: "admin:finance", requestId: "r", idempotency: null } as never;
      await createStormStore(other.db, { signer, clock }, { clock, currency: "USD" }).decide(1, "refused", "a test of ours", admin);
      const told = check(await bundleOf(other, 1, signer));
      expect(told).toMatchObject({ ok: true });
      expect(told.ok && told.bundle.kinds).toEqual(["begin", "switch", "credit"]);
      const said = told.ok ? told.bundle.records.find(({ kind }) => kind === "credit")?.body : null;
      expect(said).toMatchObject({
        credit: "refused",
        credit_reason: "declined",
        decided_by: "admin:finance",
        reason: "a test of ours",
        decided_at: expect.any(String),
      });
      await other.sql(
        'insert into evidence (service_id, storm_id, kind, body) select service_id, id, \'credit\', \'{"credit":"earned","credit_reason":"confirmed","decided_at":"2026-01-01T00:00:00.000Z","decided_by":"admin:finance","reason":""}\' from storm_events',
      );
      expect(check(await bundleOf(other, 1, signer))).toMatchObject({ ok: false, reason: "is not signed" });
    } finally {
      await own.close();
    }
  });
});
