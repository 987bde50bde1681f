import { noAuditLogs } from "../../support/audit-logs.ts";
import { describe, expect, it } from "vitest";
import { startFastlyApi } from "../../../local/cdn/fastly-api.ts";
import { fixedKeys } from "../../../src/adapters/aws/keys.ts";
import { createCustomerSources } from "../../../src/adapters/cdn/customer-sources.ts";
import { createCostDirectory } from "../../../src/adapters/cost/directory.ts";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import { sealedCostAccounts } from "../../../src/adapters/db/cost/accounts.ts";
import { createCostEventStore } from "../../../src/adapters/db/cost/events.ts";
import { createHuntStore } from "../../../src/adapters/db/cost/hunting.ts";
import { createTrailReadings } from "../../../src/adapters/db/cost/trail-readings.ts";
import { createEvidenceAnchorStore } from "../../../src/adapters/db/evidence/evidence-anchors.ts";
import { createCdnAccountStore } from "../../../src/adapters/db/metering/cdn-accounts.ts";
import { createIngestStore } from "../../../src/adapters/db/metering/ingest.ts";
import { createBreakerStore } from "../../../src/adapters/db/platform/breakers.ts";
import { createCloudReader } from "../../../src/adapters/ec2/cloud-reader.ts";
import { createTimestamps } from "../../../src/adapters/evidence/timestamps.ts";
import { systemClock } from "../../../src/adapters/platform/clock.ts";
import { guardedFetch } from "../../../src/adapters/platform/guarded-fetch.ts";
import { systemRandom } from "../../../src/adapters/platform/random.ts";
import { createSecrets } from "../../../src/adapters/platform/secrets.ts";
import type { Breakers } from "../../../src/adapters/ports/platform/breakers.ts";
import { byItsBreaker, createS3Archive } from "../../../src/adapters/s3/archive.ts";
import { createS3 } from "../../../src/adapters/s3/s3.ts";
import { createTrailFiles } from "../../../src/adapters/s3/trail-files.ts";
import { anchorEvidence } from "../../../src/cron/anchor-evidence.ts";
import { huntZombies } from "../../../src/cron/cost/hunt.ts";
import { pollCosts } from "../../../src/cron/cost/poll.ts";
import { ingestUsage } from "../../../src/cron/ingest-usage.ts";
import { costSealingContext } from "../../../src/domain/cost/sealing.ts";
import { createBreakers } from "../../../src/pipeline/breakers.ts";
import { ingestEvents } from "../../../src/pipeline/cost/ingest.ts";
import { freely } from "../../support/budget.ts";
import { trailRecords } from "../../support/cloudtrail.ts";
import { createDnsRefusal } from "../../../src/adapters/route53/dns-log.ts";
import { createMemoryLog } from "../../support/memory-log.ts";
import { s3Keys } from "../../support/s3.ts";
import { useWorld } from "../../support/use-world.ts";

const minute = 60_000;
const hour = 60 * minute;
const startMs = Date.parse("2026-11-18T12:20:00Z");
const secrets = createSecrets([btoa("k".repeat(32))], systemRandom);
const change = { actor: "test", requestId: "r", idempotency: null };

const { database, world } = useWorld();

/** A clock that moves by what is waited for alone, and breakers of a deployment of its own. */
const deployment = () => {
  const time = { nowMs: startMs };
  const clock = { nowMs: () => time.nowMs, sleep: systemClock.sleep };
  const memory = createMemoryLog();
  return { time, clock, memory, breakers: createBreakers({ store: createBreakerStore(database.db), clock, log: memory.log }) };
};

/** A service that never answers: each call waits for its whole time-out, by the test's clock. */
const dead = ({ time }: ReturnType<typeof deployment>, timeoutMs: number) => {
  const calls: number[] = [];
  const fetchIt = async (): Promise<Response> => {
    time.nowMs += timeoutMs;
    calls.push(time.nowMs);
    return await Promise.reject(new TypeError("fetch failed"));
  };
  return { calls, fetchIt };
};

const leased = async (job: string) => {
  await world.sql("update leases set expires_at = now() - interval '1 second', released_at = now() where name = $1", [`job:${job}`]);
  const fence = await createLeaseStore(database.db).acquire(`job:${job}`, "local", `local:${crypto.randomUUID()}`);
  if (fence === null) throw new Error("the lease is taken");
  return fence;
};

