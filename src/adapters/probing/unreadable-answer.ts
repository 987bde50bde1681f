import { mostHeaderChars } from "../../domain/detection/probe.ts";

/** Whether an answer's headers are more than every runtime reads. */
export const hasTooManyHeaders = (headers: Headers): boolean => {
  let chars = 0;
  for (const [name, value] of headers) chars += name.length + value.length;
  return chars > mostHeaderChars;
};

/** What undici (Node's fetch, and that of Vercel's emulator) calls an answer that came and that it does not read. */
const unread = new Set(["HeadersOverflowError", "HTTPParserError", "ResponseContentLengthMismatchError"]);
/** A socket that is given up over a 100 or 101, and encodings that are not even to be decoded. */
const unreadWords = /^(bad response|bad upgrade|too many content-encodings)/;
/** What no runtime reads is a failure on all of them: something else than HTTP, or a status that is none. */
const notHttp = /\((Expected HTTP\/|Invalid HTTP version|Invalid status code|Invalid response status)/;
/** The edge's own Response refuses words that the other runtimes pass on. */
const refusedWords = /statusText|ByteString/;

/**
 * Whether fetch failed on an answer that others read: a vantage must not take its own runtime's limits for a dead CDN.
 * workerd is the most lenient and says of every failure that the connection was lost, so this is asked where others run.
 */
export const isUnreadable = (thrown: unknown): boolean => {
  const { name, message, cause } = (thrown ?? {}) as { name?: unknown; message?: unknown; cause?: unknown };
  if (cause === undefined) return name === "TypeError" && refusedWords.test(String(message));
  const behind = (cause ?? {}) as { name?: unknown; message?: unknown };
  const words = String(behind.message);
  return (unread.has(String(behind.name)) && !notHttp.test(words)) || unreadWords.test(words);
};
