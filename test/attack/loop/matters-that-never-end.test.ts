import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCdnAccountStore } from "../../../src/adapters/db/metering/cdn-accounts.ts";
import { createChannelStore } from "../../../src/adapters/db/notify/channels.ts";
import { createDomainStore } from "../../../src/adapters/db/tenants/domains.ts";
import { createServiceStore } from "../../../src/adapters/db/tenants/services.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createNotifyWorld, openSecrets } from "../../support/notify-world.ts";
import { createWorld } from "../../support/round-world.ts";
import type { World } from "../../support/round-world.ts";

/** What was opened on a channel (an alert at PagerDuty) and nothing ever closes; and the end of what nobody was told of. */

let database: TestDatabase;
let world: World;
let customerId: number;

beforeEach(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
  customerId = Number((await world.sql<{ id: string }>("insert into customers (name) values ('acme') returning id"))[0]?.id);
});
afterEach(() => database.close());

const by = { actor: "test", role: "editor", requestId: "r", customerId: null, idempotency: null } as never;
const happen = (kind: string, subject: string, facts: object = {}) =>
  world.sql("insert into notifications (customer_id, kind, subject, facts, occurred_at) values ($1, $2, $3, $4, now())", [
    customerId,
    kind,
    subject,
    JSON.stringify(facts),
  ]);

describe("a channel that is switched off in the middle of a matter, and on again", () => {
  const setUp = async () => {
    const notify = createNotifyWorld(world);
    const channelId = await notify.channel({ customerId });
    const store = createChannelStore(world.db, openSecrets);
    const enable = (enabled: boolean) => store.update(customerId, channelId, { enabled }, by);
    return { notify, channelId, enable };
  };

  it("is told of the end of what ended meanwhile, once", async () => {
    const { notify, enable } = await setUp();
    await happen("account.failing", "dns-account", { account: "Route 53" });
    await happen("override.set", "service:7:override", { service: "web" });
    await notify.deliver();
    await enable(false);
    await notify.deliver();
    await happen("account.recovered", "dns-account", { account: "Route 53" });
    await notify.deliver();
    await enable(true);
    await enable(true);
    await notify.deliver();
    expect(notify.told().slice(2)).toEqual(["resolve account.recovered Route 53 works again"]);
    await happen("override.cleared", "service:7:override", { service: "web" });
    await notify.deliver();
    expect(notify.told().slice(3)).toEqual(["resolve override.cleared The override of web is cleared"]);
  });

  it("is told of the end that waited for it when it was switched off", async () => {
    const { notify, enable } = await setUp();
    await happen("account.failing", "dns-account", { account: "Route 53" });
    await notify.deliver();
    notify.say("hook", { status: "failed", detail: "HTTP 503", retryAfterMs: 3_600_000 });
    await happen("account.recovered", "dns-account", { account: "Route 53" });
    await notify.deliver();
    await enable(false);
    await notify.deliver();
    notify.say("hook", { status: "sent", detail: "200" });
    await enable(true);
    await notify.deliver();
    expect(notify.told().slice(2)).toEqual(["resolve account.recovered Route 53 works again"]);
  });

  it("is told of no end whose beginning was dropped", async () => {
    const { notify, enable } = await setUp();
    notify.say("hook", { status: "failed", detail: "HTTP 503", retryAfterMs: 3_600_000 });
    await happen("account.failing", "dns-account", { account: "Route 53" });
    await notify.deliver();
    await enable(false);
    await notify.deliver();
    notify.say("hook", { status: "sent", detail: "200" });
    await enable(true);
    const before = notify.received.length;
    await happen("account.recovered", "dns-account", { account: "Route 53" });
    await notify.deliver();
    const after = notify.told().slice(before);
    expect(after.filter((line) => line.startsWith("resolve") || line.startsWith("update"))).toEqual([]);
    await happen("account.failing", "dns-account", { account: "Route 53" });
    await notify.deliver();
    expect(notify.told().at(-1)).toBe("trigger account.failing Route 53 refuses");
  });

  it("is told of the end of a storm", async () => {
    const { roundsOf, round, dns, prober, seed, sql } = world;
    dns.put("app.example.test");
    const { serviceId } = await seed();
    customerId = Number((await sql<{ id: string }>("select customer_id as id from services where id = $1", [serviceId]))[0]?.id);
    const { notify, enable } = await setUp();
    await roundsOf(6);
    prober.say("a.cdn.net", 503);
    await round();
    await notify.deliver();
    expect(notify.told()).toEqual(["trigger storm.started cdn-a is failing: web"]);
    await enable(false);
    await notify.deliver();
    prober.say("a.cdn.net", 200);
    await roundsOf(40);
    await notify.deliver();
    expect(await sql("select count(*)::int as open from incidents where ended_at is null")).toEqual([{ open: 0 }]);
    await enable(true);
    await notify.deliver();
    expect(notify.told().slice(1)).toEqual(["resolve storm.ended cdn-a is well again: web"]);
  });
});

