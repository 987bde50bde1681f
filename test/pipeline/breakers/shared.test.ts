import { describe, expect, it } from "vitest";
import { createCdnAccountStore } from "../../../src/adapters/db/metering/cdn-accounts.ts";
import { createBreakerStore } from "../../../src/adapters/db/platform/breakers.ts";
import { systemClock } from "../../../src/adapters/platform/clock.ts";
import { guardedFetch } from "../../../src/adapters/platform/guarded-fetch.ts";
import { systemRandom } from "../../../src/adapters/platform/random.ts";
import { createSecrets } from "../../../src/adapters/platform/secrets.ts";
import type { BreakerLine, BreakerOutcome, BreakerScope, BreakerStore } from "../../../src/adapters/ports/platform/breakers.ts";
import { PausedError } from "../../../src/adapters/ports/platform/breakers.ts";
import { createBreakers } from "../../../src/pipeline/breakers.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { createMemoryLog } from "../../support/memory-log.ts";
import { useWorld } from "../../support/use-world.ts";

const startMs = Date.parse("2026-11-28T12:00:00Z");
const minute = 60_000;
const secrets = createSecrets([btoa("k".repeat(32))], systemRandom);
const change = { actor: "test", requestId: "r", idempotency: null };
const failure: BreakerOutcome = { result: "failed", waitedMs: 0, detail: "answered 503" };
const archive: BreakerScope = { kind: "archive", customerId: null, accountId: null };

const { database, world } = useWorld();

/** A deployment of its own: whoever else there is knows of it what is stored. @param own in the place of the database's */
const deployment = (own: Partial<BreakerStore> = {}) => {
  const time = { nowMs: startMs };
  const real = createBreakerStore(database.db);
  const asked = { take: 0, find: 0, save: 0 };
  const store: BreakerStore = {
    ...real,
    take: (...args) => ((asked.take += 1), real.take(...args)),
    find: (...args) => ((asked.find += 1), real.find(...args)),
    save: (...args) => ((asked.save += 1), real.save(...args)),
    ...own,
  };
  const memory = createMemoryLog();
  const breakers = createBreakers({ store, clock: { nowMs: () => time.nowMs, sleep: systemClock.sleep }, log: memory.log });
  return { breakers, time, asked, memory };
};

/** @returns whether the call was permitted */
const call = async (line: BreakerLine, outcome: BreakerOutcome): Promise<boolean> => {
  const pass = await line.enter();
  if ("refusal" in pass) return false;
  pass.leave(outcome);
  return true;
};

const fails = async ({ breakers }: ReturnType<typeof deployment>, scope: BreakerScope, times: number) =>
  await breakers.during([scope.kind], async () => {
    const permitted: boolean[] = [];
    for (let count = 0; count < times; count += 1) permitted.push(await call(breakers.line(scope), failure));
    return permitted;
  });

const stored = () =>
  world.sql<{ name: string; pauses: number; open: boolean; claimed: boolean; in_a_row: number }>(
    "select name, pauses, in_a_row, probe_at is not null as open, claimed_until is not null as claimed from breakers order by name",
  );

const accountOf = async (name: string): Promise<BreakerScope> => {
  const [customer] = await world.sql<{ id: string }>("insert into customers (name) values ($1) returning id", [name]);
  const customerId = Number(customer?.id);
  const input = { cdn: "fastly", accountRef: null, apiToken: "t" } as const;
  const { id } = await createCdnAccountStore(database.db, secrets).create(customerId, input, change);
  return { kind: "cdn", customerId, accountId: id };
};

