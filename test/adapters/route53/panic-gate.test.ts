import { describe, expect, it } from "vitest";
import type { DnsAccess } from "../../../src/adapters/ports/steering/dns-access.ts";
import { createDnsLog } from "../../../src/adapters/route53/dns-log.ts";
import { panicGate } from "../../../src/adapters/route53/panic-gate.ts";
import { freely } from "../../support/budget.ts";

const budget = { ...freely, gate: { enter: async () => ({ leave: () => undefined }) } };
const target = { type: "HTTPS", host: "app.example.test", port: 443, path: "/" } as const;
const wish = {
  domain: "app.example.test",
  targets: { primary: "a.test", backup: "b.test" },
  weights: { primary: 100, backup: 0 },
  ttlSeconds: 60,
};
const rewrite = { domain: "app.example.test", zoneId: "Z1", records: [], after: [] };

/** Every call that would write, by its name. */
const writes = (access: DnsAccess): Readonly<Record<string, () => Promise<unknown>>> => ({
  rewrite: () => access.rewrite([rewrite], budget),
  provision: () => access.provision(wish, budget),
  createCheck: () => access.createCheck("ref", target, false, budget),
  updateCheck: () => access.updateCheck({ id: "c", version: 1 }, target, false, budget),
  deleteCheck: () => access.deleteCheck("c", budget),
});

/** An account that notes what reaches it. */
const noted = () => {
  const reached: string[] = [];
  const real = createDnsLog({ log: () => undefined });
  const note = (name: string) => async (): Promise<never[]> => {
    reached.push(name);
    return [];
  };
  const methods = Object.entries(real).map(([name, value]) => [name, typeof value === "function" ? note(name) : value]);
  const access = Object.fromEntries(methods) as DnsAccess;
  return { reached, access };
};

describe("the gate of a panic", () => {
  it.each([
    ["a panic is on", async (): Promise<boolean> => true, "panic is on"],
    ["nobody knows, as the database is away", (): Promise<boolean> => Promise.reject(new Error("away")), "the database is away"],
  ] as const)("lets nothing be written where %s, and says so", async (_, isPanic, words) => {
    const { reached, access } = noted();
    for (const [name, write] of Object.entries(writes(panicGate(access, isPanic)))) {
      expect([name, JSON.stringify(await write())]).toEqual([name, expect.stringContaining(words)]);
    }
    expect(reached).toEqual([]);
  });

  it("lets everything pass in calm, and reads always", async () => {
    const { reached, access } = noted();
    const all = writes(panicGate(access, async () => false));
    for (const write of Object.values(all)) await write();
    expect(reached).toEqual(Object.keys(all));
    await panicGate(access, async () => true).listChecks(budget);
    expect(reached.at(-1)).toBe("listChecks");
  });
});
