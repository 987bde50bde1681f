import pg from "pg";

/** An answer other than 200, with its JSON body. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: number, body: Readonly<Record<string, unknown>>) {
    super(String(body["message"]));
    this.status = status;
    this.body = body;
  }
}

const details = [
  "code",
  "detail",
  "hint",
  "position",
  "internalPosition",
  "internalQuery",
  "severity",
  "where",
  "table",
  "column",
  "schema",
  "dataType",
  "constraint",
  "file",
  "line",
  "routine",
] as const;

/** Whatever went wrong as an answer: Postgres' own errors are 400 with all their fields, a lost connection is 500. */
export const toRefusal = (error: unknown): Refusal => {
  if (error instanceof Refusal) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof pg.DatabaseError)) return new Refusal(500, { message: `could not reach the database: ${message}` });
  return new Refusal(400, { message, ...Object.fromEntries(details.map((name) => [name, error[name] ?? null])) });
};
