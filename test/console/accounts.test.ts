import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config.ts";
import { buildDeps } from "../../src/deps.ts";
import { firstAdmin } from "../../self-hosted/first-admin.ts";
import { adminToken, startAccounts } from "../support/accounts-world.ts";
import type { Browser } from "../support/accounts-world.ts";

let world: Awaited<ReturnType<typeof startAccounts>>;
beforeAll(async () => {
  world = await startAccounts();
});
afterAll(async () => {
  await world.close();
});

const good = "four words nobody says";
const better = "five other words nobody says";

let named = 0;
/** An address, and a customer, of its own for each test. */
const fresh = async () => {
  named += 1;
  return { customerId: await world.customer(`customer ${named}`), address: `person${named}@example.test` };
};

const signIn = (browser: Browser, address: string, password: string): Promise<Response> =>
  browser.post("/console/sign-in", { address, password, next: "/console" });

const isIn = async (browser: Browser): Promise<boolean> => (await browser.get("/console/account")).status === 200;

const secretOf = (link: string): string => link.split("=")[1] ?? "";

const audit = async (address: string): Promise<string[]> =>
  (
    await world.database.sql<{ action: string }>(
      "select action from audit_log where object_type = 'account' and object_id in (select id from accounts where address = $1) order by id",
      [address],
    )
  ).map(({ action }) => action);

describe("the first admin", () => {
  // docs/accounts.md has these steps.
  test("whose password is lost is replaced by who has the admin token, and mail", async () => {
    const alone = await startAccounts();
    try {
      await firstAdmin(alone.deps, "lost@example.test");
      const [withToken, anew] = [alone.browser(), alone.browser()];
      await withToken.post("/console/sign-in", { token: adminToken, next: "/console" });
      expect((await withToken.post("/console/people/1/deactivate", {})).status, "the last one stays").toBe(409);
      expect((await withToken.post("/console/people/invite", { address: "found@example.test", role: "admin" })).status).toBe(303);
      const link = await alone.linkTo("found@example.test");
      expect((await anew.post("/console/invitation", { link: secretOf(link), password: good })).status).toBe(303);
      expect((await anew.post("/console/people/1/deactivate", {})).status).toBe(303);
      const people = (await alone.call("GET", "/v1/accounts")).body as { address: string; deactivated_at: string | null }[];
      expect(people.map(({ address, deactivated_at: at }) => [address, at === null])).toEqual([
        ["lost@example.test", false],
        ["found@example.test", true],
      ]);
      expect(await firstAdmin(alone.deps, "third@example.test")).toBeNull();
    } finally {
      await alone.close();
    }
  });

  test("is made once, is shown its password once, and does everything", async () => {
    const alone = await startAccounts();
    try {
      expect((await alone.browser().get("/console/sign-in")).status, "without an account nothing else is refused").toBe(200);
      const made = await Promise.all([firstAdmin(alone.deps, " Ada@Example.test "), firstAdmin(alone.deps, "eve@example.test")]);
      const [first, ...more] = made.filter((one) => one !== null);
      expect(more).toEqual([]);
      const ada = alone.browser();
      expect((await signIn(ada, first?.address ?? "", first?.password ?? "")).status).toBe(303);
      const start = await ada.get((await ada.get("/console/tokens")).headers.get("location") ?? "");
      const [choice, own] = [await start.text(), await (await ada.get("/console/account")).text()];
      for (const text of [choice, own]) expect(text, "leads to the operator's people").toContain('href="/console/people?of=operator"');
      const once = /name="once" value="([\w-]+)"/.exec(choice)?.[1] ?? "";
      const created = await ada.post("/console/customers/new", { name: "the first one", once });
      expect([created.status, created.headers.get("location")]).toEqual([303, "/console/setup"]);
      expect(await (await ada.get("/console/setup")).text()).toContain("customer 1");
      const log = await alone.database.sql("select actor, action from audit_log where object_type = 'customer'");
      expect(log).toEqual([{ actor: first?.address, action: "create" }]);
      const page = await (await ada.get("/console/people")).text();
      expect(page).toContain(first?.address ?? "none");
      await expect(firstAdmin(alone.deps, "not an address")).rejects.toThrow(/mail address/);
      const [{ hash } = { hash: "" }] = await alone.database.sql<{ hash: string }>("select password_hash as hash from accounts");
      expect(hash).toMatch(/^\$scrypt\$ln=4,r=8,p=1\$/);
      const last = await alone.call("DELETE", "/v1/accounts/1");
      expect([last.status, last.body?.detail]).toEqual([409, expect.stringContaining("last account of the operator")]);
    } finally {
      await alone.close();
    }
  });
});

