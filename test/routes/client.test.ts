import { beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { ApiError, createClient } from "../../src/client/client.ts";
import type { Client, Input, Result } from "../../src/client/client.ts";
import type { Domain, Service } from "../../src/client/operations.ts";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";

let api: Api;
let client: Client;
const asked: Request[] = [];

beforeAll(async () => {
  api = await startApi();
  const { editor } = await api.onboard("acme");
  const send: typeof fetch = async (input, init) => {
    const request = new Request(input as string, init as RequestInit);
    asked.push(request.clone());
    return await api.app.request(request);
  };
  client = createClient({ baseUrl: "https://tranche.test/", token: editor, fetch: send });
});

const input = { name: "web", primary_cdn: "cloudflare", backup_cdn: "fastly" };

describe("the typed client", () => {
  it("creates, reads, changes and deletes, with the types of the document", async () => {
    const service = await client.request("POST /v1/services", { body: input });
    expectTypeOf(service).toEqualTypeOf<Service>();
    expect(service).toMatchObject({ ...input, steering: "auto" });
    const path = { id: service.id };
    const domain: Domain = await client.request("POST /v1/services/{id}/domains", { path, body: { name: "app.example.com" } });
    const detail = await client.request("GET /v1/services/{id}", { path });
    expect(detail.domains).toEqual([domain]);
    const { points } = await client.request("GET /v1/services/{id}/availability", { path, query: { step: 600, path: "backup" } });
    expect(points).toHaveLength(6);
    const override = await client.request("PUT /v1/services/{id}/routing/override", { path, body: { mode: "frozen", reason: "x" } });
    expect(override.mode).toBe("frozen");
    expect(await client.request("DELETE /v1/services/{id}", { path })).toBeUndefined();
    expect(await client.request("GET /healthz")).toBe("ok");
  });

  it("walks a list page by page", async () => {
    for (const name of ["a", "b", "c", "d", "e"]) await client.request("POST /v1/services", { body: { ...input, name } });
    asked.length = 0;
    const names: string[] = [];
    for await (const service of client.each("GET /v1/services", { query: { limit: 2 } })) names.push(service.name);
    expect([names, asked.length]).toEqual([["a", "b", "c", "d", "e"], 3]);
  });

  it("sends keys and throws problems", async () => {
    const body = { ...input, name: "keyed" };
    const [first, second] = [
      await client.request("POST /v1/services", { body, idempotencyKey: "k" }),
      await client.request("POST /v1/services", { body, idempotencyKey: "k" }),
    ];
    expect(second).toEqual(first);
    const error: unknown = await client.request("POST /v1/services", { body }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      status: 409,
      message: "Conflict: a service of this name exists",
      problem: { errors: [{ pointer: "/name" }] },
    });
    const admin = createClient({
      baseUrl: "https://tranche.test",
      token: api.env.ADMIN_TOKEN,
      customerId: 1,
      fetch: (url, init) => Promise.resolve(api.app.request(url as string, init as RequestInit)),
    });
    expect(await admin.request("GET /v1/audit-log", { query: { limit: 1 } })).toHaveLength(1);
  });

  it("knows at compile time what an operation takes", () => {
    expectTypeOf<Input<"GET /v1/services/{id}">>().toHaveProperty("path");
    expectTypeOf<Result<"GET /v1/services">>().toEqualTypeOf<Service[]>();
    expectTypeOf<{ body: { name: string } }>().not.toExtend<Input<"POST /v1/services">>();
    expectTypeOf<{ path: { id: number }; body: { mode: "sideways"; reason: string } }>().not.toExtend<
      Input<"PUT /v1/services/{id}/routing/override">
    >();
  });
});
