import { Validator } from "@cfworker/json-schema";
import type { Schema as ValidatorSchema } from "@cfworker/json-schema";
import { isConsole } from "../../src/http/request-id.ts";

/** The part of JSON Schema (draft 2020-12) that the document uses. */
export type Schema = {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  example?: unknown;
  default?: unknown;
  format?: string;
  pattern?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
};

export type Parameter = { name: string; in: "path" | "query" | "header"; required: boolean; schema: Schema };

type Content = Record<string, { schema?: Schema }>;
type DocumentedResponse = { headers?: Record<string, { required?: boolean }>; content?: Content };

export type Operation = {
  /** As in `POST /v1/services/{id}/domains`. */
  title: string;
  method: string;
  path: string;
  pattern: RegExp;
  parameters: Parameter[];
  /** The schema of the JSON body with every reference in place; null: takes no body. */
  body: Schema | null;
  responses: Record<string, DocumentedResponse>;
  /** `tenant` takes X-Customer-ID, `admin` does not, `public` asks for no credential, `other` for one of its own. */
  scope: "public" | "tenant" | "admin" | "other";
};

/** A response as far as the document speaks of it. */
export type Answered = { status: number; headers: Headers; text: string };

/** What the framework answers wherever it stands: the router (404, 405) and the cap on a declared length (413). */
const frameworkStatuses = new Set([404, 405, 413]);