describe("an invitation", () => {
  test("leads by mail to an account with its role, once, and looking at it uses nothing up", async () => {
    const { customerId, address } = await fresh();
    const invited = await world.call("POST", "/v1/invitations", {
      customer: customerId,
      body: { address: address.toUpperCase(), role: "editor" },
    });
    expect(invited).toMatchObject({ status: 201, body: { address, role: "editor", customer_id: customerId } });
    expect(JSON.stringify(invited.body)).not.toContain("hash");
    const link = await world.linkTo(address);
    const browser = world.browser();
    for (const _ of [1, 2]) expect(await (await browser.get(link)).text()).toContain("with the role editor");
    const [row] = await world.database.sql<{ hash: string; hours: number }>(
      "select link_hash as hash, round(extract(epoch from expires_at - created_at) / 3600)::int as hours from account_links where address = $1",
      [address],
    );
    expect(row?.hours).toBe(72);
    expect(row?.hash).not.toBe(secretOf(link));
    const weak = await browser.post("/console/invitation", { link: secretOf(link), password: "password1234" });
    expect([weak.status, await weak.text()]).toEqual([400, expect.stringContaining("tried first")]);
    expect((await browser.post("/console/invitation", { link: secretOf(link), password: good })).headers.get("location")).toBe("/console");
    expect(await isIn(browser)).toBe(true);
    const again = await world.browser().post("/console/invitation", { link: secretOf(link), password: better });
    expect(again.status).toBe(410);
    expect(await audit(address)).toEqual(["create", "sign_in"]);
    const log = await world.database.sql("select actor from audit_log where actor = $1", [address]);
    expect(log.length, "the audit log calls people by their addresses").toBeGreaterThan(0);
    const list = await world.call("GET", "/v1/invitations", { customer: customerId });
    expect(list.body).toEqual([]);
  });

  test("accepted twice at once makes one account, with one of the two passwords", async () => {
    const { customerId, address } = await fresh();
    await world.call("POST", "/v1/invitations", { customer: customerId, body: { address, role: "viewer" } });
    const link = secretOf(await world.linkTo(address));
    const answers = await Promise.all([good, better].map((password) => world.browser().post("/console/invitation", { link, password })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 410]);
    const accounts = await world.database.sql("select id from accounts where address = $1", [address]);
    expect(accounts).toHaveLength(1);
    const works = await Promise.all([good, better].map(async (password) => (await signIn(world.browser(), address, password)).status));
    expect(works.toSorted((a, b) => a - b)).toEqual([303, 401]);
  });

  test("of another customer does not tell that there is an account; whoever opens the link is told", async () => {
    const { customerId, address } = await fresh();
    const other = await fresh();
    await world.member(customerId, address, "viewer", good);
    const foreign = await world.call("POST", "/v1/invitations", { customer: other.customerId, body: { address, role: "owner" } });
    expect(foreign.status).toBe(201);
    const answer = await world.browser().post("/console/invitation", { link: secretOf(await world.linkTo(address)), password: better });
    expect([answer.status, await answer.text()]).toEqual([409, expect.stringContaining("has an account here already")]);
    const same = await world.call("POST", "/v1/invitations", { customer: customerId, body: { address, role: "owner" } });
    expect(same).toMatchObject({ status: 409, body: { errors: [{ pointer: "/address" }] } });
  });

  test("is replaced by a later one, ends when it is withdrawn, and after 72 hours", async () => {
    const { customerId, address } = await fresh();
    const send = async () => {
      const { body } = await world.call("POST", "/v1/invitations", { customer: customerId, body: { address, role: "viewer" } });
      return { id: body.id as number, link: await world.linkTo(address) };
    };
    const first = await send();
    const second = await send();
    const open = async (link: string) => (await world.browser().get(link)).status;
    expect([await open(first.link), await open(second.link)]).toEqual([410, 200]);
    const path = `/v1/invitations/${second.id}`;
    expect((await world.call("DELETE", path, { customer: (await fresh()).customerId })).status).toBe(404);
    expect((await world.call("DELETE", path, { customer: customerId })).status).toBe(204);
    expect(await open(second.link)).toBe(410);
    const third = await send();
    await world.database.sql("update account_links set expires_at = now() where id = $1", [third.id]);
    expect(await open(third.link)).toBe(410);
    expect((await world.browser().post("/console/invitation", { link: secretOf(third.link), password: good })).status).toBe(410);
  });

  test("hands on no right that who invites has not", async () => {
    const { customerId, address } = await fresh();
    const token = async (role: string) =>
      (await world.call("POST", `/v1/customers/${customerId}/tokens`, { body: { name: role, role } })).body.token as string;
    const by = (credential: string, role: string) => world.call("POST", "/v1/invitations", { token: credential, body: { address, role } });
    expect((await by(await token("editor"), "viewer")).status).toBe(403);
    expect((await by(await token("owner"), "admin")).status).toBe(400);
    const some = await world.call("POST", "/v1/admin-tokens", { body: { name: `some-${named}`, scopes: ["read", "tokens"] } });
    expect((await by(some.body.token, "admin")).body.detail).toMatch(/every scope/);
    expect((await world.call("POST", "/v1/invitations", { body: { address, role: "viewer" } })).status, "of no customer").toBe(400);
    expect((await world.call("POST", "/v1/invitations", { body: { address: "x\r\nBcc: y@z", role: "admin" } })).status).toBe(400);
  });

  test("that the mail server does not take invites nobody", async () => {
    const { customerId, address } = await fresh();
    const deaf = await startAccounts({ SMTP_URL: "smtp+insecure://127.0.0.1:9" });
    try {
      const id = await deaf.customer("acme");
      const answer = await deaf.call("POST", "/v1/invitations", { customer: id, body: { address, role: "viewer" } });
      expect(answer.status).toBe(503);
      expect((await deaf.call("GET", "/v1/invitations", { customer: id })).body).toEqual([]);
    } finally {
      await deaf.close();
    }
    expect(customerId).toBeGreaterThan(0);
  });
});

