import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { startForms } from "../support/console-forms-world.ts";
import type { Forms } from "../support/console-forms-world.ts";
import { hostileName } from "../support/console-world.ts";
import { seedCosts } from "../support/cost-console-world.ts";
import type { SeededCosts } from "../support/cost-console-world.ts";
import { seedAnomaly, seedBatch, seedSeries, seedZombie } from "../support/cost-seed.ts";

let forms: Forms;
let acme: Awaited<ReturnType<Forms["api"]["onboard"]>>;
let globex: Awaited<ReturnType<Forms["api"]["onboard"]>>;
let [editor, viewer, stranger] = ["", "", ""];
let costs: SeededCosts;
let deadId = 0;

const service = async (name: string, token: string): Promise<number> =>
  (await forms.api.created("/v1/services", { name, primary_cdn: "cloudflare", backup_cdn: "fastly" }, { token })).id;

beforeAll(async () => {
  forms = await startForms();
  const { api } = forms;
  [acme, globex] = [await api.onboard("acme"), await api.onboard("globex")];
  [editor, viewer, stranger] = [await forms.signIn(acme.editor), await forms.signIn(acme.viewer), await forms.signIn(globex.editor)];
  const leaking = { id: await service("downloads", acme.editor), name: "downloads" };
  const unrated = { id: await service("images", acme.editor), cdn: "bunny" };
  costs = await seedCosts(api.db, api.time.nowMs, { customerId: acme.id, leaking, unrated });
  deadId = await seedBatch(api.db, acme.id, "dead");
});

const pagesOfOne = (): readonly string[] => [
  `/console/cost/series/${costs.primaryId}`,
  `/console/cost/anomalies/${costs.leakId}`,
  `/console/cost/zombies/${costs.zombieId}`,
];

/** Every form, with what makes it good. */
const good = (): readonly (readonly [path: string, fields: Record<string, string>])[] => [
  [`/console/cost/anomalies/${costs.leakId}/say`, { state: "acknowledged" }],
  [`/console/cost/zombies/${costs.zombieId}/say`, { state: "dismissed", note: "kept" }],
  [`/console/cost/series/${costs.bytesId}/reset`, {}],
  ["/console/cost/rates/set", { cdn: "fastly", cents_per_gb: "3" }],
  ["/console/cost/rates/forget", { cdn: "cloudflare" }],
  ["/console/cost/mode", { mode: "shadow" }],
  ["/console/cost/dead-letters", { retry: String(deadId) }],
  [`/console/cost/dead-letters/${deadId}/drop`, {}],
];

const stored = async (): Promise<unknown> =>
  await forms.api.db
    .rows(sql`select (select jsonb_agg(a order by id) from cost_anomalies a) as anomalies, (select jsonb_agg(z order by id) from zombies z) as zombies,
    (select jsonb_agg(r) from cost_rates r) as rates, (select jsonb_agg(s.version order by id) from cost_series s) as series, (select jsonb_agg(b) from cost_batches b) as batches`);

