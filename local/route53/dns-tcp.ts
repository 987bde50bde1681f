import type { AddressInfo, Socket } from "node:net";
import { createServer, isIPv6 } from "node:net";
import type { DohOptions } from "./doh.ts";
import { resolvePublicly } from "./doh.ts";
import { canonicalName, InvalidNameError, isWithinZone } from "./names.ts";
import type { DnsRecord } from "./resolve.ts";

export interface DnsTcpServer {
  /** `127.0.0.1:<port>`. */
  address: string;
  /** Questions that were answered. */
  readonly answered: number;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, number>> = { A: 1, CNAME: 5, AAAA: 28 };
const FORMERR = 1;
const REFUSED = 5;
/** Questions come by themselves: one that is longer than a header and a name is none. */
const MAX_QUERY = 512;
/** A client that asks nothing for so long is cut off. */
const IDLE_MS = 10_000;

/**
 * The name servers of all public zones of the local Route 53, over TCP (RFC 1035 §4.2.2), from the same records as its DNS over
 * HTTPS. Unlike Route 53's they also follow a CNAME into another zone of the account.
 */
export async function startDnsTcp(options: DohOptions): Promise<DnsTcpServer> {
  const sockets = new Set<Socket>();
  let answered = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    let pending = Buffer.alloc(0);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (part: Buffer) => {
      pending = Buffer.concat([pending, part]);
      while (pending.length >= 2) {
        const length = pending.readUInt16BE(0);
        if (length > MAX_QUERY || length < 12) return void socket.destroy();
        if (pending.length < 2 + length) return;
        const reply = respond(pending.subarray(2, 2 + length), options);
        pending = pending.subarray(2 + length);
        const prefix = Buffer.alloc(2);
        prefix.writeUInt16BE(reply.length);
        socket.write(Buffer.concat([prefix, reply]));
        answered += 1;
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get answered() {
      return answered;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function respond(query: Buffer, options: DohOptions): Buffer {
  const question = questionOf(query);
  if (question === null) return message(query, FORMERR, Buffer.alloc(0), []);
  const { name, type, octets } = question;
  const mine = options.zones.zones.some((zone) => !zone.private && within(name, zone.name));
  if (type === undefined || !mine) return message(query, REFUSED, octets, []);
  const { status, answers } = resolvePublicly(options, name, type);
  return message(
    query,
    status,
    octets,
    answers.filter((record) => Object.hasOwn(TYPES, record.type)),
  );
}

function within(name: string, zone: string): boolean {
  try {
    return isWithinZone(canonicalName(name), zone);
  } catch (error) {
    if (error instanceof InvalidNameError) return false;
    throw error;
  }
}

/** The one question of a query, whose name is plain: no pointers, no dots within labels. */
function questionOf(query: Buffer): { name: string; type: string | undefined; octets: Buffer } | null {
  if (query.readUInt16BE(4) !== 1) return null;
  const labels: string[] = [];
  let offset = 12;
  for (let length = query[offset]; length !== 0; length = query[offset]) {
    if (length === undefined || length > 63 || offset + 1 + length > query.length) return null;
    labels.push(query.toString("latin1", offset + 1, offset + 1 + length));
    offset += 1 + length;
  }
  if (offset + 5 > query.length) return null;
  const number = query.readUInt16BE(offset + 1);
  return {
    name: labels.join("."),
    type: Object.keys(TYPES).find((type) => TYPES[type] === number),
    octets: query.subarray(12, offset + 5),
  };
}

/** QR and AA (not with an error of the server's own), the question as it came, and the records with their names compressed. */
function message(query: Buffer, rcode: number, question: Buffer, records: readonly DnsRecord[]): Buffer {
  const authoritative = rcode === 0 || rcode === 3;
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8000 | (authoritative ? 0x0400 : 0) | rcode, 2);
  header.writeUInt16BE(question.length > 0 ? 1 : 0, 4);
  header.writeUInt16BE(records.length, 6);
  const written = new Map<string, number>();
  let whole = Buffer.concat([header, question]);
  if (question.length > 0) remember(written, labelsOf(question), 12);
  for (const record of records) {
    whole = Buffer.concat([whole, nameAt(written, record.name, whole.length)]);
    const fixed = Buffer.alloc(10);
    fixed.writeUInt16BE(TYPES[record.type] ?? 0, 0);
    fixed.writeUInt16BE(1, 2);
    fixed.writeUInt32BE(record.ttlSeconds, 4);
    const data = record.type === "CNAME" ? nameAt(written, record.data, whole.length + 10) : addressOctets(record.data);
    fixed.writeUInt16BE(data.length, 8);
    whole = Buffer.concat([whole, fixed, data]);
  }
  return whole;
}

function labelsOf(question: Buffer): string[] {
  const labels: string[] = [];
  for (let offset = 0; question[offset]; offset += 1 + (question[offset] ?? 0))
    labels.push(question.toString("latin1", offset + 1, offset + 1 + (question[offset] ?? 0)));
  return labels;
}

function remember(written: Map<string, number>, labels: readonly string[], offset: number): void {
  let at = offset;
  for (let index = 0; index < labels.length; index += 1) {
    const suffix = labels.slice(index).join(".").toLowerCase();
    if (!written.has(suffix) && at < 0x4000) written.set(suffix, at);
    at += 1 + (labels[index]?.length ?? 0);
  }
}

/** A name, ending in a pointer to where the longest part of it was written before (RFC 1035 §4.1.4). */
function nameAt(written: Map<string, number>, name: string, offset: number): Buffer {
  const labels = name
    .replaceAll(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
    .replace(/\.$/, "")
    .split(".");
  const known = labels.findIndex((_, index) => written.has(labels.slice(index).join(".").toLowerCase()));
  const own = known < 0 ? labels : labels.slice(0, known);
  const pointer = known < 0 ? null : written.get(labels.slice(known).join(".").toLowerCase());
  remember(written, labels, offset);
  const octets = own.flatMap((label) => [label.length, ...Buffer.from(label, "latin1")]);
  return Buffer.from([...octets, ...(pointer === null || pointer === undefined ? [0] : [0xc0 | (pointer >> 8), pointer & 0xff])]);
}

function addressOctets(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split(".").map(Number));
  // A URL's own form of it: hexadecimal groups alone, no IPv4 at the end.
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (text: string | undefined) => (text ? text.split(":") : []);
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => "0");
  const all = [...groups(head), ...(tail === undefined ? [] : zeros), ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}