describe("signing in", () => {
  test("gives a wrong password and an unknown address the same answer, after the same work", async () => {
    const { customerId, address } = await fresh();
    await world.member(customerId, address, "viewer", good);
    const attempt = async (who: string) => {
      world.counted.verified.length = 0;
      const answer = await signIn(world.browser(`192.0.2.${named}`), who, "not the password at all");
      const text = (await answer.text()).replaceAll(who, "WHO");
      return { status: answer.status, text, verified: world.counted.verified.length };
    };
    const [known, unknown] = [await attempt(address), await attempt("nobody@example.test")];
    expect(known).toEqual(unknown);
    expect(known).toMatchObject({ status: 401, verified: 1 });
    expect(known.text).toContain("the mail address or the password is wrong");
  });

  test("is refused after ten failures from one client; others, and the right link, still get in", async () => {
    const { customerId, address } = await fresh();
    await world.member(customerId, address, "viewer", good);
    const guess = (client: string, password: string) => signIn(world.browser(client), address, password);
    for (let nth = 0; nth < 10; nth += 1) expect((await guess("203.0.113.7", `guess number ${nth}`)).status).toBe(401);
    const refused = await guess("203.0.113.7", good);
    expect(refused.status, "the right one neither").toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(800);
    expect((await guess("203.0.113.8", good)).status).toBe(303);
    // From everywhere at once: the owner gets in by a link.
    await world.database.sql("update account_attempts set count = 1000");
    expect((await guess("203.0.113.9", good)).status).toBe(429);
    await world.database.sql("delete from account_attempts where count < 1000");
    await world.browser("203.0.113.10").post("/console/forgot", { address });
    const owner = world.browser("203.0.113.10");
    expect((await owner.post("/console/reset", { link: secretOf(await world.linkTo(address)), password: better })).status).toBe(303);
    expect(await isIn(owner)).toBe(true);
    await world.database.sql("update account_attempts set window_start = now() - interval '16 minutes'");
    expect((await guess("203.0.113.7", better)).status).toBe(303);
  });

  test("that succeeds counts nothing: a whole office behind one address signs in", async () => {
    const { customerId, address } = await fresh();
    await world.member(customerId, address, "viewer", good);
    for (let nth = 0; nth < 60; nth += 1) expect((await signIn(world.browser("203.0.113.77"), address, good)).status).toBe(303);
    const [row] = await world.database.sql<{ n: string }>(
      "select count(*) as n from account_sessions where account_id = (select id from accounts where address = $1)",
      [address],
    );
    expect(Number(row?.n), "the oldest make room").toBe(20);
  });

  test("by a token goes on as before, and the address comes back on the page as text", async () => {
    const browser = world.browser();
    expect((await browser.post("/console/sign-in", { token: adminToken, next: "/console/status" })).headers.get("location")).toBe(
      "/console/status",
    );
    const refused = await signIn(world.browser(), `"><b>x</b>`, "whatever it may be");
    expect(refused.status).toBe(401);
    expect(await refused.text()).not.toContain("<b>x</b>");
    expect(refused.headers.get("content-security-policy")).toContain("default-src 'none'");
    const foreign = await world.app.request("https://tranche.example.test/console/sign-in", {
      method: "POST",
      headers: { origin: "https://elsewhere.example", "content-type": "application/x-www-form-urlencoded", "x-real-ip": "192.0.2.9" },
      body: "address=a%40b.c&password=x",
    });
    expect(foreign.status).toBe(403);
  });

  test("hashes by the present rule what was hashed by another", async () => {
    const { customerId, address } = await fresh();
    await world.member(customerId, address, "viewer", good);
    const { createPasswords } = await import("../../self-hosted/passwords.ts");
    const old = await createPasswords({ cost: { ln: 3, r: 8, p: 1 } }).hash(good);
    await world.database.sql("update accounts set password_hash = $1 where address = $2", [old, address]);
    const browser = world.browser();
    expect((await signIn(browser, address, good)).status).toBe(303);
    expect(await isIn(browser)).toBe(true);
    const [row] = await world.database.sql<{ hash: string }>("select password_hash as hash from accounts where address = $1", [address]);
    expect(row?.hash).toContain("$ln=4,");
  });
});

