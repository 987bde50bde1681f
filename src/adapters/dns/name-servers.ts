import type { DnsReply, Question, QuestionType } from "../../domain/steering/dns-message.ts";
import { decodeReply, encodeQuery } from "../../domain/steering/dns-message.ts";
import { isPrivateHost } from "../../domain/tenants/hostname.ts";
import type { Budget } from "../ports/platform/budget.ts";
import type { Connect } from "../ports/platform/connect.ts";
import type { Random } from "../ports/platform/random.ts";
import type { NameServers } from "../ports/steering/name-servers.ts";
import type { AnswerReading } from "../ports/steering/resolver.ts";

const dnsPort = 53;
const answerTimeoutMs = 5_000;
/** Bytes. A larger answer is ignored: steered pairs need a few hundred. */
const maxAnswerLength = 4_096;
/** The servers of a zone give the same answers; the second is queried because the first may be unreachable. */
const maxServers = 2;

const nxdomain = 3;

const framed = (message: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(2 + message.length);
  new DataView(frame.buffer).setUint16(0, message.length);
  frame.set(message, 2);
  return frame;
};

/** The first message of a stream, each preceded by two bytes with its length (RFC 1035 §4.2.2); null: there is none, or it is too large. */
const firstMessage = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | null> => {
  const kept = new Uint8Array(2 + maxAnswerLength);
  let held = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return null;
    const part = value.subarray(0, kept.length - held);
    kept.set(part, held);
    held += part.length;
    if (held < 2) continue;
    const length = new DataView(kept.buffer).getUint16(0);
    if (length > maxAnswerLength) return null;
    if (held >= 2 + length) return kept.subarray(2, 2 + length);
  }
};

/**
 * DNS over TCP (RFC 7766) to name servers themselves: one connection and one question each.
 * @param connect of the platform
 * @param endpoint queried in place of every server's own address, for machines whose zones are not in the public DNS
 */
export const createNameServers = (
  connect: Connect,
  random: Random,
  endpoint: { readonly hostname: string; readonly port: number } | null = null,
): NameServers => {
  const exchange = async (server: string, query: Uint8Array, question: Question, signal: AbortSignal): Promise<DnsReply | null> => {
    signal.throwIfAborted();
    const connection = connect(endpoint ?? { hostname: server, port: dnsPort });
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = (): void => reject(new Error("aborted"));
    signal.addEventListener("abort", abort);
    const talk = async (): Promise<DnsReply | null> => {
      const writer = connection.writable.getWriter();
      await writer.write(framed(query));
      writer.releaseLock();
      const message = await firstMessage(connection.readable.getReader());
      return message === null ? null : decodeReply(message, question);
    };
    try {
      return await Promise.race([talk(), aborted]);
    } finally {
      signal.removeEventListener("abort", abort);
      // Not awaited: a server that does not close would hold the slot.
      connection.close().catch(() => undefined);
    }
  };

  const askOne = async (server: string, name: string, type: QuestionType, { untilMs, connection }: Budget): Promise<AnswerReading> => {
    const silent: AnswerReading = { resolver: server, status: "silent" };
    const question: Question = { id: new DataView(random.bytes(2).buffer).getUint16(0), name, type };
    const query = encodeQuery(question);
    if (query === null) return silent;
    try {
      const sent = await connection(
        { untilMs, answerMs: answerTimeoutMs },
        async (signal) => await exchange(server, query, question, signal),
      );
      const reply = sent.status === "sent" ? sent.value : null;
      if (reply === null || !reply.authoritative || reply.truncated || (reply.rcode !== 0 && reply.rcode !== nxdomain)) return silent;
      return { resolver: server, status: "answered", answers: reply.answers };
    } catch {
      return silent;
    }
  };

  // NS names are chosen by the zone's owner.
  const mayBeAsked = (server: string): boolean => endpoint !== null || !isPrivateHost(server);
  return {
    ask: async (name, type, servers, budget) =>
      await Promise.all(
        servers
          .filter(mayBeAsked)
          .slice(0, maxServers)
          .map((server) => askOne(server, name, type, budget)),
      ),
  };
};
