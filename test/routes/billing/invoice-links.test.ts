import { sql } from "drizzle-orm";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createLinkTokens } from "../../../src/adapters/platform/link-tokens.ts";
import { createApp } from "../../../src/app.ts";
import { parseConfig } from "../../../src/config.ts";
import { buildDeps } from "../../../src/deps.ts";
import { pointers, startApi } from "../../support/api.ts";
import type { Answer, Api } from "../../support/api.ts";
import { seedInvoice } from "../../support/invoices.ts";

const dayMs = 86_400_000;

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let globex: Awaited<ReturnType<Api["onboard"]>>;
let invoiceId: number;
let otherId: number;
let path: string;
let startMs: number;

beforeAll(async () => {
  api = await startApi();
  startMs = api.time.nowMs;
  [acme, globex] = [await api.onboard("acme"), await api.onboard("globex")];
  const own = { customerId: acme.id, serviceIds: [(await api.service(acme.editor)).id], lines: 3 };
  invoiceId = await seedInvoice(api.db, own);
  otherId = await seedInvoice(api.db, { ...own, serviceIds: [(await api.service(acme.editor, "two")).id], documentNumber: "TR-2026-0002" });
  path = `/v1/invoices/${invoiceId}/links`;
});

afterEach(() => {
  vi.restoreAllMocks();
  api.time.nowMs = startMs;
});

type Made = { id: number; url: string; expires_at: string };
const make = async (body: object = {}, token = acme.editor): Promise<Made> => (await api.created(path, body, { token })) as unknown as Made;
const pathOf = ({ url }: Made): string => new URL(url).pathname;
const open = (at: string, accept?: string): Promise<Answer> =>
  api.call("GET", at, { token: null, headers: { ...(accept !== undefined && { accept }) } });

/** How often the database is asked. */
const countAsked = () => {
  const real = fetch;
  const count = { asked: 0 };
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    count.asked += 1;
    return real(input, init);
  });
  return count;
};

