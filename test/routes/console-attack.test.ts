import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { startForms } from "../support/console-forms-world.ts";
import type { Forms } from "../support/console-forms-world.ts";

let forms: Forms;
let acme: Awaited<ReturnType<Forms["api"]["onboard"]>>;
let globex: Awaited<ReturnType<Forms["api"]["onboard"]>>;
let [owner, editor, viewer] = ["", "", ""];

beforeAll(async () => {
  forms = await startForms();
  acme = await forms.api.onboard("acme");
  globex = await forms.api.onboard("globex");
  [owner, editor, viewer] = [await forms.signIn(acme.owner), await forms.signIn(acme.editor), await forms.signIn(acme.viewer)];
});

const service = async (name: string, token = acme.editor): Promise<number> =>
  (await forms.api.created("/v1/services", { name, primary_cdn: "cloudflare", backup_cdn: "fastly" }, { token })).id;

const unescaped = (text: string): string => text.replaceAll("&amp;", "&").replaceAll("&#39;", "'").replaceAll("&quot;", '"');

type Sendable = { readonly action: string; readonly fields: URLSearchParams };

/** The forms of a page as a browser would send them, those of the frame left out. */
const formsOf = (text: string): readonly Sendable[] =>
  [...text.matchAll(/<form [^>]*method="post" action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)]
    .map(([, action = "", inside = ""]) => ({
      action: unescaped(action),
      fields: new URLSearchParams(
        [...inside.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name = "", value = ""]): [string, string] => [
          name,
          unescaped(value),
        ]),
      ),
    }))
    .filter(({ action }) => !action.startsWith("/console/sign-out"));

/** Opens a page, and its form filled in. */
const filled = async (path: string, cookie: string, typed: Record<string, string>): Promise<Sendable> => {
  const [form] = formsOf((await forms.ask(path, cookie)).text);
  if (form === undefined) throw new Error(`no form at ${path}`);
  for (const [name, value] of Object.entries(typed)) form.fields.set(name, value);
  return form;
};

const asAdmin = async (customerId: number): Promise<string> => {
  const cookie = await forms.signIn(forms.api.env.ADMIN_TOKEN);
  const { headers } = await forms.ask("/console/customers", cookie, { customer: String(customerId) });
  return (headers.get("set-cookie") ?? "").split(";")[0] ?? "";
};

/** Nothing reaches the database any more while it works. */
const withoutDatabase = async <Done>(work: () => Promise<Done>): Promise<Done> => {
  const real = globalThis.fetch;
  globalThis.fetch = () => Promise.reject(new TypeError("fetch failed"));
  return await work().finally(() => {
    globalThis.fetch = real;
    // For so long nobody asks a database again that has just been away.
    forms.api.time.nowMs += 5_000;
  });
};

describe("two tabs of one browser", () => {
  const ordered = [
    ["/console/all?what=services", { act: "give", reason: "a region moves", for: "3600" }],
    ["/console/tokens/new", { name: "stray", role: "owner", for: "30" }],
    ["/console/channels/new?kind=slack", { name: "stray", url: "https://hooks.slack.com/services/T0/B0/x", min_severity: "info" }],
    [
      "/console/setup/new",
      {
        name: "stray",
        primary_cdn: "cloudflare",
        backup_cdn: "fastly",
        steering: "auto",
        failback_steps: "100",
        failback_step_seconds: "60",
      },
    ],
    ["/console/status-page", { title: "stray", slug: "stray" }],
  ] as const;

  it.each(ordered)("%s of one customer is not carried out for another, whom the other tab has chosen since", async (path, typed) => {
    const [before] = await forms.api.db.rows<{ id: number }>(sql`select max(id) as id from audit_log`);
    const mine = await filled(path, await asAdmin(acme.id), typed);
    for (const other of [await asAdmin(globex.id), await forms.signIn(globex.owner)]) {
      const answer = await forms.ask(mine.action, other, mine.fields);
      expect([answer.status, answer.said]).toEqual([409, expect.stringContaining("another customer")]);
    }
    const done = await forms.api.db.rows(sql`select 1 from audit_log where id > ${before?.id}`);
    expect(done).toEqual([]);
  });

  it("every form that acts says for whom, also one that is shown again", async () => {
    const id = await service("every form");
    const paths = [
      "/console/order?service=",
      "/console/tokens/new",
      "/console/status-page",
      ...["domains", "records", "policy", "readiness", "service"].map((step) => `/console/setup/${id}/${step}`),
    ];
    for (const path of paths) {
      const found = formsOf((await forms.ask(path, owner)).text);
      expect([path, found.every(({ action }) => action.endsWith(`?customer=${acme.id}`))]).toEqual([path, true]);
    }
    const refused = await forms.ask("/console/tokens/new", owner, { name: "", role: "viewer", for: "30" });
    expect([refused.status, formsOf(refused.text)[0]?.action]).toEqual([400, `/console/tokens/new?customer=${acme.id}`]);
  });
});