describe("what is told of a channel that fails ends", () => {
  it.each(["it is switched on again after it was gone", "it is deleted while it is gone", "it is deleted while it fails"])(
    "where %s",
    async (how) => {
      const notify = createNotifyWorld(world);
      await notify.channel({ customerId, name: "other" });
      const id = await notify.channel({ customerId, name: "broken" });
      const store = createChannelStore(world.db, openSecrets);
      if (how.endsWith("gone")) {
        await world.sql("update channels set disabled_at = now(), disabled_reason = 'gone' where id = $1", [id]);
      } else
        await world.sql("update channels set paused_until = '2099-01-01T00:00:00Z', failures = 5, last_error = 'HTTP 500' where id = $1", [
          id,
        ]);
      await notify.deliver();
      expect(notify.told("other")).toEqual(["trigger channel.failing Messages do not arrive at broken"]);
      await world.sql("update deliveries set state = 'sent', ended_at = now() where state = 'pending'");
      if (how.includes("deleted")) await store.remove(customerId, id, by);
      else await store.update(customerId, id, { enabled: true }, by);
      await notify.deliver();
      expect(notify.told("other").slice(1)).toEqual([
        `resolve channel.recovered The channel broken was ${how.includes("deleted") ? "deleted" : "switched on again"}`,
      ]);
    },
  );
});

describe("what is told of something ends where that is deleted", () => {
  const troubled = async () => {
    const { sql, seed, dns, roundsOf } = world;
    dns.put("app.example.test");
    const { serviceId, domainIds } = await seed();
    customerId = Number((await sql<{ id: string }>("select customer_id as id from services where id = $1", [serviceId]))[0]?.id);
    await roundsOf(3);
    const notify = createNotifyWorld(world);
    await notify.channel({ customerId });
    await notify.channel({ name: "operator" });
    await sql(
      "update service_routing set override_mode = 'frozen', override_reason = 'r', override_actor = 'a', override_set_at = now() where service_id = $1",
      [serviceId],
    );
    await sql(
      `insert into readiness_checks (service_id, checked_at, actor, result, checks) values ($1, now(), 'admin', 'fail', '[{"check":"ttl","result":"fail"}]')
       on conflict (service_id) do update set result = 'fail'`,
      [serviceId],
    );
    await sql("update domain_routing set contested_at = now() where domain_id = $1", [domainIds[0]]);
    await notify.deliver();
    return { notify, serviceId, domainId: domainIds[0] ?? 0, before: notify.told().length, operators: notify.told("operator").length };
  };

  it("a service, with its override, its readiness and the fight over its weights", async () => {
    const { notify, serviceId, before, operators } = await troubled();
    await createServiceStore(world.db).remove(customerId, serviceId, by);
    await notify.deliver();
    expect(notify.told().slice(before).toSorted()).toEqual([
      "resolve drift.resumed The domain app.example.test was deleted",
      "resolve override.cleared The service web was deleted",
      "resolve readiness.passed The service web was deleted",
    ]);
    expect(notify.told("operator").slice(operators)).toEqual(["resolve drift.resumed The domain app.example.test was deleted"]);
  });

  it("a domain", async () => {
    const { notify, serviceId, domainId, before } = await troubled();
    await createDomainStore(world.db).remove(customerId, serviceId, domainId, by);
    await notify.deliver();
    expect(notify.told().slice(before)).toEqual(["resolve drift.resumed The domain app.example.test was deleted"]);
  });

  it("an account of a CDN", async () => {
    const notify = createNotifyWorld(world);
    await notify.channel({ customerId });
    const [account] = await world.sql<{ id: string }>(
      "insert into cdn_accounts (customer_id, cdn, sealed_token) values ($1, 'fastly', 'x') returning id",
      [customerId],
    );
    await world.sql("update cdn_accounts set last_error = '401' where id = $1", [account?.id]);
    await notify.deliver();
    await createCdnAccountStore(world.db, null).remove(customerId, Number(account?.id), by);
    await notify.deliver();
    expect(notify.told()).toEqual([
      "trigger account.failing fastly analytics refuses",
      "resolve account.recovered The account fastly analytics was deleted",
    ]);
  });
});
