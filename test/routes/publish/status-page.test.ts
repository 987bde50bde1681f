import { sql } from "drizzle-orm";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../../../src/app.ts";
import { createStatusSnapshots } from "../../../src/adapters/db/publish/status-snapshots.ts";
import { createPublishedPages } from "../../../src/adapters/platform/published-pages.ts";
import { AppError } from "../../../src/errors.ts";
import { pointers, startApi } from "../../support/api.ts";
import type { Api, Json } from "../../support/api.ts";
import { countTrips } from "../../support/counting-database.ts";
import { insertStates } from "../../support/states.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let services: Json[];

const hostile = `<b onclick="x">"שלום"</b> & co`;
const page = (over: object = {}) => ({
  slug: "acme",
  title: `ACME ${hostile}`,
  enabled: true,
  services: [
    { service_id: services[1]?.id, name: hostile },
    { service_id: services[0]?.id, name: "Downloads" },
    { service_id: services[2]?.id, name: "Hidden away", shown: false },
  ],
  ...over,
});
const put = async (body: object, token = acme.editor) => await api.call("PUT", "/v1/status-page", { token, body });
const get = async (path: string, headers: Record<string, string> = {}) => await api.call("GET", path, { token: null, headers });
const write = async (body: object, headers: Record<string, string> = {}) =>
  await api.call("POST", "/v1/status-page/incidents", {
    token: acme.editor,
    headers,
    body: { title: "Downloads fail", impact: "minor", text: "We look into it.", ...body },
  });

beforeAll(async () => {
  api = await startApi();
  // Measured time is the database's, and so are the times of what is written.
  api.time.nowMs = Date.now();
  acme = await api.onboard("acme-secret-name");
  services = [
    await api.service(acme.editor, "internal-a"),
    await api.service(acme.editor, "internal-b"),
    await api.service(acme.editor, "internal-c"),
  ];
});

/** Lets what is kept of pages go old. */
const later = (ms = 31_000) => void (api.time.nowMs += ms);

describe("the settings of a page", () => {
  it("are nobody's until they are made, off until they are switched on, and go with all that was written", async () => {
    expect((await api.call("GET", "/v1/status-page", { token: acme.viewer })).status).toBe(404);
    expect((await write({})).status).toBe(404);
    expect((await get("/status/acme")).status).toBe(404);
    const off = await put(page({ enabled: false }));
    expect(off).toMatchObject({ status: 200, body: { slug: "acme", enabled: false, path: "/status/acme" } });
    const never = await get("/status/nobody-has-it", { accept: "text/html" });
    const switchedOff = await get("/status/acme", { accept: "text/html" });
    expect([switchedOff.status, switchedOff.text]).toEqual([404, never.text]);
    expect(switchedOff.headers.get("cache-control")).toBe(never.headers.get("cache-control"));
    expect((await put(page())).status).toBe(200);
    expect((await get("/status/acme")).status).toBe(200);
    expect((await write({})).status).toBe(201);
    expect((await api.call("DELETE", "/v1/status-page", { token: acme.editor })).status).toBe(204);
    expect((await get("/status/acme")).status).toBe(404);
    expect((await put(page())).status).toBe(200);
    expect((await api.call("GET", "/v1/status-page/incidents", { token: acme.viewer })).list).toEqual([]);
    const audit = await api.call("GET", "/v1/audit-log?limit=200", { token: acme.owner });
    const told = audit.list.filter((row) => String(row["object_type"]).startsWith("status_"));
    expect(told.map((row) => `${String(row["object_type"])} ${String(row["action"])}`).toSorted()).toEqual(
      ["page delete", "page update", "page update", "page update", "incident create"].map((one) => `status_${one}`).toSorted(),
    );
  });

  it.each([
    [{ slug: "Acme" }, "/slug", "3 to 63"],
    [{ slug: "ab" }, "/slug", "3 to 63"],
    [{ slug: "-acme" }, "/slug", "hyphen"],
    [{ slug: "a".repeat(64) }, "/slug", "3 to 63"],
    [{ slug: "admin" }, "/slug", "reserved"],
    [{ title: " " }, "/title", ""],
    [{ title: "a\u202Eb" }, "/title", "invisible"],
    [{ services: [{ service_id: 999_999, name: "x" }] }, "/services/0/service_id", "of the customer"],
    [{ services: Array.from({ length: 51 }, (_, at) => ({ service_id: at + 1, name: "x" })) }, "/services", ""],
  ])("refuse %j at %s", async (over, pointer, words) => {
    const before = await api.call("GET", "/v1/status-page", { token: acme.viewer });
    const answer = await put(page(over));
    expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
    expect(answer.text).toContain(words);
    expect((await api.call("GET", "/v1/status-page", { token: acme.viewer })).body).toEqual(before.body);
  });

  it("are an editor's to change, a viewer's to read; an address belongs to one", async () => {
    expect((await put(page(), acme.viewer)).status).toBe(403);
    const globex = await api.onboard("globex");
    const taken = await put({ slug: "acme", title: "Globex", enabled: true }, globex.editor);
    expect([taken.status, pointers(taken)]).toEqual([409, ["/slug"]]);
    const foreign = await put(
      { slug: "globex", title: "Globex", enabled: true, services: [{ service_id: services[0]?.id, name: "x" }] },
      globex.editor,
    );
    expect([foreign.status, pointers(foreign)]).toEqual([400, ["/services/0/service_id"]]);
  });
});

