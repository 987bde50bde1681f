import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { startForms } from "../support/console-forms-world.ts";
import type { Forms } from "../support/console-forms-world.ts";

let forms: Forms;
let acme: Awaited<ReturnType<Forms["api"]["onboard"]>>;
let [editor, viewer] = ["", ""];

beforeAll(async () => {
  forms = await startForms();
  acme = await forms.api.onboard("acme");
  [editor, viewer] = [await forms.signIn(acme.editor), await forms.signIn(acme.viewer)];
});

const serviceForm = {
  name: "web",
  primary_cdn: "cloudflare",
  backup_cdn: "fastly",
  steering: "auto",
  failback_steps: "50 100",
  failback_step_seconds: "60",
};

const services = async (): Promise<readonly { id: number; name: unknown }[]> =>
  (await forms.api.call("GET", "/v1/services", { token: acme.viewer })).list.map(({ id, name }) => ({ id, name: name }));

/** A service made by the wizard. */
const made = async (name: string): Promise<number> => {
  const { to } = await forms.ask("/console/setup/new", editor, { ...serviceForm, name });
  return Number(/\/console\/setup\/(\d+)\/domains/.exec(to ?? "")?.[1]);
};

describe("the wizard", () => {
  it("gives a service as a file for Terraform, to viewers of its customer alone", async () => {
    const id = await made("terraform");
    const at = `/console/setup/${id}/terraform`;
    await forms.ask(`/console/setup/${id}/domains`, editor, {
      name: "tf.example.test",
      primary_target: "app.a.cdn.net",
      backup_target: "app.b.cdn.net",
      probe_path: "",
      expect_status: "200-399",
      normal_weights: "90 : 10",
    });
    expect((await forms.ask(`/console/setup/${id}/records`, viewer)).text).toContain(`<a href="${at}" download>`);
    const file = await forms.ask(at, viewer);
    const { text } = await forms.api.call("GET", `/v1/services/${id}/terraform`, { token: acme.viewer });
    expect([file.status, file.text]).toEqual([200, text]);
    const globex = await forms.api.onboard("globex-terraform");
    expect((await forms.ask(at, await forms.signIn(globex.viewer))).status).toBe(404);
    expect((await forms.ask(at, "")).text).not.toContain("tf.example.test");
  });

  it("goes from a name to a checked service, each step by the function of its route, and finds the step again", async () => {
    const { ask, api, published } = forms;
    const id = await made("steps");
    const at = (step: string) => `/console/setup/${id}/${step}`;
    const stepNow = async () => (await ask(`/console/setup/${id}`, editor)).to;
    expect(await stepNow()).toBe(at("domains"));
    const targets = { primary_target: "app.a.cdn.net", backup_target: "app.b.cdn.net" };
    const rest = { probe_path: "", expect_status: "200-399", normal_weights: "90 : 10" };
    expect((await ask(at("domains"), editor, { name: "app.example.test", ...targets, ...rest })).to).toBe(at("domains"));
    expect(await stepNow()).toBe(at("records"));

    const [domain] = (await api.call("GET", `/v1/services/${id}`, { token: acme.viewer })).body["domains"] as {
      id: number;
      verification: { record_name: string; record_value: string };
    }[];
    const { record_name: record, record_value: value } = domain?.verification ?? { record_name: "", record_value: "" };
    const records = await ask(at("records"), editor);
    for (const text of [record, value, "app.a.cdn.net", "app.b.cdn.net"])
      expect(records.text).toContain(`<code class="copy">${text}</code>`);
    expect(records.said).toMatch(/SetIdentifier primary, weight 90, TTL 60.*SetIdentifier backup, weight 10, TTL 60/);

    const missing = await ask(at("verification"), editor, { domain: String(domain?.id) });
    expect([missing.status, missing.said]).toEqual([
      409,
      expect.stringContaining(`no TXT record ${record} with the value of the challenge is seen by a.test, b.test`),
    ]);
    forms.dns.silent = true;
    const silent = await ask(at("verification"), editor, { domain: String(domain?.id) });
    forms.dns.silent = false;
    expect([silent.status, silent.said]).toEqual([503, expect.stringContaining("the public DNS could not be asked (a.test, b.test)")]);
    published[record] = [value];
    expect((await ask(at("verification"), editor, { domain: String(domain?.id) })).to).toBe(at("verification"));
    expect((await ask(at("verification"), viewer)).said).toContain("Every name is proven to be yours.");
    expect(await stepNow()).toBe(at("policy"));

    const pair = await ask(at("records"), editor, { domain: String(domain?.id) });
    expect([pair.status, pair.said]).toEqual([200, expect.stringContaining("Created in zone Z1.")]);

    const policy = {
      kind: "http_availability",
      threshold_avail: "0.9",
      window_seconds: "60",
      cooldown_seconds: "300",
      min_samples: "3",
      min_failures: "3",
      max_coverage_factor: "1.5",
      latency_ms: "",
    };
    const preview = await ask(`${at("policy")}?${new URLSearchParams({ ...policy, act: "preview" }).toString()}`, editor);
    expect(preview.status).toBe(200);
    expect(preview.said).toMatch(
      /5 December 2025, Cloudflare more than a quarter of its answers failed for 24 minutes 1 20 s 23 min 10 s 20 s without tranche 6 min 30 s 0/,
    );
    expect(preview.said).toContain("no samples yet");
    expect((await api.call("GET", `/v1/services/${id}/storm-policies`, { token: acme.viewer })).list).toEqual([]);
    expect((await ask(at("policy"), editor, { ...policy, act: "save" })).to).toBe(at("readiness"));

    expect((await ask(at("readiness"), editor, {})).to).toBe(at("readiness"));
    const readiness = await ask(at("readiness"), viewer);
    expect(readiness.said).toMatch(/checked .* by token:\d+/);
    expect(readiness.said).toContain("To mend");
    const { body: checked } = await api.call("GET", `/v1/services/${id}/readiness`, { token: acme.viewer });
    expect(readiness.said).toContain(String((checked["checks"] as { mend: string | null }[]).find(({ mend }) => mend !== null)?.mend));
    const audit = await api.db.rows(sql`select object_type || '.' || action as what from audit_log where actor like 'token:%' order by id`);
    for (const what of ["service.create", "domain.create", "domain.verify", "storm_policy.create", "readiness.check"])
      expect(audit).toContainEqual({ what });
  });

  it("keeps what was typed, and says at the field what the API says", async () => {
    const { ask } = forms;
    const refused = await ask("/console/setup/new", editor, {
      ...serviceForm,
      name: "typed <b>",
      primary_cdn: "Cloud Flare",
      failback_steps: "50 20",
    });
    expect(refused.status).toBe(400);
    expect(refused.text).toMatch(/id="primary_cdn"[^>]*value="Cloud Flare"[^>]*aria-invalid="true" aria-describedby="primary_cdn-wrong"/);
    expect(refused.said).toContain("must be 1 to 40 of a-z, 0-9 and -");
    expect(refused.said).toContain("must ascend and end with 100");
    expect(refused.text).toContain('value="typed &lt;b&gt;"');
    const same = await ask("/console/setup/new", editor, { ...serviceForm, backup_cdn: "cloudflare", name: "same" });
    expect(same.text).toMatch(/id="backup_cdn-wrong">must differ from primary_cdn/);
    const id = await made("taken");
    const taken = await ask("/console/setup/new", editor, { ...serviceForm, name: "taken" });
    expect([taken.status, taken.text]).toEqual([409, expect.stringContaining('id="name-wrong">is taken')]);
    const bad = await ask(`/console/setup/${id}/domains`, editor, { name: "not a name", expect_status: "999", normal_weights: "0 : 0" });
    for (const field of ["name", "expect_status", "normal_weights"]) expect(bad.text).toContain(`id="${field}-wrong"`);
    const policy = await ask(`/console/setup/${id}/policy`, editor, { kind: "http_latency", threshold_avail: "nine", act: "save" });
    expect(policy.text).toContain('id="threshold_avail-wrong"');
    expect(policy.text).toContain('value="nine"');
    expect((await services()).filter(({ name }) => name === "same")).toEqual([]);
  });

  it("makes one of a form that is sent twice, also at once; two forms of the same name are a conflict", async () => {
    const { ask, onceOf } = forms;
    const once = onceOf((await ask("/console/setup/new", editor)).text);
    expect(once).toMatch(/^[\w-]{22}$/);
    const form = { ...serviceForm, name: "twice", once };
    const [first, second] = await Promise.all([ask("/console/setup/new", editor, form), ask("/console/setup/new", editor, form)]);
    const third = await ask("/console/setup/new", editor, form);
    expect([first.status, second.status, third.status]).toEqual([303, 303, 303]);
    expect(new Set([first.to, second.to, third.to]).size).toBe(1);
    expect((await services()).filter(({ name }) => name === "twice")).toHaveLength(1);
    const other = onceOf((await ask("/console/setup/new", editor)).text);
    expect((await ask("/console/setup/new", editor, { ...form, once: other })).status).toBe(409);
  });

  it("changes and removes what was given, asking once", async () => {
    const { ask, api } = forms;
    const id = await made("changing");
    await ask(`/console/setup/${id}/domains`, editor, { name: "gone.example.test", expect_status: "200", normal_weights: "100:0" });
    const domains = async () =>
      (await api.call("GET", `/v1/services/${id}`, { token: acme.viewer })).body["domains"] as { id: number; normal_weights: unknown }[];
    const [{ id: domainId } = { id: 0 }] = await domains();
    const path = `/console/setup/${id}/domains/${domainId}`;
    expect((await ask(path, editor)).text).toContain('value="100 : 0"');
    await ask(path, editor, { expect_status: "200", normal_weights: "60 : 40" });
    expect(await domains()).toMatchObject([{ normal_weights: { primary: 60, backup: 40 } }]);
    expect((await ask(`${path}/remove`, editor)).said).toContain("Remove gone.example.test?");
    expect(await domains()).toHaveLength(1);
    expect((await ask(`${path}/remove`, editor, {})).to).toBe(`/console/setup/${id}/domains`);
    expect(await domains()).toEqual([]);
    await ask(`/console/setup/${id}/service`, editor, { ...serviceForm, name: "changed", steering: "shadow" });
    expect((await api.call("GET", `/v1/services/${id}`, { token: acme.viewer })).body["service"]).toMatchObject({
      name: "changed",
      steering: "shadow",
      failback_steps: [50, 100],
    });
  });
});