describe("a breaker is shared", () => {
  it("by all deployments: what fails for one is paused for the other, and closed for both by the one answer of its trial", async () => {
    const [here, there] = [deployment(), deployment()];
    expect(await fails(here, archive, 7)).toEqual([true, true, true, true, true, false, false]);
    expect(await stored()).toEqual([{ name: "archive", pauses: 1, open: true, claimed: false, in_a_row: 5 }]);
    expect(await fails(there, archive, 1)).toEqual([false]);

    there.time.nowMs += minute;
    const line = there.breakers.line(archive);
    await there.breakers.during(["archive"], async () => expect(await call(line, { result: "answered" })).toBe(true));
    expect(await stored()).toEqual([{ name: "archive", pauses: 0, open: false, claimed: false, in_a_row: 0 }]);
    here.time.nowMs += minute;
    expect(await fails(here, archive, 1)).toEqual([true]);
  });

  it("is not paused for an hour by a clock that was an hour ahead, of this deployment or of another one", async () => {
    const [ahead, right] = [deployment(), deployment()];
    const read = (one: ReturnType<typeof deployment>) =>
      one.breakers.during(["archive"], async () => await call(one.breakers.line(archive), { result: "answered" }), 5_000);
    await read(ahead);
    ahead.time.nowMs += 60 * minute;
    expect(await fails(ahead, archive, 5)).toEqual([true, true, true, true, true]);
    await world.sql("update breakers set claimed_until = probe_at + interval '5 minutes'");
    expect(await read(right), "of another one").toBe(true);
    expect(await stored()).toMatchObject([{ open: false, claimed: false }]);

    await fails(ahead, archive, 1);
    await fails(ahead, archive, 5);
    ahead.time.nowMs = startMs;
    expect(await read(ahead), "of this one, which is right again").toBe(true);
    expect(await stored()).toMatchObject([{ open: false, claimed: false }]);
  });

  it("is tried again by one alone of those who come at once, however they come", async () => {
    await fails(deployment(), archive, 5);
    const nowMs = startMs + 2 * minute;
    const many = Array.from({ length: 8 }, deployment);
    const passed: string[] = [];
    await Promise.all(
      many.map(async ({ breakers, time }, index) => {
        time.nowMs = nowMs;
        await breakers.during(["archive"], async () => {
          for (const attempt of [1, 2, 3]) {
            const pass = await breakers.line(archive).enter();
            if (!("refusal" in pass)) passed.push(`${index}:${attempt}`);
          }
          await new Promise((resolve) => setTimeout(resolve, 20));
        });
      }),
    );
    expect(passed).toHaveLength(1);
  });

  it("makes a job's other calls wait for its trial, and go on after that", async () => {
    const scope = await accountOf("acme");
    await fails(deployment(), scope, 5);
    const one = deployment();
    one.time.nowMs += minute;
    const line = one.breakers.line(scope);
    await one.breakers.during(["cdn"], async () => {
      const trial = await line.enter();
      const others = Promise.all([call(line, { result: "answered" }), call(line, { result: "answered" })]);
      if ("refusal" in trial) throw new Error(trial.refusal);
      trial.leave({ result: "answered" });
      expect(await others).toEqual([true, true]);
    });
    await fails(one, scope, 5);
    one.time.nowMs += minute;
    await one.breakers.during(["cdn"], async () => {
      const trial = await line.enter();
      const others = Promise.all([call(line, failure), call(line, failure)]);
      if ("refusal" in trial) throw new Error(trial.refusal);
      trial.leave(failure);
      expect(await others).toEqual([false, false]);
    });
  });

  it("is given back by whoever did not try, and lost by whoever died with it", async () => {
    await fails(deployment(), archive, 5);
    const [idle, next, dead, last] = [deployment(), deployment(), deployment(), deployment()];
    for (const one of [idle, next, dead, last]) one.time.nowMs += minute;
    await idle.breakers.during(["archive"], async () => expect((await stored())[0]?.claimed).toBe(true));
    expect((await stored())[0]?.claimed).toBe(false);
    await next.breakers.during(["archive"], async () => expect(await call(next.breakers.line(archive), { result: "nothing" })).toBe(true));

    void dead.breakers.during(["archive"], () => new Promise(() => undefined));
    await expect.poll(async () => (await stored())[0]?.claimed).toBe(true);
    await last.breakers.during(["archive"], async () => expect(await call(last.breakers.line(archive), failure)).toBe(false));
    last.time.nowMs += 61_000;
    await last.breakers.during(["archive"], async () => expect(await call(last.breakers.line(archive), failure)).toBe(true));
    expect(await stored()).toMatchObject([{ pauses: 2, open: true }]);
  });

  it("counts what two have seen at the same time", async () => {
    const [here, there] = [deployment(), deployment()];
    await here.breakers.during(["archive"], async () => {
      for (const _ of [1, 2, 3]) await call(here.breakers.line(archive), failure);
      expect(await fails(there, archive, 3)).toEqual([true, true, true]);
    });
    expect(await stored()).toMatchObject([{ pauses: 1, open: true }]);
    expect(here.asked).toEqual({ take: 1, find: 1, save: 2 });
  });

  it("is not taken from whoever tries it again by somebody who has failed meanwhile", async () => {
    const [late, trying, third] = [deployment(), deployment(), deployment()];
    trying.time.nowMs += minute;
    third.time.nowMs += minute;
    await late.breakers.during(["archive"], async () => {
      await call(late.breakers.line(archive), failure);
      await fails(deployment(), archive, 5);
      await trying.breakers.during(["archive"], async () => {
        await fails(late, { ...archive, which: "another" }, 1);
        expect(await stored()).toMatchObject([{ name: "archive", claimed: true }, { name: "archive:another" }]);
        expect(await fails(third, archive, 1)).toEqual([false]);
        expect(await call(trying.breakers.line(archive), failure)).toBe(true);
      });
    });
    expect(await stored()).toMatchObject([{ name: "archive", pauses: 2, open: true }, { name: "archive:another" }]);
  });

  it("makes nobody wait for a trial of which nothing will be heard any more", async () => {
    const scope = await accountOf("acme");
    await fails(deployment(), scope, 5);
    const clock = createFakeClock(startMs + minute);
    const breakers = createBreakers({ store: createBreakerStore(database.db), clock, log: createMemoryLog().log });
    const cut = breakers.during(["cdn"], async () => void (await breakers.line(scope).enter()));
    await cut;
    await clock.advance(minute);
    const nowMs = clock.nowMs();
    const allowed = breakers.during(["cdn"], async () => await call(breakers.line(scope), failure));
    expect(await allowed).toBe(false);
    expect(clock.nowMs()).toBe(nowMs);
  });

  it("costs one statement where all is well, and one more where something failed, however many accounts there are", async () => {
    const one = deployment();
    const scopes = Array.from({ length: 300 }, (_, index): BreakerScope => ({ ...archive, which: `a${index}` }));
    await one.breakers.during(["archive"], async () => {
      for (const scope of scopes) expect(await call(one.breakers.line(scope), { result: "answered" })).toBe(true);
    });
    expect(one.asked).toEqual({ take: 1, find: 0, save: 0 });
    await one.breakers.during(["archive"], async () => {
      for (const scope of scopes) await call(one.breakers.line(scope), failure);
    });
    expect(one.asked).toEqual({ take: 2, find: 0, save: 1 });
    expect(await stored()).toHaveLength(300);
  });

  it("is read once in a while where many come", async () => {
    const one = deployment();
    for (const _ of [1, 2, 3]) await one.breakers.during(["archive"], async () => undefined, 5_000);
    expect(one.asked.take).toBe(1);
    one.time.nowMs += 5_000;
    await one.breakers.during(["archive"], async () => undefined, 5_000);
    expect(one.asked.take).toBe(2);
  });
});