const opened = async () =>
  (await world.sql<{ name: string }>("select name from breakers where probe_at is not null order by name")).map(({ name }) => name);

describe("one dead CDN API", () => {
  it("does not eat the time of a run: five accounts, of which one hangs", async () => {
    const here = deployment();
    const names = ["a", "b", "c", "d", "e"];
    const api = await startFastlyApi({
      apiToken: "live",
      services: names.map((name) => ({ id: name, domains: [`${name}.test`] })),
      bytes: () => 22,
      now: here.clock.nowMs,
    });
    const accounts = createCdnAccountStore(database.db, secrets);
    for (const name of names) {
      const { serviceId } = await world.seed({ customer: name, cdns: ["fastly", "cdn-b"], domains: [{ name: `${name}.test` }] });
      const [row] = await world.sql<{ id: string }>("select customer_id as id from services where id = $1", [serviceId]);
      await accounts.create(Number(row?.id), { cdn: "fastly", accountRef: null, apiToken: name === "c" ? "dead" : "live" }, change);
    }
    const hanging = dead(here, 20_000);
    const live: string[] = [];
    const fetchIt: typeof fetch = async (input, init) => {
      if (new Headers(init?.headers).get("fastly-key") === "dead") return await hanging.fetchIt();
      live.push(String(input));
      return await fetch(input, init);
    };
    const run = async (at: ReturnType<typeof deployment>) => {
      const [before, beganMs, liveBefore] = [hanging.calls.length, at.time.nowMs, live.length];
      const customerSources = createCustomerSources(database.db, secrets, {
        fetch: fetchIt,
        breakers: at.breakers,
        sleep: async () => undefined,
        random: () => 0,
        now: at.clock.nowMs,
        cloudflareEndpoint: "https://cloudflare.invalid",
        fastlyEndpoint: api.url,
      });
      const report = await ingestUsage(
        {
          ingest: createIngestStore(database.db),
          usageSources: [],
          customerSources,
          breakers: at.breakers,
          clock: at.clock,
          log: at.memory.log,
          usageWindows: { windowMs: hour, lookbackMs: 2 * hour },
        },
        await leased("ingest-usage"),
      );
      return { report, calls: hanging.calls.length - before, tookMs: at.time.nowMs - beganMs, live: live.length - liveBefore };
    };
    try {
      const first = await run(here);
      expect(first.report).toMatchObject({ sources: 5, failures: 1 });
      expect(first.calls).toBeGreaterThan(0);
      expect(first.tookMs).toBeLessThanOrEqual(minute);
      expect(first.live).toBeGreaterThanOrEqual(4);
      expect(await opened()).toHaveLength(1);

      // As long as it is paused it costs nothing, of whichever deployment.
      here.time.nowMs = (hanging.calls.at(-1) ?? 0) + 10_000;
      const second = await run(here);
      expect(second).toMatchObject({ report: { sources: 5, failures: 1 }, calls: 0, tookMs: 0 });
      expect(second.live).toBeGreaterThanOrEqual(4);
      const [told] = await world.sql<{ last_error: string }>("select last_error from cdn_accounts where last_error is not null");
      expect(told?.last_error).toMatch(
        /^fastly paused: paused, as it has not answered since .+ \(no connection\); it is tried again at .+Z$/,
      );

      // Then a single call each time, further and further apart.
      const there = deployment();
      let spent = 0;
      for (let minutes = 0; minutes < 120; minutes += 5) {
        there.time.nowMs = startMs + 10 * minute + minutes * minute;
        const { calls } = await run(there);
        expect(calls).toBeLessThanOrEqual(1);
        spent += calls;
      }
      expect(spent).toBeGreaterThanOrEqual(4);
      expect(spent).toBeLessThanOrEqual(8);
    } finally {
      await api.close();
    }
  });
});

const costAccount = async (name: string) => {
  const [customer] = await world.sql<{ id: string }>("insert into customers (name) values ($1) returning id", [name]);
  const customerId = Number(customer?.id);
  const seal = await secrets.seal(s3Keys.secretAccessKey, costSealingContext(customerId, s3Keys.accessKeyId));
  const [row] = await world.sql<{ id: string }>(
    `insert into cost_accounts (customer_id, name, access_key_id, sealed_secret, region, bucket, aws_accounts, regions, created_at)
     values ($1, $2, $3, $4, 'eu-central-1', $2, '{123456789012}', '{eu-central-1,eu-west-1,us-east-1}', now() - interval '1 day') returning id`,
    [customerId, name, s3Keys.accessKeyId, seal],
  );
  return { customerId, id: Number(row?.id) };
};