describe("a link to an invoice", () => {
  it("is made by editors and admins for a month, or as many days as they say", async () => {
    const link = await make();
    expect(link.url).toMatch(/^http:\/\/localhost\/i\/[\w-]{75}$/);
    expect(Date.parse(link.expires_at)).toBe(startMs + 30 * dayMs);
    expect(Date.parse((await make({ expires_in_days: 90 })).expires_at)).toBe(startMs + 90 * dayMs);
    expect((await api.call("POST", path, { customer: acme.id, body: { expires_in_days: 1 } })).status).toBe(201);
    for (const days of [0, 91, 1.5, "30", null]) {
      const answer = await api.call("POST", path, { token: acme.editor, body: { expires_in_days: days } });
      expect([answer.status, pointers(answer)]).toEqual([400, ["/expires_in_days"]]);
    }
    expect((await api.call("POST", path, { token: acme.viewer, body: {} })).status).toBe(403);
    expect((await api.call("POST", path, { token: globex.editor, body: {} })).status).toBe(404);
    expect((await api.call("POST", "/v1/invoices/999999/links", { token: acme.editor, body: {} })).status).toBe(404);
  });

  it("shows the invoice to whoever has it, and is kept by nobody on the way", async () => {
    const at = pathOf(await make());
    const page = await open(at);
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=UTF-8"]);
    const { body } = await api.call("GET", `/v1/invoices/${invoiceId}`, { token: acme.viewer });
    expect(page.text).toContain("TR-2026-0001");
    expect(page.text).toContain((Number(body["payable_cents"]) / 100).toFixed(2));
    expect(page.text).toContain(`href="${at}/csv"`);
    expect(page.text).not.toContain('href="/v1');
    const csv = await open(`${at}/csv`);
    expect(csv.text).toBe((await api.call("GET", `/v1/invoices/${invoiceId}/csv`, { token: acme.viewer })).text);
    expect([csv.headers.get("content-type"), csv.headers.get("content-disposition")]).toEqual([
      "text/csv; charset=utf-8; header=present",
      'attachment; filename="TR-2026-0001.csv"',
    ]);
    for (const answer of [page, csv, await open("/i/nonsense"), await open("/i/nonsense/csv", "text/html")]) {
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-robots-tag": "noindex, nofollow",
        "x-content-type-options": "nosniff",
      });
    }
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
    // A mail program may add to a link what it likes.
    expect((await open(`${at}?utm_source=mail`)).status).toBe(200);
  });

  it("reads in one round trip, and notes at most once a minute that it was opened", async () => {
    const link = await make();
    const at = pathOf(link);
    const openedAt = async () =>
      (await api.call("GET", path, { token: acme.viewer })).list.find(({ id }) => id === link.id)?.["last_opened_at"];
    expect(await openedAt()).toBeNull();
    const count = countAsked();
    expect((await open(at)).status).toBe(200);
    await api.settled();
    expect(count.asked).toBe(2);
    expect(await openedAt()).toBe(new Date(startMs).toISOString());
    api.time.nowMs = startMs + 59_000;
    count.asked = 0;
    await open(at);
    await open(`${at}/csv`);
    await api.settled();
    expect(count.asked).toBe(2);
    expect(await openedAt()).toBe(new Date(startMs).toISOString());
    api.time.nowMs = startMs + 60_000;
    await open(at);
    await api.settled();
    expect(await openedAt()).toBe(new Date(startMs + 60_000).toISOString());
  });

  it("that is wrong, has expired or was revoked is answered in one and the same way", async () => {
    const [revoked, short] = [await make(), await make({ expires_in_days: 1 })];
    expect((await api.call("DELETE", `${path}/${revoked.id}`, { token: acme.editor })).status).toBe(204);
    const wrong = pathOf(short).replace(/.$/, (last) => (last === "A" ? "E" : "A"));
    const mismatched = await createLinkTokens([api.env["SECRETS_KEY"] ?? ""]).sign({
      linkId: short.id,
      invoiceId: otherId,
      expiresAtMs: Date.parse(short.expires_at),
    });
    const unknown = await createLinkTokens([api.env["SECRETS_KEY"] ?? ""]).sign({
      linkId: 999_999,
      invoiceId,
      expiresAtMs: Date.parse(short.expires_at),
    });
    api.time.nowMs = startMs + dayMs;
    const dead = ["/i/x", wrong, pathOf(short), pathOf(revoked), `/i/${mismatched}`, `/i/${unknown}`];
    for (const [accept, type] of [
      [undefined, "application/problem+json"],
      ["text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=UTF-8"],
    ] as const) {
      for (const rest of ["", "/csv"]) {
        const answers = await Promise.all(dead.map((at) => open(at + rest, accept)));
        const [first] = answers;
        expect([first?.status, first?.headers.get("content-type")]).toEqual([404, type]);
        const seen = answers.map(({ status, headers, text }) =>
          JSON.stringify([status, [...headers], text]).replaceAll(headers.get("x-request-id") ?? "", "REQUEST"),
        );
        expect(new Set(seen).size).toBe(1);
      }
    }
  });

  it("that we did not sign, or that has expired, is not looked up", async () => {
    const link = await make({ expires_in_days: 1 });
    const count = countAsked();
    const forged = await createLinkTokens([btoa("another key of thirty-two bytes!")]).sign({
      linkId: link.id,
      invoiceId,
      expiresAtMs: Date.parse(link.expires_at),
    });
    for (const token of ["x", forged, `${pathOf(link).slice(3)}x`]) expect((await open(`/i/${token}`)).status).toBe(404);
    api.time.nowMs = startMs + dayMs;
    expect((await open(pathOf(link))).status).toBe(404);
    expect(count.asked).toBe(0);
  });

  it("is revoked for good, by its own customer alone, and listed without its URL", async () => {
    const link = await make();
    const token = pathOf(link).slice(3);
    expect((await open(pathOf(link))).status).toBe(200);
    expect((await api.call("DELETE", `${path}/${link.id}`, { token: globex.editor })).status).toBe(404);
    expect((await api.call("DELETE", `/v1/invoices/${otherId}/links/${link.id}`, { token: acme.editor })).status).toBe(404);
    expect((await api.call("DELETE", `${path}/${link.id}`, { token: acme.viewer })).status).toBe(403);
    api.time.nowMs = startMs + 5_000;
    expect((await api.call("DELETE", `${path}/${link.id}`, { token: acme.editor })).status).toBe(204);
    api.time.nowMs = startMs + 9_000;
    expect((await api.call("DELETE", `${path}/${link.id}`, { token: acme.editor })).status).toBe(204);
    expect((await open(pathOf(link))).status).toBe(404);
    const listed = await api.call("GET", path, { token: acme.viewer });
    expect(listed.list.find(({ id }) => id === link.id)).toEqual({
      id: link.id,
      created_by: expect.stringMatching(/^token:\d+$/),
      created_at: new Date(startMs).toISOString(),
      expires_at: link.expires_at,
      revoked_at: new Date(startMs + 5_000).toISOString(),
      last_opened_at: new Date(startMs).toISOString(),
    });
    expect(listed.text).not.toContain(token);
    const page = await api.call("GET", `${path}?limit=1`, { token: acme.viewer });
    expect([page.list.length, page.headers.get("link")]).toEqual([1, expect.stringContaining('rel="next"')]);
    expect((await api.call("GET", path, { token: globex.viewer })).status).toBe(404);
    const audited = await api.db.rows<{ action: string; actor: string; customer: number; text: string }>(sql`
      select action, actor, customer_id as customer, audit_log::text as text from audit_log where object_type = 'invoice_link' and object_id = ${link.id} order by id`);
    expect(audited.map(({ action, actor, customer }) => [action, actor.split(":")[0], customer])).toEqual([
      ["create", "token", acme.id],
      ["revoke", "token", acme.id],
    ]);
    expect(JSON.stringify(audited) + JSON.stringify(api.lines)).not.toContain(token);
  });

  it("is made once per Idempotency-Key, whose replay is refused: its URL is not stored", async () => {
    const headers = { "idempotency-key": "link-1" };
    expect((await api.call("POST", path, { token: acme.editor, body: {}, headers })).status).toBe(201);
    const again = await api.call("POST", path, { token: acme.editor, body: {}, headers });
    expect([again.status, again.body["detail"]]).toEqual([409, expect.stringContaining("held a secret")]);
  });

  it("counts against the limit of the address, as everything does", async () => {
    const limited = createApp(buildDeps(parseConfig({ ...api.env, RATE_LIMIT_PER_ADDRESS: "2" }), { clock: api.clock, log: api.log }));
    const at = pathOf(await make());
    const statuses = [];
    for (const next of [at, "/i/x", at]) statuses.push((await limited.request(next)).status);
    expect(statuses).toEqual([200, 404, 429]);
  });
});