describe("while the database does not answer about breakers", () => {
  it("calls go on, and so do those of what it has said to be paused", async () => {
    let isAway = false;
    const real = createBreakerStore(database.db);
    const away = async () => await Promise.reject(new Error("away"));
    const one = deployment({
      take: async (...args) => (isAway ? await away() : await real.take(...args)),
      save: async (...args) => (isAway ? await away() : await real.save(...args)),
    });
    await fails(one, archive, 5);
    expect(await fails(one, archive, 1)).toEqual([false]);
    isAway = true;
    expect(await fails(one, archive, 2)).toEqual([true, true]);
    expect(one.memory.of("breakers_unread")).toHaveLength(1);
    expect(one.memory.of("breakers_not_stored")).toHaveLength(1);
    isAway = false;
    expect(await fails(one, archive, 1)).toEqual([false]);
  });

  it("nobody waits for it for more than a few seconds, before or after", async () => {
    const clock = createFakeClock(startMs);
    const never = async () => await new Promise<never>(() => undefined);
    const store = { take: never, find: never, save: never, list: never };
    const breakers = createBreakers({ store, clock, log: createMemoryLog().log });
    const run = breakers.during(["archive"], async () => {
      expect(clock.nowMs()).toBe(startMs + 3_000);
      return await call(breakers.line(archive), failure);
    });
    expect(await clock.run(run)).toBe(true);
    expect(clock.nowMs()).toBe(startMs + 6_000);
  });

  it("what the work throws is thrown", async () => {
    const { breakers } = deployment({ save: async () => await Promise.reject(new Error("away")) });
    const work = breakers.during(["archive"], async () => {
      await call(breakers.line(archive), failure);
      await Promise.reject(new Error("the work"));
    });
    await expect(work).rejects.toThrow("the work");
  });
});