const directory = () => createCostDirectory({ accounts: sealedCostAccounts(database.db), secrets, assume: null });

describe("a bucket that does not answer", () => {
  it("is paused, of its account alone; the other's is read as ever", async () => {
    const here = deployment();
    const [silent] = [await costAccount("silent"), await costAccount("well")];
    const hanging = dead(here, 10_000);
    let well = 0;
    const fetchIt: typeof fetch = async (input) => {
      if (String(input).includes("silent")) return await hanging.fetchIt();
      well += 1;
      return new Response(
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>',
      );
    };
    const run = async () => {
      const [before, wellBefore] = [hanging.calls.length, well];
      await pollCosts(
        {
          costDirectory: directory(),
          ...noAuditLogs,
          trailReadings: createTrailReadings(database.db),
          trailFiles: createTrailFiles({
            endpoint: "https://s3.test",
            fetch: fetchIt,
            clock: here.clock,
            timeoutMs: 900,
            readMs: 900,
            mostBytes: 9,
          }),
          costEvents: createCostEventStore(database.db),
          archive: null,
          breakers: here.breakers,
          clock: here.clock,
          random: systemRandom,
          config: { costEventRetentionMs: 90 * 24 * hour },
          scoreSoon: () => undefined,
          log: here.memory.log,
          requestLimit: 10_000,
        },
        await leased("poll-costs"),
      );
      return { calls: hanging.calls.length - before, well: well - wellBefore };
    };
    expect(await run()).toEqual({ calls: 3, well: 3 });
    here.time.nowMs += 5 * minute;
    expect(await run()).toEqual({ calls: 2, well: 3 });
    expect(await opened()).toEqual([`s3:${silent.id}`]);
    here.time.nowMs += 10_000;
    expect(await run()).toEqual({ calls: 0, well: 3 });
    const [told] = await world.sql<{ last_error: string }>("select last_error from cost_accounts where id = $1", [silent.id]);
    expect(told?.last_error).toContain("S3 is paused, as it has not answered since");
    here.time.nowMs += 5 * minute;
    expect(await run()).toEqual({ calls: 1, well: 3 });
  });
});

describe("EC2 that does not answer", () => {
  it("is paused, and tried again by one call, for which all the others wait", async () => {
    const here = deployment();
    const { id } = await costAccount("cloud");
    const hanging = dead(here, 5_000);
    let answers = 0;
    let isDead = true;
    let abreast = 0;
    const abreastAtFirst: number[] = [];
    const fetchIt: typeof fetch = async (_input, init) => {
      if (isDead) return await hanging.fetchIt();
      answers += 1;
      abreast += 1;
      if (answers <= 2) abreastAtFirst.push(abreast);
      await new Promise((resolve) => setTimeout(resolve, 5));
      abreast -= 1;
      const action = new URLSearchParams(String(init?.body)).get("Action") ?? "";
      return new Response(`<${action}Response></${action}Response>`);
    };
    const cloud = createCloudReader({
      accounts: directory(),
      endpointOf: () => "https://ec2.test",
      fetch: fetchIt,
      breakers: here.breakers,
      clock: { ...here.clock, sleep: async () => undefined },
      random: () => 0,
      timeoutMs: 5_000,
    });
    const dns = createDnsRefusal("nothing is here", false);
    const run = async () => {
      const before = hanging.calls.length;
      await world.sql("update zombie_hunts set hunted_at = now() - interval '30 days', tried_at = null");
      const report = await huntZombies(
        {
          hunting: createHuntStore(database.db),
          dnsDirectory: { operator: dns, of: async () => dns, ofAll: async () => new Map() },
          cloud,
          breakers: here.breakers,
          clock: here.clock,
          log: here.memory.log,
        },
        await leased("hunt-zombies"),
      );
      return { failed: report["failed"], calls: hanging.calls.length - before };
    };
    const first = await run();
    expect(first.failed).toBe(0);
    expect(first.calls).toBeLessThanOrEqual(7);
    expect(await opened()).toEqual([`ec2:${id}`]);
    here.time.nowMs += 10_000;
    expect(await run()).toEqual({ failed: 0, calls: 0 });
    const [unread] = await world.sql<{ unread: { problem: string }[] }>("select unread from zombie_hunts");
    expect(unread?.unread[0]?.problem).toContain("paused, as it has not answered since");

    isDead = false;
    here.time.nowMs += 5 * minute;
    expect(await run()).toEqual({ failed: 0, calls: 0 });
    expect(answers).toBeGreaterThan(6);
    expect(abreastAtFirst[0]).toBe(1);
    expect(await opened()).toEqual([]);
  });
});