describe("a reset", () => {
  test("is asked for with the same answer whoever it is, is used once, and ends every session", async () => {
    const { customerId, address } = await fresh();
    const before = await world.member(customerId, address, "viewer", good);
    const ask = async (who: string) => {
      const answer = await world.browser("192.0.2.200").post("/console/forgot", { address: who });
      return { status: answer.status, text: await answer.text() };
    };
    const mails = world.mail.mails.length;
    expect(await ask(address)).toEqual(await ask("nobody@example.test"));
    const link = secretOf(await world.linkTo(address));
    expect(world.mail.mails.length).toBe(mails + 1);
    expect(await isIn(before)).toBe(true);
    const browser = world.browser();
    expect((await browser.get(`/console/reset?link=${link}`)).status).toBe(200);
    expect((await browser.get(`/console/invitation?link=${link}`)).status, "it is no invitation").toBe(410);
    expect((await browser.post("/console/invitation", { link, password: better })).status).toBe(410);
    const twice = await Promise.all([1, 2].map(() => world.browser().post("/console/reset", { link, password: better })));
    expect(twice.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 410]);
    expect(await isIn(before)).toBe(false);
    expect((await signIn(world.browser(), address, good)).status).toBe(401);
    expect((await signIn(world.browser(), address, better)).status).toBe(303);
    expect(await audit(address)).toContain("reset_password");
  });

  test("is sent three times an hour at most, and ends after an hour", async () => {
    const { customerId, address } = await fresh();
    await world.member(customerId, address, "viewer", good);
    const ask = () => world.browser(`198.51.100.${named}`).post("/console/forgot", { address });
    for (const _ of [1, 2, 3]) expect((await ask()).status).toBe(200);
    expect((await ask()).status).toBe(429);
    const link = await world.linkTo(address);
    const [row] = await world.database.sql<{ minutes: number }>(
      "select round(extract(epoch from expires_at - created_at) / 60)::int as minutes from account_links where kind = 'reset' order by id desc limit 1",
    );
    expect(row?.minutes).toBe(60);
    await world.database.sql("update account_links set expires_at = now() where kind = 'reset'");
    expect((await world.browser().get(link)).status).toBe(410);
  });

  test("that races with a sign-in leaves no session of the old password", async () => {
    const { customerId, address } = await fresh();
    await world.member(customerId, address, "viewer", good);
    for (let nth = 0; nth < 5; nth += 1) {
      await world.database.sql("delete from account_attempts");
      const [from, to] = nth % 2 === 0 ? [good, better] : [better, good];
      await world.browser(`198.51.100.${100 + nth}`).post("/console/forgot", { address });
      const link = secretOf(await world.linkTo(address));
      const old = Array.from({ length: 6 }, () => world.browser());
      const [reset] = await Promise.all([
        world.browser().post("/console/reset", { link, password: to }),
        ...old.map((browser) => signIn(browser, address, from)),
      ]);
      expect(reset?.status).toBe(303);
      for (const browser of old) expect(await isIn(browser)).toBe(false);
    }
  });
});

