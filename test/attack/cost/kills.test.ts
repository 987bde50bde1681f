import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pollCosts } from "../../../src/cron/cost/poll.ts";
import { ingestEvents } from "../../../src/pipeline/cost/ingest.ts";
import { freely } from "../../support/budget.ts";
import { trailFile, trailRecords } from "../../support/cloudtrail.ts";
import { seededRandom } from "../../support/random.ts";
import type { IngestWorld } from "./ingest-world.ts";
import { immortal, ingestWorld } from "./ingest-world.ts";
import type { Life } from "./mortal.ts";
import { createLife } from "./mortal.ts";

/** Processes that are killed at each of their steps: what comes of them all is what would have come of one that nobody disturbed. */

const startMs = Date.parse("2026-11-28T12:00:00Z");
const hourMs = 3_600_000;

let nowMs: number;
let world: IngestWorld;
beforeEach(async () => {
  nowMs = startMs;
  world = await ingestWorld(() => nowMs);
});
afterEach(() => world.close());

/** All that is stored of a customer's events, without what differs from run to run. */
const stored = async (customerId: number): Promise<readonly unknown[]> =>
  await world.database.sql(
    `select event_id, account_id, resource_type, resource_id, actor, hourly_cost_cents, occurred_at, data from cost_events
     where customer_id = $1 order by event_id`,
    [customerId],
  );

/** How often each event is in the queue, and in the archive under the key of its batch. */
const queued = async (customerId: number) => {
  const rows = await world.database.sql<{ event_id: string; archive_key: string }>(
    `select e.event_id, b.archive_key from cost_batches b cross join unnest(b.event_ids) x(id) join cost_events e on e.id = x.id
     where b.customer_id = $1 order by 1`,
    [customerId],
  );
  return {
    ids: rows.map((row) => row.event_id),
    archived: rows.every((row) => world.archive.objects.get(row.archive_key)?.includes(row.event_id)),
  };
};

const expectOnce = async (customerId: number, ids: readonly string[]): Promise<void> => {
  const events = (await stored(customerId)) as { event_id: string }[];
  expect(events.map(({ event_id: id }) => id)).toEqual(ids.toSorted());
  expect(await queued(customerId)).toEqual({ ids: ids.toSorted(), archived: true });
};

type File = { readonly key: string; readonly ids: readonly string[] };

/** Two regions of a trail, of two weeks: files of a few records, of none, and of more than a statement carries. */
const fill = (count: number): readonly File[] =>
  Array.from({ length: count }, (_, index) => {
    const region = index % 3 === 0 ? "us-east-1" : "eu-central-1";
    const size = index % 5 === 1 ? 1_010 : index % 7;
    const options = { fromMs: startMs - (count - index) * 5 * hourMs, seed: 1_000 + index, region, stepMs: 10 };
    const records = trailRecords(size, options);
    const file = trailFile(records, options, "");
    world.server.bucket("trail").put(file);
    return { key: file.key, ids: records.map(({ eventID }) => String(eventID)) };
  });

/** A cursor never claims more than is stored: each file up to it is, or is known to be tried again. */
const expectCursorsTrue = async (accountId: number, customerId: number, files: readonly File[]): Promise<void> => {
  const cursors = await world.database.sql<{ prefix: string; last_key: string }>(
    "select prefix, last_key from cost_cursors where account_id = $1",
    [accountId],
  );
  const failed = new Set(
    (await world.database.sql<{ key: string }>("select key from cost_files where account_id = $1 and state = 'failed'", [accountId])).map(
      ({ key }) => key,
    ),
  );
  const rows = await world.database.sql<{ event_id: string }>("select event_id from cost_events where customer_id = $1", [customerId]);
  const known = new Set(rows.map(({ event_id: id }) => id));
  for (const { prefix, last_key: last } of cursors) {
    const behind = files.filter(({ key }) => key.startsWith(prefix) && key <= last && !failed.has(key));
    expect(behind.filter(({ ids }) => ids.some((id) => !known.has(id))).map(({ key }) => key)).toEqual([]);
  }
};

describe("a hundred kills", () => {
  it("of whoever reads trails lose and double nothing, while S3 breaks off now and then", async () => {
    const { customerId, id } = await world.account();
    const files = fill(50);
    const random = seededRandom(5);
    let [kills, runs] = [0, 0];
    for (; kills < 70 && runs < 400; runs += 1) {
      const life = createLife(1 + Math.floor(random() * (runs % 5 === 0 ? 60 : 12)), random() < 0.5);
      if (random() < 0.4) world.server.setFault([{ kind: random() < 0.5 ? "cut" : "slow-down", operations: ["GetObject"], times: 1 }]);
      const { deps, fence } = await world.poller(life);
      await pollCosts(deps, fence).catch(() => undefined);
      world.server.setFault(null);
      if (life.isOver()) kills += 1;
      await expectCursorsTrue(id, customerId, files);
    }
    expect(kills).toBe(70);
    for (let run = 0; run < 4; run += 1) {
      const { deps, fence } = await world.poller(immortal);
      await pollCosts(deps, fence);
    }
    const ids = files.flatMap((file) => file.ids);
    await expectOnce(customerId, ids);

    const undisturbed = await world.account();
    for (let run = 0; run < 2; run += 1) {
      const { deps, fence } = await world.poller(immortal);
      await pollCosts(deps, fence);
    }
    expect(await stored(undisturbed.customerId)).toEqual(await stored(customerId));
    const cursors = async (account: number) =>
      await world.database.sql("select prefix, last_key from cost_cursors where account_id = $1 order by 1", [account]);
    expect(await cursors(id)).toEqual(await cursors(undisturbed.id));
  });

  it("of whoever takes in what is sent lose and double nothing, where it is sent until it is answered", async () => {
    const { customerId } = await world.account();
    const random = seededRandom(9);
    // Each has some of the one before: senders overlap, too.
    const batches = Array.from({ length: 12 }, (_, index) => {
      const values = [index, index + 1].flatMap((seed) => trailRecords(30, { fromMs: startMs - hourMs, seed: 5_000 + seed }));
      return { customerId, source: "push", values, text: JSON.stringify({ Records: values }), pointer: "/Records", cursor: null } as const;
    });
    const counts = { kills: 0, accepted: 0, duplicate: 0 };
    const send = async (batch: (typeof batches)[number], life: Life): Promise<boolean> => {
      try {
        const answer = await ingestEvents(world.ingest(life), batch, freely);
        counts.accepted += answer.accepted;
        counts.duplicate += answer.duplicate;
        return true;
      } catch (error) {
        if (!life.isOver()) throw error;
        counts.kills += 1;
        return false;
      }
    };
    for (const [index, batch] of batches.entries()) {
      for (const kill of [0, 1, 2]) {
        const life = createLife(1 + ((index + kill) % 2), random() < 0.5);
        // Two processes at once, of which one may live.
        await Promise.all([send(batch, life), ...(kill === 1 ? [send(batch, createLife(2, true))] : [])]);
      }
      expect(await send(batch, immortal)).toBe(true);
    }
    expect(counts.kills).toBeGreaterThanOrEqual(30);
    const ids = new Set(batches.flatMap(({ values }) => values.map(({ eventID }) => String(eventID))));
    await expectOnce(customerId, [...ids]);
    expect([...ids].filter((id) => ![...world.archive.objects.values()].some((text) => text.includes(id)))).toEqual([]);
  });
});
