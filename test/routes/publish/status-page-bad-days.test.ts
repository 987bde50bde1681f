import { sql } from "drizzle-orm";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createApp } from "../../../src/app.ts";
import { createStatusSnapshots } from "../../../src/adapters/db/publish/status-snapshots.ts";
import { createPublishedPages } from "../../../src/adapters/platform/published-pages.ts";
import type { Deps } from "../../../src/adapters/ports/deps.ts";
import { AppError } from "../../../src/errors.ts";
import { startApi } from "../../support/api.ts";
import type { Api, Json } from "../../support/api.ts";
import { insertStates } from "../../support/states.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let service: Json;

const page = (slug = "acme") => ({ slug, title: "ACME", enabled: true, services: [{ service_id: service.id, name: "Downloads" }] });
const put = async (body: object) => await api.call("PUT", "/v1/status-page", { token: acme.editor, body });
const get = async (path: string) => await api.call("GET", path, { token: null });
const write = async (body: object) =>
  await api.call("POST", "/v1/status-page/incidents", {
    token: acme.editor,
    body: { title: "Downloads fail", impact: "minor", text: "We look into it.", ...body },
  });
const hour = 3_600_000;
const inHours = (hours: number) => new Date(api.time.nowMs + hours * hour).toISOString();

/** The same deployment with something else in it, as somebody without a credential, or an editor, asks it. */
const deployment = (over: Partial<Deps>) => {
  const app = createApp({ ...api.deps, ...over });
  const headers = { authorization: `Bearer ${acme.editor}`, "content-type": "application/json" };
  return {
    look: async (path: string) => await app.request(path, { headers: { accept: "text/html" } }),
    send: async (method: string, path: string, body: object) => await app.request(path, { method, headers, body: JSON.stringify(body) }),
  };
};

beforeAll(async () => {
  api = await startApi();
  api.time.nowMs = Date.now();
  acme = await api.onboard("acme");
  service = await api.service(acme.editor, "internal");
  await insertStates(api.db, service.id, [{ fromUs: (Date.now() - hour) * 1_000, toUs: null, state: "up" }]);
});

beforeEach(async () => {
  await api.call("DELETE", "/v1/status-page", { token: acme.editor });
  await put(page());
});

describe("what goes on", () => {
  it("is never left out for what is planned, nor the worst of it for what is newer", async () => {
    expect((await write({ title: "The worst", impact: "critical", starts_at: inHours(-300) })).status).toBe(201);
    // More than a page has room for.
    await api.db.rows(sql`
      insert into status_incidents (customer_id, title, impact, state, service_ids, starts_at, ends_at, updates)
      select customer_id, 'Planned', 'maintenance', 'scheduled', '{}'::bigint[], now() + make_interval(days => n), now() + make_interval(days => n, hours => 1), '[]'::jsonb::jsonb
      from status_pages, generate_series(1, 70) n where slug = 'acme'
      union all
      select customer_id, 'Small', 'minor', 'investigating', '{}', now() - make_interval(mins => n), null, '[]'::jsonb
      from status_pages, generate_series(1, 70) n where slug = 'acme'`);
    api.time.nowMs += 31_000;
    const { body } = await get("/status/acme/summary.json");
    expect([body["status"], (body["incidents"] as Json[])[0]]).toMatchObject(["major", { title: "The worst", phase: "active" }]);
    expect((await get("/status/acme")).text).toContain("There are more than fit here");
  });

  it("of planned maintenance is the next first", async () => {
    for (const hours of [50, 2, 30])
      await write({ title: `In ${hours} h`, impact: "maintenance", starts_at: inHours(hours), ends_at: inHours(hours + 1) });
    const { body } = await get("/status/acme/summary.json");
    expect((body["incidents"] as Json[]).map(({ title }) => title)).toEqual(["In 2 h", "In 30 h", "In 50 h"]);
  });

  it("can be ended however long ago it began", async () => {
    const { body } = await write({});
    await api.db.rows(sql`update status_incidents set starts_at = now() - interval '400 days' where id = ${body.id}`);
    const update = async (more: object) =>
      await api.call("POST", `/v1/status-page/incidents/${body.id}/updates`, {
        token: acme.editor,
        body: { text: "It is over.", ...more },
      });
    expect((await update({ starts_at: inHours(-24 * 380) })).status).toBe(400);
    expect((await update({ state: "resolved" })).status).toBe(201);
  });
});

describe("a page that changes", () => {
  it("is gone from its former address, though somebody looked at it just before", async () => {
    const { statusPages } = api.deps;
    const changing = {
      ...statusPages,
      put: async (...args: Parameters<typeof statusPages.put>) => {
        expect((await look("/status/acme")).status).toBe(200);
        return await statusPages.put(...args);
      },
    };
    const { look, send } = deployment({ statusPages: changing });
    expect((await send("PUT", "/v1/status-page", page("acme-new"))).status).toBe(200);
    expect([(await look("/status/acme")).status, (await look("/status/acme-new")).status]).toEqual([404, 200]);
  });

  it("was changed, also where its address can not be read afterwards", async () => {
    const get503 = async (): Promise<never> => {
      throw new AppError("unavailable", "the database is unreachable");
    };
    const { send } = deployment({ statusPages: { ...api.deps.statusPages, get: get503 } });
    const answer = await send("POST", "/v1/status-page/incidents", { title: "Downloads fail", impact: "minor", text: "We look into it." });
    expect(answer.status).toBe(201);
  });
});

describe("while the database is away", () => {
  const fading = async () => {
    let away = false;
    const snapshots = createStatusSnapshots(api.db);
    const failing: typeof snapshots = {
      ...snapshots,
      page: async (slug) => {
        if (away) throw new AppError("unavailable", "the database is unreachable");
        return await snapshots.page(slug);
      },
    };
    const { look } = deployment({
      publishedPages: createPublishedPages({ store: failing, clock: api.clock, background: () => undefined }),
    });
    expect((await look("/status/acme")).status).toBe(200);
    away = true;
    return async () => (await (await look("/status/acme/summary.json")).json()) as { status: string; services: Json[]; incidents: Json[] };
  };

  it("nobody is called well for longer than two minutes, by the page as by the JSON", async () => {
    const summary = await fading();
    api.time.nowMs += 60_000;
    expect(await summary()).toMatchObject({ status: "operational", stale: true, services: [{ state: "up" }] });
    api.time.nowMs += 90_000;
    expect(await summary()).toMatchObject({ status: "no_data", stale: true, services: [{ state: "unknown" }] });
  });

  it("maintenance begins and ends by the clock all the same", async () => {
    await write({ title: "New disks", impact: "maintenance", starts_at: inHours(1), ends_at: inHours(2) });
    const summary = await fading();
    const phases: unknown[] = [];
    for (const hours of [0.5, 1, 1]) {
      api.time.nowMs += hours * hour;
      const { status, incidents } = await summary();
      phases.push([incidents[0]?.["phase"], status]);
    }
    expect(phases).toEqual([
      ["scheduled", "no_data"],
      ["active", "maintenance"],
      ["over", "no_data"],
    ]);
  });
});

it("paragraphs that a browser's form sent are paragraphs of the feed", async () => {
  await write({ text: "One.\r\n\r\nTwo." });
  expect((await get("/status/acme/feed.rss")).text).toContain("&lt;p&gt;One.&lt;/p&gt;&lt;p&gt;Two.&lt;/p&gt;");
});
