import { beforeAll, describe, expect, it } from "vitest";
import { agentSigner, isAgents } from "../support/agent-key.ts";
import type { AgentSigner } from "../support/agent-key.ts";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";
import type { Operation, Schema } from "../support/openapi.ts";
import { fieldsOf, objectsOf, sample, sampleBody, typesOf, withText, without } from "../support/samples.ts";
import type { Field } from "../support/samples.ts";
import { staticContract } from "../support/static-contract.ts";
import { pathWith, seedTenant, tableStates } from "../support/tenant.ts";
import type { Tenant } from "../support/tenant.ts";
import { jsonPointer } from "../../src/http/strict-json.ts";

/** Every operation of the document that takes a body: what is added tomorrow is tested tomorrow. */
const operations = (await staticContract()).operations.filter(({ body }) => body !== null);

let api: Api;
let tenant: Tenant;
let sign: AgentSigner;

beforeAll(async () => {
  api = await startApi();
  tenant = await seedTenant(api, "bodies");
  sign = await agentSigner(tenant.agent);
});

type Case = {
  name: string;
  body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
  headers?: Record<string, string | null>;
  status?: number;
  /** One of these is pointed at; absent: nothing has to be. */
  pointers?: string[];
};

const send = async (operation: Operation, { body, headers = {} }: Case) => {
  const token = operation.scope === "tenant" ? tenant.owner : api.env.ADMIN_TOKEN;
  const signed = isAgents(operation.path) ? await sign(operation.method, operation.path, typeof body === "string" ? body : "") : null;
  const all = { authorization: signed ?? `Bearer ${token}`, "content-type": "application/json", ...headers };
  const sent = Object.entries(all).filter((header): header is [string, string] => header[1] !== null);
  return await api.app.request(pathWith(operation, tenant.ids), { method: operation.method, headers: sent, body });
};

/** Bytes, where less than elsewhere is taken: what is longer is refused unread. */
const smallerCaps: Readonly<Record<string, number>> = { "POST /v1/session": 1_024 };

/** Lists of which each item is judged by itself, and told in the answer: whatever it is, it refuses no other (`test/routes/cost/events.test.ts`, `test/routes/detection/probe-agents.test.ts`). */
const listsOfAnything = ["POST /v1/cost/events", "POST /v1/probe-agents/samples"];

/** How the answer to one case differs from a refusal that names the field; null: it does not. */
const complaint = async (operation: Operation, bad: Case): Promise<string | null> => {
  const response = await send(operation, bad);
  const text = await response.text();
  const isOverCap = (smallerCaps[operation.title] ?? Infinity) < (typeof bad.body === "string" ? bad.body.length : 0);
  const wanted = bad.status ?? (isOverCap ? 413 : 400);
  if (response.status !== wanted) return `${bad.name}: ${response.status}, not ${wanted}: ${text.slice(0, 300)}`;
  if (response.headers.get("content-type") !== "application/problem+json") return `${bad.name}: not a problem`;
  if (bad.pointers === undefined || isOverCap) return null;
  const { errors = [] } = JSON.parse(text) as { errors?: { pointer: string }[] };
  if (errors.some(({ pointer }) => bad.pointers?.includes(pointer))) return null;
  return `${bad.name}: points at ${JSON.stringify(errors)}, not at ${bad.pointers.join(" or ")}`;
};

/** Sends every case. @returns the complaints, and what was stored */
const refusals = async (operation: Operation, cases: readonly Case[]): Promise<string[]> => {
  const before = await tableStates(api);
  const complaints: string[] = [];
  for (const bad of cases) complaints.push((await complaint(operation, bad)) ?? "");
  const after = await tableStates(api);
  const changed = Object.keys(after).filter((table) => after[table] !== before[table]);
  return [...complaints.filter(Boolean), ...changed.map((table) => `${table} has changed`)];
};

const wrongTypes: readonly (readonly [type: string, text: string])[] = [
  ["string", '"nonsense"'],
  ["number", "7"],
  ["number", "0.5"],
  ["boolean", "true"],
  ["array", "[]"],
  ["array", "[[]]"],
  ["object", "{}"],
  ["object", '{"x":1}'],
  ["null", "null"],
];

const isOfType = (types: readonly string[], type: string, text: string) =>
  types.length === 0 || types.includes(type) || (type === "number" && text === "7" && types.includes("integer"));

const deep = "[".repeat(40) + "]".repeat(40);
const hugeNumbers = ["1e309", "-1e309", "9223372036854775808", "-9223372036854775809", "1".repeat(400)];

/** Beyond what the schema says of numbers, lengths and forms. */
const outOfRange = (schema: Schema): string[] => {
  const types = typesOf(schema);
  const isNumber = types.includes("integer") || types.includes("number");
  return [
    ...(schema.minimum === undefined ? [] : [schema.minimum - 1]),
    ...(schema.maximum === undefined ? [] : [schema.maximum + 1]),
    ...(schema.exclusiveMinimum === undefined ? [] : [schema.exclusiveMinimum, schema.exclusiveMinimum - 1]),
    ...(schema.exclusiveMaximum === undefined ? [] : [schema.exclusiveMaximum]),
    ...(types.includes("integer") ? [1.5] : []),
    ...(isNumber ? [-(2 ** 53)] : []),
    ...(schema.enum === undefined ? [] : ["no-such-value", ""]),
    ...((schema.minLength ?? 0) > 0 ? ["", "   "] : []),
    ...(schema.maxLength === undefined ? [] : ["a".repeat(schema.maxLength + 1)]),
    ...(schema.maxItems === undefined ? [] : [Array.from({ length: schema.maxItems + 1 }, () => null)]),
    ...((schema.minItems ?? 0) > 0 ? [[]] : []),
  ].map((value) => JSON.stringify(value));
};

