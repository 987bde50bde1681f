import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { keepable, secretFields } from "../../src/console/secrets.ts";
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

describe("channels", () => {
  const list = async () => (await forms.api.call("GET", "/v1/channels", { token: acme.viewer })).list;

  it("are opened, and a webhook's secret is in the answer alone, once", async () => {
    const { ask, onceOf } = forms;
    const once = onceOf((await ask("/console/channels/new?kind=webhook", editor)).text);
    const form = {
      kind: "webhook",
      name: "on call",
      url: "https://hooks.example.test/key-4711",
      min_severity: "warning",
      kinds: "storm.started",
      once,
    };
    const answer = await ask("/console/channels/new", editor, form);
    expect([answer.status, answer.headers.get("cache-control"), answer.to]).toEqual([200, "no-store", null]);
    const secret = /id="secret" type="text" value="(whsec_[^"]+)" readonly/.exec(answer.text)?.[1] ?? "";
    expect(secret.length).toBeGreaterThan(40);
    const again = await ask("/console/channels/new", editor, form);
    expect([again.status, again.said]).toEqual([409, expect.stringContaining("this form was sent before")]);
    expect(again.text).not.toContain(secret);
    expect(await list()).toMatchObject([{ name: "on call", kinds: ["storm.started"], min_severity: "warning", service_ids: null }]);
    for (const path of ["/console/channels", `/console/channels/${(await list())[0]?.id ?? 0}`, "/console/audit"]) {
      const { text } = await ask(path, editor);
      expect(text).not.toContain("key-4711");
      expect(text).not.toContain(secret);
    }
  });

  it.each([
    [{ kind: "webhook", url: "ftp://hooks.example.test/" }, "url"],
    [{ kind: "webhook", url: "" }, "url"],
    [{ kind: "pagerduty", routing_key: "with space", region: "us" }, "routing_key"],
    [{ kind: "email", to: "nobody" }, "to"],
    [{ kind: "slack", url: "https://hooks.slack.com/services/T0/B0/x", name: "" }, "name"],
    [{ kind: "slack", url: "https://hooks.slack.com/services/T0/B0/x", service_ids: "999999" }, "service_ids"],
  ])("that break a rule say so at the field: %j", async (form, field) => {
    const answer = await forms.ask("/console/channels/new", editor, { name: "refused", min_severity: "info", ...form });
    expect(answer.status, answer.said).toBe(400);
    expect(answer.text).toContain(`id="${field}-wrong"`);
    expect((await list()).filter(({ name }) => name === "refused")).toEqual([]);
  });

  it("are tried for real, disabled, enabled, changed, given another secret and deleted", async () => {
    const { ask, sent, receiver } = forms;
    await ask("/console/channels/new", editor, {
      kind: "slack",
      name: "room",
      url: "https://hooks.slack.com/services/T0/B0/first",
      min_severity: "info",
    });
    const id = (await list()).find(({ name }) => name === "room")?.id ?? 0;
    const path = `/console/channels/${id}`;
    expect((await ask(path, editor, { act: "test" })).said).toMatch(/The test has arrived: HTTP 204, after \d+ ms\./);
    expect(sent.at(-1)).toMatchObject({ kind: "slack", url: "https://hooks.slack.com/services/T0/B0/first" });
    receiver.says = { status: "failed", detail: "HTTP 500", retryAfterMs: null };
    expect((await ask(path, editor, { act: "test" })).said).toContain("The test failed; a real message would be tried again: HTTP 500");
    receiver.says = { status: "sent", detail: "HTTP 204" };
    expect((await ask(path, editor, { act: "disable" })).to).toBe(`${path}?done=disable`);
    expect((await ask("/console/channels", viewer)).said).toMatch(/room Slack Disabled/);
    expect((await ask(path, editor, { act: "enable" })).to).toBe(`${path}?done=enable`);
    expect((await ask(path, editor, { act: "explode" })).status).toBe(400);
    // An empty address leaves it as it is.
    expect((await ask(`${path}/edit`, editor, { name: "room 2", min_severity: "critical", url: "" })).to).toBe(`${path}?done=changed`);
    await ask(path, editor, { act: "test" });
    expect(sent.at(-1)).toMatchObject({ url: "https://hooks.slack.com/services/T0/B0/first" });
    expect((await list()).find((one) => one.id === id)).toMatchObject({ name: "room 2", min_severity: "critical" });
    const hook = (await list()).find(({ name }) => name === "on call")?.id ?? 0;
    const rotated = await ask(`/console/channels/${hook}/rotate`, editor, {});
    expect(rotated.text).toMatch(/value="whsec_[^"]+" readonly/);
    expect((await ask(`${path}/rotate`, editor, {})).said).toContain("only a webhook has a secret that signs");
    expect((await ask(`${path}/delete`, editor)).said).toContain("Delete room 2?");
    expect((await ask(`${path}/delete`, editor, {})).to).toBe("/console/channels?done=deleted");
    expect((await list()).map(({ name }) => name)).toEqual(["on call"]);
  });

  it("by mail wait for the codes of their recipients", async () => {
    const { ask } = forms;
    const { to } = await ask("/console/channels/new", editor, {
      kind: "email",
      name: "mail",
      to: "a@example.test, b@example.test",
      min_severity: "info",
    });
    const path = (to ?? "").replace("?done=created", "");
    expect((await ask(path, editor)).said).toContain("Its recipients have to agree");
    expect((await ask(path, editor, { act: "test" })).said).toContain("its recipients have not agreed yet");
    expect((await ask(path, editor, { act: "confirm", codes: "1234" })).text).toMatch(/id="codes-wrong">must be eight digits/);
    expect((await ask(path, editor, { act: "confirm", codes: "00000000 11111111" })).text).toMatch(
      /id="codes-wrong">are not the codes that were sent/,
    );
    expect((await ask(path, viewer)).text).not.toContain('name="codes"');
  });
});

