import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { createApp } from "../../src/app.ts";
import { createLinkTokens } from "../../src/adapters/platform/link-tokens.ts";
import { createSessionTokens } from "../../src/adapters/platform/session-tokens.ts";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";
import { hostileName, seedConsole } from "../support/console-world.ts";
import type { ConsoleWorld } from "../support/console-world.ts";

let api: Api;
let world: ConsoleWorld;
let globex: Awaited<ReturnType<Api["onboard"]>>;

const origin = "https://tranche.test";
const hourMs = 3_600_000;

beforeAll(async () => {
  api = await startApi();
  world = await seedConsole(api);
  globex = await api.onboard("globex");
});

type Sent = {
  readonly cookie?: string;
  readonly headers?: Record<string, string>;
  readonly form?: Record<string, string>;
  readonly at?: string;
};

/** A browser at the console: a form says where it comes from. */
const ask = async (path: string, { cookie, headers, form, at = origin }: Sent = {}, app: Pick<Api["app"], "request"> = api.app) => {
  const sent = new Headers({ ...(form !== undefined && { origin: at, "content-type": "application/x-www-form-urlencoded" }), ...headers });
  if (cookie !== undefined) sent.set("cookie", cookie);
  const response = await app.request(`${at}${path}`, {
    method: form === undefined ? "GET" : "POST",
    headers: sent,
    ...(form !== undefined && { body: new URLSearchParams(form).toString() }),
  });
  const text = await response.text();
  const said = text.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");
  return {
    status: response.status,
    headers: response.headers,
    text,
    said,
    cookie: response.headers.get("set-cookie") ?? "",
    to: response.headers.get("location"),
  };
};

const signIn = async (token: string, next = ""): Promise<string> => {
  const { status, cookie } = await ask("/console/sign-in", { form: { token, next } });
  expect([status, cookie]).toEqual([303, expect.stringContaining("__Host-session=")]);
  return cookie.split(";")[0] ?? "";
};

const override = async (serviceId = world.ids.calm) =>
  (await api.call("GET", `/v1/services/${serviceId}/routing`, { token: world.acme.viewer })).body["override"];

describe("the bare address", () => {
  it("leads to the console, and nobody there to the sign-in and back", async () => {
    expect((await ask("/")).to).toBe("/console");
    expect(await ask("/console")).toMatchObject({ status: 303, to: "/console/sign-in" });
    const there = await ask("/console/storms?after=7");
    expect(there.to).toBe("/console/sign-in?next=%2Fconsole%2Fstorms%3Fafter%3D7");
    expect((await ask(there.to ?? "")).text).toContain('name="next" value="/console/storms?after=7"');
  });
});

