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

/** For queries with `from` and `to`: a half-open span that is not inverted. */
export const ordered = (query: { readonly from?: number | undefined; readonly to?: number | undefined }): boolean =>
  query.from === undefined || query.to === undefined || query.from < query.to;

export const outOfOrder = { path: ["to"], error: "must be after from" };
