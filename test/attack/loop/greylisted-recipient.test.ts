import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createNotifyWorld } from "../../support/notify-world.ts";
import { createWorld } from "../../support/round-world.ts";
import type { World } from "../../support/round-world.ts";

/** A mail of which a server takes some recipients at once, and others later: greylisting, a mailbox that is full. */

let database: TestDatabase;
let world: World;

beforeEach(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
});
afterEach(() => database.close());

describe("recipients who are put off while others are taken", () => {
  it("are tried again, alone, and the channel is not paused for them", async () => {
    const { sql, clock } = world;
    const [row] = await sql<{ id: string }>("insert into customers (name) values ('acme') returning id");
    const notify = createNotifyWorld(world);
    await notify.channel({ customerId: Number(row?.id) });
    let attempts = 0;
    notify.say("hook", () => {
      attempts += 1;
      return attempts < 8
        ? { status: "failed", detail: "250, but not to grey@example.net (451)", retryAfterMs: null, left: ["grey@example.net"] }
        : { status: "sent", detail: "250" };
    });
    await sql(
      "insert into notifications (customer_id, kind, subject, facts, occurred_at) values ($1, 'token.created', 'token:1', '{}', now())",
      [row?.id],
    );
    for (let hour = 0; hour < 20 && attempts < 8; hour += 1) {
      await notify.deliver();
      await clock.advance(3_600_000);
    }
    expect(new Set(notify.received.map(({ id }) => id)).size).toBe(1);
    expect(notify.received.map(({ message }) => message.left)).toEqual([
      undefined,
      ...Array.from({ length: 7 }, () => ["grey@example.net"]),
    ]);
    expect(await sql("select state, attempts from deliveries")).toEqual([{ state: "sent", attempts: 8 }]);
    expect(await sql("select failures, paused_until from channels")).toEqual([{ failures: 0, paused_until: null }]);
  });
});
