import { z } from "@hono/zod-openapi";

/** How many decimals a number has in its shortest decimal text; 1e-300 has 300. */
const decimalsOf = (value: number): number => {
  const [, fraction = "", exponent = "0"] = /^-?\d+(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  return Math.max(0, fraction.length - Number(exponent));
};

/** A decimal number with at most so many decimals, so that it is stored exactly. */
export const decimal = (places: number) =>
  z
    .number()
    .refine((value) => decimalsOf(value) <= places, `must have at most ${places} decimals`)
    .openapi({ multipleOf: Number(`1e-${places}`) });

export const decimal4 = () => decimal(4);

/** A coverage factor above 0. */
export const factor = (max: number) => decimal4().gt(0).max(max).openapi({ example: 1.5 });

/** The name under which services call a CDN. */
export const cdnName = z
  .string()
  .regex(/^[a-z0-9-]{1,40}$/, "must be 1 to 40 of a-z, 0-9 and -")
  .openapi({ example: "cloudflare" });

/** A non-empty change. */
export const nonEmpty = <Schema extends z.ZodObject>(schema: Schema) =>
  schema.refine((fields) => Object.keys(fields).length > 0, "must name at least one field").openapi({ minProperties: 1 });

/** Keywords of JSON Schema that say what fields may come together. */
type Together = {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, object | boolean>>;
  readonly contains?: object;
  readonly enum?: readonly unknown[];
  /** `if`, `then`, `else`: an object with a `then` of its own would be taken for a promise. */
  readonly where?: Together;
  readonly must?: Together;
  readonly otherwise?: Together;
  readonly not?: Together;
  readonly anyOf?: readonly Together[];
  readonly dependentRequired?: Readonly<Record<string, readonly string[]>>;
  readonly dependentSchemas?: Readonly<Record<string, Together>>;
};

/** A condition is about some of the fields: it names those that it asks for, and lets in all others, as linters want it said. */
const aboutSome = ({ properties, required = [], ...rest }: Together): object => ({
  ...together(rest),
  ...(required.length > 0 && { required }),
  ...((properties !== undefined || required.length > 0) && {
    properties: { ...Object.fromEntries(required.map((field) => [field, true])), ...properties },
    unevaluatedProperties: true,
  }),
});

/**
 * A rule across fields, for `.openapi()`, whose types do not know these keywords. None of them is an `anyOf` or `oneOf` beside the
 * fields: of those, generators of clients make a type without any field.
 */
export const together = ({ anyOf, dependentSchemas, where, must, otherwise, not, ...rules }: Together): object => {
  const conditions = [
    ["if", where],
    ["then", must],
    ["else", otherwise],
    ["not", not],
  ] as const;
  const dependent = Object.entries(dependentSchemas ?? {}).map(([field, schema]) => [field, aboutSome(schema)] as const);
  return {
    ...rules,
    ...Object.fromEntries(conditions.flatMap(([keyword, condition]) => (condition === undefined ? [] : [[keyword, aboutSome(condition)]]))),
    ...(anyOf && { anyOf: anyOf.map(aboutSome) }),
    ...(dependent.length > 0 && { dependentSchemas: Object.fromEntries(dependent) }),
  };
};

/** For queries with `from` and `to`: a half-open span that is not inverted. */
export const ordered = (query: { readonly from?: number | undefined; readonly to?: number | undefined }): boolean =>
  query.from === undefined || query.to === undefined || query.from < query.to;

export const outOfOrder = { path: ["to"], error: "must be after from" };
