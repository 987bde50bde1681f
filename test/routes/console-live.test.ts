import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { createApp } from "../../src/app.ts";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";
import { seedAxis } from "../support/axis-world.ts";
import { seedCosts } from "../support/cost-console-world.ts";
import type { SeededCosts } from "../support/cost-console-world.ts";
import { seedConsole } from "../support/console-world.ts";
import type { ConsoleWorld } from "../support/console-world.ts";

let api: Api;
let world: ConsoleWorld;
let costs: SeededCosts;
let cookie: string;

const origin = "https://tranche.test";

type Asked = {
  readonly headers?: Record<string, string>;
  readonly method?: string;
  readonly kept?: string;
  readonly app?: Pick<Api["app"], "request">;
};

const ask = async (path: string, { headers = {}, method = "GET", kept = cookie, app = api.app }: Asked = {}) => {
  const response = await app.request(`${origin}${path}`, { method, headers: { ...headers, ...(kept !== "" && { cookie: kept }) } });
  return { status: response.status, headers: response.headers, text: await response.text() };
};

/** What a live page asks for. */
const fragment = async (path: string, { headers = {}, ...asked }: Asked = {}) =>
  await ask(path, { ...asked, headers: { "console-fragment": "main", "console-customer": String(world.acme.id), ...headers } });

