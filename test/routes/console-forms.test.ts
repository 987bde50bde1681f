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

/** A service made by the wizard. */
const made = async (name: string): Promise<number> => {
  const { to } = await forms.ask("/console/setup/new", editor, { ...serviceForm, name });
  return Number(/\/console\/setup\/(\d+)\/domains/.exec(to ?? "")?.[1]);
};

describe("channels", () => {
  it("of services that are not there are refused above the form where none can be chosen", async () => {
    const form = {
      name: "refused",
      kind: "slack",
      url: "https://hooks.slack.com/services/T0/B0/x",
      min_severity: "info",
      service_ids: "999999",
    };
    const answer = await forms.ask("/console/channels/new", editor, form);
    expect([answer.status, answer.said]).toEqual([400, expect.stringMatching(/service_ids [^.]+\./)]);
    await made("first");
  });

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
      // Signing out, here and everywhere, are the only ones.
      expect([path, status, [...text.matchAll(/<button/g)].length, text.includes('class="button')]).toEqual([path, 200, 2, false]);
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
