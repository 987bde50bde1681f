import { lookup } from "node:dns";
import type { LookupAddress, LookupOptions } from "node:dns";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { isPublicAddress } from "../../src/domain/detection/address.ts";

/** More than any answer that counts: the prober sees by itself what is too much for others. */
const mostHeaderBytes = 262_144;

/** What is behind a failed fetch, as the prober tells failures apart (`unreadable-answer.ts`). */
const failed = (name: string, message: string): TypeError =>
  new TypeError("fetch failed", { cause: Object.assign(new Error(message), { name }) });

/** An address that is not probed from here. The prober takes it for what says nothing of the CDN: this vantage abstains. */
const isPrivate = (host: string): TypeError => failed("PrivateAddressError", `${host} is not a public address`);

type Done = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** Resolves a name for one connection, which is then made to an address that was looked at: nothing can change in between. */
const guardedLookup = (hostname: string, options: LookupOptions, done: Done): void => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return done(error, "");
    const first = addresses[0];
    if (first === undefined) return done(Object.assign(new Error(`${hostname} has no address`), { code: "ENOTFOUND" }), "");
    const found = addresses.find(({ address }) => !isPublicAddress(address));
    if (found !== undefined) return done(Object.assign(new Error(`${hostname} leads to ${found.address}`), { code: "EPRIVATE" }), "");
    if (options.all === true) return done(null, addresses);
    return done(null, first.address, first.family);
  });
};

const headersOf = ({ rawHeaders }: IncomingMessage): Headers => {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    try {
      headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
    } catch {
      // What a CDN may not send, and others read: it is not looked at.
    }
  }
  return headers;
};

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");

/** As Node's own fetch would have failed. The parser's reasons are in parentheses there. */
const asFetch = (error: Error): Error => {
  const code = codeOf(error);
  if (code === "EPRIVATE") return failed("PrivateAddressError", error.message);
  if (code === "HPE_HEADER_OVERFLOW") return failed("HeadersOverflowError", error.message);
  if (code.startsWith("HPE_")) return failed("HTTPParserError", `(${"reason" in error ? String(error.reason) : error.message})`);
  return failed("Error", error.message);
};

/**
 * `fetch` for probes, from a machine that has a private network behind it: it connects to public addresses only, by the very
 * addresses that were looked at, follows nothing, reads no body, and keeps no connection.
 * @param allowPrivate for tests and for targets on one's own network
 */
export const createSafeSend = (allowPrivate: boolean): typeof fetch => {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    if (!allowPrivate && (url.protocol !== "https:" || (isIP(host) !== 0 && !isPublicAddress(host)))) throw isPrivate(host);
    const begin = url.protocol === "https:" ? requestHttps : requestHttp;
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const request: ClientRequest = begin(url, {
      method: "GET",
      agent: false,
      headers: { ...(init?.headers as Record<string, string>), connection: "close" },
      maxHeaderSize: mostHeaderBytes,
      ...(init?.signal != null && { signal: init.signal }),
      ...(!allowPrivate && { lookup: guardedLookup }),
    });
    request.on("response", (answer) => {
      try {
        resolve(new Response(null, { status: answer.statusCode ?? 0, headers: headersOf(answer) }));
      } catch {
        reject(failed("HTTPParserError", "(Invalid status code)"));
      }
      answer.on("error", () => undefined);
      answer.destroy();
    });
    request.on("upgrade", (_, socket) => {
      socket.destroy();
      reject(failed("Error", "bad upgrade"));
    });
    request.on("error", (error) => reject(asFetch(error)));
    request.end();
    return await promise;
  };
};
