import { beforeAll, describe, expect, it } from "vitest";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let globex: Awaited<ReturnType<Api["onboard"]>>;
/** Of the request that renamed the service. */
let requestId: string | null;

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
  globex = await api.onboard("globex");
  const { id } = await api.service(acme.editor, "one");
  const renamed = await api.call("PATCH", `/v1/services/${id}`, {
    token: acme.editor,
    body: { name: "two" },
    headers: { "x-request-id": "r-2" },
  });
  requestId = renamed.headers.get("x-request-id");
  await api.service(globex.editor, "theirs");
});

const read = (query: string, token = acme.viewer) => api.call("GET", `/v1/audit-log${query}`, { token });
const short = (list: { [field: string]: unknown }[]) => list.map((entry) => `${String(entry["action"])} ${String(entry["object_type"])}`);

describe("the audit log", () => {
  it("tells a tenant what changed, newest first, and nobody else's", async () => {
    const { status, list, text } = await read("");
    expect([status, short(list)]).toEqual([
      200,
      ["update service", "create service", "create token", "create token", "create token", "create customer"],
    ]);
    expect(list[0]).toMatchObject({ request_id: requestId, before: { name: "one" }, after: { name: "two" } });
    expect(list[0]?.["at"]).toMatch(/^\d{4}-.*Z$/);
    expect(text).not.toMatch(/theirs|token_hash|trn_/);
    const admin = await api.call("GET", "/v1/audit-log?object_type=service", { customer: globex.id });
    expect(admin.list).toMatchObject([{ after: { name: "theirs" } }]);
    expect((await api.call("GET", "/v1/audit-log")).status).toBe(400);
  });

  it("is filtered, and paged with its filters", async () => {
    expect(short((await read("?action=create&object_type=service")).list)).toEqual(["create service"]);
    expect((await read("?action=explode")).list).toEqual([]);
    const first = await read("?action=create&limit=3");
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
    const second = await api.call("GET", next, { token: acme.viewer });
    expect(short([...first.list, ...second.list])).toEqual([
      "create service",
      "create token",
      "create token",
      "create token",
      "create customer",
    ]);
    expect(second.headers.get("link")).toBeNull();
  });

  it.each(["action=", "action=A", "object_type=a%20b", `action=${"a".repeat(41)}`, "actor=admin"])("refuses ?%s", async (query) => {
    const answer = await read(`?${query}`);
    expect([answer.status, pointers(answer)]).toEqual([400, [query.split("=")[0]]]);
  });
});
