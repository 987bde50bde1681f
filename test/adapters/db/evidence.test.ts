import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { joinBundles, verifyBundle } from "../../../cli/evidence/evidence-bundle.ts";
import { systemClock } from "../../../src/adapters/platform/clock.ts";
import { createEvidenceStore } from "../../../src/adapters/db/evidence/evidence.ts";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import { createObservationStore } from "../../../src/adapters/db/steering/observations.ts";
import type { Observed } from "../../../src/adapters/ports/steering/observations.ts";
import type { JsonValue } from "../../../src/domain/evidence/canonical-json.ts";
import { canonicalJson } from "../../../src/domain/evidence/canonical-json.ts";
import type { TestDatabase } from "../../support/database.ts";
import { freshDatabase } from "../../support/database.ts";

let database: TestDatabase;
let customer: number;

const idOf = async (text: string, params: readonly unknown[]): Promise<number> =>
  Number((await database.sql<{ id: string }>(`${text} returning id`, params))[0]?.id);

const newService = async (name: string) => {
  const service = await idOf("insert into services (customer_id, name, primary_cdn, backup_cdn) values ($1, $2, 'a', 'b')", [
    customer,
    name,
  ]);
  const policy = await idOf("insert into storm_policies (service_id, kind) values ($1, 'http_availability')", [service]);
  const domain = await idOf("insert into service_domains (service_id, customer_id, name, challenge_token) values ($1, $2, $3, 't')", [
    service,
    customer,
    `${name}.example.test`,
  ]);
  const storm = (state = "storm") =>
    idOf(
      `insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
     select $1, $2, 1, 'http_availability', $3, now(), now(), case $3 when 'ended' then now() end, case $3 when 'ended' then 'recovered' end, 1.5`,
      [service, policy, state],
    );
  return { service, policy, domain, storm };
};

const record = (service: number, storm: number, kind: string, body = canonicalJson({ note: kind })) =>
  database.sql("insert into evidence (service_id, storm_id, kind, body) values ($1, $2, $3, $4)", [service, storm, kind, body]);

const bundleOf = async (storm: number, of = customer): Promise<string> => {
  const page = await createEvidenceStore(database.db, { clock: systemClock, currency: "USD" }).bundle(of, storm);
  return page !== null && "bundle" in page ? page.bundle : "none";
};
const verify = (text: string) => verifyBundle(new TextEncoder().encode(text));

beforeAll(async () => {
  database = await freshDatabase();
  customer = await idOf("insert into customers (name) values ('acme')", []);
});

afterAll(() => database.close());

