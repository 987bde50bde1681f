import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";
import { proving } from "../../support/proofs.ts";

let api: Api;
let world: ReturnType<typeof proving>;
let acme: { id: number; editor: string; viewer: string };
let globex: { id: number; editor: string; viewer: string };

beforeAll(async () => {
  api = await startApi({ DOMAIN_VERIFICATION: "on" });
  world = proving(api);
  acme = await api.onboard("acme");
  globex = await api.onboard("globex");
});

/** acme holds the name, and globex has proven it as well. */
const disputed = async (name: string) => {
  // Tokens expire by the database's clock, which the hours that have passed here have not moved.
  api.time.nowMs = Date.now();
  const [owner, newcomer] = [await world.claim(acme.editor, name), await world.claim(globex.editor, name)];
  world.publish(owner);
  world.publish(newcomer);
  expect((await world.verify(owner)).status).toBe(200);
  expect((await world.verify(newcomer)).status).toBe(409);
  return { owner, newcomer };
};
const decide = async (id: number, decision: unknown, token?: string) =>
  await api.call("POST", `/v1/domain-disputes/${id}/decision`, { body: { decision }, ...(token !== undefined && { token }) });
const listed = async () => (await api.call("GET", "/v1/domain-disputes")).list;
const log = async (token: string, id: number) =>
  (await api.call("GET", "/v1/audit-log?object_type=domain", { token })).list
    .filter((row) => row["object_id"] === id)
    .map((row) => [row["action"], row["actor"]]);
const states = async (...claims: Parameters<typeof world.read>[0][]) =>
  await Promise.all(claims.map(async (claim) => (await world.read(claim))["state"]));

describe("disputes", () => {
  it("are for admins to see and to decide", async () => {
    const { newcomer } = await disputed("eyes.example.com");
    for (const token of [acme.editor, globex.editor]) {
      expect((await api.call("GET", "/v1/domain-disputes", { token })).status).toBe(403);
      expect((await decide(newcomer.id, "hand_over", token)).status).toBe(403);
    }
    expect([(await decide(999_999, "reject")).status, (await decide(newcomer.id, "keep")).status]).toEqual([404, 400]);
    const [page] = (await api.call("GET", "/v1/domain-disputes?limit=1")).list;
    expect(page).toMatchObject({
      id: newcomer.id,
      name: "eyes.example.com",
      newcomer: { customer_id: globex.id },
      owner: { customer_id: acme.id, lapsed_at: null },
    });
  });

  it("end with a new owner where an admin hands over: from then on usage is theirs", async () => {
    const { owner, newcomer } = await disputed("over.example.com");
    expect((await decide(owner.id, "hand_over")).status).toBe(409);
    expect((await decide(newcomer.id, "hand_over")).status).toBe(204);
    expect(await states(owner, newcomer)).toEqual(["lost", "proven"]);
    expect(await log(globex.viewer, newcomer.id)).toEqual([
      ["hand_over", "admin"],
      ["dispute", expect.stringMatching(/^token:/)],
      ["create", expect.stringMatching(/^token:/)],
    ]);
    // Who decided, and for whom, is not told to who lost it.
    expect((await log(acme.viewer, owner.id))[0]).toEqual(["unverify", "tranche"]);
    const tenures = await api.db.rows<{ customer: number; open: boolean; follows: boolean | null }>(sql`
      select customer_id as customer, to_at is null as open, from_at >= lag(to_at) over (order by id) as follows from domain_tenures where name = 'over.example.com' order by id`);
    expect(tenures).toEqual([
      { customer: acme.id, open: false, follows: null },
      { customer: globex.id, open: true, follows: true },
    ]);
    // Its old record stands still, and proves nothing.
    expect((await world.verify(owner)).status).toBe(409);
    expect(await states(owner, newcomer)).toEqual(["lost", "proven"]);
    expect((await listed()).some(({ id }) => id === newcomer.id)).toBe(false);
  });

  it("end where an admin rejects the newcomer, whose record proves nothing any more", async () => {
    const { owner, newcomer } = await disputed("no.example.com");
    expect((await decide(newcomer.id, "reject")).status).toBe(204);
    expect(await states(owner, newcomer)).toEqual(["proven", "unproven"]);
    expect((await world.read(owner))["disputed_at"]).toBeNull();
    expect((await world.verify(newcomer)).status).toBe(409);
    expect(await states(owner, newcomer)).toEqual(["proven", "unproven"]);
    expect([(await log(globex.viewer, newcomer.id))[0], (await log(acme.viewer, owner.id))[0]]).toEqual([
      ["reject_dispute", "admin"],
      ["dispute_over", "tranche"],
    ]);
  });

  it("are over in a week where the owner's record is gone and the newcomer's stands", async () => {
    const { owner, newcomer } = await disputed("gone.example.com");
    world.withdraw(owner);
    await world.pass(6 * 24);
    expect(await states(owner, newcomer)).toEqual(["held", "disputed"]);
    await world.pass(48);
    expect(await states(owner, newcomer)).toEqual(["lost", "proven"]);
    expect((await world.read(newcomer))["disputed_at"]).toBeNull();
  });

  it("are over where the newcomer's record goes, or the owner removes the domain", async () => {
    const { owner, newcomer } = await disputed("fades.example.com");
    world.withdraw(newcomer);
    await world.pass(25);
    expect(await states(owner, newcomer)).toEqual(["proven", "unproven"]);
    expect((await world.read(owner))["disputed_at"]).toBeNull();
    const other = await disputed("leaves.example.com");
    expect((await api.call("DELETE", other.owner.own, { token: acme.editor })).status).toBe(204);
    await world.pass(1);
    expect(await states(other.newcomer)).toEqual(["proven"]);
  });
});
