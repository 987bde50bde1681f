import { beforeAll, describe, expect, it } from "vitest";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
let acme: { id: number; editor: string };
let globex: { id: number; editor: string };
const path = "/v1/zone-grants";

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
  globex = await api.onboard("globex");
});

describe("zone grants", () => {
  it("are made, listed, taken back and audited by admins alone", async () => {
    const body = { zone_id: "Z0123456789ABC", customer_id: acme.id };
    for (const method of ["GET", "POST"])
      expect((await api.call(method, path, { token: acme.editor, ...(method === "POST" && { body }) })).status).toBe(403);
    const grant = await api.created(path, body);
    expect(grant).toMatchObject({ ...body, id: expect.any(Number) });
    expect((await api.call("POST", path, { body })).status).toBe(409);
    const second = await api.created(path, { ...body, customer_id: globex.id });
    expect((await api.call("GET", path)).list.map(({ id }) => id)).toEqual([grant.id, second.id]);
    expect((await api.call("DELETE", `${path}/${grant.id}`, { token: acme.editor })).status).toBe(403);
    expect([(await api.call("DELETE", `${path}/${grant.id}`)).status, (await api.call("DELETE", `${path}/${grant.id}`)).status]).toEqual([
      204, 404,
    ]);
    const log = (await api.call("GET", "/v1/audit-log?object_type=zone_grant", { customer: acme.id })).list;
    expect(log.map((row) => row["action"])).toEqual(["delete", "create"]);
  });

  it("name a zone by its bare id, and a customer that there is", async () => {
    const refused = async (body: unknown) => pointers(await api.call("POST", path, { body }));
    expect(await refused({ zone_id: "/hostedzone/Z1", customer_id: acme.id })).toEqual(["/zone_id"]);
    expect(await refused({ zone_id: "Z1", customer_id: 999_999 })).toEqual(["/customer_id"]);
    expect(await refused({ zone_id: "Z1", customer_id: 0 })).toEqual(["/customer_id"]);
  });

  it("are in force for the application that made them within half a minute", async () => {
    await api.created(path, { zone_id: "ZBOUND", customer_id: acme.id });
    await api.deps.zoneBindings.refresh();
    expect([api.deps.zoneBindings.refusalOf(acme.id, "ZBOUND"), api.deps.zoneBindings.refusalOf(globex.id, "ZBOUND")]).toEqual([
      null,
      { detail: expect.stringContaining("serves other customers"), passing: false },
    ]);
    expect([api.deps.zoneBindings.refusalOf(globex.id, "ZOPEN"), api.deps.zoneBindings.isBound("ZBOUND")]).toEqual([null, true]);
  });
});