/** An archive of a deployment, which is away or there. */
const archiveOf = ({ clock }: ReturnType<typeof deployment>, breakers: Breakers) => {
  const site = { status: 503, calls: 0 };
  const send: typeof fetch = async () => ((site.calls += 1), new Response("", { status: site.status }));
  const line = breakers.line({ kind: "archive", customerId: null, accountId: null });
  const s3 = createS3({
    bucket: "archive",
    region: "eu-central-1",
    endpoint: "https://s3.test",
    keys: fixedKeys(s3Keys),
    fetch: guardedFetch(send, line, clock),
    clock,
    timeoutMs: 500,
  });
  return { site, archive: byItsBreaker(createS3Archive(s3, ""), breakers) };
};

describe("an archive that is away", () => {
  it("is not asked for every batch: none is acknowledged, none is stored, and each is told at once when to come again", async () => {
    const here = deployment();
    const { site, archive } = archiveOf(here, here.breakers);
    const [customer] = await world.sql<{ id: string }>("insert into customers (name) values ('acme') returning id");
    const values = trailRecords(2, { fromMs: startMs - hour });
    const send = async () =>
      await ingestEvents(
        {
          costEvents: createCostEventStore(database.db),
          archive,
          clock: here.clock,
          random: systemRandom,
          config: { costEventRetentionMs: 90 * 24 * hour },
          scoreSoon: () => undefined,
        },
        { customerId: Number(customer?.id), source: "push", text: JSON.stringify(values), values, pointer: "", cursor: null },
        freely,
      );
    const refused = { code: "unavailable", message: "the archive does not take the events: nothing was stored, send them again" };
    for (const calls of [2, 4, 5, 5, 5, 5]) {
      await expect(send()).rejects.toMatchObject(refused);
      expect(site.calls).toBe(calls);
    }
    await expect(send()).rejects.toMatchObject({ ...refused, kind: "archive_paused", headers: { "retry-after": "10" } });
    // Another deployment has learnt of it from the database.
    const there = archiveOf(deployment(), deployment().breakers);
    await expect(there.archive.keep("k", "{}", freely)).rejects.toMatchObject({ kind: "archive_paused" });
    expect(there.site.calls).toBe(0);
    expect(await world.sql("select 1 from cost_events")).toEqual([]);

    site.status = 200;
    here.time.nowMs += 10_000;
    expect(await send()).toMatchObject({ accepted: 2 });
    expect(await opened()).toEqual([]);
  });
});

describe("a time-stamping authority that is away", () => {
  it("is not waited for by every anchor, and each says why it has no time-stamp", async () => {
    const here = deployment();
    const hanging = dead(here, 5_000);
    const line = here.breakers.line({ kind: "timestamp", customerId: null, accountId: null });
    const timestamps = createTimestamps("https://tsa.test", guardedFetch(hanging.fetchIt, line, here.clock), systemRandom);
    const anchors: (string | null)[] = [];
    const real = createEvidenceAnchorStore(database.db);
    const head = { serviceId: 1, seq: 1, hash: "0".repeat(64) };
    await anchorEvidence(
      {
        evidenceAnchors: {
          ...real,
          grown: async () => ({ heads: anchors.length < 12 ? [head] : [], latestHash: null }),
          save: async (_fence, anchor) => (anchors.push(anchor.timestampError), true),
        },
        timestamps,
        breakers: here.breakers,
        clock: here.clock,
        log: here.memory.log,
      },
      await leased("anchor-evidence"),
    );
    expect(hanging.calls).toHaveLength(5);
    expect(anchors.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => "the authority can not be reached"));
    expect(anchors).toHaveLength(12);
    for (const error of anchors.slice(5)) expect(error).toContain("the authority is paused, as it has not answered since");
    expect(await opened()).toEqual(["timestamp"]);
  });
});
