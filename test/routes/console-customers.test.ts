import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { startForms } from "../support/console-forms-world.ts";
import type { Forms } from "../support/console-forms-world.ts";

const path = "/console/customers";

let forms: Forms;
let admin = "";

beforeAll(async () => {
  forms = await startForms();
  admin = await forms.signIn(forms.api.env.ADMIN_TOKEN);
});

let named = 0;
/** An admin signed in with these scopes alone. */
const adminWith = async (...scopes: string[]): Promise<string> => {
  named += 1;
  const { token } = await forms.api.created("/v1/admin-tokens", { name: `admin-${named}`, scopes });
  return await forms.signIn(String(token));
};

const customers = async () =>
  await forms.api.db.rows<{ id: number; name: string; cap: number }>(
    sql`select id, name, max_coverage_cap::float8 as cap from customers order by id`,
  );

const audited = async (id: number) =>
  await forms.api.db.rows(
    sql`select actor, action, customer_id as customer from audit_log where object_type = 'customer' and object_id = ${id} order by id`,
  );

const sessionOf = (headers: Headers): string => (headers.get("set-cookie") ?? "").split(";")[0] ?? "";

/** A new form, filled in. */
const filled = async (fields: Record<string, string>, cookie = admin): Promise<Record<string, string>> => ({
  once: forms.onceOf((await forms.ask(`${path}/new`, cookie)).text),
  ...fields,
});

describe("an installation without customers", () => {
  it("has the form where views lead to, for who may create them, and otherwise says what does", async () => {
    const { to } = await forms.ask("/console/setup", admin);
    expect(to).toBe("/console/customers?next=%2Fconsole%2Fsetup");
    const first = await forms.ask(String(to), admin);
    expect(first.said).toContain("No customers yet.");
    expect(first.text).toContain('action="/console/customers/new?customer=0"');
    expect(first.said).not.toContain("POST /v1/customers");
    const reading = await forms.ask(path, await adminWith("read"));
    expect(reading.said).toContain("No customers yet. Create one: POST /v1/customers");
    expect(reading.text).not.toContain("/console/customers/new");
  });
});

describe("the form of a new customer", () => {
  it("makes one as the API does, chooses it, and goes on with setting up", async () => {
    const made = await forms.ask(`${path}/new`, admin, await filled({ name: "  Example  ", max_coverage_cap: "2.5" }));
    expect([made.status, made.to]).toEqual([303, "/console/setup"]);
    const [{ id } = { id: 0 }] = (await customers()).filter(({ name, cap }) => name === "Example" && cap === 2.5);
    expect(await audited(id)).toEqual([{ actor: "admin", action: "create", customer: id }]);
    const there = await forms.ask("/console/setup", sessionOf(made.headers));
    expect([there.status, there.said]).toEqual([200, expect.stringContaining(`customer ${id}`)]);
    expect(there.text).toContain("/console/setup/new");
    const list = await forms.ask(path, admin);
    expect(list.said).toContain("Example");
    expect(list.text).toContain('href="/console/customers/new"');
  });

  it("leaves the coverage factor to the API where it is empty", async () => {
    expect((await forms.ask(`${path}/new`, admin, await filled({ name: "by default", max_coverage_cap: "" }))).status).toBe(303);
    expect(await customers()).toContainEqual(expect.objectContaining({ name: "by default", cap: 1.5 }));
  });

  it("says at the field what the API says, keeps what was typed, and stores nothing", async () => {
    const before = await customers();
    const wrong = await forms.ask(`${path}/new`, admin, await filled({ name: " ", max_coverage_cap: "eleven" }));
    expect(wrong.status).toBe(400);
    for (const field of ["name", "max_coverage_cap"]) expect(wrong.text).toContain(`id="${field}-wrong"`);
    expect(wrong.text).toContain('value="eleven"');
    const much = await forms.ask(`${path}/new`, admin, await filled({ name: "<b>much</b>", max_coverage_cap: "10.5" }));
    const { body } = await forms.api.call("POST", "/v1/customers", { body: { name: "much", max_coverage_cap: 10.5 } });
    const [{ detail } = { detail: "" }] = body["errors"] as { detail: string }[];
    expect([much.status, much.said]).toEqual([400, expect.stringContaining(detail.replace("<", "&lt;"))]);
    expect(much.text).toContain('value="&lt;b&gt;much&lt;/b&gt;"');
    const taken = await forms.ask(`${path}/new`, admin, await filled({ name: "Example", max_coverage_cap: "1.5" }));
    expect([taken.status, taken.text]).toEqual([409, expect.stringContaining('id="name-wrong"')]);
    expect(taken.headers.get("set-cookie")).toBeNull();
    expect(await customers()).toEqual(before);
  });

  it("makes one of a form that is sent twice, also at once and with the session that it gave; two forms of one name are a conflict", async () => {
    const form = await filled({ name: "twice", max_coverage_cap: "1.5" });
    const [first, second] = await Promise.all([forms.ask(`${path}/new`, admin, form), forms.ask(`${path}/new`, admin, form)]);
    const third = await forms.ask(`${path}/new`, sessionOf(first.headers), form);
    expect([first.status, second.status, third.status]).toEqual([303, 303, 303]);
    const made = (await customers()).filter(({ name }) => name === "twice");
    expect(made).toHaveLength(1);
    expect(await audited(made[0]?.id ?? 0)).toHaveLength(1);
    for (const { headers } of [first, second, third])
      expect((await forms.ask("/console/setup", sessionOf(headers))).said).toContain(`customer ${made[0]?.id}`);
    expect((await forms.ask(`${path}/new`, admin, await filled({ name: "twice" }))).status).toBe(409);
  });

  it("is for admins with the scope of the API's route alone, and for forms of the console's own", async () => {
    const before = await customers();
    const { owner } = await forms.api.onboard("acme");
    const some = (await customers()).length;
    expect(some).toBe(before.length + 1);
    const form = { name: "stray", max_coverage_cap: "1.5" };
    const cases = [
      [await forms.signIn(owner), 404],
      [await adminWith("read"), 403],
      [await adminWith("read", "tokens"), 403],
    ] as const;
    for (const [cookie, status] of cases) {
      expect((await forms.ask(`${path}/new`, cookie)).status).toBe(status);
      expect((await forms.ask(`${path}/new`, cookie, form)).status).toBe(status);
    }
    expect((await forms.ask(path, cases[1][0])).text).not.toContain("/console/customers/new");
    const foreign = await forms.api.app.request(`https://tranche.test${path}/new`, {
      method: "POST",
      headers: { cookie: admin, origin: "https://evil.test", "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(form).toString(),
    });
    expect(foreign.status).toBe(403);
    const nobody = await forms.ask(`${path}/new`, "", form);
    expect(nobody.to).toBe(`/console/sign-in?over=1&next=${encodeURIComponent("/console/customers/new?name=stray&max_coverage_cap=1.5")}`);
    const again = await forms.ask("/console/customers/new?name=stray&max_coverage_cap=1.5", admin);
    expect(again.text).toContain('value="stray"');
    expect((await customers()).length).toBe(some);
  });
});
