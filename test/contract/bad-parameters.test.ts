import { beforeAll, describe, expect, it } from "vitest";
import { pointers, startApi } from "../support/api.ts";
import type { Answer, Api } from "../support/api.ts";
import type { Operation, Parameter } from "../support/openapi.ts";
import { sampleBody, typesOf } from "../support/samples.ts";
import { staticContract } from "../support/static-contract.ts";
import { pathWith, seedTenant, tableStates } from "../support/tenant.ts";
import type { Tenant } from "../support/tenant.ts";

const operations = (await staticContract()).operations.filter(({ scope }) => scope === "tenant" || scope === "admin");

let api: Api;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApi();
  tenant = await seedTenant(api, "parameters");
});

const send = async (operation: Operation, path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  await api.call(operation.method, path, {
    token: operation.scope === "tenant" ? tenant.owner : api.env.ADMIN_TOKEN,
    headers,
    ...(operation.body !== null && { body: sampleBody(operation) }),
  });

type Refused = { name: string; path: string; headers?: Record<string, string>; status?: number; pointer: string | null };

/** Sends every case. @returns what was not refused as it should have been, and what was stored */
const refusals = async (operation: Operation, cases: readonly Refused[]): Promise<string[]> => {
  const before = await tableStates(api);
  const complaints: string[] = [];
  for (const { name, path, headers, status = 400, pointer } of cases) {
    const answer = await send(operation, path, headers);
    const isRefused = answer.status === status && answer.headers.get("content-type") === "application/problem+json";
    const isPointed = pointer === null || pointers(answer).includes(pointer);
    if (!isRefused || !isPointed) complaints.push(`${name}: ${answer.status} ${answer.text.slice(0, 300)}`);
  }
  const after = await tableStates(api);
  return [...complaints, ...Object.keys(after).filter((table) => after[table] !== before[table])];
};

const badIds = [
  "0",
  "-1",
  "9223372036854775808",
  "9007199254740992",
  "1e3",
  "%00",
  "abc",
  "1.5",
  "01",
  "%2B1",
  "1%20",
  "%201",
  "1%00",
  "%F0",
  "%",
  "0x1",
  "Infinity",
  "NaN",
  "null",
  "1,2",
  "1;2",
  "%E0%A5%A7",
  "1".repeat(400),
  "1'%20or%20'1'='1",
];

const pathIds = (operation: Operation): string[] =>
  operation.parameters.filter(({ in: place, schema }) => place === "path" && typesOf(schema).includes("integer")).map(({ name }) => name);

const outside = (schema: Parameter["schema"]): string[] => {
  const types = typesOf(schema);
  if (types.includes("integer")) {
    const bounds = [(schema.minimum ?? 1) - 1, (schema.maximum ?? 2 ** 53) + 1].map(String);
    return [...bounds, "-1", "1e3", "1.5", "abc", "", "%00", "9223372036854775808", "%2B1", "0x1", "%20"];
  }
  if (types.includes("boolean")) return ["maybe", "1", "TRUE", "", "%00"];
  if (schema.enum !== undefined) return ["no-such-value", "", "%00"];
  if (schema.format === "date-time") {
    return [
      "yesterday",
      "",
      "%00",
      "2026-11-21",
      "2026-13-01T00:00:00Z",
      "2026-02-30T00:00:00Z",
      "2026-11-21T00:00:00%2B01:00",
      "0",
      "1e15",
      "-271822-01-01T00:00:00Z",
      "%2B275760-09-14T00:00:00Z",
      "2026-11-21T25:00:00Z",
    ];
  }
  return ["%00", "%07", "!!!!", "", "a".repeat(10_000), "%F0"];
};

/** A name that others have given may be almost any text. */
const namesOfOthers = ["actor"];

const queryOf = (operation: Operation): Parameter[] => operation.parameters.filter((parameter) => parameter.in === "query");

/** Another customer's id is a question of rights, not of form: 403, whatever is written there. */
const queryCases = (operation: Operation, path: string): Refused[] =>
  queryOf(operation).flatMap(({ name, schema }): Refused[] => {
    const ofRights = name === "customer_id";
    const refused = (value: string): Refused => ({
      name: `${name}=${value.slice(0, 40)}`,
      path: `${path}?${name}=${value}`,
      ...(ofRights ? { status: 403, pointer: null } : { pointer: name }),
    });
    const twice = `${path}?${name}=1&${name}=2`;
    return [
      ...outside(schema)
        .filter((value) => !namesOfOthers.includes(name) || (value !== "!!!!" && value !== "%F0"))
        .map(refused),
      { name: `${name} twice`, path: twice, ...(ofRights ? { status: 403, pointer: null } : { pointer: name }) },
    ];
  });

const unknownQuery = (path: string): Refused[] =>
  ["no_such=1", "no_such", "ID=1", "__proto__=1", "limit%00=1", "limit[]=1", "%F0=1"].map((query) => {
    const name = new URLSearchParams(query).keys().next().value ?? "";
    return { name: `?${query}`, path: `${path}?${query}`, pointer: /[%�]/.test(query + name) ? null : name };
  });

const badKeys = ["", "a b", "a".repeat(256), "\u00e9", "a\u007f"];

describe.each(operations)("$title", (operation) => {
  it.each(pathIds(operation))("refuses a malformed %s", async (parameter) => {
    const good = pathWith(operation, tenant.ids);
    const at = operation.path.split("/").indexOf(`{${parameter}}`);
    const cases = badIds.map((bad): Refused => {
      const path = good
        .split("/")
        .map((segment, index) => (index === at ? bad : segment))
        .join("/");
      return { name: `${parameter} ${bad.slice(0, 40)}`, path, pointer: parameter };
    });
    expect(await refusals(operation, cases)).toEqual([]);
  });

  it("refuses malformed and unknown query parameters", async () => {
    const path = pathWith(operation, tenant.ids);
    expect(await refusals(operation, [...queryCases(operation, path), ...unknownQuery(path)])).toEqual([]);
  });
});

describe.each(operations.filter(({ scope }) => scope === "tenant"))("$title", (operation) => {
  it("refuses a malformed X-Customer-ID", async () => {
    const path = pathWith(operation, tenant.ids);
    const cases = ["", "0", "-1", "abc", "1e3", "9223372036854775808", "1, 2"].map((value): Refused => ({
      name: `X-Customer-ID ${value}`,
      path,
      headers: { "x-customer-id": value },
      status: 403,
      pointer: null,
    }));
    expect(await refusals(operation, cases)).toEqual([]);
  });
});

describe.each(operations.filter(({ method }) => method === "POST"))("$title", (operation) => {
  it("refuses a malformed Idempotency-Key", async () => {
    const path = pathWith(operation, tenant.ids);
    const cases = badKeys.map((value): Refused => ({
      name: `Idempotency-Key ${value.slice(0, 20)}`,
      path,
      headers: { "idempotency-key": value },
      pointer: "Idempotency-Key",
    }));
    expect(await refusals(operation, cases)).toEqual([]);
  });
});

describe("a path as such", () => {
  it.each([
    ["/v1/services/%2E%2E", 404],
    ["/v1/services/..%2F..", 400],
    ["/v1/services/1%2F2", 400],
    ["/v1/services/", 404],
    ["/v1//services", 404],
    ["/V1/services", 404],
    ["/v1/services/1/", 404],
    ["/%00", 404],
    ["/%F0%28", 404],
    [`/v1/${"a".repeat(20_000)}`, 404],
    [`/v1${"/a".repeat(5_000)}`, 404],
    ["/v1/services/__proto__", 400],
  ])("%s is refused with %i", async (path, status) => {
    expect((await api.call("GET", path, { token: tenant.editor })).status).toBe(status);
  });
});

it("covers every operation behind a credential", () => {
  expect(operations.length).toBeGreaterThan(20);
});