describe("tokens", () => {
  const list = async () => (await forms.api.call("GET", `/v1/customers/${acme.id}/tokens`, { token: acme.owner })).list;

  it("are minted by owners, shown once, and revoked with everything that began with them", async () => {
    const { ask, onceOf, api } = forms;
    const once = onceOf((await ask("/console/tokens/new", owner)).text);
    const form = { name: "ci", role: "editor", for: "30", once };
    const answer = await ask("/console/tokens/new", owner, form);
    expect([answer.status, answer.headers.get("cache-control"), answer.to]).toEqual([200, "no-store", null]);
    const secret = /id="secret" type="text" value="(trn_[^"]+)" readonly/.exec(answer.text)?.[1] ?? "";
    expect((await api.call("GET", "/v1/services", { token: secret })).status).toBe(200);
    const again = await ask("/console/tokens/new", owner, form);
    expect([again.status, again.said]).toEqual([409, expect.stringContaining("this form was sent before")]);
    const minted = (await list()).filter(({ name }) => name === "ci");
    expect(minted).toMatchObject([{ role: "editor", expires_at: new Date(api.time.nowMs + 30 * 86_400_000).toISOString() }]);
    const path = `/console/tokens/${minted[0]?.id ?? 0}/revoke`;
    expect((await ask(path, owner)).said).toContain("Revoke ci?");
    expect((await ask(path, owner, {})).to).toBe("/console/tokens?done=revoked");
    // The memory of this isolate has forgotten it at once.
    expect((await api.call("GET", "/v1/services", { token: secret })).status).toBe(401);
    expect((await ask("/console/tokens", viewer)).said).toMatch(/ci token:\d+ Revoked/);
    expect((await ask("/console/tokens", owner)).text).not.toContain(secret);
  });

  it.each([
    [{ name: "" }, "name"],
    [{ role: "root" }, "role"],
    [{ for: "forever" }, "for"],
  ])("that break a rule say so at the field: %j", async (wrong, field) => {
    const answer = await forms.ask("/console/tokens/new", owner, { name: "refused", role: "viewer", for: "30", ...wrong });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(`id="${field}-wrong"`)]);
  });

  it("are for owners alone", async () => {
    const { ask } = forms;
    for (const cookie of [editor, viewer]) {
      const { text } = await ask("/console/tokens", cookie);
      expect([text.includes("/console/tokens/new"), text.includes("/revoke")]).toEqual([false, false]);
      expect((await ask("/console/tokens/new", cookie)).status).toBe(403);
      expect((await ask("/console/tokens/new", cookie, { name: "x", role: "viewer", for: "30" })).status).toBe(403);
      expect((await ask(`/console/tokens/${(await list())[0]?.id ?? 0}/revoke`, cookie, {})).status).toBe(403);
    }
  });
});

