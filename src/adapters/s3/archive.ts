import { AppError } from "../../errors.ts";
import type { Archive } from "../ports/cost/archive.ts";
import { failureOf } from "./error.ts";
import { gzipped } from "./gzip.ts";
import type { S3 } from "./s3.ts";

/** How often it is tried within one call: the same object under the same name, so that a second one does no harm. */
const tries = 2;

/** A bucket as an archive. @param prefix before every name: empty, or ends with a slash */
export const createS3Archive = (s3: S3, prefix: string): Archive => ({
  keep: async (key, text, budget) => {
    const object = { body: await gzipped(text), contentType: "application/json", contentEncoding: "gzip" };
    for (let tried = 1; ; tried += 1) {
      try {
        return await s3.put(`${prefix}${key}`, object, budget);
      } catch (thrown) {
        const { code, retryable } = failureOf(thrown);
        if (retryable && tried < tries) continue;
        throw new AppError("unavailable", "the archive does not take the events: nothing was stored, send them again", {
          cause: thrown,
          kind: `archive_${code}`,
        });
      }
    }
  },
});
