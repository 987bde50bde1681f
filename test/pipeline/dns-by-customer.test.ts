import { describe, expect, it } from "vitest";
import type { Budget } from "../../src/adapters/ports/platform/budget.ts";
import type { Dns, DnsBudget } from "../../src/adapters/ports/steering/dns.ts";
import { accountsOf, createStandings } from "../../src/pipeline/steering/accounts.ts";
import type { DnsAccounts } from "../../src/pipeline/steering/accounts.ts";
import { accountOfChange, ownDns, providerChangeId } from "../../src/pipeline/steering/dns-by-customer.ts";
import { createConnections } from "../../src/pipeline/connection-slots.ts";
import { freely } from "../support/budget.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createStrictDns } from "../support/strict-dns.ts";

const owners = new Map([
  ["a.example.test", 1],
  ["theirs.example.test", 2],
]);
const clock = createFakeClock(7);

const world = () => {
  const [ours, theirs] = [createStrictDns(clock), createStrictDns(clock)];
  ours.put("a.example.test");
  ours.put("theirs.example.test", 1, 2);
  theirs.put("theirs.example.test");
  const accounts = accountsOf(createStandings(clock, createConnections(clock)), ours.dns, new Map([[2, theirs.dns]]), owners);
  return { ours, theirs, accounts };
};
const change = async (accounts: DnsAccounts, domain: string) => {
  const { dns } = accounts.ofName(domain);
  const reading = (await dns.read([domain], freely)).get(domain);
  if (reading?.status !== "found") throw new Error(domain);
  return (await dns.apply([{ domain, zoneId: reading.zoneId, records: reading.records, to: { primary: 0, backup: 100 } }], freely))[0];
};

describe("the accounts of a round", () => {
  it("are each customer's own, else the operator's, and each name is asked for with its owner's", async () => {
    const { accounts, ours, theirs } = world();
    for (const name of ["a.example.test", "theirs.example.test", "nobody.example.test"])
      await accounts.ofName(name).dns.read([name], freely);
    expect([ours.reads, theirs.reads]).toEqual([[["a.example.test"], ["nobody.example.test"]], [["theirs.example.test"]]]);
    expect([accounts.ofName("a.example.test").id, accounts.ofName("theirs.example.test").id]).toEqual([0, 2]);
  });

  it("mark their changes, which are polled where they were made", async () => {
    const { accounts, ours, theirs } = world();
    const changes = [await change(accounts, "theirs.example.test"), await change(accounts, "a.example.test")];
    expect(changes).toMatchObject([
      { status: "accepted", changeId: "c2:C1" },
      { status: "accepted", changeId: "C1" },
    ]);
    expect([ours.weights("a.example.test"), ours.weights("theirs.example.test"), theirs.weights("theirs.example.test")]).toEqual([
      "0/100",
      "1/2",
      "0/100",
    ]);
    ours.settle();
    expect(await accounts.byKey(accountOfChange("C1")).dns.status(["C1"], freely)).toEqual(new Map([["C1", "insync"]]));
    expect(await accounts.byKey(accountOfChange("c2:C1")).dns.status(["c2:C1"], freely)).toEqual(new Map([["c2:C1", "pending"]]));
  });

  it("ask the operator's after a change of an account that is no more", async () => {
    const { ours } = world();
    const accounts = accountsOf(createStandings(clock, createConnections(clock)), ours.dns, new Map(), new Map());
    await change(accounts, "a.example.test");
    ours.forget();
    const { id, dns } = accounts.byKey(9);
    expect([id, await dns.status(["c9:C1"], freely)]).toEqual([9, new Map([["c9:C1", "unknown"]])]);
  });
});

it.each([
  ["C123", "C123", 0],
  ["c12:C123", "C123", 12],
  ["c:C1", "c:C1", 0],
])("shows %s as %s, of account %i", (stored, shown, key) => {
  expect([providerChangeId(stored), accountOfChange(stored)]).toEqual([shown, key]);
});

describe("a budget", () => {
  type Asked = { readonly method: string; readonly args: readonly unknown[] };
  const recorder = () => {
    const asked: Asked[] = [];
    const note =
      (method: string, answer: unknown) =>
      async (...args: unknown[]) => {
        asked.push({ method, args });
        return answer;
      };
    const dns = { provider: "route53", read: note("read", new Map()), apply: note("apply", []), status: note("status", new Map()) } as Dns;
    return { asked, dns };
  };
  const args: { readonly [Method in Exclude<keyof Dns, "provider">]: readonly [Parameters<Dns[Method]>[0]] } = {
    read: [["a.example.test"]],
    apply: [[{ domain: "a.example.test", zoneId: "Z1", records: [], to: { primary: 0, backup: 100 } }]],
    status: [["C1"]],
  };

  /** Everything in src/ that stands between a round and an adapter as a `Dns` of its own. */
  const wrappers: Readonly<Record<string, (dns: Dns) => Dns>> = { ownDns: (dns) => ownDns(3, dns) };

  it.each(Object.keys(wrappers))("goes through %s, whatever is called, as it was given", async (wrapper) => {
    const { asked, dns } = recorder();
    const wrapped = wrappers[wrapper]?.(dns) as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;
    const methods = Object.keys(dns).filter((key) => key !== "provider");
    expect(methods.toSorted()).toEqual(Object.keys(args).toSorted());
    // What comes behind the budget is passed on as well: where names were found before.
    const behind = (method: string) => (method === "read" ? [new Map([["a.example.test", "Z1"]])] : []);
    for (const method of methods) await wrapped[method]?.(...args[method as keyof typeof args], freely, ...behind(method));
    expect(asked.map(({ method, args: given }) => [method, given])).toEqual(
      methods.map((method) => [method, [...args[method as keyof typeof args], freely, ...behind(method)]]),
    );
    expect(asked.every(({ args: given }) => given[1] === freely)).toBe(true);
  });

  it("cannot be left out: it does not compile", () => {
    const { dns } = recorder();
    // @ts-expect-error the deadline of a reading
    void dns.read(["a.example.test"]);
    // @ts-expect-error the deadline of a change
    void dns.apply([]);
    // @ts-expect-error the deadline of asking after changes
    void dns.status(["C1"]);
    // @ts-expect-error connections
    const noConnection: Budget = { untilMs: 0 };
    // @ts-expect-error the gate
    const noGate: DnsBudget = { untilMs: 0, connection: freely.connection };
    expect([noConnection, noGate]).toHaveLength(2);
  });
});