describe("sessions", () => {
  test("are listed, and end at once, one by one and all together, while they are in use", async () => {
    const { customerId, address } = await fresh();
    const here = await world.member(customerId, address, "viewer", good);
    const there = world.browser("203.0.113.50");
    await signIn(there, address, good);
    const page = await (await here.get("/console/account")).text();
    expect(page).toContain("Browser of 203.0.113.50");
    expect(page).toContain("this browser");
    const path = /action="(\/console\/account\/sessions\/\d+\/end)/.exec(page)?.[1] ?? "";
    const stranger = await world.member((await fresh()).customerId, `stranger${named}@example.test`, "owner", good);
    expect((await stranger.post(path, {})).status, "of somebody else").toBe(404);
    expect(await isIn(there)).toBe(true);
    expect((await here.post(path, {})).status).toBe(303);
    expect(await isIn(there)).toBe(false);
    expect((await there.get("/console")).headers.get("location")).toMatch(/^\/console\/sign-in/);
    await signIn(there, address, good);
    expect((await here.post("/console/account/sessions/end", {})).status).toBe(303);
    expect([await isIn(here), await isIn(there)]).toEqual([false, false]);
    await signIn(here, address, good);
    const kept = world.browser();
    await signIn(kept, address, good);
    await here.post("/console/sign-out", {});
    const [row] = await world.database.sql<{ n: string }>(
      "select count(*) as n from account_sessions where account_id = (select id from accounts where address = $1)",
      [address],
    );
    expect(Number(row?.n), "signed out here, the row is gone as well").toBe(1);
    expect(await isIn(kept)).toBe(true);
  });

  test("of a change of password all end but the one that made it", async () => {
    const { customerId, address } = await fresh();
    const here = await world.member(customerId, address, "viewer", good);
    const there = world.browser();
    await signIn(there, address, good);
    const change = (present: string, password: string) => here.post("/console/account/password", { present, password });
    const wrong = await change("not the present one", better);
    expect([wrong.status, await wrong.text()]).toEqual([400, expect.stringContaining("is not your present password")]);
    expect((await change(good, address)).status).toBe(400);
    expect((await change(good, good)).status).toBe(400);
    expect((await change(good, better)).status).toBe(303);
    expect([await isIn(here), await isIn(there)]).toEqual([true, false]);
    expect((await signIn(there, address, better)).status).toBe(303);
  });

  test("of an account that is deactivated end at once, and its address can be invited anew", async () => {
    const { customerId, address } = await fresh();
    const owner = await world.member(customerId, `owner${named}@example.test`, "owner", good);
    const person = await world.member(customerId, address, "editor", good);
    await person.post("/console/forgot", { address });
    const link = await world.linkTo(address);
    expect(await (await person.get("/console/account")).text(), "an editor rules over nobody").not.toContain("/console/people");
    const people = await (await owner.get("/console/people")).text();
    expect(people).toContain(address);
    const id = (await world.call("GET", "/v1/accounts", { customer: customerId })).body.find(
      (one: { address: string }) => one.address === address,
    ).id;
    expect((await person.post(`/console/people/${id}/deactivate`, {})).status, "an editor rules over nobody").toBe(403);
    expect((await owner.post(`/console/people/${id}/deactivate`, {})).status).toBe(303);
    expect(await isIn(person)).toBe(false);
    expect((await signIn(person, address, good)).status).toBe(401);
    expect((await person.get(link)).status).toBe(410);
    const anew = await world.member(customerId, address, "viewer", better);
    expect(await isIn(anew)).toBe(true);
  });
});