describe("a session", () => {
  it("is a cookie that no script reads, no other host sets and no other site sends; it holds no credential", async () => {
    const { cookie, to } = await ask("/console/sign-in", { form: { token: world.acme.editor, next: "/console/storms" } });
    expect(to).toBe("/console/storms");
    expect(cookie).toMatch(/^__Host-session=[\w-]{114}; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    expect(atob((cookie.split(/[=;]/)[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"))).not.toContain(world.acme.editor);
  });

  it("has a name without __Host- over plain http on this machine alone", async () => {
    const local = "http://localhost:8787";
    const { cookie } = await ask("/console/sign-in", { at: local, form: { token: world.acme.editor } });
    expect(cookie).toMatch(/^tranche-session=[\w-]{114}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/);
    const kept = cookie.split(";")[0] ?? "";
    expect((await ask("/console", { at: local, cookie: kept })).status).toBe(200);
    expect((await ask("/console", { cookie: kept })).status).toBe(303);
    expect((await ask("/console", { at: "http://tranche.test", cookie: kept })).status).toBe(303);
    const plain = await ask("/console/sign-in", { at: "http://tranche.test", form: { token: world.acme.editor } });
    expect(plain.cookie).toContain("__Host-session=");
  });

  it.each([
    ["", "no token"],
    ["wrong", "nonsense"],
    [`trn_${"x".repeat(43)}`, "nobody's token"],
    [`tra_${"x".repeat(43)}`, "nobody's admin token"],
    ["a.b.c", "a JWT"],
  ])("is not opened by %s (%s), which is not echoed", async (token) => {
    const answer = await ask("/console/sign-in", { form: { token, next: "/console/storms" } });
    expect([answer.status, answer.cookie]).toEqual([401, ""]);
    expect(answer.said).toContain("this is no valid token");
    expect(answer.text).toContain('name="next" value="/console/storms"');
    if (token.length > 5) expect(answer.text).not.toContain(token);
  });

  it.each([
    "https://evil.test/",
    "//evil.test",
    "/\\evil.test",
    "/v1/services",
    "/consoleevil",
    "/console/\r\nx: y",
    "javascript:alert(1)",
  ])("never leads elsewhere: %j", async (next) => {
    const { to } = await ask("/console/sign-in", { form: { token: world.acme.viewer, next } });
    expect(to).toBe("/console");
  });

  it("ends after 12 hours, with its token's revocation within 30 s, and by signing out", async () => {
    const { id } = world.acme;
    const minted = await api.created(`/v1/customers/${id}/tokens`, { name: "for a session", role: "viewer" }, { token: world.acme.owner });
    const cookie = await signIn(String(minted["token"]));
    expect((await ask("/console", { cookie })).status).toBe(200);
    await api.call("DELETE", `/v1/customers/${id}/tokens/${minted.id}`, { token: world.acme.owner });
    api.time.nowMs += 30_001;
    const gone = await ask("/console", { cookie });
    expect([gone.status, gone.cookie]).toEqual([303, expect.stringMatching(/^__Host-session=; Max-Age=0; Path=\/; HttpOnly; Secure/)]);

    const long = await signIn(world.acme.viewer);
    api.time.nowMs += 12 * hourMs - 1;
    expect((await ask("/console", { cookie: long })).status).toBe(200);
    api.time.nowMs += 1;
    expect((await ask("/console", { cookie: long })).status).toBe(303);
    api.time.nowMs -= 12 * hourMs;
    const out = await ask("/console/sign-out", { cookie: long, form: {} });
    expect([out.status, out.to, out.cookie]).toEqual([303, "/console/sign-in", expect.stringContaining("Max-Age=0")]);
  });

  it("is signed: neither changed, made by another key, nor a link's token", async () => {
    const cookie = await signIn(world.acme.viewer);
    const [name, value = ""] = cookie.split("=");
    const nowMs = api.time.nowMs;
    const claim = { kind: "bootstrap", digest: "0".repeat(64), customerId: 1, epoch: 0, expiresAtMs: nowMs + hourMs } as const;
    const strange = await createSessionTokens([btoa("another key of the tests, 32 byt")]).sign(claim);
    const key = api.env["SECRETS_KEY"] ?? "";
    const link = await createLinkTokens([key]).sign({ linkId: 1, invoiceId: 1, expiresAtMs: nowMs + hourMs });
    const flipped = `${value.slice(0, 20)}${value[20] === "A" ? "B" : "A"}${value.slice(21)}`;
    for (const forged of [flipped, strange, link, value.slice(1), "", "%", `${value}=`]) {
      expect([forged, (await ask("/console", { cookie: `${name}=${forged}` })).status]).toEqual([forged, 303]);
    }
    // Well signed, and of a credential that is none: an admin's digest is not the operator's.
    const hollow = await createSessionTokens([key]).sign(claim);
    expect((await ask("/console", { cookie: `${name}=${hollow}` })).status).toBe(303);
  });

  it("is no credential of the API, and a credential of the API no session", async () => {
    const cookie = await signIn(world.acme.editor);
    const answer = await api.call("GET", "/v1/services", { token: null, headers: { cookie } });
    expect(answer.status).toBe(401);
    expect((await ask("/console", { headers: { authorization: `Bearer ${world.acme.editor}` } })).status).toBe(303);
    const digest = await api.call("GET", "/v1/services", { token: (cookie.split("=")[1] ?? "").slice(0, 64) });
    expect(digest.status).toBe(401);
  });

  it("asks again where a link of another site brought no cookie along", async () => {
    const answer = await ask(`/console/storms/${world.ids.over}`, { headers: { "sec-fetch-site": "cross-site" } });
    expect([answer.status, answer.headers.get("refresh")]).toEqual([200, `0; url=/console/storms/${world.ids.over}`]);
    expect(answer.text).not.toContain("checkout");
  });

  it("needs a key: without one the console says so", async () => {
    const keyless = createApp({ ...api.deps, sessionTokens: null });
    const answer = await ask("/console/sign-in", {}, keyless);
    expect([answer.status, answer.said]).toEqual([503, expect.stringContaining("SECRETS_KEY is not set")]);
    expect((await ask("/console/sign-in", { form: { token: world.acme.editor } }, keyless)).status).toBe(503);
  });

  it("is guessed at no faster than tokens are", async () => {
    const limited = await startApi({ RATE_LIMIT_REFUSALS: "2", RATE_LIMIT_PER_CREDENTIAL: "6" });
    const { viewer } = await limited.onboard("limited");
    const guess = () => ask("/console/sign-in", { form: { token: `trn_${"y".repeat(43)}` } }, limited.app);
    expect([(await guess()).status, (await guess()).status]).toEqual([401, 401]);
    const refused = await guess();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, expect.stringMatching(/^\d+$/)]);
    expect(refused.headers.get("content-type")).toContain("text/html");
    const { cookie } = await ask("/console/sign-in", { form: { token: viewer } }, limited.app);
    const statuses = [];
    for (let at = 0; at < 7; at += 1) statuses.push((await ask("/console", { cookie: cookie.split(";")[0] ?? "" }, limited.app)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429]);
  });
});

describe("every answer of the console", () => {
  it("permits its own style and forms, and nothing else", async () => {
    const cookie = await signIn(world.acme.editor);
    const paths = [
      "/console",
      "/console/sign-in",
      "/console/storms",
      "/console/nothing",
      `/console/services/${world.ids.odd}`,
      "/console/order?mode=backup",
    ];
    for (const path of paths) {
      const { headers, text } = await ask(path, { cookie });
      expect([path, headers.get("content-security-policy")]).toEqual([
        path,
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      ]);
      expect([path, headers.get("cache-control"), headers.get("referrer-policy")]).toEqual([path, "no-store", "same-origin"]);
      expect([path, headers.get("x-content-type-options"), headers.get("content-type")]).toEqual([
        path,
        "nosniff",
        "text/html; charset=UTF-8",
      ]);
      const markup = text.replaceAll(/"[^"]*"/g, '""').replace('<script type="" src=""></script>', "");
      expect(markup).not.toMatch(/<script|<style|<iframe|<img|\sstyle=|<[^>]*\son\w+=/i);
      expect(text).not.toMatch(/javascript:|https?:\/\//i);
    }
  });

  it("has its style under the digest of its content, for good", async () => {
    const { text } = await ask("/console/sign-in");
    const href = /href="(\/console\/assets\/console-[0-9a-f]{16}\.css)"/.exec(text)?.[1] ?? "";
    const style = await ask(href);
    expect([style.status, style.headers.get("content-type"), style.headers.get("cache-control")]).toEqual([
      200,
      "text/css; charset=utf-8",
      "public, max-age=31536000, immutable",
    ]);
    expect(style.text).not.toMatch(/url\(|@import/);
    expect((await ask("/console/assets/console-0000000000000000.css")).headers.get("cache-control")).toBe("no-cache");
    expect((await ask("/console/assets/other.css")).status).toBe(404);
  });

  it("shows names as text, each isolated from what is around it", async () => {
    const cookie = await signIn(world.acme.viewer);
    for (const path of ["/console", "/console/objectives", `/console/services/${world.ids.odd}`]) {
      const { text } = await ask(path, { cookie });
      expect(text).not.toContain("<b onclick");
      expect(text).toContain("<bdi>&lt;b onclick=&quot;x&quot;&gt;&quot;שלום&quot;&lt;/b&gt; &amp; co</bdi>");
    }
    expect(hostileName).toContain("<b onclick");
  });

  it("is a page for people also where it refuses", async () => {
    const cookie = await signIn(world.acme.viewer);
    const cases: [string, number, string][] = [
      ["/console/services/999999", 404, "There is nothing here"],
      ["/console/services/x", 404, "There is nothing here"],
      ["/console/nothing", 404, "There is nothing here"],
      ["/console/storms?after=0x1", 400, "must be of a link to a next page"],
      ["/console?after=9e99", 400, "must be of a link to a next page"],
    ];
    for (const [path, status, words] of cases) {
      const answer = await ask(path, { cookie });
      expect([path, answer.status, answer.headers.get("content-type")]).toEqual([path, status, "text/html; charset=UTF-8"]);
      expect(answer.said).toContain(words);
      expect(answer.said).toContain(answer.headers.get("x-request-id") ?? "?");
    }
    const put = await api.app.request(`${origin}/console`, { method: "PUT", headers: { origin, cookie } });
    expect([put.status, put.headers.get("allow"), await put.text()]).toEqual([
      405,
      "GET, HEAD, OPTIONS",
      expect.stringContaining("<h1>Method not allowed"),
    ]);
  });

  it("says that the database is away, and what that does not mean", async () => {
    const cookie = await signIn(world.acme.viewer);
    const real = globalThis.fetch;
    globalThis.fetch = async () => new Response("upstream says secret things", { status: 503 });
    const answers = await Promise.all([ask("/console", { cookie }), ask(`/console/services/${world.ids.checkout}`, { cookie })]).finally(
      () => {
        globalThis.fetch = real;
      },
    );
    for (const answer of answers) {
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
      expect(answer.said).toMatch(/The database is away .*Try again/);
      expect(answer.text).not.toContain("secret things");
    }
  });
});

describe("a form of somebody else's page", () => {
  it.each([
    ["another origin", { origin: "https://evil.test" }],
    ["an opaque origin", { origin: "null" }],
    ["no origin", { origin: "" }],
    ["the same name at another port", { origin: "https://tranche.test:444" }],
    ["the same name without TLS", { origin: "http://tranche.test" }],
    ["a sibling", { "sec-fetch-site": "same-site" }],
  ])("does nothing: %s", async (_, headers) => {
    const cookie = await signIn(world.acme.editor);
    const form = { mode: "frozen", service: String(world.ids.calm), reason: "x", for: "3600" };
    const answer = await ask("/console/order", { cookie, form, headers });
    expect([answer.status, answer.said]).toEqual([403, expect.stringContaining("was not sent from the console")]);
    expect(await override()).toBeNull();
    expect((await ask("/console/sign-in", { form: { token: world.acme.editor }, headers })).status).toBe(403);
    const out = await ask("/console/sign-out", { cookie, form: {}, headers });
    expect([out.status, out.cookie]).toEqual([403, ""]);
  });

  it("is refused where it is no form", async () => {
    const cookie = await signIn(world.acme.editor);
    const answer = await ask("/console/order", { cookie, form: { mode: "frozen" }, headers: { "content-type": "application/json" } });
    expect(answer.status).toBe(415);
    const large = await ask("/console/order", { cookie, form: { reason: "x".repeat(20_000) } });
    expect(large.status).toBe(413);
  });
});

describe("an order", () => {
  const order = (cookie: string, form: Record<string, string>) =>
    ask("/console/order", { cookie, form: { service: String(world.ids.calm), reason: "drill", for: "3600", ...form } });

  it("is given and released in two presses each, by the rules and with the audit rows of the API", async () => {
    const cookie = await signIn(world.acme.editor);
    const page = await ask(`/console/services/${world.ids.calm}`, { cookie });
    expect(page.text).toContain(`href="/console/order?mode=frozen&amp;service=${world.ids.calm}"`);
    const form = await ask(`/console/order?mode=frozen&service=${world.ids.calm}`, { cookie });
    expect(form.text).toMatch(/<select id="for"[^>]*>.*<option value="3600" selected>1 hour/s);
    const given = await order(cookie, { mode: "frozen" });
    expect([given.status, given.to]).toEqual([303, `/console/services/${world.ids.calm}?done=frozen`]);
    expect(await override()).toMatchObject({
      mode: "frozen",
      reason: "drill",
      until: new Date(api.time.nowMs + hourMs).toISOString(),
      actor: expect.stringMatching(/^token:\d+$/),
    });
    const done = await ask(given.to ?? "", { cookie });
    expect(done.said).toMatch(/Frozen as it is\. The next round obeys.*Undo/);
    expect((await order(cookie, { mode: "backup", for: "open" })).status).toBe(303);
    expect(await override()).toMatchObject({ mode: "backup", until: null });
    const released = await order(cookie, { mode: "release" });
    expect([released.status, await override()]).toEqual([303, null]);
    const audit = await api.db.rows(
      sql`select action, actor from audit_log where object_type = 'routing_override' and object_id = ${world.ids.calm} order by id`,
    );
    expect(audit).toMatchObject([{ action: "set" }, { action: "set" }, { action: "clear" }]);
  });

  it.each([
    [{ reason: "" }, "reason"],
    [{ reason: "  " }, "reason"],
    [{ reason: "x".repeat(501) }, "reason"],
    [{ reason: "hidden \u202E text" }, "reason"],
    [{ for: "1" + "0".repeat(9) }, "for"],
    [{ for: "-5" }, "for"],
    [{ for: "" }, "for"],
  ])("that breaks a rule says so at the field, and keeps what was typed: %j", async (wrong, field) => {
    const cookie = await signIn(world.acme.editor);
    const answer = await order(cookie, { mode: "frozen", reason: "typed <here>", ...wrong });
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(new RegExp(`id="${field}"[^>]*aria-invalid="true" aria-describedby="${field}-wrong"`));
    expect(answer.text).toContain(`id="${field}-wrong"`);
    if (!("reason" in wrong)) expect(answer.text).toContain('value="typed &lt;here&gt;"');
    expect(await override()).toBeNull();
  });

  it("of nothing known, or of no service, is none", async () => {
    const cookie = await signIn(world.acme.editor);
    expect((await order(cookie, { mode: "explode" })).status).toBe(400);
    const chosen = await order(cookie, { mode: "frozen", service: "" });
    expect([chosen.status, chosen.text]).toEqual([400, expect.stringContaining('id="service-wrong"')]);
    expect(chosen.text).toContain('value="drill"');
    expect((await order(cookie, { mode: "frozen", service: "999999" })).status).toBe(404);
  });

  it("that came after the session's end is there again after the sign-in, as it was typed", async () => {
    const answer = await order("", { mode: "frozen", reason: "typed & kept ü" });
    expect(answer.status).toBe(303);
    const signInPage = await ask(answer.to ?? "");
    expect(signInPage.said).toContain("What you typed is kept");
    const next = /name="next" value="([^"]+)"/.exec(signInPage.text)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const { to, cookie } = await ask("/console/sign-in", { form: { token: world.acme.editor, next } });
    const form = await ask(to ?? "", { cookie: cookie.split(";")[0] ?? "" });
    expect(form.text).toContain('value="typed &amp; kept ü"');
    expect(form.said).toContain("Freeze web");
    expect(await override()).toBeNull();
  });

  it("that the API refuses says the API's words", async () => {
    const proving = await startApi({ DOMAIN_VERIFICATION: "on" });
    const { editor } = await proving.onboard("proving");
    const service = await proving.service(editor);
    await proving.created(`/v1/services/${service.id}/domains`, { name: "app.example.test" }, { token: editor });
    const { cookie } = await ask("/console/sign-in", { form: { token: editor } }, proving.app);
    const form = { service: String(service.id), mode: "backup", reason: "drill", for: "3600" };
    const answer = await ask("/console/order", { cookie: cookie.split(";")[0] ?? "", form }, proving.app);
    const words = await proving.call("PUT", `/v1/services/${service.id}/routing/override`, {
      token: editor,
      body: { mode: "backup", reason: "drill" },
    });
    expect([answer.status, words.status]).toEqual([409, 409]);
    expect(answer.said.replaceAll("&#39;", "'")).toContain(String(words.body["detail"]));
    expect(answer.text).toContain('value="drill"');
  });
});

describe("rights", () => {
  it("a viewer is shown every view and no button", async () => {
    const cookie = await signIn(world.acme.viewer);
    const views = [
      "/console",
      `/console/services/${world.ids.checkout}`,
      "/console/storms",
      `/console/storms/${world.ids.over}`,
      "/console/objectives",
      "/console/invoices",
    ];
    for (const path of views) {
      const { status, text } = await ask(path, { cookie });
      expect([path, status, text.includes("/console/order")]).toEqual([path, 200, false]);
      // To sign out, here and everywhere.
      expect([...text.matchAll(/<button/g)]).toHaveLength(2);
    }
    const form = { mode: "frozen", service: String(world.ids.calm), reason: "x", for: "3600" };
    expect((await ask("/console/order", { cookie, form })).status).toBe(403);
    expect((await ask("/console/order?mode=frozen", { cookie })).status).toBe(403);
    expect((await ask("/console/customers", { cookie })).status).toBe(404);
    expect(await override()).toBeNull();
  });

  it("another customer's rows do not exist", async () => {
    const cookie = await signIn(globex.editor);
    const { checkout, over, invoice } = world.ids;
    for (const path of [
      `services/${checkout}`,
      `storms/${over}`,
      `storms/${over}/evidence`,
      `invoices/${invoice}`,
      `invoices/${invoice}/csv`,
      `invoices/${invoice}/links`,
      `order?mode=frozen&service=${checkout}`,
    ]) {
      expect([path, (await ask(`/console/${path}`, { cookie })).status]).toEqual([path, 404]);
    }
    for (const mode of ["frozen", "backup", "release"]) {
      const form = { mode, service: String(world.ids.frozen), reason: "x", for: "3600" };
      expect([mode, (await ask("/console/order", { cookie, form })).status]).toEqual([mode, 404]);
    }
    expect(await override(world.ids.frozen)).toMatchObject({ reason: "index rebuild, see INC-42" });
    for (const path of ["", "/storms", "/objectives", "/invoices"])
      expect((await ask(`/console${path}`, { cookie })).text).not.toMatch(/checkout|downloads-eu/);
    expect((await ask("/console?customer_id=1", { cookie, headers: { "x-customer-id": String(world.acme.id) } })).text).not.toContain(
      "checkout",
    );
  });

  it("an admin chooses a customer, and acts as far as its scopes go", async () => {
    const cookie = await signIn(api.env.ADMIN_TOKEN);
    expect((await ask("/console/storms", { cookie })).to).toBe("/console/customers?next=%2Fconsole%2Fstorms");
    expect((await ask("/console/customers", { cookie })).said).toMatch(/acme .*globex/);
    const chosen = await ask("/console/customers", { cookie, form: { customer: String(world.acme.id), next: "/console/storms" } });
    expect(chosen.to).toBe("/console/storms");
    const forAcme = chosen.cookie.split(";")[0] ?? "";
    expect((await ask("/console", { cookie: forAcme })).text).toContain("checkout");
    const form = { mode: "frozen", service: String(world.ids.calm), reason: "by the operator", for: "900" };
    expect((await ask("/console/order", { cookie: forAcme, form })).status).toBe(303);
    expect(await override()).toMatchObject({ actor: "admin" });
    await ask("/console/order", { cookie: forAcme, form: { ...form, mode: "release" } });
    expect((await ask("/console/customers", { cookie, form: { customer: "999999" } })).status).toBe(404);
    expect((await ask("/console/customers", { cookie, form: { customer: "1 or 1" } })).status).toBe(404);

    const reader = await api.created("/v1/admin-tokens", { name: "reader", scopes: ["read"] });
    const reading = await ask("/console/customers", {
      cookie: await signIn(String(reader["token"])),
      form: { customer: String(world.acme.id) },
    });
    const readOnly = reading.cookie.split(";")[0] ?? "";
    expect((await ask("/console", { cookie: readOnly })).text).not.toContain("/console/order");
    expect((await ask("/console/order", { cookie: readOnly, form })).status).toBe(403);
    const biller = await api.created("/v1/admin-tokens", { name: "biller", scopes: ["billing"] });
    expect((await ask("/console/customers", { cookie: await signIn(String(biller["token"])) })).status).toBe(403);
  });
});

describe("the views", () => {
  it("say what is served and why, those in trouble first, by one statement", async () => {
    const cookie = await signIn(world.acme.viewer);
    await ask("/console", { cookie });
    await api.settled();
    const network = vi.spyOn(globalThis, "fetch");
    const { said } = await ask("/console", { cookie });
    expect(network.mock.calls).toHaveLength(1);
    network.mockRestore();
    expect(said).toMatch(
      /downloads-eu Held cloudflare a storm for 3 min \d+ s ?; the backup is down too.*checkout On backup fastly a storm for 1\d min.*search .*Frozen as it is: index rebuild, see INC-42/,
    );
  });

  it("page a fleet of many: no service is lost or shown twice", async () => {
    const { id, viewer } = await api.onboard("many");
    await api.db.rows(
      sql`insert into services (customer_id, name, primary_cdn, backup_cdn) select ${id}, 's' || n, 'cloudflare', 'fastly' from generate_series(1, 250) n`,
    );
    const cookie = await signIn(viewer);
    const names: string[] = [];
    for (let path: string | undefined = "/console"; path !== undefined;) {
      const { text } = await ask(path, { cookie });
      names.push(...[...text.matchAll(/<bdi>(s\d+)<\/bdi>/g)].map((match) => match[1] ?? ""));
      path = /href="([^"]+)" rel="next"/.exec(text)?.[1];
    }
    expect([names.length, new Set(names).size]).toEqual([250, 250]);
  });

  it("say what to do where there is nothing yet", async () => {
    const cookie = await signIn(globex.viewer);
    for (const [path, words] of [
      ["/console", "No services yet."],
      ["/console/storms", "No storms."],
      ["/console/objectives", "No objectives yet."],
      ["/console/invoices", "No invoices yet."],
    ] as const)
      expect((await ask(path, { cookie })).said).toContain(words);
  });

  it("hand out evidence and invoices as the API does", async () => {
    const cookie = await signIn(world.acme.viewer);
    const { over, invoice } = world.ids;
    const bundle = await ask(`/console/storms/${over}/evidence`, { cookie });
    const same = await api.call("GET", `/v1/storms/${over}/evidence`, { token: world.acme.viewer });
    expect([bundle.status, bundle.text, bundle.headers.get("content-disposition")]).toEqual([
      same.status,
      same.text,
      same.headers.get("content-disposition"),
    ]);
    const page = await ask(`/console/invoices/${invoice}`, { cookie });
    expect([page.status, page.said]).toEqual([200, expect.stringContaining("Amount due")]);
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(page.text).not.toContain("/v1/storms");
    const csv = await ask(`/console/invoices/${invoice}/csv`, { cookie });
    expect([csv.headers.get("content-type"), csv.text]).toEqual([expect.stringContaining("text/csv"), expect.stringContaining("checkout")]);
  });
});
