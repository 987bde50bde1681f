import { AppError } from "../../errors.ts";
import type { Archive } from "../ports/cost/archive.ts";
import { failureOf } from "./error.ts";
import { gzipped } from "./gzip.ts";
import type { Breakers } from "../ports/platform/breakers.ts";
import type { S3 } from "./s3.ts";

/** While it is paused: about as long as that lasts at first. */
const pausedRetrySeconds = "10";
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
          ...(code === "paused" && { headers: { "retry-after": pausedRetrySeconds } }),
        });
      }
    }
  },
});

/** How long what is known of the archive's breaker is gone by: requests come often. */
const freshMs = 5_000;

/** An archive whose breaker, which its calls heed, is read before it is asked, and stored after that. */
export const byItsBreaker = ({ keep }: Archive, breakers: Pick<Breakers, "during">): Archive => ({
  keep: async (key, text, budget) => await breakers.during(["archive"], async () => await keep(key, text, budget), freshMs),
});