test("an account that is deactivated leaves no invitation behind by which it comes back", async () => {
  const { customerId, address } = await fresh();
  const leaving = await world.member(customerId, `leaving${named}@example.test`, "owner", good);
  const other = await world.member(customerId, `other${named}@example.test`, "owner", good);
  expect((await leaving.post("/console/people/invite", { address, role: "owner" })).status).toBe(303);
  expect((await other.post("/console/people/invite", { address: `kept${address}`, role: "viewer" })).status).toBe(303);
  const [link, kept] = [await world.linkTo(address), await world.linkTo(`kept${address}`)];
  const { id } = (await world.call("GET", "/v1/accounts", { customer: customerId })).body.find((one: { address: string }) =>
    one.address.startsWith("leaving"),
  );
  expect((await world.call("DELETE", `/v1/accounts/${id}`, { customer: customerId })).status).toBe(204);
  const browser = world.browser();
  expect([(await browser.get(link)).status, (await browser.get(kept)).status]).toEqual([410, 200]);
  expect((await browser.post("/console/invitation", { link: secretOf(link), password: good })).status).toBe(410);
  const told = await world.database.sql<{ action: string; address: string }>(
    "select action, before ->> 'address' as address from audit_log where object_type = 'account_invitation' and customer_id = $1 and action = 'withdraw'",
    [customerId],
  );
  expect(told).toEqual([{ action: "withdraw", address }]);
});

test("an account that is deactivated while it invites somebody leaves no invitation behind either", async () => {
  const { customerId, address } = await fresh();
  const actor = `late${named}@example.test`;
  const id = async (): Promise<number> =>
    (await world.call("GET", "/v1/accounts", { customer: customerId })).body.findLast((one: { address: string }) => one.address === actor)
      .id;
  for (let time = 0; time < 10; time += 1) {
    const leaving = await world.member(customerId, actor, "owner", good);
    const leavingId = await id();
    const invited = `${time}${address}`;
    await Promise.all([
      leaving.post("/console/people/invite", { address: invited, role: "owner" }),
      world.call("DELETE", `/v1/accounts/${leavingId}`, { customer: customerId }),
    ]);
    const open = await world.database.sql("select from account_links where address = $1 and ended_at is null", [invited]);
    expect(open, String(time)).toEqual([]);
  }
  // The request was let in before, and its statement comes after.
  const change = { actor, requestId: "late", idempotency: null };
  const invitation = { customerId, address, role: "owner", hash: "0".repeat(64), validMs: 60_000 } as const;
  expect(await world.deps.accounts?.invite(invitation, change)).toBeNull();
  expect(await world.deps.accounts?.invite(invitation, { ...change, actor: "token:1" })).toMatchObject({ address });
});

