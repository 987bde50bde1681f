/**
 * The bundle's replacement of "zod" (`alias` in wrangler.toml): the same library without its fifty translations, which a
 * namespace object would include (a fifth of the Worker). A test compares this list with what src/ uses.
 */
import {
  array, boolean, custom, enum as enumeration, int, iso, literal, looseObject, NEVER, nullable, number, object, optional, prettifyError,
  record, strictObject, string, transform, union, unknown, url, ZodArray, ZodObject, ZodType,
} from "zod/v4";

export * from "zod/v4";

export const z = {
  array, boolean, custom, enum: enumeration, int, iso, literal, looseObject, NEVER, nullable, number, object, optional, prettifyError,
  record, strictObject, string, transform, union, unknown, url, ZodArray, ZodObject, ZodType,
};
