import { version } from "../../version.ts";
import type { App } from "../env.ts";
import { exampleOf } from "./openapi-example.ts";
import { operationIdOf } from "./operation-id.ts";
import { tagsOf } from "./tags.ts";

const description = `Multi-CDN storm insurance. Times are RFC 3339 UTC, ids positive integers, money integer cents,
volumes integer bytes.

Errors are RFC 9457 problems. Admins name the customer they act for with \`X-Customer-ID\`. \`POST\` takes an
\`Idempotency-Key\`: the same key and body within 24 h replay the first answer. Lists are paged by the \`Link\`
header.`;

const securitySchemes = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "Admin token (`tra_...`, or the installation's own), customer token (`trn_...`) or JWT",
  },
  apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "The same credentials" },
  metrics: { type: "http", scheme: "bearer", description: "METRICS_TOKEN" },
  probeAgent: {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description:
      "Of a probe agent: `TrancheAgent KEY.TIME.SIGNATURE`, an Ed25519 signature of method, path, time and body; `tranche agent --probe` makes it",
  },
  wau: { type: "http", scheme: "bearer", description: "WAU_READ_TOKEN" },
} as const;

const headerParameter = (name: string, about: string, schema: object) => ({
  name,
  in: "header",
  required: false,
  description: about,
  schema,
});

const customerHeader = headerParameter("X-Customer-ID", "For admins: the customer to act for", {
  type: "integer",
  minimum: 1,
  maximum: Number.MAX_SAFE_INTEGER,
});
const idempotencyHeader = headerParameter("Idempotency-Key", "Makes a repetition safe for 24 h", {
  type: "string",
  minLength: 1,
  maxLength: 255,
  pattern: "^[\\x21-\\x7e]+$",
});

const text = { type: "string" } as const;
const answerHeader = (about: string, schema: object, required = false) => ({ description: about, required, schema });

const requestId = answerHeader("names this request in problems, logs and the audit log", text, true);
const retryAfter = answerHeader("seconds", { type: "integer", minimum: 1 }, true);
const link = answerHeader('the next page, if there is one: `<...>; rel="next"`', text);
const location = answerHeader("the new resource", text);
const replayed = answerHeader("`true`: this is the first answer to the Idempotency-Key again", { type: "string", const: "true" });
const authenticate = answerHeader("`Bearer`, or `TrancheAgent` where a probe agent is asked for", text, true);

type Response = { headers?: Record<string, object>; [field: string]: unknown };

/** The part of an operation that the additions need. */
export type Operation = {
  operationId?: string;
  parameters?: { name?: string }[];
  tags?: string[];
  summary?: string;
  security?: object[];
  responses?: Record<string, Response>;
  [field: string]: unknown;
};

export type OpenApiDocument = {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas?: Readonly<Record<string, object>>; readonly [kind: string]: unknown };
  readonly [field: string]: unknown;
};

const methods = ["get", "put", "post", "patch", "delete"] as const;

/** Without authentication. */
const publicTags = new Set(["health", "docs"]);

/** Headers of an answer, by its status. */
const headersOf = (status: string, repeatable: boolean, isPage: boolean): Record<string, object> => ({
  "X-Request-Id": requestId,
  ...((status === "429" || status === "503") && { "Retry-After": retryAfter }),
  ...(status === "401" && { "WWW-Authenticate": authenticate }),
  ...(status === "200" && isPage && { Link: link }),
  ...(status === "201" && { Location: location }),
  ...(repeatable && status.startsWith("2") && { "Idempotency-Replayed": replayed }),
});

type Answered = { readonly type?: unknown; readonly $ref?: string };
type Named = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Whether a success answers a list. */
const answersList = ({ responses = {} }: Operation, named: Named): boolean => {
  const content = responses["200"]?.["content"] as Record<string, { schema?: Answered }> | undefined;
  const schema = content?.["application/json"]?.schema;
  const type = schema?.$ref === undefined ? schema?.type : named[schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1)]?.["type"];
  return type === "array";
};

/** Adds the common parts of operations: a name, credentials, and the headers that middleware reads and writes. */
const complete = (method: string, path: string, operation: Operation, named: Named): Operation => {
  const isPublic = operation.security?.length === 0 || (operation.tags?.some((tag) => publicTags.has(tag)) ?? false);
  const repeatable = method === "post" && !isPublic;
  const parameters = operation.parameters ?? [];
  const has = (wanted: string) => parameters.some(({ name }) => name === wanted);
  const headers = [...(has("customer_id") ? [customerHeader] : []), ...(repeatable ? [idempotencyHeader] : [])];
  const responses = Object.entries(operation.responses ?? {}).map(([status, response]) => [
    status,
    { ...response, headers: { ...headersOf(status, repeatable, has("cursor")), ...response.headers } },
  ]);
  return {
    operationId: operationIdOf({ method, path, isList: answersList(operation, named) }),
    ...operation,
    ...(isPublic && { security: [] }),
    ...(headers.length + parameters.length > 0 && { parameters: [...parameters, ...headers] }),
    responses: Object.fromEntries(responses),
  };
};

const license = { name: "Apache-2.0", identifier: "Apache-2.0" };

/** Relative to where the document was read: each deployment describes itself, by whatever name it was asked. */
const servers = [{ url: "/", description: "the deployment that this was read from" }];

/** The description of every registered route. */
export const openApiDocument = (app: App): OpenApiDocument => {
  const generated = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "tranche", version, description, license },
    servers,
    security: [{ bearer: [] }, { apiKey: [] }],
  });
  const named = (generated.components?.schemas ?? {}) as Record<string, Record<string, unknown>>;
  const paths = Object.entries(generated.paths ?? {}).map(([path, item]) => {
    const operations = methods.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [[method, complete(method, path, operation as unknown as Operation, named)] as const];
    });
    return [path, Object.fromEntries(operations)] as const;
  });
  const tags = tagsOf(paths.flatMap(([, item]) => Object.values(item)));
  const schemas = Object.fromEntries(
    Object.entries(named).map(([name, schema]) => [name, { ...schema, examples: [exampleOf(schema, named)] }]),
  );
  const components = { ...generated.components, schemas, securitySchemes };
  return { ...generated, tags, paths: Object.fromEntries(paths), components };
};