describe("a session that ends while a long text is written", () => {
  const text = "Мы знаем, что происходит. ".repeat(70);
  const typed = { title: "Сбой", impact: "major", text };

  it("shows the text to be copied where it is too long for an address, and does not say that it is kept", async () => {
    const answer = await forms.ask("/console/status-page/incidents/new", "", typed);
    expect([answer.status, answer.said]).toEqual([401, expect.stringContaining(text.trim())]);
    expect(answer.said).not.toContain("it is there again");
    expect(answer.text).toContain('name="next" value="/console/status-page/incidents/new"');
  });

  it("never shows a secret so", async () => {
    const answer = await forms.ask("/console/channels/new", "", {
      kind: "webhook",
      name: "x".repeat(9_000),
      url: "https://hooks.test/key-4711",
    });
    expect([answer.status, answer.text.includes("key-4711")]).toEqual([401, false]);
  });
});

describe("the address of a form", () => {
  it("is that of its page as well: whoever signs in anew, or goes back, finds it there", () => {
    const at = (method: string) => forms.api.app.routes.filter((route) => route.method === method && route.path.startsWith("/console/"));
    const pages = new Set(at("GET").map(({ path }) => path));
    const alone = at("POST").filter(({ path }) => !pages.has(path));
    expect([...new Set(alone.map(({ path }) => path))]).toEqual(["/console/sign-out"]);
  });
});

describe("a form that is refused by what is around it", () => {
  const order = { mode: "frozen", reason: "rack 7 & co", for: "14400" };

  it.each(["order", "incident"])("has a way back with what was typed: the database is away (%s)", async (which) => {
    const id = await service(`away ${which}`);
    await forms.ask("/console", editor);
    const [path, typed] =
      which === "order"
        ? ["/console/order", { ...order, service: String(id) }]
        : ["/console/status-page/incidents/new", { title: "t", text: "rack 7 & co" }];
    const answer = await withoutDatabase(async () => await forms.ask(path, editor, typed));
    const back = /<a href="([^"]*)">[^<]*what you typed/.exec(answer.text)?.[1] ?? "";
    expect([answer.status, unescaped(back)]).toEqual([503, expect.stringContaining("rack+7+%26+co")]);
  });

  it("has no secret in the way back", async () => {
    const typed = { kind: "webhook", name: "hook", url: "https://hooks.test/key-4711", once: "a".repeat(22) };
    const answer = await withoutDatabase(async () => await forms.ask("/console/channels/new", editor, typed));
    expect([answer.status, answer.text.includes("key-4711"), answer.text.includes("name=hook")]).toEqual([503, false, true]);
  });
});

describe("an incident", () => {
  it("is published once, however often its form is sent, and so is an update", async () => {
    const { api, ask } = forms;
    await api.call("PUT", "/v1/status-page", {
      token: acme.editor,
      body: { slug: "acme-once", title: "Acme", enabled: true, services: [] },
    });
    const form = await filled("/console/status-page/incidents/new", editor, { title: "once", impact: "major", text: "seen" });
    for (let nth = 0; nth < 2; nth += 1) expect((await ask(form.action, editor, form.fields)).status).toBe(303);
    const { list } = await api.call("GET", "/v1/status-page/incidents", { token: acme.viewer });
    expect(list.filter(({ title }) => title === "once")).toHaveLength(1);
    const id = list[0]?.id ?? 0;
    const update = await filled(`/console/status-page/incidents/${id}`, editor, {
      title: "once",
      impact: "major",
      state: "identified",
      text: "found",
    });
    for (let nth = 0; nth < 2; nth += 1) expect((await ask(update.action, editor, update.fields)).status).toBe(303);
    const said = (await ask(`/console/status-page/incidents/${id}`, viewer)).said;
    expect([said.split("found").length - 1, said.split("seen").length - 1]).toEqual([1, 1]);
    const asked = await filled(`/console/status-page/incidents/${id}/delete`, editor, {});
    expect((await ask(asked.action, editor, asked.fields)).to).toBe("/console/status-page?done=deleted");
  });
});