describe("customers", () => {
  test("see and rule over their own people alone, by the API and by the console", async () => {
    const a = await fresh();
    const b = await fresh();
    const owner = await world.member(a.customerId, a.address, "owner", good);
    await world.member(b.customerId, b.address, "viewer", good);
    const theirs = (await world.call("GET", "/v1/accounts", { customer: b.customerId })).body[0].id as number;
    const { token } = (await world.call("POST", `/v1/customers/${a.customerId}/tokens`, { body: { name: "own", role: "owner" } })).body;
    const [mine] = (await world.call("GET", "/v1/accounts", { token })).body;
    expect(mine).toMatchObject({ address: a.address, customer_id: a.customerId });
    for (const [method, path] of [
      ["GET", `/v1/accounts/${theirs}`],
      ["DELETE", `/v1/accounts/${theirs}`],
      ["GET", `/v1/accounts/${theirs}/sessions`],
      ["DELETE", `/v1/accounts/${theirs}/sessions`],
    ] as const) {
      expect((await world.call(method, path, { token })).status, `${method} ${path}`).toBe(404);
      expect((await world.call(method, path)).status, `${method} ${path}: the operator's are others`).toBe(404);
    }
    expect((await world.call("GET", "/v1/accounts", { token, customer: b.customerId })).status).toBe(403);
    expect((await owner.post(`/console/people/${theirs}/deactivate?of=operator`, {})).status).toBe(404);
    expect((await owner.post(`/console/people/${theirs}/sign-out`, {})).status).toBe(404);
    expect(await (await owner.get("/console/people?of=operator")).text()).not.toContain("operator@");
    expect((await owner.get("/console/customers")).status).toBe(404);
    expect((await world.call("GET", `/v1/accounts/${mine.id}/sessions`, { token })).body).toHaveLength(1);
    expect((await world.call("DELETE", `/v1/accounts/${mine.id}/sessions`, { token })).status).toBe(204);
    expect(await isIn(owner)).toBe(false);
  });

  test("invite by the console, and what is wrong is said at the field", async () => {
    const { customerId, address } = await fresh();
    const owner = await world.member(customerId, `boss${named}@example.test`, "owner", good);
    const wrong = await owner.post("/console/people/invite", { address: "nobody", role: "viewer" });
    expect([wrong.status, await wrong.text()]).toEqual([400, expect.stringContaining("must be a mail address")]);
    expect((await owner.post("/console/people/invite", { address, role: "viewer" })).status).toBe(303);
    expect(await world.linkTo(address)).toMatch(/^\/console\/invitation/);
    expect(await (await owner.get("/console/account")).text()).toContain('href="/console/people"');
    const page = await (await owner.get("/console/people")).text();
    const path = /action="(\/console\/people\/invitations\/\d+\/withdraw)/.exec(page)?.[1] ?? "";
    expect((await owner.post(path, {})).status).toBe(303);
    expect((await owner.post(path, {})).status).toBe(404);
  });
});

test("a runtime that cannot hash passwords refuses to start with accounts on", () => {
  const env = { DATABASE_URL: "postgresql://u:p@127.0.0.1:9/none", PROVIDER: "local", SECRETS_KEY: randomBytes(32).toString("base64") };
  expect(() => buildDeps(parseConfig({ ...env, SELF_URL: "https://x.example", LOCAL_ACCOUNTS: "on" }))).toThrow(/LOCAL_ACCOUNTS is on/);
  expect(() => parseConfig({ ...env, LOCAL_ACCOUNTS: "on" })).toThrow(/SELF_URL is required with LOCAL_ACCOUNTS/);
  expect(() => parseConfig({ ...env, LOCAL_ACCOUNTS: "yes" })).toThrow(/LOCAL_ACCOUNTS must be on or off/);
  expect(buildDeps(parseConfig(env)).accounts).toBeNull();
});

test("no password, and no link, is in the log", () => {
  const log = world.lines.join("\n");
  for (const secret of [good, better, "not the password at all"]) expect(log).not.toContain(secret);
  expect(log).not.toMatch(/link=/);
});
