import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createChannelStore } from "../../../../src/adapters/db/notify/channels.ts";
import type { NewChannel } from "../../../../src/adapters/ports/notify/channels.ts";
import { noLimits } from "../../../../src/adapters/db/tenants/quotas.ts";
import { freshDatabase } from "../../../support/database.ts";
import type { TestDatabase } from "../../../support/database.ts";
import { openSecrets } from "../../../support/notify-world.ts";

let database: TestDatabase;
const customer: Record<string, number> = {};
const service: Record<string, number> = {};
const change = { actor: "token:1", requestId: "r", idempotency: null };
const webhook = (name: string, over: Partial<NewChannel> = {}): NewChannel => ({
  name,
  settings: { host: "hooks.example.com" },
  kinds: null,
  minSeverity: "info",
  serviceIds: null,
  confirmation: null,
  secret: { kind: "webhook", url: "https://hooks.example.com/a-key", secrets: ["whsec_one"] },
  ...over,
});

beforeAll(async () => {
  database = await freshDatabase();
  for (const name of ["acme", "umbrella"]) {
    customer[name] = Number((await database.sql<{ id: string }>("insert into customers (name) values ($1) returning id", [name]))[0]?.id);
    service[name] = Number(
      (
        await database.sql<{ id: string }>(
          "insert into services (customer_id, name, primary_cdn, backup_cdn) values ($1, 'web', 'a', 'b') returning id",
          [customer[name]],
        )
      )[0]?.id,
    );
  }
});
afterAll(() => database.close());

const store = () => createChannelStore(database.db, openSecrets, { ...noLimits, channels: 3 });
const acme = () => customer["acme"] ?? 0;