describe("the Cost view", () => {
  it("is of one customer: another's rows are nowhere in it, nor changed by its forms", async () => {
    for (const path of pagesOfOne()) {
      expect([path, (await forms.ask(path, stranger)).status, (await forms.ask(path, viewer)).status]).toEqual([path, 404, 200]);
    }
    for (const path of [
      "/console/cost",
      "/console/cost/series",
      "/console/cost/anomalies",
      "/console/cost/zombies",
      "/console/cost/dead-letters",
    ]) {
      const { status, text } = await forms.ask(path, stranger);
      expect([path, status, /downloads|vol-0f3a|bunny|DescribeAddresses/.test(text)]).toEqual([path, 200, false]);
    }
    const before = await stored();
    for (const [path, fields] of good().filter(([at]) => /\d|dead|forget/.test(at))) {
      expect([path, (await forms.ask(path, stranger, fields)).status]).toEqual([path, 404]);
    }
    expect(await stored()).toEqual(before);
  });

  it("gives viewers no form, and refuses theirs", async () => {
    for (const path of ["/console/cost", "/console/cost/zombies", "/console/cost/dead-letters", ...pagesOfOne()]) {
      const [main = ""] = /<main[^]*<\/main>/.exec((await forms.ask(path, viewer)).text) ?? [];
      expect([path, /<form|class="button|…<\/a>/.test(main)]).toEqual([path, false]);
    }
    const before = await stored();
    for (const [path, fields] of good()) expect([path, (await forms.ask(path, viewer, fields)).status]).toEqual([path, 403]);
    expect(await stored()).toEqual(before);
  });

  it("carries out no form that was made for another customer", async () => {
    const before = await stored();
    for (const [path, fields] of good()) {
      expect([path, (await forms.ask(`${path}?customer=${globex.id}`, editor, fields)).status]).toEqual([path, 409]);
    }
    expect(await stored()).toEqual(before);
  });

  it("says for whom each of its forms was made", async () => {
    for (const path of [
      "/console/cost",
      `/console/cost/anomalies/${costs.leakId}`,
      "/console/cost/rates/set",
      "/console/cost/dead-letters",
    ]) {
      const actions = [...(await forms.ask(path, editor)).text.matchAll(/<form [^>]*action="(\/console\/cost[^"]*)"/g)].map(([, to]) => to);
      expect([path, actions.length > 0, actions.every((to) => to?.endsWith(`?customer=${acme.id}`))]).toEqual([path, true, true]);
    }
  });

  it("leads whoever has to sign in again back to the form, with what was typed", async () => {
    for (const [path, fields] of good()) {
      const { to } = await forms.ask(path, "", fields);
      const next = new URL(to ?? "", "https://tranche.test").searchParams.get("next") ?? "";
      expect([path, next.startsWith(path), (await forms.ask(next, editor)).status]).toEqual([path, true, 200]);
      for (const [name, value] of Object.entries(fields)) expect(new URL(next, "https://tranche.test").searchParams.get(name)).toBe(value);
    }
  });

  it("pages what is long, and shows the worst of it first", async () => {
    const { api } = forms;
    const many = await api.onboard("many");
    const cookie = await forms.signIn(many.editor);
    const serviceId = await service(hostileName, many.editor);
    for (let n = 0; n < 52; n += 1) {
      const seriesId = await seedSeries(api.db, many.id, { serviceId, cdn: `cdn-${n}` });
      await seedAnomaly(api.db, many.id, seriesId, { severity: n === 7 ? "critical" : "medium" });
      await seedZombie(api.db, many.id, { resource: `vol-${n}`, waste: n });
    }
    for (const [path, one] of [
      ["/console/cost/anomalies", /data-key="anomaly-/g],
      ["/console/cost/zombies", /data-key="zombie-/g],
      ["/console/cost/series", /data-key="series-/g],
    ] as const) {
      const first = await forms.ask(path, cookie);
      const next = /href="([^"]*)" rel="next"/.exec(first.text)?.[1] ?? "";
      const second = await forms.ask(next, cookie);
      expect([path, first.text.match(one)?.length, second.text.match(one)?.length]).toEqual([path, 50, 2]);
    }
    const { text, said } = await forms.ask("/console/cost", cookie);
    expect([text.match(/data-key="anomaly-/g)?.length, text.match(/data-key="zombie-/g)?.length]).toEqual([20, 20]);
    expect(/data-key="anomaly-\d+">[^]*?<\/h3>/.exec(text)?.[0]).toContain("<bdi>cdn-7</bdi>");
    expect(text).not.toContain("<b onclick");
    expect(said).toContain("All of them, 52 that are not over");
    expect(said).toContain("52 things idle: $13.26 a month");
  });

  it("tries what could not be scored again, and gives it up once it was asked", async () => {
    const events = async () => await forms.api.db.rows(sql`select state, tries from cost_batches where customer_id = ${acme.id}`);
    expect((await forms.ask("/console/cost", editor)).said).toContain("2 events could not be scored");
    expect((await forms.ask("/console/cost/dead-letters", editor)).said).toContain("a value is out of range");
    expect((await forms.ask("/console/cost/dead-letters", editor, { retry: String(deadId) })).to).toBe(
      "/console/cost/dead-letters?done=retried",
    );
    expect(await events()).toEqual([{ state: "queued", tries: 0 }]);
    expect((await forms.ask("/console/cost/dead-letters", editor, { retry: String(deadId) })).status).toBe(404);
    const other = await seedBatch(forms.api.db, acme.id, "dead");
    expect((await forms.ask(`/console/cost/dead-letters/${other}/drop`, editor)).said).toContain("Give up 2 events?");
    expect((await forms.ask(`/console/cost/dead-letters/${other}/drop`, editor, {})).status).toBe(303);
    expect(await events()).toHaveLength(1);
  });

  it("lets an admin set any mode, and says to others what stands before the next one", async () => {
    const refused = await forms.ask("/console/cost/mode", editor, { mode: "enforce" });
    expect([refused.status, refused.said]).toEqual([
      409,
      expect.stringContaining("after shadow comes audit: modes are entered one at a time"),
    ]);
    const unknown = await forms.ask("/console/cost/mode", editor, { mode: "loud" });
    expect([unknown.status, unknown.said]).toEqual([400, expect.stringContaining("must be one of the list")]);
    const admin = await forms.signIn(forms.api.env.ADMIN_TOKEN);
    const { headers } = await forms.ask("/console/customers", admin, { customer: String(acme.id) });
    const chosen = (headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    expect((await forms.ask("/console/cost/mode", chosen, { mode: "enforce" })).to).toBe("/console/cost?done=mode");
    expect((await forms.ask("/console/cost", viewer)).said).toMatch(
      /Enforce anomalies are told as urgent as they are .* It is the last one\./,
    );
  });
});
