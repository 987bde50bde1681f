import type { Result } from "../../src/client/client.ts";
import type { Problem } from "../../src/client/operations.ts";
import type { SharedClock, TimeKeeper } from "../../src/adapters/ports/platform/clock.ts";
import { ApiError } from "../../src/client/client.ts";
import { timeHeader } from "../../src/domain/detection/agent-request.ts";
import type { Target } from "../../src/pipeline/detection/probing.ts";
import { parseStatusRanges } from "../../src/domain/detection/probe.ts";
import { CommandError, exit } from "../exit.ts";
import { unreachable } from "../session.ts";
import type { AgentKey } from "./key.ts";

type Page = Result<"GET /v1/probe-agents/targets">;
type Kept = Result<"POST /v1/probe-agents/samples">;
export type Reading = Readonly<{
  domain_id: number;
  path: string;
  setup: number;
  slot: string;
  probes: readonly { probed_at: string; status: number | null; latency_ms: number; error: string | null }[];
}>;

/** What there is to probe, and at which cadence. */
export type Assignment = {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly targets: readonly Target[];
  readonly isCut: boolean;
};

/** A request is given up after this: its slot would be over for too long. */
const requestMs = 15_000;
/** Pages of two hundred domains: four times what a shard has in a round. More would be probed too seldom to count. */
const mostPages = 50;
/** By this much two readings of one clock may differ without the clock being wrong. */
const sameClockMs = 5_000;

type Known = { readonly etag: string; readonly page: Page; readonly next: string | null };

const targetsOf = ({ domains }: Page): readonly Target[] =>
  domains.flatMap(({ domain_id: domainId, service_id: serviceId, customer_id: customerId, expect_status: expected, paths }) =>
    paths.map(({ path, url, setup, cdn }) => ({
      customerId,
      serviceId,
      domainId,
      path,
      url,
      setup,
      cdn,
      expected: parseStatusRanges(expected) ?? [[200, 399]],
      confirmed: true,
    })),
  );

const nextOf = (link: string | null): string | null => /<([^>]*)>\s*;\s*rel="next"/.exec(link ?? "")?.[1] ?? null;

/** Whether trying again can not help: the secret is of nobody (any more), or the URL is not that of an API of this version. */
export const isHopeless = (error: unknown): boolean =>
  error instanceof ApiError && [400, 401, 403, 404, 405, 413, 415].includes(error.status);

/**
 * The part of the API that a probe agent may use, each request signed. Each answer's time corrects the clock, also that of a refusal:
 * with a wrong clock the first request is refused, and made again.
 */
export const createAgentApi = (url: string, key: AgentKey, clock: SharedClock & TimeKeeper, userAgent: string) => {
  const known = new Map<string, Known>();

  const once = async (method: string, path: string, body: string, headers: Record<string, string>): Promise<Response> => {
    const sentTimerMs = clock.timerMs();
    let response: Response;
    let text: string;
    try {
      response = await fetch(url + path, {
        method,
        headers: {
          accept: "application/json",
          "user-agent": userAgent,
          authorization: key.authorize(method, path, clock.nowMs(), body),
          ...headers,
        },
        ...(body !== "" && { body }),
        redirect: "manual",
        signal: AbortSignal.timeout(requestMs),
      });
      text = await response.text();
    } catch (error) {
      throw unreachable(new URL(url).origin, error);
    }
    const databaseMs = Number(response.headers.get(timeHeader) ?? Number.NaN);
    clock.heard(databaseMs, sentTimerMs, clock.timerMs());
    if (response.ok || response.status === 304)
      return new Response(text === "" ? null : text, { status: response.status, headers: response.headers });
    const isProblem = /\bjson\b/.test(response.headers.get("content-type") ?? "");
    let problem: Problem | null = null;
    try {
      problem = isProblem ? (JSON.parse(text) as Problem) : null;
    } catch {
      // What stands between says that it is JSON, and it is not.
    }
    throw new ApiError(response, problem);
  };

  const send = async (method: string, path: string, body = "", headers: Record<string, string> = {}): Promise<Response> => {
    const correctedMs = clock.correctedMs();
    try {
      return await once(method, path, body, headers);
    } catch (error) {
      const wasOff = Math.abs(clock.correctedMs() - correctedMs) > sameClockMs;
      if (!(error instanceof ApiError && error.status === 401 && wasOff)) throw error;
      return await once(method, path, body, headers);
    }
  };

  const page = async (path: string): Promise<Known> => {
    const before = known.get(path);
    const response = await send("GET", path, "", before === undefined ? {} : { "if-none-match": before.etag });
    if (response.status === 304 && before !== undefined) return before;
    const read = {
      etag: response.headers.get("etag") ?? "",
      page: (await response.json()) as Page,
      next: nextOf(response.headers.get("link")),
    };
    if (!Array.isArray(read.page.domains))
      throw new CommandError(exit.unreachable, `${url} does not answer as tranche does: is the URL right?`);
    known.set(path, read);
    return read;
  };

  return {
    /** Reads what there is to probe; pages that are as they were are not sent again. @throws ApiError, CommandError */
    assignment: async (): Promise<Assignment> => {
      const read: Known[] = [];
      const paths = new Set<string>();
      for (let path: string | null = "/v1/probe-agents/targets?limit=200"; path !== null && read.length < mostPages;) {
        paths.add(path);
        const one: Known = await page(path);
        read.push(one);
        path = one.next !== null && !paths.has(one.next) ? one.next : null;
      }
      for (const path of known.keys()) if (!paths.has(path)) known.delete(path);
      const [first] = read;
      return {
        intervalMs: first?.page.interval_ms ?? 10_000,
        timeoutMs: first?.page.timeout_ms ?? 5_000,
        targets: read.flatMap((one) => targetsOf(one.page)),
        isCut: read.at(-1)?.next != null && read.length === mostPages,
      };
    },
    /** @throws ApiError, CommandError */
    tell: async (version: string, readings: readonly Reading[]): Promise<Kept> => {
      const body = JSON.stringify({ version, readings });
      return (await (await send("POST", "/v1/probe-agents/samples", body, { "content-type": "application/json" })).json()) as Kept;
    },
  };
};

export type AgentApi = ReturnType<typeof createAgentApi>;
