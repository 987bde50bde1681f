import { AppError } from "../errors.ts";
import type { AppContext, AppMiddleware } from "./env.ts";
import { checkJson } from "./strict-json.ts";

/** Semantics §1. */
const maxBodyBytes = 1024 * 1024;

const tooLarge = (maxBytes: number) => new AppError("too_large", `the body may have at most ${maxBytes} bytes`);

const badBody = (detail: string) => new AppError("bad_request", `the body ${detail}`, { fields: [{ pointer: "", detail }] });

const refuseDeclared = (c: AppContext, maxBytes: number): void => {
  const declared = c.req.header("content-length");
  if (declared !== undefined && Number(declared) > maxBytes) throw tooLarge(maxBytes);
};

/** Refuses a body whose Content-Length is too large, before anything else is done. */
export const declaredBodyCap: AppMiddleware = async (c, next) => {
  refuseDeclared(c, maxBodyBytes);
  await next();
};

/** Whoever sends it goes away in the middle: nobody reads the answer, and it is no failure of ours. */
const cutOff = (cause: unknown): AppError =>
  new AppError("bad_request", "the body is not whole", { cause, fields: [{ pointer: "", detail: "ended before its end" }] });

const readCapped = async (stream: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = stream?.getReader();
  const next = () =>
    reader?.read().catch((error: unknown) => {
      throw cutOff(error);
    });
  for (let chunk = await next(); chunk !== undefined && !chunk.done; chunk = await next()) {
    size += chunk.value.byteLength;
    if (size > maxBytes) {
      await reader?.cancel();
      throw tooLarge(maxBytes);
    }
    chunks.push(chunk.value);
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
};

const isJson = (contentType: string): boolean => /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(contentType.trim());

const readText = async (c: AppContext, maxBytes = maxBodyBytes): Promise<string> => {
  const bytes = await readCapped(c.req.raw.body, maxBytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw badBody("is not valid UTF-8");
    throw error;
  }
};

/** For writes without input: the body is empty, or an empty object. */
export const noBody: AppMiddleware = async (c, next) => {
  const text = await readText(c);
  if (!/^\s*(\{\s*\})?\s*$/.test(text)) throw badBody("must be empty");
  c.set("rawBody", text.trim());
  await next();
};

/**
 * Reads the JSON body of a request, after authentication. The route's validators find it in the cache.
 * @param levels what lies deeper than so many is the route's own matter
 */
export const jsonBodyUpTo =
  (maxBytes: number, levels?: number): AppMiddleware =>
  async (c, next) => {
    refuseDeclared(c, maxBytes);
    const contentType = c.req.header("content-type");
    if (contentType !== undefined && !isJson(contentType)) {
      throw new AppError("unsupported_media_type", "the body must be application/json in UTF-8");
    }
    const text = await readText(c, maxBytes);
    if (text.trim() === "") throw badBody("must not be empty");
    if (contentType === undefined) throw new AppError("unsupported_media_type", "the body must be application/json");
    const checked = checkJson(text, levels);
    if (!checked.ok) {
      throw new AppError("bad_request", `the body is refused: ${checked.detail}`, {
        fields: [{ pointer: checked.pointer, detail: checked.detail }],
      });
    }
    // Hono stores promises there, contrary to its type.
    Object.assign(c.req.bodyCache, { text: Promise.resolve(text) });
    c.set("rawBody", text);
    await next();
  };

export const jsonBody: AppMiddleware = jsonBodyUpTo(maxBodyBytes);

/** A body with a list of which each item is judged by itself: one that is no good refuses no other. */
export const jsonListBody: AppMiddleware = jsonBodyUpTo(maxBodyBytes, 1);

/** More than most forms of ours have. */
const maxFormBytes = 16 * 1024;

const isEncoded = (text: string): boolean => {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
};

/**
 * The fields of a form that a browser sends.
 * @param maxBytes more, for forms with long texts
 * @throws AppError `unsupported_media_type` where it is none, `too_large`, `bad_request` where it is not UTF-8
 */
export const readForm = async (c: AppContext, maxBytes = maxFormBytes): Promise<URLSearchParams> => {
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test((c.req.header("content-type") ?? "").trim())) {
    throw new AppError("unsupported_media_type", "a form is expected (application/x-www-form-urlencoded)");
  }
  refuseDeclared(c, maxBytes);
  const text = await readText(c, maxBytes);
  // What is wrong would be read as another letter, and stored.
  if (!isEncoded(text)) throw badBody("is not valid UTF-8, percent-encoded");
  const fields = new URLSearchParams(text);
  c.set("form", fields);
  return fields;
};