describe("a deployment", () => {
  const other = (env: Record<string, string>) =>
    createApp(buildDeps(parseConfig({ ...api.env, ...env }), { clock: api.clock, log: api.log }));
  const post = (app: ReturnType<typeof other>, url: string) =>
    app.request(url, {
      method: "POST",
      headers: { authorization: `Bearer ${acme.editor}`, "content-type": "application/json" },
      body: "{}",
    });

  it("without SECRETS_KEY makes no link, says why, and opens none", async () => {
    const keyless = other({ SECRETS_KEY: "" });
    const refused = await post(keyless, path);
    expect([refused.status, await refused.json()]).toEqual([
      409,
      expect.objectContaining({ detail: expect.stringContaining("SECRETS_KEY") }),
    ]);
    expect((await keyless.request(pathOf(await make()))).status).toBe(404);
  });

  it("names itself by SELF_URL, else by what the request called it", async () => {
    const named = (await (await post(other({ SELF_URL: "https://tranche.example.com" }), path)).json()) as Made;
    expect(named.url).toMatch(/^https:\/\/tranche\.example\.com\/i\/[\w-]{75}$/);
    const called = (await (await post(other({}), `https://called.example.com:8443${path}`)).json()) as Made;
    expect(called.url).toMatch(/^https:\/\/called\.example\.com:8443\/i\//);
    expect((await open(pathOf(named))).status).toBe(200);
  });

  it("opens the links of an older key, until that is gone", async () => {
    const at = pathOf(await make());
    const newer = btoa("another key of thirty-two bytes!");
    expect((await other({ SECRETS_KEY: `${newer},${api.env["SECRETS_KEY"]}` }).request(at)).status).toBe(200);
    expect((await other({ SECRETS_KEY: newer }).request(at)).status).toBe(404);
  });
});
