import { afterEach, expect, it, vi } from "vitest";
import type { Route53Server } from "../../local/route53/server.ts";
import { startRoute53 } from "../../local/route53/server.ts";
import type { DnsDirectory } from "../../src/adapters/ports/steering/dns-access.ts";
import { createRoute53 } from "../../src/adapters/route53/route53.ts";
import { runTick } from "../../src/cron/rounds/tick.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { createMemoryTickRuns } from "../support/memory-tick-runs.ts";
import { startMs } from "../support/round-world.ts";
import { realWork } from "../support/real-work.ts";
import { useWorld } from "../support/use-world.ts";

const keys = { accessKeyId: "AKIAFIRSTSTART000000", secretAccessKey: "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY" };
const names = Array.from({ length: 200 }, (_, index) => `www.app.zone${index}.test`);

const minuteMs = 60_000;

const { world } = useWorld();
let server: Route53Server;

afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

it("reads two hundred zones for the first time with no call more than it takes, and probes everything in each round of it", async () => {
  const { countSigning, send } = realWork(world);
  countSigning();
  server = await startRoute53({
    ...keys,
    zones: names.map((name) => ({ name: name.replace("www.app.", "") })),
    now: world.clock.nowMs,
    requestsPerSecond: 1e5,
    burst: 1e5,
  });
  for (const [index, name] of names.entries()) {
    server.seed(
      server.zones[index]?.id ?? "",
      [
        ["primary", 100],
        ["backup", 0],
      ].map(([side, weight]) => ({
        name,
        type: "CNAME" as const,
        ttlSeconds: 60,
        setIdentifier: String(side),
        weight: Number(weight),
        values: [`${side}.cdn.net`],
      })),
    );
  }
  await world.seed({ domains: names.map((name) => ({ name, primary: "a.cdn.net", backup: "b.cdn.net" })) });
  await world.sql("update leases set expires_at = now() - interval '1 hour', released_at = null");
  const operator = createRoute53({
    endpoint: server.url,
    region: "us-east-1",
    credentials: keys,
    clock: world.clock,
    random: () => 0.5,
    fetch: send,
  });
  const dnsDirectory: DnsDirectory = { operator, of: async () => operator, ofAll: async () => new Map() };
  for (let minute = 0; minute < 3; minute += 1) {
    await world.clock.advance(startMs + minute * minuteMs - world.clock.nowMs());
    await world.clock.run(
      runTick(
        {
          ...world.deps,
          dnsDirectory,
          leases: world.leases,
          log: createMemoryLog().log,
          provider: "local",
          runId: `run-${minute}`,
          preferredProvider: "local",
          handBackAfterMs: 600_000,
          jobRuns: { record: async () => undefined },
          tickRuns: createMemoryTickRuns(),
          overtimeMs: 0,
        },
        { index: 0, count: 1 },
        startMs + minute * minuteMs,
      ),
    );
  }
  // Two pages of zones; of each name the cut above it and itself. Half a helping is lost where a run ends.
  expect(server.requests.length).toBeGreaterThanOrEqual(2 + 2 * names.length);
  expect(server.requests.length).toBeLessThanOrEqual(2 + 2 * names.length + 3 * 30);
  expect(await world.sql("select from domain_routing where read_at is not null")).toHaveLength(200);
  const rounds = await world.sql<{ samples: string }>(
    "select count(*) as samples from probe_samples where attempt = 0 group by round_at order by round_at",
  );
  expect(
    rounds.map(({ samples }) => Number(samples)),
    "both targets of each, in every round",
  ).toEqual(Array.from({ length: 18 }, () => 2 * names.length));
});