const post = async (path: string, form: Record<string, string>, kept = "") => {
  const answer = await api.app.request(`${origin}${path}`, {
    method: "POST",
    headers: { origin, "content-type": "application/x-www-form-urlencoded", ...(kept !== "" && { cookie: kept }) },
    body: new URLSearchParams(form).toString(),
  });
  return (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
};
const signIn = async (token: string): Promise<string> => await post("/console/sign-in", { token });

beforeAll(async () => {
  api = await startApi();
  world = await seedConsole(api);
  await seedAxis(api, world);
  const { checkout, calm } = world.ids;
  const leaking = { id: checkout, name: "checkout" };
  costs = await seedCosts(api.db, api.time.nowMs, { customerId: world.acme.id, leaking, unrated: { id: calm, cdn: "fastly" } });
  cookie = await signIn(world.acme.editor);
});

const views = () => [
  "/console",
  `/console/services/${world.ids.checkout}`,
  "/console/storms",
  `/console/storms/${world.ids.over}`,
  "/console/objectives",
  "/console/cost",
  `/console/cost/series/${costs.primaryId}?span=35d`,
  `/console/cost/anomalies/${costs.leakId}`,
  `/console/cost/zombies/${costs.zombieId}`,
];

const gzipped = async (text: string): Promise<number> =>
  (await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer()).byteLength;

describe("a live page", () => {
  it("weighs no more than 60 KiB on its first load, style and script with it", async () => {
    for (const path of views()) {
      const { text } = await ask(path);
      const assets = [...text.matchAll(/(?:href|src)="(\/console\/assets\/[^"]+)"/g)].map(([, asset = ""]) => asset);
      expect(assets.map((asset) => asset.replace(/.*\./, ""))).toEqual(["css", "js"]);
      const all = await Promise.all([text, ...(await Promise.all(assets.map(async (asset) => (await ask(asset)).text)))].map(gzipped));
      expect([path, all.reduce((sum, bytes) => sum + bytes) < 60 * 1_024]).toEqual([path, true]);
    }
  });

  it("has its script under the digest of its content, for good, and pages without life have none", async () => {
    const src =
      /<script type="module" src="(\/console\/assets\/console-[0-9a-f]{16}\.js)"><\/script>/.exec((await ask("/console")).text)?.[1] ?? "";
    const script = await ask(src, { kept: "" });
    expect([script.status, script.headers.get("content-type"), script.headers.get("cache-control")]).toEqual([
      200,
      "text/javascript; charset=utf-8",
      "public, max-age=31536000, immutable",
    ]);
    expect((await ask("/console/assets/console-0000000000000000.js")).headers.get("cache-control")).toBe("no-cache");
    for (const path of ["/console/sign-in", `/console/order?mode=frozen&service=${world.ids.calm}`, "/console/invoices"]) {
      expect([path, (await ask(path)).text.includes("<script")]).toEqual([path, false]);
    }
  });
});

describe("a fragment", () => {
  it("is the content of its page and its foot alone, with the server's time", async () => {
    for (const path of views()) {
      const answer = await fragment(path);
      expect([path, answer.status, answer.headers.get("console-as-of"), answer.headers.get("cache-control")]).toEqual([
        path,
        200,
        String(api.time.nowMs),
        "no-store",
      ]);
      expect(answer.text).toMatch(/^<main id="main">[^]*<\/main>\n<footer>[^]*<\/footer>\n$/);
      // What is computed up to the moment differs by the moment.
      const [whole, part] = [(await ask(path)).text, answer.text].map((text) =>
        /<main[^]*<\/main>/.exec(text)?.[0].replaceAll(/\d+/g, "0"),
      );
      expect(part).toBe(whole);
    }
  });

  it("is not sent again while nothing but the time has changed, and is by HEAD what it is by GET", async () => {
    const path = "/console/storms";
    const etag = (await fragment(path)).headers.get("etag") ?? "";
    expect(etag).toMatch(/^W\/"[0-9a-f]{32}"$/);
    const once = await fragment(path, { headers: { "if-none-match": etag } });
    expect([once.status, once.text, once.headers.get("console-as-of")]).toEqual([304, "", String(api.time.nowMs)]);
    const head = await fragment(path, { method: "HEAD" });
    expect([head.status, head.text, head.headers.get("etag")]).toEqual([200, "", etag]);
    const name = await api.call("PATCH", `/v1/services/${world.ids.held}`, { token: world.acme.editor, body: { name: "downloads" } });
    expect(name.status).toBe(200);
    const changed = await fragment(path, { headers: { "if-none-match": etag } });
    expect([changed.status, changed.text.includes("downloads")]).toEqual([200, true]);
  });

  it("differs by no clock: a fleet that is as it was is 304 a second later", async () => {
    const quiet = await api.onboard("quiet");
    const service = await api.service(quiet.editor, "only");
    const kept = await signIn(quiet.viewer);
    const headers = { "console-customer": String(quiet.id) };
    const etag = (await fragment("/console", { kept, headers })).headers.get("etag") ?? "";
    api.time.nowMs += 1_000;
    expect((await fragment("/console", { kept, headers: { ...headers, "if-none-match": etag } })).status).toBe(304);
    await api.db.rows(sql`insert into service_routing (service_id, state, reason) values (${service.id}, 'held', 'backup_down')`);
    expect((await fragment("/console", { kept, headers: { ...headers, "if-none-match": etag } })).status).toBe(200);
  });

  it("says with its status that the session is over: it leads nowhere", async () => {
    const none = await fragment("/console", { kept: "" });
    expect([none.status, none.text, none.headers.get("location")]).toEqual([401, "", null]);
    expect((await ask("/console", { kept: "" })).status).toBe(303);
  });

  it("is of the customer whose page is shown, or of none", async () => {
    const globex = await api.onboard("globex");
    const admin = await signIn(api.env["ADMIN_TOKEN"] ?? "");
    const ofAcme = await post("/console/customers", { customer: String(world.acme.id) }, admin);
    const ofGlobex = await post("/console/customers", { customer: String(globex.id) }, admin);
    expect((await fragment("/console", { kept: ofAcme })).status).toBe(200);
    const other = await fragment("/console", { kept: ofGlobex });
    expect([other.status, other.headers.get("content-type"), other.text.includes("acme")]).toEqual([
      409,
      "application/problem+json",
      false,
    ]);
    expect((await fragment("/console", { kept: admin })).status).toBe(409);
  });

  it("is a problem in words where there is one, for the page to say", async () => {
    const gone = await fragment("/console/services/999999");
    expect([gone.status, gone.headers.get("content-type"), gone.headers.get("console-as-of")]).toEqual([
      404,
      "application/problem+json",
      null,
    ]);
    const real = globalThis.fetch;
    globalThis.fetch = async () => new Response("no", { status: 503 });
    const away = await fragment("/console").finally(() => {
      globalThis.fetch = real;
    });
    expect([away.status, away.headers.get("retry-after"), JSON.parse(away.text)]).toMatchObject([503, "5", { status: 503 }]);
    // For a moment nobody asks the database again.
    api.time.nowMs += 5_000;
    expect((await fragment("/console")).status).toBe(200);
  });

  it("is counted apart from what the same token does otherwise", async () => {
    const taken: string[] = [];
    const perCredential = {
      take: async (key: string) => {
        taken.push(key);
        return null;
      },
    };
    const app = createApp({ ...api.deps, rateLimits: { ...api.deps.rateLimits, perCredential } });
    await fragment("/console", { app });
    await ask("/console", { app });
    expect(taken).toEqual([`live:${taken[1]}`, expect.stringMatching(/^\d+:token:\d+$/)]);
  });

  it("leaves out a picture that its page still has, and does not read for it", async () => {
    const path = `/console/services/${world.ids.checkout}`;
    const read = vi.spyOn(api.deps.serviceAxis, "read");
    const kept = await fragment(path, { headers: { "console-keep": "axis" } });
    expect([read.mock.calls.length, kept.text.includes('<figure id="axis" data-keep></figure>')]).toEqual([0, true]);
    expect((await fragment(path)).text).toContain('<svg class="axis"');
    expect(read).toHaveBeenCalledOnce();
    read.mockRestore();
  });

  it("leaves out the trend of a series, and the figures of egress, in the same way", async () => {
    const { costSeries, costSummary } = api.deps;
    const parts = [
      ["trend", `/console/cost/series/${costs.primaryId}`, vi.spyOn(costSeries, "hours"), '<figure id="trend" data-keep></figure>'],
      ["egress-figures", "/console/cost", vi.spyOn(costSummary, "summary"), '<div id="egress-figures" data-keep></div>'],
    ] as const;
    for (const [id, path, read, kept] of parts) {
      const { text } = await fragment(path, { headers: { "console-keep": id } });
      expect([id, read.mock.calls.length, text.includes(kept)]).toEqual([id, 0, true]);
      expect((await fragment(path)).text).toMatch(new RegExp(`id="${id}"[^>]* data-fresh="60000"`));
      expect(read).toHaveBeenCalledOnce();
      read.mockRestore();
    }
  });
});

describe("the axis of time", () => {
  it("has storms, orders, decisions and every figure, in the picture and as tables", async () => {
    const { text } = await ask(`/console/services/${world.ids.checkout}`);
    expect(text).toContain(`storm ${world.ids.on}</text>`);
    expect(text).toContain("held at its normal weights</text>");
    expect(text.match(/<path class="line v[0-2]"/g)).toHaveLength(7);
    const tables = /<details><summary>The same as tables<\/summary>[^]*<\/details>/.exec(text)?.[0] ?? "";
    expect(tables).toContain("a test of &lt;b&gt;ours&lt;/b&gt;");
    expect(tables).toMatch(/100 : 0 → 0 : 100[^]*a storm on the primary/);
    expect(tables.match(/<tr data-step=/g)?.length).toBeGreaterThan(50);
    expect(text).toMatch(
      /<desc id="axis-desc">From [^<]+ UTC: 1 storm, 1 decision, 1 order\. primary, from cloudflare: at worst (?:\d|1[0-7]) % good/,
    );
  });

  it("shows other spans and the other figure by links, and a storm its own time", async () => {
    const path = `/console/services/${world.ids.checkout}`;
    for (const span of ["1h", "6h", "24h", "7d"]) {
      const { status, text } = await ask(`${path}?span=${span}&figure=latency`);
      expect([
        span,
        status,
        text.includes(`href="${path}?span=${span}&amp;figure=latency#axis-heading" data-go aria-current="true"`),
      ]).toEqual([span, 200, true]);
    }
    const storm = await ask(`/console/storms/${world.ids.over}`);
    expect(storm.text).toContain(`storm ${world.ids.over}</text>`);
    const closer = /href="([^"]+)#axis-heading" data-go>Closer/.exec(storm.text)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(closer).toMatch(/^\/console\/storms\/\d+\?from=\d+&to=\d+$/);
    expect((await ask(closer)).status).toBe(200);
  });

  it.each([
    ["span=2h", "span must be one of 1h, 6h, 24h, 7d"],
    ["span=constructor", "span must be one of"],
    ["from=1764000000", "to must be seconds since 1970"],
    ["from=x&to=1764000000", "from must be seconds since 1970"],
    ["from=1764000000&to=1764000299", "to must be at least 5 minutes after from"],
    ["from=1764000000&to=1763000000", "to must be at least 5 minutes after from"],
    ["from=1000000000&to=1764000000", "from must be at most 30 days before to"],
    ["from=99999999000&to=99999999999", "to must not be that far ahead"],
    ["figure=speed", "figure must be success or latency"],
  ])("refuses %s", async (query, words) => {
    const { status, text } = await ask(`/console/services/${world.ids.checkout}?${query}`);
    expect([status, text.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ")]).toEqual([400, expect.stringContaining(words)]);
  });

  it("goes without the probes where adding them up takes too long, and says so", async () => {
    const { read } = api.deps.serviceAxis;
    const slow = vi.spyOn(api.deps.serviceAxis, "read").mockImplementation(async (...query) => {
      const view = await read(...query);
      return view === null ? null : { ...view, series: null };
    });
    const { status, text } = await ask(`/console/services/${world.ids.checkout}`);
    slow.mockRestore();
    expect([status, text.includes("A shorter span has fewer"), text.includes(`storm ${world.ids.on}</text>`)]).toEqual([200, true, true]);
  });
});