describe("what is written", () => {
  it.each([
    [{ text: "" }, "/text"],
    [{ text: "a\u0007b" }, "/text"],
    [{ text: "x".repeat(2_001) }, "/text"],
    [{ impact: "maintenance" }, "/ends_at"],
    [{ impact: "maintenance", ends_at: "2020-01-01T00:00:00Z" }, "/ends_at"],
    [{ ends_at: "2099-01-01T00:00:00Z" }, "/ends_at"],
    [{ starts_at: "2099-01-01T00:00:00Z" }, "/starts_at"],
    [{ state: "scheduled" }, "/state"],
    [{ service_ids: [1, 999_999] }, "/service_ids/1"],
  ])("is refused: %j at %s", async (over, pointer) => {
    const answer = await write({ ...over, ...("service_ids" in over && { service_ids: [services[0]?.id, 999_999] }) });
    expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
  });

  it("is created once by its key, updated, listed newest first, deleted, each with its audit row", async () => {
    const key = { "idempotency-key": "incident-1" };
    const [first, again] = [await write({ service_ids: [services[0]?.id] }, key), await write({ service_ids: [services[0]?.id] }, key)];
    expect([first.status, again.body, again.headers.get("idempotency-replayed")]).toEqual([201, first.body, "true"]);
    const path = `/v1/status-page/incidents/${first.body.id}`;
    const update = async (body: object, headers = {}) => await api.call("POST", `${path}/updates`, { token: acme.editor, body, headers });
    const found = await update({ text: "Found it.\n\nA disk.", state: "identified", impact: "major" }, { "idempotency-key": "u1" });
    expect(
      (await update({ text: "Found it.\n\nA disk.", state: "identified", impact: "major" }, { "idempotency-key": "u1" })).body,
    ).toEqual(found.body);
    expect(found.body).toMatchObject({
      state: "identified",
      impact: "major",
      updates: [
        { state: "investigating", text: "We look into it." },
        { state: "identified", text: "Found it.\n\nA disk." },
      ],
    });
    const refused = await update({ text: "x", impact: "maintenance" });
    expect([refused.status, pointers(refused)]).toEqual([400, ["/ends_at"]]);
    expect((await api.call("POST", `${path}/updates`, { token: acme.viewer, body: { text: "x" } })).status).toBe(403);
    const second = await write({ title: "Later" });
    const listed = await api.call("GET", "/v1/status-page/incidents?limit=1", { token: acme.viewer });
    expect(listed.list.map(({ id }) => id)).toEqual([second.body.id]);
    const next = /<([^>]+)>/.exec(listed.headers.get("link") ?? "")?.[1] ?? "";
    expect((await api.call("GET", next, { token: acme.viewer })).list.map(({ id }) => id)).toEqual([first.body.id]);
    for (const { id } of [first.body, second.body])
      expect((await api.call("DELETE", `/v1/status-page/incidents/${id}`, { token: acme.editor })).status).toBe(204);
    expect((await api.call("DELETE", path, { token: acme.editor })).status).toBe(404);
  });

  it("has at most fifty updates an incident", async () => {
    const { id } = (await write({})).body;
    for (let nth = 1; nth < 50; nth += 1)
      expect(
        (await api.call("POST", `/v1/status-page/incidents/${id}/updates`, { token: acme.editor, body: { text: `${nth}` } })).status,
      ).toBe(201);
    const full = await api.call("POST", `/v1/status-page/incidents/${id}/updates`, { token: acme.editor, body: { text: "more" } });
    expect([full.status, full.text]).toEqual([409, expect.stringContaining("at most 50 updates")]);
    await api.call("DELETE", `/v1/status-page/incidents/${id}`, { token: acme.editor });
  });
});