const fieldCases = (base: unknown, { path, pointer, schema, required, nullable }: Field): Case[] => {
  const types = typesOf(schema);
  const at = (name: string, text: string, others: string[] = []): Case => ({
    name: `${name} ${text.slice(0, 40)}`,
    body: withText(base, path, text),
    pointers: [pointer, ...others],
  });
  const key = path.at(-1);
  const value = JSON.stringify(sample(schema));
  // A text of several lines says so.
  const isProse = schema.pattern !== undefined && new RegExp(schema.pattern, "u").test("a\nb");
  const items = jsonPointer([...path, 0]);
  // Only where neither type nor bound says so may a number be as large as numbers are.
  const isBounded = !types.includes("number") || schema.maximum !== undefined;
  return [
    ...(required ? [{ name: "missing", body: without(base, path), pointers: [pointer] }] : []),
    ...(nullable ? [] : [at("null", "null")]),
    ...wrongTypes.filter(([type, text]) => type !== "null" && !isOfType(types, type, text)).map(([, text]) => at("type", text)),
    ...hugeNumbers.filter((text) => isBounded || !Number.isFinite(Number(text))).map((text) => at("huge", text)),
    ...outOfRange(schema).map((text) => at("range", text, [items])),
    at("too long", JSON.stringify("a".repeat(100_000))),
    ...["a\0b", "\0", "a\u0007b", "a\u001Bb", "a\u0085b", "a\u2028b", ...(isProse ? [] : ["a\nb"])].map((text) =>
      at("control", JSON.stringify(text)),
    ),
    at("lone surrogate", String.raw`"\ud800"`),
    at("deep", deep, ["", items]),
    at("deep objects", `${'{"a":'.repeat(40)}1${"}".repeat(40)}`, ["", jsonPointer([...path, "a"])]),
    ...(typeof key === "string" ? [at("twice", `${value},${JSON.stringify(key)}:${value}`)] : []),
    at("broken", "nul", [""]),
    at("trailing comma", "1,", [""]),
    at("NaN", "NaN", [""]),
  ];
};

const unknownFields = (operation: Operation, base: unknown): Case[] =>
  objectsOf(operation.body ?? {}).flatMap((path) =>
    ["no_such_field", "__proto__", "constructor", "a/b~c"].map((key): Case => {
      const at = [...path, key];
      const sibling = JSON.stringify(base) === undefined ? {} : base;
      // `__proto__` cannot be set on an object, so it is written into the text.
      const body = withText(sibling, [...path, "unknown_here"], "1").replace('"unknown_here"', JSON.stringify(key));
      return { name: `unknown ${key}`, body, pointers: [jsonPointer(at)] };
    }),
  );

const repeat = (chunk: string, times: number) =>
  new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (let at = 0; at < times; at += 1) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });

const mebibyte = 1024 * 1024;

const wholeCases = (base: unknown): Case[] => {
  const good = JSON.stringify(base);
  const atRoot = (name: string, body: Case["body"]): Case => ({ name, body, pointers: [""] });
  const typed = (type: string | null): Case => ({
    name: `as ${type}`,
    body: new TextEncoder().encode(good),
    headers: { "content-type": type },
    status: 415,
  });
  return [
    atRoot("empty", ""),
    atRoot("blank", " \n\t "),
    ...["null", "7", '"text"', "true", Array.isArray(base) ? "{}" : "[]"].map((text) => atRoot(`only ${text}`, text)),
    atRoot("cut off", good.slice(0, -1)),
    atRoot("twice", good + good),
    atRoot("single quotes", "{'name':'a'}"),
    atRoot("a comment", `/* */${good}`),
    atRoot("invalid UTF-8", new Uint8Array([...new TextEncoder().encode(good.slice(0, -1)), 0x20, 0xff, 0xfe])),
    atRoot("UTF-16", new Uint8Array([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00])),
    atRoot("deep arrays", "[".repeat(100_000)),
    atRoot("deep and whole", "[".repeat(10_000) + "]".repeat(10_000)),
    { name: "2 MiB", body: good + " ".repeat(2 * mebibyte), status: 413 },
    { name: "2 MiB, declared", body: good, headers: { "content-length": String(2 * mebibyte) }, status: 413 },
    { name: "2 MiB, streamed", body: repeat(" ".repeat(64 * 1024), 32), status: 413 },
    ...["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"].map(typed),
    ...["application/merge-patch+json", "application/json; charset=latin1", "application/jsonx", null].map(typed),
  ];
};

describe.each(operations)("$title", (operation) => {
  const base = sampleBody(operation);
  const isOfAnything = listsOfAnything.includes(operation.title);
  const fields = fieldsOf(operation.body ?? {}).filter(({ path }) => !isOfAnything || path.length === 1);

  it.each(fields)("refuses what is wrong at $pointer", async (field) => {
    const cases = fieldCases(base, field).filter(({ body }) => !isOfAnything || !String(body).includes(deep));
    expect(await refusals(operation, cases)).toEqual([]);
  });

  it("refuses unknown fields at every level", async () => {
    const cases = unknownFields(operation, base);
    expect(cases.length).toBeGreaterThan(0);
    expect(await refusals(operation, cases)).toEqual([]);
  });

  it("refuses what is no JSON body of its kind", async () => {
    expect(await refusals(operation, wholeCases(base))).toEqual([]);
  });
});

it("covers the operations with a body", () => {
  expect(operations.length).toBeGreaterThan(8);
});
