import type { CostAccess } from "../ports/cost/access.ts";
import type { TrailAnswer, TrailFiles, TrailProblem } from "../ports/cost/trail-files.ts";
import type { Clock } from "../ports/platform/clock.ts";
import { guardedFetch } from "../platform/guarded-fetch.ts";
import { type Bytes, unpacked } from "./body.ts";
import { failureOf, isDenied, isKeyFailure, isMissing, ownError, S3Error } from "./error.ts";
import type { S3 } from "./s3.ts";
import { createS3 } from "./s3.ts";

export type TrailFilesOptions = {
  /** In the place of AWS; null: AWS. */
  readonly endpoint: string | null;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** How long an answer may take to begin, and a body may stand still. */
  readonly timeoutMs: number;
  /** How long a file may take, what is done with it included. */
  readonly readMs: number;
  /** Of a file, unpacked: CloudTrail's have 50 MB at most, and a small one can hold a great many. */
  readonly mostBytes: number;
};

/** Said by S3, or of it, where the account has no usable credentials. */
const keyCodes = new Set(["unusable", "own_role", "InvalidClientTokenId", "ExpiredTokenException", "UnrecognizedClientException"]);

const problemOf = (thrown: unknown, { bucket, region }: CostAccess): TrailProblem => {
  const failure = failureOf(thrown);
  const { code, message } = failure;
  if (code === "too_large" || code === "damaged" || code === "bad_key") return { kind: "file", words: message };
  if (code === "cut" || message.startsWith("the body stood still")) return { kind: "broken", words: message };
  if (code === "paused") return { kind: "away", words: `S3 is ${message}` };
  if (isMissing(failure)) return { kind: "gone", words: "the file is not there any more" };
  if (code === "NoSuchBucket") return { kind: "no-bucket", words: `there is no bucket ${bucket}` };
  if (message.startsWith("the role ") || keyCodes.has(code) || isKeyFailure(failure)) return { kind: "keys", words: `${code}: ${message}` };
  if (isDenied(failure) || code.startsWith("KMS.")) return { kind: "denied", words: `AWS does not permit it: ${code}: ${message}` };
  if (code === "PermanentRedirect" || code === "AuthorizationHeaderMalformed" || code === "http_301")
    return { kind: "no-bucket", words: `the bucket ${bucket} is not in ${region}, and S3 did not say where: ${code}: ${message}` };
  return { kind: "away", words: `${code}: ${message}` };
};

/** What could not be unpacked is damaged; all else that may go wrong on the way says so itself. */
const ofContent = (thrown: unknown): S3Error =>
  thrown instanceof S3Error ? thrown : ownError("damaged", "the file can not be unpacked: it is damaged, or cut", false, { cause: thrown });

/** The parts of a stream. What fails in reading it is an S3Error, and so told from what fails with whoever asks for the parts. */
async function* partsOf(content: Bytes): AsyncGenerator<Uint8Array> {
  const reader = content.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((thrown: unknown) => {
        throw ofContent(thrown);
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Buckets of customers, each with its own credentials. */
export const createTrailFiles = ({ endpoint, fetch, clock, timeoutMs, readMs, mostBytes }: TrailFilesOptions): TrailFiles => {
  /** As long as an account's credentials are held: its region is asked for once. */
  const clients = new WeakMap<CostAccess, S3>();

  const clientOf = (access: CostAccess): S3 => {
    const { bucket, region, keys, line } = access;
    const known = clients.get(access);
    if (known !== undefined) return known;
    const client = createS3({
      bucket: bucket ?? "",
      region,
      keys,
      endpoint: endpoint ?? undefined,
      fetch: line === undefined ? fetch : guardedFetch(fetch, line, clock),
      clock,
      timeoutMs,
      readMs,
    });
    clients.set(access, client);
    return client;
  };

  const tooLarge = () => ownError("too_large", `the file has more than ${mostBytes} bytes unpacked`, false);

  const answered = async <T>(access: CostAccess, work: (s3: S3) => Promise<T>): Promise<TrailAnswer<T>> => {
    try {
      return { ok: true, value: await work(clientOf(access)) };
    } catch (thrown) {
      if (!(thrown instanceof S3Error)) throw thrown;
      return { ok: false, problem: problemOf(thrown, access) };
    }
  };

  return {
    list: async (access, { prefix, startAfter, token, most }, budget) =>
      await answered(access, async (s3) => {
        const { objects, next } = await s3.list({ prefix, startAfter, token, maxKeys: most }, budget);
        return { files: objects.map(({ key, size }) => ({ key, bytes: size })), next };
      }),
    read: async (access, key, budget, use) =>
      await answered(access, async (s3) =>
        s3.read(key, budget, async ({ body }) => await use(partsOf(await unpacked(body, mostBytes, tooLarge)))),
      ),
  };
};