describe("the public page", () => {
  const dayUs = 86_400e6;

  it("says what was measured and what was written, by published names alone, and loads nothing", async () => {
    const nowUs = Date.now() * 1_000;
    await insertStates(api.db, services[0]?.id ?? 0, [
      { fromUs: nowUs - 40 * dayUs, toUs: nowUs - 3 * dayUs, state: "up" },
      { fromUs: nowUs - 3 * dayUs, toUs: nowUs - 3 * dayUs + 60e6, state: { upstream: "secret-cdn" } },
      { fromUs: nowUs - 3 * dayUs + 60e6, toUs: null, state: "avoided" },
    ]);
    await insertStates(api.db, services[1]?.id ?? 0, [{ fromUs: nowUs - 5 * dayUs, toUs: null, state: "up" }]);
    await insertStates(api.db, services[2]?.id ?? 0, [{ fromUs: nowUs - 5 * dayUs, toUs: null, state: "self" }]);
    later();
    const calm = await get("/status/acme");
    expect(calm.headers.get("cache-control")).toBe("public, max-age=30");
    expect(calm.headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(calm.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(calm.text).toContain("All services are well");
    expect(calm.text).toContain("99.99826 % of the measured time: 1 min down; 49 of 90 days without data");
    expect(calm.text.match(/<svg/g)).toHaveLength(2);
    expect(calm.text.match(/<rect/g)).toHaveLength(180);
    // In the order in which they were published.
    expect(calm.text.indexOf("&lt;b onclick")).toBeLessThan(calm.text.indexOf("Downloads"));
    expect(calm.text).not.toMatch(/<b onclick|internal-|Hidden away|acme-secret-name|secret-cdn|cloudflare|fastly|<script/);

    await write({ title: `Trouble ${hostile}`, impact: "critical", service_ids: [services[0]?.id, services[2]?.id] });
    const ends = new Date(api.time.nowMs + 90_000_000).toISOString();
    const starts = new Date(api.time.nowMs + 86_400_000).toISOString();
    await write({ title: "New disks", impact: "maintenance", starts_at: starts, ends_at: ends });
    // Whoever writes sees it at once, on the isolate that was written to.
    const worse = await get("/status/acme");
    expect(worse.text).toContain("Major outage");
    expect(worse.text).toContain("Planned maintenance");
    expect(worse.text).not.toMatch(/<b onclick|Hidden away/);
  });

  it("is answered from its ETag, by HEAD too, and anew after half a minute", async () => {
    const first = await get("/status/acme");
    const etag = first.headers.get("etag") ?? "";
    expect(await get("/status/acme", { "if-none-match": `"x", W/${etag}` })).toMatchObject({ status: 304, text: "" });
    expect((await get("/status/acme", { "if-none-match": '"x"' })).status).toBe(200);
    const head = await api.call("HEAD", "/status/acme", { token: null });
    expect([head.status, head.text, head.headers.get("etag")]).toEqual([200, "", etag]);
    // By somebody who is not this isolate.
    await api.db.rows(sql`update status_pages set title = 'Renamed' where slug = 'acme'`);
    expect((await get("/status/acme")).text).toContain("ACME");
    later();
    expect((await get("/status/acme")).text).toContain("Renamed");
  });

  it("has no data where nobody has judged for two minutes, whatever it was before", async () => {
    await api.db.rows(sql`insert into leases (name, holder, provider, acquired_at, expires_at, judged_at)
      values ('shard:0', 'h', 'local', now(), now(), now() - interval '121 seconds')`);
    later();
    const { body } = await get("/status/acme/summary.json");
    expect((body["services"] as Json[]).map(({ state }) => state)).toEqual(["unknown", "unknown"]);
    await api.db.rows(sql`update leases set judged_at = now() - interval '100 seconds' where name = 'shard:0'`);
    later();
    expect(((await get("/status/acme/summary.json")).body["services"] as Json[]).map(({ state }) => state)).toEqual(["up", "up"]);
    await api.db.rows(sql`delete from leases where name = 'shard:0'`);
    later();
  });

  it("tells months apart, and has none before its first incident", async () => {
    const month = new Date(api.time.nowMs).toISOString().slice(0, 7);
    const answer = await get(`/status/acme/history?month=${month}`);
    expect([answer.status, answer.text.includes("Trouble")]).toEqual([200, true]);
    expect((await get("/status/acme/history")).status).toBe(200);
    for (const none of ["1999-01", "2099-12"])
      expect([none, (await get(`/status/acme/history?month=${none}`)).status]).toEqual([none, 404]);
    expect((await get("/status/acme/history?month=2026-13")).status).toBe(400);
    expect((await get("/status/nobody/history")).status).toBe(404);
  });

  it("is followed by RSS that a parser reads, and by JSON Feed, each update under a GUID of its own for good", async () => {
    const rss = await get("/status/acme/feed.rss");
    expect(rss.headers.get("content-type")).toBe("application/rss+xml; charset=utf-8");
    expect(XMLValidator.validate(rss.text)).toBe(true);
    const parsed = new XMLParser({ ignoreAttributes: false, htmlEntities: false }).parse(rss.text) as {
      rss: { "@_version": string; channel: { title: string; link: string; description: string; item: Record<string, unknown>[] } };
    };
    const { channel } = parsed.rss;
    expect([parsed.rss["@_version"], channel.link]).toEqual(["2.0", "http://localhost/status/acme"]);
    expect(channel.title).toBe("Renamed: incidents");
    expect(channel.item.map(({ title }) => String(title)).toSorted()).toEqual(
      [`Investigating: Trouble ${hostile}`, "Scheduled: New disks"].toSorted(),
    );
    for (const { guid, pubDate, link, description } of channel.item) {
      expect(guid).toMatchObject({ "#text": expect.stringMatching(/^urn:uuid:[0-9a-f-]{36}$/), "@_isPermaLink": "false" });
      expect(new Date(String(pubDate)).toUTCString().replace("GMT", "+0000")).toBe(pubDate);
      expect(String(link)).toMatch(/^http:\/\/localhost\/status\/acme\/history\?month=\d{4}-\d\d#u-/);
      expect(String(description)).toMatch(/^<p>We look into it\.<\/p><p>/);
    }
    const feed = (await get("/status/acme/feed.json")).body as unknown as {
      version: string;
      title: string;
      feed_url: string;
      items: { id: string; url: string; content_text: string; date_published: string }[];
    };
    expect(feed).toMatchObject({ version: "https://jsonfeed.org/version/1.1", feed_url: "http://localhost/status/acme/feed.json" });
    expect(feed.items.map(({ id }) => id).toSorted()).toEqual(
      channel.item.map(({ guid }) => (guid as { "#text": string })["#text"]).toSorted(),
    );
    for (const { date_published: at, content_text: text } of feed.items)
      expect([new Date(at).toISOString(), text.length > 0]).toEqual([at, true]);
    expect(rss.text + JSON.stringify(feed)).not.toMatch(/internal-|Hidden away|acme-secret-name|cloudflare|fastly/);
    later();
    // Nothing new was written: the same bytes, whatever the hour.
    expect((await get("/status/acme/feed.rss", { "if-none-match": rss.headers.get("etag") ?? "" })).status).toBe(304);
  });
});

describe("a crowd", () => {
  const crowd = (over: { readonly fails?: () => boolean } = {}) => {
    const { db, count } = countTrips(api.db);
    const failing = {
      ...db,
      batch: async (...args: Parameters<typeof db.batch>) => {
        count.trips += 1;
        if (over.fails?.() === true) throw new AppError("unavailable", "the database is unreachable");
        return await api.db.batch(...args);
      },
    } as typeof db;
    const publishedPages = createPublishedPages({ store: createStatusSnapshots(failing), clock: api.clock, background: () => undefined });
    const app = createApp({ ...api.deps, publishedPages });
    return { ask: async (path: string, accept = "text/html") => await app.request(path, { headers: { accept } }), count };
  };

  it("of 500 is one statement, and another one half a minute later", async () => {
    const { ask, count } = crowd();
    const answers = await Promise.all(Array.from({ length: 500 }, () => ask("/status/acme")));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(await Promise.all(answers.map((one) => one.text()))).size).toBe(1);
    expect(count.trips).toBe(1);
    await Promise.all(Array.from({ length: 50 }, () => ask("/status/acme/feed.rss")));
    expect(count.trips).toBe(1);
    later();
    await Promise.all(Array.from({ length: 500 }, () => ask("/status/acme")));
    expect(count.trips).toBe(2);
    await Promise.all(Array.from({ length: 500 }, () => ask("/status/nobody")));
    expect(count.trips).toBe(3);
  });

  it("is shown the last known page with its age where the database is away, and a page in words where there is none", async () => {
    let away = false;
    const { ask, count } = crowd({ fails: () => away });
    expect((await ask("/status/acme")).status).toBe(200);
    away = true;
    expect(await (await ask("/status/acme")).text()).not.toContain("Nothing newer can be read");
    later(600_000);
    const before = count.trips;
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask("/status/acme")));
    expect(count.trips - before).toBe(1);
    const text = await answers[99]?.text();
    expect([answers[99]?.status, answers[99]?.headers.get("cache-control")]).toEqual([200, "public, max-age=5"]);
    expect(text).toMatch(/This is what was known at .*, \d+ min (\d+ s )?before the last attempt/);
    expect(await (await ask("/status/acme/summary.json")).json()).toMatchObject({ stale: true });
    const none = await ask("/status/globex");
    expect([none.status, none.headers.get("retry-after"), await none.text()]).toEqual([
      503,
      "30",
      expect.stringContaining("The status cannot be read"),
    ]);
    const machine = await ask("/status/globex/summary.json", "application/json");
    expect([machine.status, machine.headers.get("content-type")]).toEqual([503, "application/problem+json"]);
    away = false;
    later(6_000);
    expect(await (await ask("/status/acme")).text()).not.toContain("Nothing newer can be read");
  });
});