describe("the last known state", () => {
  it("of one customer is not pushed out by another one who asks for very many views", async () => {
    const [mine, theirs] = [await forms.signIn(acme.editor), await forms.signIn(globex.viewer)];
    await forms.ask("/console", mine);
    for (let nth = 0; nth < 250; nth += 1) await forms.ask(`/console?x=${nth}`, theirs);
    const answer = await withoutDatabase(async () => await forms.ask("/console", mine));
    expect([answer.status, answer.said]).toEqual([503, expect.stringContaining("knew last")]);
  });

  it("is what is shown where the database does not refuse, but hangs", async () => {
    const mine = await forms.signIn(acme.editor);
    for (const path of ["/console", "/console/storms"]) expect((await forms.ask(path, mine)).status).toBe(200);
    const { fetch: real } = globalThis;
    for (const forgotten of [0, 120_000]) {
      forms.api.time.nowMs += forgotten + 6_000;
      globalThis.fetch = () => new Promise(() => {});
      const answers = await Promise.all([forms.ask("/console", mine), forms.ask("/console/storms", mine)]).finally(() => {
        globalThis.fetch = real;
      });
      for (const { status, said } of answers) expect([status, said]).toEqual([503, expect.stringContaining("knew last")]);
    }
    forms.api.time.nowMs += 6_000;
    expect((await forms.ask("/console", mine)).said).toContain("As of");
  });

  it("has a title that is escaped once", async () => {
    const id = await service('<b>"a" & co');
    await forms.ask(`/console/services/${id}`, editor);
    const answer = await withoutDatabase(async () => await forms.ask(`/console/services/${id}`, editor));
    expect([answer.status, /<title>([^<]*)<\/title>/.exec(answer.text)?.[1]]).toEqual([
      503,
      "Last known: &lt;b&gt;&quot;a&quot; &amp; co – tranche",
    ]);
  });
});

describe("whoever only looks", () => {
  it("changes nothing by looking at the records of challenges that have expired", async () => {
    const id = await service("expired");
    await forms.ask(`/console/setup/${id}/domains`, editor, {
      name: "expired.example.test",
      expect_status: "200-399",
      normal_weights: "100 : 0",
    });
    await forms.api.db.rows(sql`update service_domains set challenge_expires_at = now() - interval '1 day' where service_id = ${id}`);
    const count = async () => await forms.api.db.rows(sql`select count(*)::int as n from audit_log`);
    const before = await count();
    const looked = await forms.ask(`/console/setup/${id}/records`, viewer);
    expect([looked.status, looked.said]).toEqual([200, expect.stringContaining("has expired")]);
    expect(await count()).toEqual(before);
    expect((await forms.ask(`/console/setup/${id}/records`, editor)).said).not.toContain("has expired");
  });
});

describe("where the sign-in leads on", () => {
  it.each([
    "/console/../v1/services",
    "/console/%2e%2e/v1/services",
    "/console/x/../../status/a",
    "/console/..//evil.test",
    "/console/\\..\\..\\v1",
  ])("is a page of the console: %s", async (next) => {
    expect((await forms.ask("/console/sign-in", "", { token: acme.viewer, next })).to).toBe("/console");
  });
});

describe("a form that is not UTF-8", () => {
  it.each(["name=%ff%fe&role=viewer&for=30", "name=%ed%a0%80&role=viewer&for=30", "name=50%&role=viewer&for=30"])(
    "is refused: %s",
    async (body) => {
      const response = await forms.api.app.request("https://tranche.test/console/tokens/new", {
        method: "POST",
        headers: { cookie: owner, origin: "https://tranche.test", "content-type": "application/x-www-form-urlencoded" },
        body,
      });
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining("UTF-8")]);
    },
  );
});

describe("a service of very many domains", () => {
  it("has pages of them, those in trouble first", async () => {
    const id = await service("many");
    await forms.api.db.rows(sql`
      insert into service_domains (service_id, customer_id, name, expect_status, normal_primary_weight, normal_backup_weight, challenge_token, challenge_expires_at)
      select ${id}, ${acme.id}, 'd' || n || '.many.example.test', '200-399', 100, 0, 'tranche-' || md5(n::text), now() + interval '7 days' from generate_series(1, 2000) n`);
    await forms.api.db.rows(sql`
      insert into domain_routing (domain_id, service_id, status, primary_weight, backup_weight, read_at, last_error)
      select id, service_id, 'found', 100, 0, now(), case when name = 'd1999.many.example.test' then 'AccessDenied' end from service_domains where service_id = ${id}`);
    for (const path of [
      `/console/services/${id}`,
      `/console/setup/${id}/domains`,
      `/console/setup/${id}/records`,
      `/console/setup/${id}/verification`,
    ]) {
      const { status, text } = await forms.ask(path, editor);
      expect([path, status, [...text.matchAll(/<bdi>d\d+\.many/g)].length <= 100]).toEqual([path, 200, true]);
    }
    const shown = await forms.ask(`/console/services/${id}`, editor);
    expect(shown.text.indexOf("AccessDenied")).toBeGreaterThan(0);
    const first = await forms.ask(`/console/setup/${id}/domains`, editor);
    const next = /<a href="([^"]*)" rel="next">/.exec(first.text)?.[1] ?? "";
    expect((await forms.ask(unescaped(next), editor)).text).toContain("d101.many.example.test");
  });
});