describe("the audit log", () => {
  it("says who changed what, filters, and pages without losing a row", async () => {
    const { ask, api } = forms;
    const { id, editor: token, viewer: reader } = await api.onboard("audited");
    const cookie = await forms.signIn(reader);
    const service = await api.service(token, `<b>"שלום"</b>`);
    await api.call("PATCH", `/v1/services/${service.id}`, { token, body: { steering: "shadow" } });
    const changed = await ask("/console/audit?object_type=service&action=update", cookie);
    expect(changed.said).toMatch(/token:\d+ update service \d+ \d+ fields? .*steering auto → shadow/);
    expect(changed.said).not.toMatch(/create service/);
    expect((await ask("/console/audit?object_type=service&action=", cookie)).text).toContain("&lt;b&gt;");
    const wrong = await ask("/console/audit?object_type=Robert'); drop", cookie);
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('id="object_type-wrong">must be 1 to 40 of a-z and _')]);
    await api.db.rows(sql`
      insert into audit_log (customer_id, actor, action, object_type, object_id, before, after)
      select ${id}, 'token:1', 'update', 'bulk', n, null, jsonb_build_object('n', n) from generate_series(1, 130) n`);
    const seen: string[] = [];
    for (let path: string | undefined = "/console/audit?object_type=bulk"; path !== undefined;) {
      const { text } = await ask(path, cookie);
      seen.push(...[...text.matchAll(/<div>bulk (\d+)<\/div>/g)].map((match) => match[1] ?? ""));
      path = /href="([^"]+)" rel="next"/.exec(text)?.[1]?.replaceAll("&amp;", "&");
    }
    expect([seen.length, new Set(seen).size]).toEqual([130, 130]);
  });
});

describe("secrets", () => {
  it("are in no address: of a form that came after the session's end everything else is kept", async () => {
    const { ask } = forms;
    for (const name of secretFields) {
      const answer = await ask("/console/channels/new", "", {
        kind: "webhook",
        name: "kept ü",
        min_severity: "info",
        once: "x".repeat(22),
        [name]: "s3cret-value",
      });
      expect(answer.status).toBe(303);
      expect(decodeURIComponent(decodeURIComponent(answer.to ?? ""))).not.toMatch(/s3cret|once/);
      const next = new URL(answer.to ?? "", "https://tranche.test").searchParams.get("next") ?? "";
      const again = await ask(next, editor);
      expect(again.text).toContain('value="kept ü"');
    }
    expect([...keepable(new URLSearchParams({ a: "1", token: "t", url: "u" })).keys()]).toEqual(["a"]);
  });

  it("have fields that are known as such: every form that asks for one is left out of addresses", async () => {
    const { ask } = forms;
    const paths = ["webhook", "slack", "pagerduty"].map((kind) => `/console/channels/new?kind=${kind}`);
    for (const path of paths) {
      const names = [...(await ask(path, editor)).text.matchAll(/<input id="(\w+)"/g)].map((match) => match[1] ?? "");
      expect(names.filter((name) => !["name", ...secretFields].includes(name as never))).toEqual([]);
    }
    const signIn = (await ask("/console/sign-in", "")).text;
    for (const [, name] of signIn.matchAll(/<input id="\w+" name="(\w+)" type="password"/g)) expect(secretFields).toContain(name);
  });
});

describe("rights", () => {
  it("a viewer sees lists and steps, and no button; another customer's rows do not exist", async () => {
    const { ask } = forms;
    const id = await made("rights");
    await ask(`/console/setup/${id}/domains`, editor, { name: "rights.example.test", expect_status: "200", normal_weights: "100:0" });
    const channel = (await forms.api.call("GET", "/v1/channels", { token: acme.viewer })).list[0]?.id ?? 0;
    const paths = [
      "setup",
      ...["service", "domains", "records", "verification", "policy", "readiness"].map((step) => `setup/${id}/${step}`),
      "channels",
      `channels/${channel}`,
      "tokens",
    ];
    const stranger = await forms.signIn(globex.owner);
    for (const path of paths) {
      const { status, text } = await ask(`/console/${path}`, viewer);
      // Signing out is the only one.
      expect([path, status, [...text.matchAll(/<button/g)].length, text.includes('class="button')]).toEqual([path, 200, 1, false]);
      const theirs = await ask(`/console/${path}`, stranger);
      expect([path, theirs.status]).toEqual([path, /\d/.test(path) ? 404 : 200]);
      expect(theirs.text).not.toContain("rights");
    }
    const posts = [
      "setup/new",
      ...["service", "domains", "records", "verification", "policy", "readiness"].map((step) => `setup/${id}/${step}`),
      "channels/new",
      `channels/${channel}`,
      `channels/${channel}/edit`,
      `channels/${channel}/delete`,
      `channels/${channel}/rotate`,
    ];
    for (const path of posts) {
      const form = {
        ...serviceForm,
        name: "stolen",
        kind: "slack",
        url: "https://hooks.slack.com/services/T0/B0/x",
        domain: "1",
        act: "test",
        expect_status: "200",
        normal_weights: "1:0",
        threshold_avail: "0.9",
        window_seconds: "60",
        cooldown_seconds: "1",
        min_samples: "1",
        min_failures: "1",
        max_coverage_factor: "1",
      };
      expect([path, (await ask(`/console/${path}`, viewer, form)).status]).toEqual([path, 403]);
      if (/\d/.test(path)) expect([path, (await ask(`/console/${path}`, stranger, form)).status]).toEqual([path, 404]);
    }
  });
});
