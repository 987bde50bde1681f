import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Refusal } from "./refusal.ts";

/** One statement as sent: parameters already in Postgres' text form. */
export interface Statement {
  query: string;
  params: (string | null)[];
  /** Rows as arrays (what the driver asks for) or as objects by column name. */
  arrayMode: boolean;
}

/** A parsed `POST /sql`. */
export interface SqlRequest {
  connectionString: string;
  /** Null for a single statement outside of a transaction, else how the batch's transaction begins. */
  begin: string | null;
  statements: Statement[];
}

const isolationLevels: Readonly<Record<string, string>> = {
  ReadUncommitted: "READ UNCOMMITTED",
  ReadCommitted: "READ COMMITTED",
  RepeatableRead: "REPEATABLE READ",
  Serializable: "SERIALIZABLE",
};

/** Reads a body up to `limitBytes`. @throws Refusal 413 beyond it, whatever length was declared */
export const readBody = async (request: IncomingMessage, limitBytes: number): Promise<Buffer> => {
  const tooLarge = () => new Refusal(413, { message: `request is too large (max is ${limitBytes} bytes)` });
  if (Number(request.headers["content-length"] ?? 0) > limitBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/**
 * Checks headers and body. Stricter than Neon, which ignores unknown fields and has a typed output that nobody here
 * uses: what this accepts, Neon accepts too.
 * @throws Refusal 400
 */
export const parseRequest = (headers: IncomingHttpHeaders, body: Buffer): SqlRequest => {
  const arrayMode = flag(headers, "neon-array-mode");
  if (!flag(headers, "neon-raw-text-output")) throw bad("Neon-Raw-Text-Output must be true: this endpoint has no other");
  const payload = json(body);
  const connectionString = connection(headers);
  const begin = beginning(headers);
  if ("queries" in payload) {
    onlyKeys(payload, ["queries"], "body");
    if (!Array.isArray(payload["queries"])) throw bad("queries must be an array");
    const statements = payload["queries"].map((entry, at) => statement(entry, `queries[${at}]`, arrayMode));
    return { connectionString, begin, statements };
  }
  return { connectionString, begin: null, statements: [statement(payload, "body", arrayMode)] };
};

const bad = (message: string) => new Refusal(400, { message });

const connection = (headers: IncomingHttpHeaders): string => {
  const text = headers["neon-connection-string"];
  if (typeof text !== "string") throw bad("missing header: Neon-Connection-String");
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) throw bad("invalid connection string: not a postgres URL");
  if (url.username === "" || url.password === "") throw bad("invalid connection string: user or password missing");
  if (url.hostname === "" || url.pathname.length < 2) throw bad("invalid connection string: host or database missing");
  return text;
};

const beginning = (headers: IncomingHttpHeaders): string => {
  const level = headers["neon-batch-isolation-level"];
  const known = typeof level === "string" ? isolationLevels[level] : undefined;
  if (level !== undefined && known === undefined) throw bad("invalid isolation level");
  return [
    "BEGIN",
    known === undefined ? "" : `ISOLATION LEVEL ${known}`,
    flag(headers, "neon-batch-read-only") ? "READ ONLY" : "",
    flag(headers, "neon-batch-deferrable") ? "DEFERRABLE" : "",
  ]
    .filter(Boolean)
    .join(" ");
};

const flag = (headers: IncomingHttpHeaders, name: string): boolean => {
  const value = headers[name];
  if (value === undefined || value === "false") return false;
  if (value === "true") return true;
  throw bad(`${name} must be true or false`);
};

const json = (body: Buffer): Record<string, unknown> => {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw bad("could not parse the HTTP request body: not JSON");
  }
  return object(value, "body");
};

const object = (value: unknown, where: string): Record<string, unknown> => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(`${where} must be an object`);
  return value as Record<string, unknown>;
};

const onlyKeys = (value: Record<string, unknown>, known: readonly string[], where: string) => {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw bad(`${where} has an unknown field: ${unknown}`);
};

const statement = (entry: unknown, where: string, fallback: boolean): Statement => {
  const value = object(entry, where);
  onlyKeys(value, ["query", "params", "arrayMode"], where);
  const { query, params = [], arrayMode = fallback } = value;
  if (typeof query !== "string") throw bad(`${where} must have a text "query"`);
  if (query.includes("\0")) throw bad(`${where}: a query can not contain a NUL character`);
  if (!Array.isArray(params)) throw bad(`${where}: params must be an array`);
  if (typeof arrayMode !== "boolean") throw bad(`${where}: arrayMode must be a boolean`);
  return { query, params: params.map(toText), arrayMode };
};

/** Neon's own rule: JSON numbers, booleans and objects as their JSON text, arrays as Postgres array literals. */
const toText = (value: unknown): string | null => {
  if (value === null) return null;
  if (typeof value === "string") return value;
  return Array.isArray(value) ? arrayLiteral(value) : JSON.stringify(value);
};

const arrayLiteral = (values: readonly unknown[]): string => {
  const element = (value: unknown): string => {
    if (value === null) return "NULL";
    if (Array.isArray(value)) return arrayLiteral(value);
    const text = JSON.stringify(value);
    return typeof value === "object" ? JSON.stringify(text) : text;
  };
  return `{${values.map(element).join(",")}}`;
};
