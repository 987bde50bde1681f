import { afterEach, beforeEach, expect, it } from "vitest";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createNotifyWorld } from "../../support/notify-world.ts";
import { createWorld } from "../../support/round-world.ts";
import type { World } from "../../support/round-world.ts";

/** What the operator's mail server says of the operator's account, in the hands of every customer with a mail channel. */

let database: TestDatabase;
let world: World;

beforeEach(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
});
afterEach(() => database.close());

it("is kept for the operator: a customer is shown its codes", async () => {
  const { sql } = world;
  const [row] = await sql<{ id: string }>("insert into customers (name) values ('acme') returning id");
  const notify = createNotifyWorld(world);
  await notify.channel({ customerId: Number(row?.id), name: "mail", kind: "email" });
  await notify.channel({ customerId: Number(row?.id), name: "hook" });
  const detail = "end of DATA: 554 User `arn:aws:iam::123456789012:user/ses` is not authorized";
  notify.say("mail", { status: "refused", detail });
  await sql(
    "insert into notifications (customer_id, kind, subject, facts, occurred_at) values ($1, 'token.created', 'token:1', '{}', now())",
    [row?.id],
  );
  await notify.deliver();
  await notify.deliver();
  const [stored] = await sql<{ text: string }>(
    "select coalesce((select jsonb_agg(d) from deliveries d)::text, '') || (select jsonb_agg(c) from channels c)::text || (select jsonb_agg(n) from notifications n)::text as text",
  );
  expect(stored?.text).toContain("end of DATA: 554");
  expect(stored?.text).not.toContain("arn:aws");
  expect(notify.told("hook").join()).toContain("was given up");
  expect(JSON.stringify(notify.lines)).toContain("arn:aws");
});