type RawDocument = {
  openapi: string;
  security?: Record<string, unknown>[];
  paths: Record<string, Record<string, RawOperation>>;
  components?: unknown;
};
type RawOperation = {
  security?: Record<string, unknown>[];
  parameters?: (Partial<Parameter> & { $ref?: string })[];
  requestBody?: { content: Content };
  responses: Record<string, DocumentedResponse>;
};

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Puts what each `$ref` points at in its place. @throws where it points nowhere, or at what contains it */
export const resolved = (document: unknown, value: unknown, above: readonly string[] = []): unknown => {
  if (Array.isArray(value)) return value.map((item) => resolved(document, item, above));
  if (!isObject(value)) return value;
  const { $ref: reference, ...siblings } = value;
  const entries = Object.entries(siblings).map(([key, item]) => [key, resolved(document, item, above)] as const);
  if (typeof reference !== "string") return Object.fromEntries(entries);
  if (above.includes(reference)) throw new Error(`${reference} contains itself`);
  let target: unknown = document;
  for (const segment of reference.replace(/^#\//, "").split("/")) {
    target = isObject(target) ? target[segment.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
  }
  if (target === undefined) throw new Error(`${reference} points nowhere`);
  return { ...(resolved(document, target, [...above, reference]) as object), ...Object.fromEntries(entries) };
};

/**
 * The schema with every object closed to fields that it does not name: what a client was not told of is a surprise,
 * and may be a leak.
 */
const closed = (schema: Schema, within = false): Schema => {
  const parts = {
    ...(schema.properties && {
      properties: Object.fromEntries(Object.entries(schema.properties).map(([name, field]) => [name, closed(field)])),
    }),
    ...(schema.items && { items: closed(schema.items) }),
    ...(schema.allOf && { allOf: schema.allOf.map((part) => closed(part, true)) }),
    ...(schema.anyOf && { anyOf: schema.anyOf.map((part) => closed(part)) }),
    ...(schema.oneOf && { oneOf: schema.oneOf.map((part) => closed(part)) }),
  };
  const isClosable = (schema.properties ?? schema.allOf) !== undefined && schema.additionalProperties === undefined;
  return { ...schema, ...parts, ...(isClosable && !within && { unevaluatedProperties: false }) };
};

const scopeOf = (operation: RawOperation, document: RawDocument): Operation["scope"] => {
  const schemes = (operation.security ?? document.security ?? []).flatMap((requirement) => Object.keys(requirement));
  if (schemes.length === 0) return "public";
  if (schemes.some((scheme) => scheme !== "bearer" && scheme !== "apiKey")) return "other";
  return operation.parameters?.some(({ name }) => name === "X-Customer-ID") ? "tenant" : "admin";
};

const toOperation = (document: RawDocument, method: string, path: string, raw: RawOperation): Operation => {
  const operation = resolved(document, raw) as RawOperation;
  const escaped = path.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&");
  return {
    title: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path,
    pattern: new RegExp(`^${escaped.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
    parameters: (operation.parameters ?? []).map((parameter) => ({
      name: parameter.name ?? "",
      in: parameter.in ?? "query",
      required: parameter.required ?? false,
      schema: parameter.schema ?? {},
    })),
    body: operation.requestBody?.content["application/json"]?.schema ?? null,
    responses: operation.responses,
    scope: scopeOf(operation, document),
  };
};

/** The headers of semantics §1 and those that a status must bring along. */
const headerFaults = ({ status, headers }: Answered, path: string): string[] => {
  const wanted: [string, RegExp][] = [
    ["x-request-id", /^[\w.-]{1,64}$/],
    ["x-content-type-options", /^nosniff$/],
    ["referrer-policy", isConsole(path) ? /^same-origin$/ : /^no-referrer$/],
  ];
  if (path.startsWith("/v1/")) wanted.push(["cache-control", /^no-store$/]);
  const scheme = /^\/v1\/probe-agents\/(targets|samples)$/.test(path) ? /^TrancheAgent$/ : /^Bearer/;
  if (status === 401 && !isConsole(path)) wanted.push(["www-authenticate", scheme]);
  if (status === 405) wanted.push(["allow", /OPTIONS/]);
  if (status === 429) wanted.push(["retry-after", /^\d+$/]);
  return wanted
    .filter(([name, form]) => !form.test(headers.get(name) ?? ""))
    .map(([name]) => `header ${name} is ${headers.get(name) ?? "missing"}`);
};

const mediaType = (headers: Headers) => (headers.get("content-type") ?? "").split(";")[0]?.trim() ?? "";

/** An error that no schema describes: what the router and other middleware say. */
const problemFaults = ({ status, headers, text }: Answered): string[] => {
  if (mediaType(headers) !== "application/problem+json") return [`content type ${mediaType(headers)} for a problem`];
  const problem = JSON.parse(text) as Record<string, unknown>;
  const texts = ["type", "title", "detail", "instance"].filter((name) => typeof problem[name] !== "string");
  return [...texts.map((name) => `problem without ${name}`), ...(problem["status"] === status ? [] : ["problem.status differs"])];
};

/** The document of the application, and its judgement on what the application answers. */
export class Contract {
  readonly document: RawDocument;
  readonly operations: readonly Operation[];
  readonly #validators = new Map<string, Validator>();

  constructor(document: unknown) {
    this.document = document as RawDocument;
    this.operations = Object.entries(this.document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => toOperation(this.document, method, path, operation)),
    );
  }

  find(method: string, path: string): Operation | null {
    const wanted = method === "HEAD" ? "GET" : method;
    const fitting = this.operations.filter((operation) => operation.method === wanted && operation.pattern.test(path));
    return fitting.find((operation) => operation.path === path) ?? fitting[0] ?? null;
  }

  /** What a response says that the document does not; empty: nothing. */
  faults(method: string, path: string, answered: Answered): string[] {
    const faults = headerFaults(answered, path);
    const isBare = method === "HEAD" || (method === "OPTIONS" && answered.status < 400);
    if (isBare) return answered.text === "" ? faults : [...faults, "a body"];
    const operation = this.find(method, path);
    const documented = operation?.responses[String(answered.status)];
    if (operation !== null && documented !== undefined) {
      return [...faults, ...this.#bodyFaults(operation, documented, answered)];
    }
    // The console is for people, and in no document.
    if (operation === null && (answered.status < 400 || isConsole(path))) return faults;
    if (operation !== null && !frameworkStatuses.has(answered.status)) {
      return [...faults, `status ${answered.status} is not documented`];
    }
    return [...faults, ...problemFaults(answered)];
  }

  /** What the document refuses of a body that was accepted; empty: nothing. A description may let in more than the API, never less. */
  bodyRefusals(method: string, path: string, text: string): string[] {
    const operation = this.find(method, path);
    const body = operation?.body ?? null;
    if (operation === null || body === null) return [];
    const validator = this.#validator(operation.title, () => body);
    return validator.validate(JSON.parse(text)).errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
  }

  #validator(key: string, schema: () => Schema): Validator {
    const validator = this.#validators.get(key) ?? new Validator(schema() as unknown as ValidatorSchema, "2020-12", false);
    this.#validators.set(key, validator);
    return validator;
  }

  #bodyFaults(operation: Operation, documented: DocumentedResponse, { status, headers, text }: Answered): string[] {
    const missing = Object.entries(documented.headers ?? {})
      .filter(([name, header]) => header.required === true && !headers.has(name))
      .map(([name]) => `header ${name} is missing`);
    if (documented.content === undefined) return text === "" ? missing : [...missing, "a body"];
    const type = mediaType(headers);
    const content = documented.content[type];
    if (content === undefined) return [...missing, `content type ${type} is not documented`];
    const { schema } = content;
    if (schema === undefined) return missing;
    const validator = this.#validator(`${operation.title} ${status} ${type}`, () => closed(schema));
    const { errors } = validator.validate(type.endsWith("json") ? JSON.parse(text) : text);
    return [...missing, ...errors.slice(-3).map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`)];
  }
}

type Requestable = { request(input: string | Request | URL, init?: RequestInit): Response | Promise<Response> };

/** Reads the document of an application. Routes do not change, so once is enough. */
export const readContract = async (app: Requestable): Promise<Contract> => new Contract(await (await app.request("/openapi.json")).json());

/**
 * Makes `app.request` check each answer against the application's own document.
 * @throws from `request`, naming what the document does not say
 */
export const checkAnswers = (app: Requestable): void => {
  const plain = app.request.bind(app);
  let contract: Promise<Contract> | null = null;
  app.request = async (input, init) => {
    const response = await plain(input, init);
    contract ??= readContract({ request: plain });
    const method = init?.method ?? (input instanceof Request ? input.method : "GET");
    const url = new URL(input instanceof Request ? input.url : input, "http://localhost");
    const { status, headers } = response;
    const text = await response.clone().text();
    const found = await contract;
    const sent = init?.body;
    const refused = status < 300 && typeof sent === "string" ? found.bodyRefusals(method, url.pathname, sent) : [];
    const faults = [
      ...found.faults(method, url.pathname, { status, headers, text }),
      ...refused.map((refusal) => `its schema refuses what was accepted: ${refusal}`),
    ];
    if (faults.length === 0) return response;
    throw new Error(`${method} ${url.pathname} ${status} is not as documented: ${faults.join("; ")}\n${text.slice(0, 2_000)}`);
  };
};
