import type { Budget } from "../ports/platform/budget.ts";
import { parseXml, XmlShapeError } from "../aws/xml.ts";
import { keyPath, queryText } from "./address.ts";
import { unreadable } from "./answer.ts";
import { type Bytes, textOf, watched } from "./body.ts";
import { createExchange, type ExchangeOptions } from "./exchange.ts";
import { type ListAsk, type Listing, readListing } from "./listing.ts";

/** An object while it is read. `body` fails with an S3Error where it stands still, breaks off or is cut. */
export type OpenObject = {
  readonly body: Bytes;
  /** As announced; null: it was not, as of what `fetch` unpacks. */
  readonly bytes: number | null;
  readonly etag: string | null;
};

/** What is put. */
export type NewObject = { readonly body: Uint8Array<ArrayBuffer>; readonly contentType: string; readonly contentEncoding?: string };

/** A bucket. Every method throws S3Error. */
export type S3 = {
  list(ask: ListAsk, budget: Budget): Promise<Listing>;
  /** Hands an object on as a stream. What is left of it afterwards is not fetched. @throws also what `use` throws */
  read<T>(key: string, budget: Budget, use: (object: OpenObject) => Promise<T>): Promise<T>;
  /** Puts an object in the place of whatever is there. */
  put(key: string, object: NewObject, budget: Budget): Promise<void>;
};

export type S3Options = ExchangeOptions & {
  /** How long the reading of an object may take, what is done with it included; default a minute. */
  readonly readMs?: number;
};

/** Thousand keys of 1,024 bytes, each of them encoded, with what is said of each. */
const maxListingBytes = 8 * 1_048_576;

const announced = ({ headers }: Response): number | null => {
  const said = headers.get("content-length");
  return said === null || headers.get("content-encoding") !== null || !/^\d{1,15}$/.test(said) ? null : Number(said);
};

/** A client of one bucket of S3, or of what speaks S3. */
export const createS3 = ({ readMs = 60_000, ...options }: S3Options): S3 => {
  const exchange = createExchange(options);
  const { timeoutMs } = options;

  const listingOf = async (response: Response, abort: () => void): Promise<Listing> => {
    const body =
      response.body === null ? null : watched(response.body as Bytes, { stallMs: timeoutMs, expected: announced(response), abort });
    const document = parseXml(await textOf(body, maxListingBytes));
    try {
      if (document?.root === "ListBucketResult") return readListing(document.node);
    } catch (thrown) {
      if (!(thrown instanceof XmlShapeError)) throw thrown;
    }
    return unreadable(response, "the answer is not a whole ListBucketResult");
  };

  return {
    list: async ({ prefix, startAfter, token, delimiter, maxKeys }, budget) => {
      const query = queryText({
        "continuation-token": token,
        delimiter,
        "encoding-type": "url", // XML can not carry every key
        "list-type": "2",
        "max-keys": maxKeys === undefined ? undefined : `${maxKeys}`,
        prefix: prefix === "" ? undefined : prefix,
        "start-after": token === undefined ? startAfter : undefined,
      });
      return await exchange({ method: "GET", path: "", query, wholeMs: 2 * timeoutMs }, budget, listingOf);
    },
    read: async (key, budget, use) =>
      await exchange({ method: "GET", path: keyPath(key), wholeMs: readMs }, budget, async (response, abort) => {
        const expected = announced(response);
        const body = watched((response.body ?? new Blob([]).stream()) as Bytes, { stallMs: timeoutMs, expected, abort });
        return await use({ body, bytes: expected, etag: response.headers.get("etag") });
      }),
    put: async (key, { body, contentType, contentEncoding }, budget) => {
      const headers = { "content-type": contentType, ...(contentEncoding !== undefined && { "content-encoding": contentEncoding }) };
      await exchange({ method: "PUT", path: keyPath(key), body, headers, wholeMs: 2 * timeoutMs }, budget, async (response) => {
        await textOf(response.body as Bytes | null, maxListingBytes);
      });
    },
  };
};
