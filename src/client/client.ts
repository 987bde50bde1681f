import type { Operations, Problem } from "./operations.ts";

export type { Operations } from "./operations.ts";

/** `GET /v1/services/{id}` and the like: every operation of the API by its method and path. */
export type OperationName = keyof Operations;

export type Result<Name extends OperationName> = Operations[Name]["result"];

type Extras = {
  /** Makes the repetition of a POST safe for 24 h. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
};

/** An operation's input: `path`, `query` and `body`, each where it has one. */
export type Input<Name extends OperationName> = Omit<Operations[Name], "result"> & Extras;

/** Optional where nothing in it is required. */
type Arguments<Name extends OperationName> = object extends Input<Name> ? [input?: Input<Name>] : [input: Input<Name>];

/** Operations whose answer is one page of a list. */
export type ListName = { [Name in OperationName]: Result<Name> extends readonly unknown[] ? Name : never }[OperationName];

export type ClientOptions = {
  /** Such as `https://tranche.example.com`. */
  readonly baseUrl: string;
  readonly token: string;
  /** For admin tokens: the customer to act for. */
  readonly customerId?: number;
  readonly fetch?: typeof fetch;
};

/** An answer that is not a success. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** RFC 9457; null where an intermediary answered instead. */
  readonly problem: Problem | null;
  /** Seconds to wait, where the answer says so. */
  readonly retryAfterSeconds: number | null;

  constructor(response: { readonly status: number; readonly headers: Headers }, problem: Problem | null) {
    super(problem === null ? `HTTP ${response.status}` : `${problem.title}: ${problem.detail}`);
    this.status = response.status;
    this.problem = problem;
    const wait = Number(response.headers.get("retry-after") ?? Number.NaN);
    this.retryAfterSeconds = Number.isFinite(wait) ? wait : null;
  }
}

type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;

type Loose = Extras & {
  readonly path?: Parameters;
  readonly query?: Parameters;
  readonly body?: unknown;
};

const isJson = (response: Response): boolean => /\bjson\b/.test(response.headers.get("content-type") ?? "");

/** The query of the next page (RFC 8288), null on the last one. */
const nextQuery = (link: string | null): Record<string, string> | null => {
  const target = /<([^>]*)>\s*;\s*rel="next"/.exec(link ?? "")?.[1];
  return target === undefined ? null : Object.fromEntries(new URL(target, "http://next").searchParams);
};

/**
 * The API, typed by its OpenAPI document (`operations.ts` is generated from it). Needs nothing but `fetch`.
 * Every call throws ApiError where the answer is not a success.
 */
export const createClient = (options: ClientOptions) => {
  const fetchOnce = options.fetch ?? fetch;

  const send = async (name: string, input: Loose, accept = "application/json"): Promise<Response> => {
    const [method = "", template = ""] = name.split(" ");
    const path = template.replaceAll(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(String(input.path?.[key])));
    const url = new URL(`${options.baseUrl.replace(/\/+$/, "")}${path}`);
    for (const [key, value] of Object.entries(input.query ?? {})) {
      if (value !== undefined) url.searchParams.set(key, String(value));
    }
    const headers = new Headers({ authorization: `Bearer ${options.token}`, accept });
    if (options.customerId !== undefined) headers.set("x-customer-id", String(options.customerId));
    if (input.idempotencyKey !== undefined) headers.set("idempotency-key", input.idempotencyKey);
    if (input.body !== undefined) headers.set("content-type", "application/json");
    const body = input.body === undefined ? {} : { body: JSON.stringify(input.body) };
    const signal = input.signal === undefined ? {} : { signal: input.signal };
    const response = await fetchOnce(url.href, { method, headers, ...body, ...signal });
    if (response.ok) return response;
    throw new ApiError(response, isJson(response) ? ((await response.json()) as Problem) : null);
  };

  const read = async <Name extends OperationName>(response: Response): Promise<Result<Name>> => {
    if (response.status === 204) return undefined;
    return (isJson(response) ? await response.json() : await response.text()) as Result<Name>;
  };

  return {
    /** One operation, such as `request("GET /v1/services/{id}", { path: { id: 1 } })`. */
    request: async <Name extends OperationName>(name: Name, ...[input = {} as Input<Name>]: Arguments<Name>): Promise<Result<Name>> =>
      await read<Name>(await send(name, input)),

    /** Every row of a list, page after page. */
    each: async function* <Name extends ListName>(name: Name, ...[input = {} as Input<Name>]: Arguments<Name>) {
      const asked = input as Loose;
      let query: Parameters | null = asked.query ?? {};
      while (query !== null) {
        const response = await send(name, { ...asked, query });
        const rows = (await read<Name>(response)) as readonly Result<Name>[number][];
        const next = nextQuery(response.headers.get("link"));
        if (next !== null && next["cursor"] === query["cursor"]) throw new TypeError("the next page of the list is the same one");
        query = next;
        yield* rows;
      }
    },

    /** An answer as text of another type than JSON, such as `text/plain`, where the operation has it: page after page. */
    texts: async function* <Name extends OperationName>(name: Name, accept: string, ...[input = {} as Input<Name>]: Arguments<Name>) {
      const asked = input as Loose;
      let query: Parameters | null = asked.query ?? {};
      while (query !== null) {
        const response = await send(name, { ...asked, query }, accept);
        const next = nextQuery(response.headers.get("link"));
        if (next !== null && next["cursor"] === query["cursor"]) throw new TypeError("the next page of the answer is the same one");
        query = next;
        yield await response.text();
      }
    },
  };
};

export type Client = ReturnType<typeof createClient>;