describe("the channels of a customer and of the operator", () => {
  it.each(["acme", null])("are made, read, changed and deleted: %s", async (name) => {
    const owner = name === null ? null : (customer[name] ?? 0);
    const other = name === null ? acme() : null;
    const made = await store().create(owner, webhook("first", { kinds: ["storm.started"], minSeverity: "warning" }), change);
    expect(made).toMatchObject({
      name: "first",
      kind: "webhook",
      kinds: ["storm.started"],
      minSeverity: "warning",
      serviceIds: null,
      failures: 0,
      disabledAtMs: null,
    });
    const id = made?.id ?? 0;
    expect(await store().find(owner, id)).toEqual(made);
    expect([
      await store().find(other, id),
      await store().open(other, id),
      await store().update(other, id, { name: "x" }, change),
      await store().remove(other, id, change),
    ]).toEqual([null, null, null, false]);
    expect(await store().list(owner, { limit: 10, afterId: null })).toEqual([made]);
    expect((await store().open(owner, id))?.secret).toEqual({
      kind: "webhook",
      url: "https://hooks.example.com/a-key",
      secrets: ["whsec_one"],
    });
    await expect(store().create(owner, webhook("first"), change)).rejects.toMatchObject({ code: "conflict" });
    expect(await store().update(owner, id, { kinds: null, enabled: false, minSeverity: "critical" }, change)).toMatchObject({
      kinds: null,
      disabledReason: "switched off",
      minSeverity: "critical",
    });
    expect(await store().update(owner, id, { enabled: true, name: "renamed" }, change)).toMatchObject({
      name: "renamed",
      disabledAtMs: null,
      disabledReason: null,
    });
    expect(await store().remove(owner, id, change)).toBe(true);
    expect([await store().find(owner, id), await store().remove(owner, id, change)]).toEqual([null, false]);
    expect(await database.sql("select sealed_secret from channels where id = $1", [id])).toEqual([{ sealed_secret: "" }]);
    const audited = await database.sql<{ action: string; after: unknown }>(
      "select action, after from audit_log where object_type = 'channel' and object_id = $1 order by id",
      [id],
    );
    expect(audited.map(({ action }) => action)).toEqual(["create", "update", "update", "delete"]);
    expect(JSON.stringify(audited)).not.toContain("a-key");
  });

  it("name services of their own alone", async () => {
    await expect(store().create(acme(), webhook("strange", { serviceIds: [service["umbrella"] ?? 0] }), change)).rejects.toMatchObject({
      code: "bad_request",
    });
    const made = await store().create(acme(), webhook("own", { serviceIds: [service["acme"] ?? 0] }), change);
    expect(made?.serviceIds).toEqual([service["acme"]]);
    await expect(store().update(acme(), made?.id ?? 0, { serviceIds: [service["umbrella"] ?? 0] }, change)).rejects.toMatchObject({
      code: "bad_request",
    });
    await expect(store().create(null, webhook("operators", { serviceIds: [service["acme"] ?? 0] }), change)).rejects.toMatchObject({
      code: "bad_request",
    });
    await store().remove(acme(), made?.id ?? 0, change);
  });

  it("are bounded, whoever asks at once", async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, (_, index) => store().create(acme(), webhook(`many-${index}`), change)),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    for (const result of results) if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "quota" });
    await database.sql("update channels set deleted_at = now() where customer_id = $1", [acme()]);
  });

  it("keep no secret without a key", async () => {
    await expect(createChannelStore(database.db, null).create(acme(), webhook("none"), change)).rejects.toMatchObject({ code: "conflict" });
    expect(await store().create(999_999, webhook("nobody"), change)).toBeNull();
  });

  it("take a new secret in the place of the very one that was read", async () => {
    const made = await store().create(acme(), webhook("rotated"), change);
    const one = store();
    const first = await one.open(acme(), made?.id ?? 0);
    const second = await one.open(acme(), made?.id ?? 0);
    if (first?.secret.kind !== "webhook" || second === null) throw new Error("it is a webhook");
    expect(
      await one.replaceSecret(acme(), made?.id ?? 0, first.secret, { ...first.secret, secrets: ["whsec_two", "whsec_one"] }, change),
    ).toMatchObject({ name: "rotated" });
    expect(await one.replaceSecret(acme(), made?.id ?? 0, second.secret, { ...first.secret, secrets: ["whsec_three"] }, change)).toBeNull();
    expect((await one.open(acme(), made?.id ?? 0))?.secret).toMatchObject({ secrets: ["whsec_two", "whsec_one"] });
    await store().remove(acme(), made?.id ?? 0, change);
  });

  it("are confirmed by their code, in time, after few guesses", async () => {
    const nowMs = Date.now();
    const hash = (letter: string) => letter.repeat(64);
    const asked = webhook("mail", {
      secret: { kind: "email", to: ["sre@example.com"] },
      settings: { to: ["sre@example.com"] },
      confirmation: { codeHash: hash("a"), untilMs: nowMs + 1_000, mails: 1 },
    });
    const made = await store().create(acme(), asked, change);
    const id = made?.id ?? 0;
    expect(made?.confirmedAtMs).toBeNull();
    expect(await store().confirm(null, id, hash("a"), nowMs, change)).toBeNull();
    expect(await store().confirm(acme(), id, hash("b"), nowMs, change)).toBe("wrong");
    expect(await store().confirm(acme(), id, hash("a"), nowMs + 1_000, change)).toBe("over");
    expect(await store().confirm(acme(), id, hash("a"), nowMs, change)).toBe("confirmed");
    expect(await store().confirm(acme(), id, hash("a"), nowMs, change)).toBeNull();
    const again = {
      settings: asked.settings,
      secret: asked.secret,
      confirmation: { codeHash: hash("c"), untilMs: nowMs + 1_000, mails: 1 },
    };
    expect(await store().update(acme(), id, { target: again }, change)).toMatchObject({ confirmedAtMs: null });
    for (let guess = 0; guess < 10; guess += 1) expect(await store().confirm(acme(), id, hash("d"), nowMs, change)).toBe("wrong");
    expect(await store().confirm(acme(), id, hash("c"), nowMs, change)).toBe("over");
  });
});
