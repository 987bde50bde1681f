import { describe, expect, it } from "vitest";
import type { DnsBudget } from "../../../src/adapters/ports/steering/dns.ts";
import { freelyUntil } from "../../support/budget.ts";
import { half, names, server, useAccount, zoneId } from "./account.ts";
import { route53At } from "./support.ts";

useAccount();

// What health checks are like is worth knowing, but not at the price of the records.

const zone = "bulk.example.org";
const [own, many] = [names(12, zone), names(24, zone)];
const checkId = (side: number, index: number) => `${side}aaaaaaa-0000-0000-0000-${String(index).padStart(12, "0")}`;
const seed = (all: readonly string[]) =>
  server.seed(
    zoneId(zone),
    all.flatMap((name, index) => [
      half(name, "Primary", 100, { healthCheckId: checkId(1, index) }),
      half(name, "BACKUP", 0, { healthCheckId: checkId(2, index) }),
    ]),
  );

/** Requests end when their time for an answer is over, whether or not there is one. */
const until = (untilMs: number): DnsBudget => ({
  ...freelyUntil(untilMs),
  connection: async ({ answerMs }, request) => {
    const end = new AbortController();
    const timer = setTimeout(() => end.abort(), Math.min(answerMs, untilMs - Date.now()));
    try {
      return { status: "sent", value: await request(end.signal) };
    } finally {
      clearTimeout(timer);
    }
  },
});

const access = (health: (init?: RequestInit) => Promise<Response>) => {
  const asked: string[] = [];
  const send: typeof fetch = async (input, init) => {
    const path = new URL(String(input)).pathname;
    if (!path.includes("/healthcheck/")) return await fetch(input, init);
    asked.push(path);
    return await health(init);
  };
  return { asked, dns: route53At(server.url, { fetch: send }) };
};
const silence = (init?: RequestInit): Promise<Response> =>
  new Promise((_resolve, reject) => {
    init?.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
  });

describe("asking after health checks", () => {
  it("that is not answered keeps no pair from being read in its time, and is not tried again at once", async () => {
    seed(own);
    const { dns, asked } = access(silence);
    const beganMs = Date.now();
    const readings = await dns.read(own, until(beganMs + 4_000));
    expect([...readings.values()].map(({ status }) => status)).toEqual(own.map(() => "found"));
    expect(Date.now() - beganMs).toBeLessThan(4_000);
    const before = asked.length;
    expect((await dns.read(own, until(Date.now() + 4_000))).size).toBe(own.length);
    expect(asked).toHaveLength(before);
  });

  it("takes no more than 40 requests of a reading, whatever the number of names", async () => {
    seed(many);
    const { dns, asked } = access(async () => new Response("", { status: 403 }));
    expect((await dns.read(many)).size).toBe(many.length);
    expect(asked.length).toBeLessThanOrEqual(40);
  });
});