describe("evidence", () => {
  it("is chained per service, and one storm's bundle holds what stands between its records", async () => {
    const { service, storm } = await newService("chain");
    const other = await newService("beside");
    const first = await storm("ended");
    await record(service, first, "begin");
    await record(service, first, "end");
    const second = await storm("ended");
    await record(service, second, "begin", canonicalJson({ text: 'ü " \\ 😀 \u2028 { ] ,' }));
    await record(other.service, await other.storm(), "begin");
    await record(service, first, "switch");
    await record(service, second, "end");
    const [one, two] = [await bundleOf(first), await bundleOf(second)];
    expect(verify(one)).toMatchObject({ ok: true, stormId: first, serviceId: service, kinds: ["begin", "end", "switch"], ended: true });
    expect(verify(two)).toMatchObject({ ok: true, stormId: second, kinds: ["begin", "end"] });
    expect((JSON.parse(one) as { seq: number }[]).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect((JSON.parse(two) as { seq: number }[]).map(({ seq }) => seq)).toEqual([3, 4, 5]);
  });

  it("keeps one unbroken chain under concurrent writers", async () => {
    const { service, storm } = await newService("busy");
    const only = await storm();
    await record(service, only, "begin");
    await Promise.all(Array.from({ length: 40 }, (_, at) => record(service, only, "relapse", canonicalJson({ at }))));
    const verdict = verify(await bundleOf(only));
    expect(verdict).toMatchObject({ ok: true, ended: false });
    expect(verdict.ok && verdict.kinds.length).toBe(41);
  });

  it("of a long storm comes in pages, which are one chain again when they are joined in their order", async () => {
    const { service, storm } = await newService("long");
    const only = await storm();
    await record(service, only, "begin");
    const large = canonicalJson({ text: "é[{".repeat(20_000) });
    await database.sql("insert into evidence (service_id, storm_id, kind, body) select $1, $2, 'relapse', $3 from generate_series(1, 54)", [
      service,
      only,
      large,
    ]);
    const store = createEvidenceStore(database.db, { clock: systemClock, currency: "USD" });
    const pages: Uint8Array[] = [];
    for (let after: number | null = 0; after !== null;) {
      const page = await store.bundle(customer, only, after);
      if (page === null || "pruned" in page) throw new Error("no evidence");
      pages.push(new TextEncoder().encode(page.bundle));
      after = page.nextAfterSeq;
    }
    expect(pages.length).toBeGreaterThan(2);
    const verdict = verifyBundle(joinBundles(pages));
    expect(verdict.ok && verdict.kinds.length).toBe(55);
    expect(verifyBundle(pages[1] ?? new Uint8Array())).toMatchObject({
      ok: false,
      record: 1,
      reason: "must be the beginning of the storm",
    });
    expect(verifyBundle(joinBundles([...pages.slice(0, 1), ...pages.slice(2)]))).toMatchObject({
      ok: false,
      reason: expect.stringContaining("hole") as unknown,
    });
    expect(verifyBundle(joinBundles([...pages.slice(0, 1), new TextEncoder().encode("{}")]))).toMatchObject({ ok: false });
  });

  it("chains the rows of one statement among themselves", async () => {
    const { service, storm } = await newService("at-once");
    const only = await storm();
    await database.sql(
      `insert into evidence (service_id, storm_id, kind, body) select $1, $2, kind, '{}' from unnest(array['begin', 'relapse', 'end']) kind`,
      [service, only],
    );
    expect(verify(await bundleOf(only))).toMatchObject({ ok: true, kinds: ["begin", "relapse", "end"] });
  });

  it("takes no hash, place or link from whoever writes", async () => {
    const { service, storm } = await newService("forged");
    const only = await storm();
    await database.sql(
      "insert into evidence (service_id, storm_id, kind, body, seq, hash, previous_hash) values ($1, $2, 'begin', '{}', 77, 'f00', 'ba5')",
      [service, only],
    );
    expect(verify(await bundleOf(only))).toMatchObject({ ok: true });
  });

  it.each(["update evidence set body = '{}'", "delete from evidence", "truncate evidence"])("refuses %s", async (statement) => {
    await expect(database.sql(statement)).rejects.toMatchObject({ code: "23001" });
  });

  it("seals the storm of a deleted policy or service", async () => {
    const { service, storm } = await newService("deleted");
    const only = await storm();
    await record(service, only, "begin");
    await database.sql("update storm_events set state = 'ended', ended_at = now(), ended_reason = 'policy_deleted' where id = $1", [only]);
    const text = await bundleOf(only);
    expect(verify(text)).toMatchObject({ ok: true, kinds: ["begin", "end"], ended: true });
    expect(JSON.parse(text)).toMatchObject([{}, { body: { decision: { change: "end", reason: "policy_deleted" } } }]);
  });

  it("records a switch for a storm with its change id once Route 53 has taken it", async () => {
    const { service, domain, storm } = await newService("switched");
    const only = await storm();
    await record(service, only, "begin");
    const change = (stormId: number | null) =>
      idOf(
        `insert into routing_changes (service_id, domain_id, storm_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, intended_at)
       values ($1, $2, $3, 100, 0, 0, 100, 'storm', E'sre "ü"\\t\\x01', 7, 'intent', '2026-11-18T11:20:40.120Z')`,
        [service, domain, stormId],
      );
    const ids = [await change(only), await change(null)];
    await database.sql(
      "update routing_changes set result = 'accepted', change_id = '/change/C1', accepted_at = '2026-11-18T11:20:41Z' where id = any($1)",
      [ids],
    );
    await database.sql("update routing_changes set result = 'insync', insync_at = now() where id = any($1)", [ids]);
    const text = await bundleOf(only);
    expect(verify(text)).toMatchObject({ ok: true, kinds: ["begin", "switch"] });
    expect((JSON.parse(text) as { body: unknown }[])[1]?.body).toEqual({
      accepted_at: "2026-11-18T11:20:41.000Z",
      actor: 'sre "ü"\t\u0001',
      change_id: "/change/C1",
      domain: "switched.example.test",
      epoch: 7,
      from: { primary: 100, backup: 0 },
      intended_at: "2026-11-18T11:20:40.120Z",
      reason: "storm",
      to: { primary: 0, backup: 100 },
    });
  });

  const insync = (service: number, domain: number, storm: number | null) =>
    idOf(
      `insert into routing_changes (service_id, domain_id, storm_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, change_id,
       intended_at, insync_at)
     values ($1, $2, $3, 100, 0, 0, 100, 'storm', 'tranche', 7, 'insync', 'c1:C9', '2026-11-18T11:20:40Z', '2026-11-18T11:21:00.007Z')`,
      [service, domain, storm],
    );
  const observe = (change: number, observed: object) =>
    database.sql("update routing_changes set observed = $2 where id = $1", [change, JSON.stringify(observed)]);
  const seen: Observed = {
    atMs: Date.parse("2026-11-18T11:22:10.089Z"),
    verdict: "other",
    type: "CNAME",
    expected: ["b.cdn.net", "c.cdn.net"],
    resolvers: [
      { resolver: "dns.google", answers: ["a.cdn.net", "b.cdn.net"] },
      { resolver: "cloudflare-dns.com", answers: null },
      { resolver: "[::1]:9", answers: [] },
    ],
  };

  it("records what was observed of a switch for a storm, after its end and into the next one too", async () => {
    const { service, domain, storm } = await newService("observed");
    const first = await storm("ended");
    for (const kind of ["begin", "end"]) await record(service, first, kind);
    const second = await storm();
    await record(service, second, "begin");
    const ids = [await insync(service, domain, first), await insync(service, domain, null)];
    for (const id of ids) await observe(id, seen);
    await record(service, second, "end");
    const [one, two] = [await bundleOf(first), await bundleOf(second)];
    expect(verify(one)).toMatchObject({ ok: true, stormId: first, kinds: ["begin", "end", "observed"], ended: true });
    expect(verify(two)).toMatchObject({ ok: true, stormId: second, kinds: ["begin", "end"] });
    const records = JSON.parse(one) as { body: unknown; kind: string; storm_id: number }[];
    expect(records.map((own) => [own.storm_id === first, own.kind])).toEqual([
      [true, "begin"],
      [true, "end"],
      [false, "begin"],
      [true, "observed"],
    ]);
    expect(records[3]?.body).toEqual({
      change: ids[0],
      change_id: "c1:C9",
      domain: "observed.example.test",
      expected: ["b.cdn.net", "c.cdn.net"],
      insync_at: "2026-11-18T11:21:00.007Z",
      observed_at: "2026-11-18T11:22:10.089Z",
      record_type: "CNAME",
      verdict: "other",
      resolvers: [
        { answers: ["a.cdn.net", "b.cdn.net"], resolver: "dns.google" },
        { answers: null, resolver: "cloudflare-dns.com" },
        { answers: [], resolver: "[::1]:9" },
      ],
    });
  });

  it("records one observation of a switch, however often and by however many it is written", async () => {
    const { service, domain, storm } = await newService("once");
    const only = await storm();
    await record(service, only, "begin");
    const change = await insync(service, domain, only);
    const writers = Array.from({ length: 10 }, (_, at) =>
      observe(change, { ...seen, atMs: seen.atMs + at }).then(
        () => "stored",
        (error: { code: string }) => error.code,
      ),
    );
    expect((await Promise.all(writers)).toSorted()).toEqual([...Array.from({ length: 9 }, () => "23001"), "stored"]);
    await database.sql("update routing_changes set observed = observed where id = $1", [change]);
    await expect(database.sql("update routing_changes set observed = null where id = $1", [change])).rejects.toMatchObject({
      code: "23001",
    });
    expect(verify(await bundleOf(only))).toMatchObject({ ok: true, kinds: ["begin", "observed"] });
  });

  it("is canonical whatever was observed, and whenever", async () => {
    const { service, domain, storm } = await newService("canonical");
    const only = await storm();
    await record(service, only, "begin");
    // As canonicalAnswer leaves them: Postgres holds neither NUL nor half a character.
    const text = fc.string({ unit: "binary" }).map((any) => any.toWellFormed().replaceAll("\0", ""));
    const texts = fc.array(text, { maxLength: 4 });
    const observed = fc.record<Observed>({
      atMs: fc.integer({ min: 0, max: 4_102_444_800_000 }),
      verdict: fc.constantFrom("confirmed", "other", "silent", "unproven", "missed"),
      type: fc.constantFrom("A", "AAAA", "CNAME"),
      expected: texts,
      resolvers: fc.array(fc.record({ resolver: text, answers: fc.option(texts) }), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(observed, async (one) => {
        await observe(await insync(service, domain, only), one);
        const [row] = await database.sql<{ body: string }>("select body from evidence where storm_id = $1 order by seq desc limit 1", [
          only,
        ]);
        const body = JSON.parse(row?.body ?? "") as Record<string, JsonValue>;
        expect(row?.body).toBe(canonicalJson(body));
        const { atMs, type, ...rest } = one;
        expect(body).toMatchObject({ ...rest, record_type: type, observed_at: new Date(atMs).toISOString() });
      }),
      {
        numRuns: 100,
        examples: [[{ ...seen, resolvers: [{ resolver: "\u2028\u007f", answers: ['"\\/\b\f\n\r\t\u0001\u001f', "ü😀"] }] }]],
      },
    );
    expect(verify(await bundleOf(only))).toMatchObject({ ok: true });
  });

  it("is refused rather than recorded in pieces", async () => {
    const { service, domain, storm } = await newService("pieces");
    const change = await insync(service, domain, await storm());
    for (const field of ["atMs", "verdict", "type"] as const)
      await expect(observe(change, { ...seen, [field]: undefined })).rejects.toMatchObject({ code: "23502" });
    expect(await database.sql("select 1 from routing_changes where id = $1 and observed is not null", [change])).toEqual([]);
  });

  it("waits for a round that holds many chains, and the round never for it", async () => {
    const [a, b] = [await newService("chain-a"), await newService("chain-b")];
    const storms = [await a.storm(), await b.storm()] as const;
    await record(a.service, storms[0], "begin");
    await record(b.service, storms[1], "begin");
    const fence = await createLeaseStore(database.db).acquire("job:observe-answers", "local", "local:test");
    if (fence === null) throw new Error("the lease is taken");
    const store = createObservationStore(database.db);
    const changes = [await insync(a.service, a.domain, storms[0]), await insync(b.service, b.domain, storms[1])];
    const round = new pg.Client(database.url);
    await round.connect();
    const write = (at: 0 | 1) =>
      round.query("insert into evidence (service_id, storm_id, kind, body) values ($1, $2, 'relapse', '{}')", [
        [a, b][at]?.service,
        storms[at],
      ]);
    await round.query("begin");
    await write(1);
    const observing = (async () => {
      for (const change of changes) expect(await store.save(fence, change, seen)).toBe(true);
    })();
    // The first is stored, the second waits for the chain that the round has: then the round wants the first one's.
    for (;;) {
      const [waiting] = await database.sql(
        "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      if (waiting !== undefined) break;
    }
    await write(0);
    await round.query("commit");
    await observing;
    await round.end();
    expect(await Promise.all(storms.map(async (id) => verify(await bundleOf(id))))).toMatchObject([
      { ok: true, kinds: ["begin", "observed", "relapse"] },
      { ok: true, kinds: ["begin", "relapse", "observed"] },
    ]);
  });

  it("shows a storm to its own customer only", async () => {
    const { service, storm } = await newService("private");
    const only = await storm();
    await record(service, only, "begin");
    const stranger = await idOf("insert into customers (name) values ('stranger')", []);
    expect(await bundleOf(only, stranger)).toBe("none");
    expect(await bundleOf(only + 1_000_000)).toBe("none");
    expect(await bundleOf(await storm("ended"))).toBe("[]");
  });
});
