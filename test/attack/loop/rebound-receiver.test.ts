import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AnswerReading } from "../../../src/adapters/ports/steering/resolver.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createNotifyWorld } from "../../support/notify-world.ts";
import { createWorld } from "../../support/round-world.ts";
import type { World } from "../../support/round-world.ts";

/** A receiver whose name led to a public address when the channel was made, and leads into the network of tranche now. */

let database: TestDatabase;
let world: World;

beforeEach(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
});
afterEach(() => database.close());

const url = "https://rebound.attacker.com/in";

describe("a webhook whose host leads elsewhere by now", () => {
  const setUp = async (say: (type: string) => AnswerReading[]) => {
    const { sql } = world;
    const [row] = await sql<{ id: string }>("insert into customers (name) values (gen_random_uuid()::text) returning id");
    const notify = createNotifyWorld(world);
    await notify.channel({ customerId: Number(row?.id), name: url });
    for (const subject of ["token:1", "token:2"])
      await sql(
        "insert into notifications (customer_id, kind, subject, facts, occurred_at) values ($1, 'token.created', $2, '{}', now())",
        [row?.id, subject],
      );
    const asked: string[] = [];
    const lookup = {
      lookup: async (name: string, type: string) => {
        asked.push(`${name} ${type}`);
        return say(type);
      },
    };
    return { notify, asked, lookup };
  };

  it.each(["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "fd00:ec2::254"])("%s is not connected to", async (address) => {
    const { notify, lookup } = await setUp((type) => [
      { resolver: "one", status: "answered", answers: (type === "AAAA") === address.includes(":") ? [address] : ["93.184.215.14"] },
    ]);
    await notify.deliver({ lookup, checksTargets: true });
    expect(notify.received).toEqual([]);
    const [delivery] = await world.sql<{ state: string; last_status: string }>(
      "select state, last_status from deliveries order by id limit 1",
    );
    expect(delivery).toEqual({ state: "pending", last_status: "its host leads to a private address" });
  });

  it("is sent to where it is public, or nobody answers; each run asks once", async () => {
    const { notify, lookup, asked } = await setUp(() => [{ resolver: "one", status: "answered", answers: ["93.184.215.14"] }]);
    await notify.deliver({ lookup, checksTargets: true });
    expect(notify.received).toHaveLength(2);
    expect(asked).toEqual(["rebound.attacker.com A", "rebound.attacker.com AAAA"]);
    const silent = await setUp(() => [{ resolver: "one", status: "silent" }]);
    await silent.notify.deliver({ lookup: silent.lookup, checksTargets: true });
    expect(silent.notify.received.length).toBeGreaterThan(0);
  });
});
