import type { IncomingMessage } from "node:http";

/** The header from which the API takes a client's address (`src/adapters/platform/client-address.ts`). */
const header = "x-real-ip";

/** The last part: the one that our own proxy has added. What precedes it is whatever the client sent. */
const forwarded = (request: IncomingMessage): string | null => {
  const value = request.headersDistinct["x-forwarded-for"]?.at(-1)?.split(",").at(-1)?.trim() ?? "";
  return value === "" ? null : value;
};

/**
 * Says whose request it is, whatever the client says of it, and of what came to our proxy over TLS that it did. An IPv4 address in IPv6's
 * form is told as IPv4.
 */
export const tellOrigin = (request: IncomingMessage, trustsProxy: boolean): void => {
  // Node makes these of the raw headers when they are first read, as many as came: so before any of them is taken out.
  const { headers, headersDistinct } = request;
  // What the server makes the request's URL of, and that decides about cookies and forms of the console.
  if (trustsProxy) Object.assign(request.socket, { encrypted: headers["x-forwarded-proto"] === "https" });
  const socket = request.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, "") ?? "";
  const address = (trustsProxy ? forwarded(request) : null) ?? socket;
  const raw: string[] = [];
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    const [name = "", value = ""] = [request.rawHeaders[at], request.rawHeaders[at + 1]];
    if (name.toLowerCase() !== header) raw.push(name, value);
  }
  raw.push(header, address);
  request.rawHeaders.splice(0, request.rawHeaders.length, ...raw);
  // The server reads now the ones and now the others.
  headers[header] = address;
  headersDistinct[header] = [address];
};
