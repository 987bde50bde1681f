import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createNotifyWorld } from "../../support/notify-world.ts";
import { createWorld } from "../../support/round-world.ts";
import type { World } from "../../support/round-world.ts";

let database: TestDatabase;
let world: World;

beforeEach(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
});
afterEach(() => database.close());

const customer = async (name: string): Promise<number> =>
  Number((await world.sql<{ id: string }>("insert into customers (name) values ($1) returning id", [name]))[0]?.id);
const happen = (customerId: number, kind: string, facts: object = {}) =>
  world.sql("insert into notifications (customer_id, kind, subject, facts, occurred_at) values ($1, $2, $2, $3, now())", [
    customerId,
    kind,
    JSON.stringify(facts),
  ]);

describe("one record of the outbox that is not as it should be", () => {
  it("of a kind that a newer version writes waits for it, and stops nobody", async () => {
    const [hostile, other] = [await customer("hostile"), await customer("other")];
    const notify = createNotifyWorld(world);
    await notify.channel({ customerId: hostile, name: "hostile" });
    await notify.channel({ customerId: other });
    await happen(hostile, "kind.of.tomorrow");
    await happen(other, "token.created", { name: "ci", role: "viewer" });
    await notify.deliver();
    expect([notify.told("hostile"), notify.told()]).toEqual([[], ["event token.created A credential was created: ci"]]);
    expect(await world.sql("select kind from notifications where expanded_at is null")).toEqual([{ kind: "kind.of.tomorrow" }]);
  });

  it("with figures that can not be put into words is given up, and stops nobody", async () => {
    const [hostile, other] = [await customer("hostile"), await customer("other")];
    const notify = createNotifyWorld(world);
    await notify.channel({ customerId: hostile, name: "hostile", kinds: ["invoice.issued"] });
    await notify.channel({ customerId: other });
    await happen(hostile, "invoice.issued", { number: 1, totalCents: 1e300, currency: "USD" });
    await happen(other, "token.created", { name: "ci", role: "viewer" });
    await notify.deliver();
    await notify.deliver();
    expect([notify.told("hostile"), notify.told()]).toEqual([[], ["event token.created A credential was created: ci"]]);
    expect(notify.lines.map(({ event }) => event)).toContain("message_not_composed");
    expect(await world.sql("select state from deliveries d join channels c on c.id = d.channel_id where c.name = 'hostile'")).toEqual([
      { state: "dead" },
    ]);
  });
});