describe("the breaker of an account", () => {
  it("opens nobody else's", async () => {
    const [hostile, other] = [await accountOf("hostile"), await accountOf("other")];
    const one = deployment();
    await fails(one, hostile, 9);
    expect(await fails(one, other, 1)).toEqual([true]);
    expect(await fails(one, { kind: "cdn", customerId: null, accountId: null, which: "fastly" }, 1)).toEqual([true]);
  });

  it("is forgotten with its account, and not stored of one that is gone", async () => {
    const scope = await accountOf("acme");
    const one = deployment();
    await fails(one, scope, 5);
    expect(await stored()).toHaveLength(1);
    const accounts = createCdnAccountStore(database.db, secrets);
    await one.breakers.during(["cdn"], async () => {
      expect(await accounts.remove(scope.customerId ?? 0, scope.accountId ?? 0, change)).toBe(true);
      expect(await stored()).toEqual([]);
    });
    await fails(deployment(), scope, 5);
    expect(await stored()).toEqual([]);
    expect(one.memory.of("breakers_not_stored")).toEqual([]);
  });

  it("of a removed cost account goes, of whichever kind, and none of a CDN account of the same number", async () => {
    const cdn = await accountOf("acme");
    const [row] = await world.sql<{ id: string }>(
      `insert into cost_accounts (id, customer_id, name, role_arn, external_id, region, aws_accounts, regions) overriding system value
       values ($1, $2, 'prod', 'arn:aws:iam::123456789012:role/x', 'e', 'eu-central-1', '{123456789012}', '{eu-central-1}') returning id`,
      [cdn.accountId, cdn.customerId],
    );
    const one = deployment();
    for (const kind of ["s3", "ec2"] as const) await fails(one, { ...cdn, kind, accountId: Number(row?.id) }, 5);
    await fails(one, cdn, 5);
    const list = async (customerId: number | null) => await createBreakerStore(database.db).list(customerId, startMs + 1);
    expect(await list(cdn.customerId)).toMatchObject([
      { kind: "cdn", account: "fastly", state: "open", failures: 5, lastError: "answered 503", sinceMs: startMs },
      { kind: "ec2", account: "prod" },
      { kind: "s3", account: "prod" },
    ]);
    expect(await list((cdn.customerId ?? 0) + 1)).toEqual([]);
    await world.sql("update cost_accounts set deleted_at = now()");
    expect((await stored()).map(({ name }) => name)).toEqual([`cdn:${cdn.accountId}`]);
  });
});

describe("what counts as a failure of the service", () => {
  const refused = () => new TypeError("fetch failed", { cause: Object.assign(new Error("connect 10.0.0.1"), { code: "ECONNREFUSED" }) });
  const heard = async (send: () => Promise<Response>, waitedMs = 0, isAborted = false): Promise<BreakerOutcome[]> => {
    const outcomes: BreakerOutcome[] = [];
    let nowMs = 0;
    const patience = new AbortController();
    const line: BreakerLine = { enter: async () => ({ leave: (outcome) => void outcomes.push(outcome) }) };
    const fetchIt = guardedFetch(
      async () => {
        nowMs += waitedMs;
        if (isAborted) patience.abort();
        return await send();
      },
      line,
      { nowMs: () => nowMs },
    );
    await fetchIt("https://api.example", { signal: patience.signal }).catch(() => undefined);
    return outcomes;
  };

  it.each([200, 204, 301, 400, 401, 403, 404, 409, 429])("not an answer %i", async (status) => {
    const body = status === 204 ? null : "x";
    expect(await heard(async () => new Response(body, { status }))).toEqual([{ result: "answered" }]);
  });

  it.each([500, 502, 503, 504])("an answer %i", async (status) => {
    expect(await heard(async () => new Response("x", { status }), 70)).toEqual([
      { result: "failed", waitedMs: 70, detail: `answered ${status}` },
    ]);
  });

  it("no connection, and no answer in time; not that whoever asked had no time left, nor a limit of the platform's own", async () => {
    const rejected = (error: Error) => async (): Promise<Response> => {
      throw error;
    };
    expect(await heard(rejected(refused()))).toEqual([{ result: "failed", waitedMs: 0, detail: "no connection (ECONNREFUSED)" }]);
    expect(await heard(rejected(new DOMException("x", "AbortError")), 20_000, true)).toMatchObject([
      { result: "failed", detail: "no answer within 20 s" },
    ]);
    expect(await heard(rejected(new DOMException("x", "TimeoutError")), 5_000)).toMatchObject([{ detail: "no answer within 5 s" }]);
    expect(await heard(rejected(new DOMException("x", "AbortError")), 500, true)).toEqual([{ result: "nothing" }]);
    expect(await heard(rejected(new Error("Too many subrequests.")))).toEqual([{ result: "nothing" }]);
  });

  it("while it is paused nothing is sent, and whoever asks is told until when", async () => {
    let sent = 0;
    const line: BreakerLine = { enter: async () => ({ refusal: "paused", untilMs: 7 }) };
    const fetchIt = guardedFetch(async () => ((sent += 1), new Response("x")), line, { nowMs: () => 0 });
    const error = await fetchIt("https://api.example").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PausedError);
    expect([error instanceof PausedError && error.untilMs, sent]).toEqual([7, 0]);
  });
});
