import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";

export type HttpRequest = {
  readonly method: string;
  readonly path: string;
  /** By lower-case name; of several of a name all, as they came. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
};

/** More than any receiver takes. */
const maxBodyBytes = 1_048_576;

/** @returns null: the body is too large */
export const readRequest = async (incoming: IncomingMessage): Promise<HttpRequest | null> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > maxBodyBytes) return null;
  }
  const headers = Object.entries(incoming.headersDistinct).map(([name, values]): [string, readonly string[]] => [name, values ?? []]);
  const { pathname } = new URL(incoming.url ?? "/", "http://sink.invalid");
  return { method: incoming.method ?? "GET", path: pathname, headers: new Map(headers), body: Buffer.concat(chunks).toString("utf8") };
};

/** @returns null: there is none, or several */
export const headerOf = ({ headers }: HttpRequest, name: string): string | null => {
  const [value, ...more] = headers.get(name) ?? [];
  return value === undefined || more.length > 0 ? null : value;
};

export const isJson = (request: HttpRequest): boolean =>
  /^application\/json(?:\s*;\s*charset=utf-8)?$/i.test(headerOf(request, "content-type") ?? "");

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);

/** @returns null: it is no JSON object */
export const parseObject = (text: string): JsonObject | null => {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
};

export const textIn = (object: JsonObject, name: string): string | null => {
  const value = object[name];
  return typeof value === "string" ? value : null;
};

/** What stands for a message whose form has no id. */
export const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

/** Of text by UTF-16 units, as APIs count. */
export const isTextOf = (value: unknown, min: number, max: number): value is string =>
  typeof value === "string" && value.length >= min && value.length <= max;
