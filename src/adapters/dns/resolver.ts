import type { Budget, Sent } from "../ports/platform/budget.ts";
import type { AnswerReading, Lookup, Resolver, TxtReading } from "../ports/steering/resolver.ts";

/** Numbers of the IANA registry "Resource Record (RR) TYPEs". */
const typeNumbers = { A: 1, NS: 2, CNAME: 5, TXT: 16, AAAA: 28 } as const;

type QueryType = keyof typeof typeNumbers;

const maxNameLength = 253;
const answerTimeoutMs = 5_000;

type DnsJson = { readonly Status?: unknown; readonly Answer?: unknown };
type DnsAnswer = { readonly name?: unknown; readonly type?: unknown; readonly data?: unknown };

/** `"a" "b"` as in a zone file is one text, `ab` (RFC 7208 §3.3); some resolvers leave the quotes out. */
export const txtValue = (data: string): string => {
  if (!data.startsWith('"')) return data;
  const strings = data.matchAll(/"((?:[^"\\]|\\.)*)"/gs);
  return [...strings].map(([, text = ""]) => text.replaceAll(/\\(.)/gs, "$1")).join("");
};

/** NS records must be of the name itself: those of a CNAME's target are another zone's. */
const isOwner = (owner: unknown, name: string): boolean =>
  typeof owner === "string" && owner.toLowerCase().replace(/\.$/, "") === name.toLowerCase();

const dataOf = (body: DnsJson, wanted: QueryType, asked: string): readonly string[] | null => {
  if (typeof body.Status !== "number") return null;
  const answers = Array.isArray(body.Answer) ? (body.Answer as readonly DnsAnswer[]) : [];
  return answers.flatMap(({ name, type, data }) =>
    type === typeNumbers[wanted] && typeof data === "string" && (wanted !== "NS" || isOwner(name, asked)) ? [data] : [],
  );
};

type Request = <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<Sent<T>>;

const within =
  ({ untilMs, connection }: Budget): Request =>
  async (work) =>
    await connection({ untilMs, answerMs: answerTimeoutMs }, work);

/**
 * DNS over HTTPS in the JSON form that public resolvers share. Any DNS response counts as an answer, NXDOMAIN and SERVFAIL
 * with no texts; an unreachable resolver is silent.
 * @param endpoints whole URLs, such as `https://cloudflare-dns.com/dns-query`
 */
export const createResolver = (endpoints: readonly string[], send: typeof fetch): Resolver & Lookup => {
  const ask = async (endpoint: string, name: string, type: QueryType, request: Request): Promise<AnswerReading> => {
    const url = new URL(endpoint);
    const resolver = url.host;
    // No query can be written for it, so no resolver has an answer.
    if (name.length > maxNameLength) return { resolver, status: "answered", answers: [] };
    url.searchParams.set("name", name);
    url.searchParams.set("type", type);
    try {
      const sent = await request(async (signal) => {
        const response = await send(url.href, {
          headers: { accept: "application/dns-json" },
          redirect: "manual",
          cache: "no-store",
          signal,
        });
        return response.status === 200 ? dataOf((await response.json()) as DnsJson, type, name) : null;
      });
      const answers = sent.status === "sent" ? sent.value : null;
      return answers === null ? { resolver, status: "silent" } : { resolver, status: "answered", answers };
    } catch {
      return { resolver, status: "silent" };
    }
  };
  const askAll = async (name: string, type: QueryType, request: Request): Promise<readonly AnswerReading[]> =>
    await Promise.all(endpoints.map((endpoint) => ask(endpoint, name, type, request)));
  return {
    txt: async (name, budget) =>
      (await askAll(name, "TXT", within(budget))).map((reading): TxtReading =>
        reading.status === "silent" ? reading : { resolver: reading.resolver, status: "answered", texts: reading.answers.map(txtValue) },
      ),
    lookup: async (name, type, budget) => await askAll(name, type, within(budget)),
  };
};
