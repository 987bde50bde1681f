import { ownError, S3Error } from "./error.ts";

export type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

/** Whose watch a body is read under. */
export type Watch = {
  /** How long it may stand still while somebody waits for more of it. */
  readonly stallMs: number;
  /** How many bytes were announced; null: nobody said so. */
  readonly expected: number | null;
  /** Something of it has failed: the connection is of no use any more. */
  readonly abort: () => void;
};

const stalled = (ms: number): S3Error => ownError("timeout", `the body stood still for ${ms} ms`, true);

/** The next part, or what ended the wait for it. */
const nextOf = async (reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>, { stallMs, abort }: Watch) => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(stalled(stallMs));
      abort();
    }, stallMs);
  });
  try {
    return await Promise.race([reader.read(), late]);
  } catch (thrown) {
    throw thrown instanceof S3Error ? thrown : ownError("cut", "the connection ended before the body did", true, { cause: thrown });
  } finally {
    clearTimeout(timer);
  }
};

/** A body that fails with an S3Error where it stands still, breaks off or is shorter or longer than announced. */
export const watched = (body: Bytes, watch: Watch): Bytes => {
  const reader = body.getReader();
  let received = 0;
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        const { done, value } = await nextOf(reader, watch);
        if (value !== undefined) {
          received += value.byteLength;
          controller.enqueue(value);
        }
        if (!done) return;
        if (watch.expected !== null && received !== watch.expected) {
          throw ownError("cut", `the body has ${received} bytes, ${watch.expected} were announced`, true);
        }
        controller.close();
      },
      cancel: async (reason) => await reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
};

/** A stream that fails once it has passed so many bytes. @param tooLarge what is thrown then */
const limited = (body: Bytes, maxBytes: number, tooLarge: () => Error): Bytes => {
  let left = maxBytes;
  return body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (part, controller) => {
        left -= part.byteLength;
        if (left < 0) throw tooLarge();
        controller.enqueue(part);
      },
    }),
  );
};

/** The whole of a text that is not expected to be large. @throws S3Error `unreadable` where it is */
export const textOf = async (body: Bytes | null, maxBytes: number): Promise<string> => {
  if (body === null) return "";
  const tooLarge = () => ownError("unreadable", `the answer has more than ${maxBytes} bytes`, false);
  return await new Response(limited(body, maxBytes, tooLarge)).text();
};

const isGzip = ([first, second]: readonly number[]): boolean => first === 0x1f && second === 0x8b;

/**
 * What is in an object that may be compressed: `fetch` unpacks by itself what says `content-encoding: gzip`, as CloudTrail's files do at AWS
 * and copies of them elsewhere do not. So the first bytes are believed, not the name.
 * @param tooLarge what is thrown once more than `maxBytes` came out: a small file can hold a great many
 */
export const unpacked = async (body: Bytes, maxBytes: number, tooLarge: () => Error): Promise<Bytes> => {
  const reader = body.getReader();
  const head: Uint8Array<ArrayBuffer>[] = [];
  const begin: number[] = [];
  while (begin.length < 2) {
    const { done, value } = await reader.read();
    if (done) break;
    head.push(value);
    begin.push(...value.subarray(0, 2));
  }
  const whole = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        const known = head.shift();
        if (known !== undefined) return controller.enqueue(known);
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async (reason) => await reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return limited(isGzip(begin) ? whole.pipeThrough(new DecompressionStream("gzip")) : whole, maxBytes, tooLarge);
};
