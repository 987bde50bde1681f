import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createNotifyWorld } from "../../support/notify-world.ts";
import { createWorld } from "../../support/round-world.ts";
import type { World } from "../../support/round-world.ts";

/** A mail channel whose recipients are exchanged while messages wait: whoever is named now has agreed to nothing. */

let database: TestDatabase;
let world: World;

beforeEach(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
});
afterEach(() => database.close());

describe("messages that wait for a mail channel", () => {
  it("are not sent to recipients who came later and have not agreed, nor kept until they have", async () => {
    const { sql } = world;
    const [owner] = await sql<{ id: string }>("insert into customers (name) values ('acme') returning id");
    const customerId = Number(owner?.id);
    const notify = createNotifyWorld(world);
    const channelId = await notify.channel({ customerId, name: "mine@attacker.com" });
    notify.say("mine@attacker.com", { status: "failed", detail: "450", retryAfterMs: null });
    for (const name of ["one", "two", "three"]) {
      await sql(
        "insert into notifications (customer_id, kind, subject, facts, occurred_at) values ($1, 'token.created', $2, '{}', now())",
        [customerId, `token:${name}`],
      );
    }
    await notify.deliver();
    expect(notify.received.length).toBeGreaterThan(0);
    // As PATCH does where `to` is set.
    await sql(
      "update channels set sealed_secret = $2, confirmed_at = null, confirm_hash = repeat('a', 64), confirm_until = '2099-01-01T00:00:00Z', failures = 0, paused_until = null where id = $1",
      [channelId, JSON.stringify({ kind: "webhook", url: "victim@elsewhere.com", secrets: [] })],
    );
    await sql("update deliveries set next_at = '2000-01-01T00:00:00Z', claimed_until = null");
    await notify.deliver();
    expect(notify.told("victim@elsewhere.com")).toEqual([]);
    expect(await sql("select distinct state from deliveries")).toEqual([{ state: "dropped" }]);
    await sql("update channels set confirmed_at = now()");
    await notify.deliver();
    expect(notify.told("victim@elsewhere.com")).toEqual([]);
  });
});
