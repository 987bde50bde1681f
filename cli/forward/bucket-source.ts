import { fixedKeys } from "../../src/adapters/aws/keys.ts";
import type { Budget } from "../../src/adapters/ports/platform/budget.ts";
import { unpacked } from "../../src/adapters/s3/body.ts";
import { ownError } from "../../src/adapters/s3/error.ts";
import type { S3 } from "../../src/adapters/s3/s3.ts";
import { createS3 } from "../../src/adapters/s3/s3.ts";
import { bucketFault } from "../../src/domain/cost/bucket.ts";
import type { TrailPlace } from "../../src/domain/cost/trail.ts";
import { deliveredMs, isOfNow, listedFrom } from "../../src/domain/cost/trail.ts";
import { usageError } from "../exit.ts";
import type { Environment } from "../settings.ts";
import type { Source } from "./source.ts";
import { mostFileBytes } from "./source.ts";

/** How long an answer may take to begin, and a file in all. */
const [answerMs, readMs] = [20_000, 300_000];
/** How deep below the prefix accounts and regions are looked for, and how many. */
const mostDeep = 6;
const mostPlaces = 2_000;

const budget: Budget = {
  untilMs: Number.POSITIVE_INFINITY,
  connection: async ({ answerMs: ms }, request) => ({ status: "sent", value: await request(AbortSignal.timeout(ms)) }),
};

const placeOf = (prefix: string): TrailPlace | null => {
  const [, awsAccount, region] = /(?:^|\/)(\d{12})\/CloudTrail\/([a-z0-9-]+)\/$/.exec(prefix) ?? [];
  return awsAccount === undefined || region === undefined ? null : { prefix, awsAccount, region };
};

/** Every account and region that has files below a prefix. */
const placesBelow = async (s3: S3, prefix: string, deep = 0): Promise<TrailPlace[]> => {
  const place = placeOf(prefix);
  if (place !== null) return [place];
  if (deep > mostDeep) return [];
  const places: TrailPlace[] = [];
  for (let token: string | null = null; ;) {
    const page = await s3.list({ prefix, delimiter: "/", ...(token !== null && { token }) }, budget);
    for (const below of page.prefixes) {
      if (!below.endsWith("/CloudTrail-Digest/") && places.length < mostPlaces) places.push(...(await placesBelow(s3, below, deep + 1)));
    }
    token = page.next;
    if (token === null) return places;
  }
};

const clientOf = (address: string, env: Environment): { readonly s3: S3; readonly prefix: string } => {
  const [, bucket = "", prefix = ""] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(address) ?? [];
  const fault = bucketFault(bucket);
  if (fault !== null) throw usageError(`--from: the bucket of ${address} ${fault}`);
  const [accessKeyId, secretAccessKey, sessionToken] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].map(
    (name) => env[name],
  );
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw usageError("--from s3:// needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and of a role AWS_SESSION_TOKEN");
  const region = env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"] ?? "us-east-1";
  const s3 = createS3({
    bucket,
    region,
    endpoint: env["AWS_ENDPOINT_URL_S3"],
    keys: fixedKeys({ accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }),
    fetch,
    clock: { nowMs: () => Date.now(), sleep: async () => {} },
    timeoutMs: answerMs,
    readMs,
  });
  return { s3, prefix: prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/` };
};

const tooLarge = () => ownError("too_large", `it has more than ${mostFileBytes} bytes unpacked`, false);

/** An object's content. `s3.read` wants to be told what is done with it, and here that is done by whoever asks for the next part. */
async function* content(s3: S3, key: string): AsyncGenerator<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const reading = s3.read(key, budget, async ({ body }) => await (await unpacked(body, mostFileBytes, tooLarge)).pipeTo(writable));
  const failed = reading.then(
    () => null,
    async (thrown: unknown) => {
      await writable.abort(thrown).catch(() => undefined);
      return { thrown };
    },
  );
  yield* readable;
  const failure = await failed;
  if (failure !== null) throw failure.thrown;
}

/** Files of a bucket, below `s3://BUCKET/PREFIX`: as the polling of the deployment reads them. @throws CommandError for a wrong address */
export const bucketSource = (address: string, env: Environment): Source => {
  const { s3, prefix } = clientOf(address, env);
  let begins: { readonly place: TrailPlace; readonly from: string }[] = [];
  return {
    files: async function* (done) {
      const places = await placesBelow(s3, prefix);
      const nowMs = Date.now();
      const listed: typeof begins = [];
      for (const place of places) {
        const last =
          [...done]
            .filter((key) => key.startsWith(place.prefix))
            .toSorted()
            .at(-1) ?? null;
        const from = listedFrom(place, last, nowMs);
        listed.push({ place, from });
        for (let token: string | null = null; ;) {
          const page = await s3.list({ prefix: place.prefix, startAfter: from, ...(token !== null && { token }) }, budget);
          for (const { key } of page.objects) {
            const atMs = deliveredMs(place, key);
            if (atMs !== null && isOfNow(atMs, nowMs) && !done.has(key))
              yield { name: key, id: key, isFresh: false, place: place.prefix, open: () => content(s3, key) };
          }
          token = page.next;
          if (token === null) break;
        }
      }
      begins = listed;
    },
    isGone: (id) => begins.some(({ place, from }) => id.startsWith(place.prefix) && id < from),
  };
};
