import { mostHeaderChars } from "../../domain/detection/probe.ts";

/** Whether an answer's headers are larger than what every runtime reads. */
export const hasTooManyHeaders = (headers: Headers): boolean => {
  let chars = 0;
  for (const [name, value] of headers) chars += name.length + value.length;
  return chars > mostHeaderChars;
};

/** undici's error codes (Node's fetch, and that of Vercel's emulator) for a received answer that it can not read. */
const unread = new Set([
  "HeadersOverflowError",
  "HTTPParserError",
  "ResponseContentLengthMismatchError",
  // Of a probe agent (`cli/probe/safe-send.ts`): by its resolver the name leads into a private network, which is not looked into.
  "PrivateAddressError",
]);
/** A socket closed because of a 100 or 101, and encodings that are not to be decoded. */
const unreadWords = /^(bad response|bad upgrade|too many content-encodings)/;
/** What no runtime reads is a failure on all of them: not HTTP, or an invalid status. */
const notHttp = /\((Expected HTTP\/|Invalid HTTP version|Invalid status code|Invalid response status)/;
/** The edge's Response refuses reason phrases that the other runtimes accept. */
const refusedWords = /statusText|ByteString/;

/**
 * Whether fetch failed on an answer that others read: a vantage must not mistake its runtime's limits for a dead CDN.
 * workerd is the most lenient and reports every failure as a lost connection, so this is for other runtimes.
 */
export const isUnreadable = (thrown: unknown): boolean => {
  const { name, message, cause } = (thrown ?? {}) as { name?: unknown; message?: unknown; cause?: unknown };
  if (cause === undefined) return name === "TypeError" && refusedWords.test(String(message));
  const behind = (cause ?? {}) as { name?: unknown; message?: unknown };
  const words = String(behind.message);
  return (unread.has(String(behind.name)) && !notHttp.test(words)) || unreadWords.test(words);
};
