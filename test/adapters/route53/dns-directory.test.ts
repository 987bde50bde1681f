import { describe, expect, it } from "vitest";
import { dnsSealingContext } from "../../../src/adapters/db/steering/dns-accounts.ts";
import { createDnsDirectory } from "../../../src/adapters/route53/dns-directory.ts";
import { createDnsRefusal } from "../../../src/adapters/route53/dns-log.ts";
import type { SealedDnsAccount } from "../../../src/adapters/ports/steering/dns-accounts.ts";
import { systemRandom } from "../../../src/adapters/platform/random.ts";
import type { Credentials, KeySource } from "../../../src/adapters/aws/keys.ts";
import { createSecrets } from "../../../src/adapters/platform/secrets.ts";
import { freely } from "../../support/budget.ts";

const secrets = createSecrets([btoa("k".repeat(32))], systemRandom);
const operator = createDnsRefusal("operator", false);
const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY";

const account = async (customerId: number, over: Partial<SealedDnsAccount> = {}): Promise<SealedDnsAccount> => ({
  id: customerId * 10,
  customerId,
  region: "us-east-1",
  accessKeyId: "AKIDEXAMPLE12345",
  roleArn: null,
  externalId: null,
  createdAtMs: 0,
  sealedSecret: await secrets.seal(secret, dnsSealingContext(customerId, "AKIDEXAMPLE12345")),
  ...over,
});

const role = { roleArn: "arn:aws:iam::123456789012:role/tranche", externalId: "e1" };
const roleAccount = (customerId: number, over: Partial<SealedDnsAccount> = {}): SealedDnsAccount => ({
  id: customerId * 10,
  customerId,
  region: "us-east-1",
  accessKeyId: null,
  sealedSecret: null,
  ...role,
  createdAtMs: 0,
  ...over,
});

const build = (rows: SealedDnsAccount[], over: { secrets?: null; endpoint?: string; assume?: null } = {}) => {
  const world = {
    rows,
    nowMs: 0,
    reads: 0,
    down: false,
    hangs: false,
    wakes: false,
    asked: [] as (readonly number[])[],
    connected: [] as { place: object; credentials: Credentials | KeySource }[],
    assumed: [] as { place: object; role: object; source: KeySource }[],
  };
  const directory = createDnsDirectory({
    operator,
    secrets: over.secrets === null ? null : secrets,
    endpoint: over.endpoint ?? null,
    clock: { nowMs: () => world.nowMs, sleep: () => (world.wakes ? Promise.resolve() : new Promise(() => undefined)) },
    accounts: async (customerIds) => {
      world.reads += 1;
      world.asked.push(customerIds);
      if (world.down) throw new Error("the database is away");
      if (world.hangs) return await new Promise<never>(() => undefined);
      return world.rows.filter(({ customerId }) => customerIds.includes(customerId));
    },
    assume:
      over.assume === null
        ? null
        : (place, own) => {
            const source = { get: async () => ({ accessKeyId: "", secretAccessKey: "" }), drop: () => undefined };
            world.assumed.push({ place, role: own, source });
            return source;
          },
    connect: (place, credentials) => {
      world.connected.push({ place, credentials });
      return createDnsRefusal(`connected ${world.connected.length}`, false);
    },
  });
  return { directory, world };
};
const saidBy = async (directory: ReturnType<typeof build>["directory"], customerId: number) => {
  const reading = (await (await directory.of(customerId)).read(["x"], freely)).get("x");
  return reading?.status === "error" ? `${reading.detail}${reading.retryable ? " (for now)" : ""}` : reading?.status;
};

describe("whose DNS account counts", () => {
  it("is the customer's own, else the operator's", async () => {
    const { directory, world } = build([await account(1)]);
    expect([await saidBy(directory, 1), await saidBy(directory, 2)]).toEqual(["connected 1", "operator"]);
    expect(world.connected).toEqual([
      {
        place: { endpoint: "https://route53.amazonaws.com", region: "us-east-1" },
        credentials: { accessKeyId: "AKIDEXAMPLE12345", secretAccessKey: secret },
      },
    ]);
  });

  it("goes where its partition is, unless told another endpoint", async () => {
    const rows = [await account(1, { region: "cn-north-1" })];
    const china = build(rows);
    await china.directory.of(1);
    expect(china.world.connected[0]?.place).toEqual({ endpoint: "https://route53.amazonaws.com.cn", region: "cn-northwest-1" });
    const local = build(rows, { endpoint: "http://127.0.0.1:1" });
    await local.directory.of(1);
    expect(local.world.connected[0]?.place).toEqual({ endpoint: "http://127.0.0.1:1", region: "cn-northwest-1" });
  });

  it("is a role, assumed at STS in its own region, by an operator who has credentials", async () => {
    const { directory, world } = build([roleAccount(1), roleAccount(2, { region: "cn-north-1" }), await account(3)], { secrets: null });
    expect([await saidBy(directory, 1), await saidBy(directory, 2)]).toEqual(["connected 1", "connected 2"]);
    expect(world.assumed.map(({ place, role: own }) => [place, own])).toEqual([
      [{ endpoint: "https://sts.us-east-1.amazonaws.com", region: "us-east-1" }, role],
      [{ endpoint: "https://sts.cn-north-1.amazonaws.com.cn", region: "cn-north-1" }, role],
    ]);
    expect(world.connected.map(({ credentials }) => credentials)).toEqual(world.assumed.map(({ source }) => source));
    expect(world.connected.map(({ place }) => place)).toEqual([
      { endpoint: "https://route53.amazonaws.com", region: "us-east-1" },
      { endpoint: "https://route53.amazonaws.com.cn", region: "cn-northwest-1" },
    ]);
    // Its temporary credentials are held for as long as the account stays.
    world.nowMs = 60_000;
    expect([await saidBy(directory, 1), world.assumed.length]).toEqual(["connected 1", 2]);
    const without = build([roleAccount(1)], { assume: null });
    expect(await saidBy(without.directory, 1)).toBe(`the role ${role.roleArn} cannot be assumed: the operator has no AWS credentials`);
    expect(await saidBy(without.directory, 2)).toBe("operator");
  });

  it("is read at most every half minute, whoever asks; an account that stayed the same stays connected", async () => {
    const { directory, world } = build([await account(1)]);
    await directory.ofAll([1, 2, 3]);
    for (const customerId of [1, 2, 3, 1]) await directory.of(customerId);
    world.nowMs = 29_999;
    await directory.of(1);
    expect(world.reads).toBe(1);
    world.nowMs = 30_000;
    world.rows = [...world.rows, await account(2)];
    expect([await saidBy(directory, 1), await saidBy(directory, 2)]).toEqual(["connected 1", "connected 2"]);
    world.nowMs = 60_000;
    world.rows = [await account(1)];
    expect([await saidBy(directory, 1), await saidBy(directory, 2)]).toEqual(["connected 3", "operator"]);
  });

  it("of a hundred customers is read once for a round, twice a minute", async () => {
    const customers = Array.from({ length: 100 }, (_, index) => index + 1);
    const { directory, world } = build(await Promise.all(customers.map((customerId) => account(customerId))));
    for (let slot = 0; slot < 6; slot += 1) {
      const [all] = await Promise.all([
        directory.ofAll(customers),
        directory.ofAll(customers),
        ...customers.map((customerId) => directory.of(customerId)),
      ]);
      expect(all.size).toBe(100);
      world.nowMs += 10_000;
    }
    expect([world.reads, world.connected.length]).toEqual([2, 100]);
    expect(world.asked, "nobody else's accounts").toEqual([customers, customers]);
  });

  it("is asked for by whoever wants it where another one's reading never ends", async () => {
    const { directory, world } = build([await account(1)]);
    world.hangs = true;
    void directory.of(1);
    world.hangs = false;
    world.wakes = true;
    expect([await saidBy(directory, 1), world.reads]).toEqual(["connected 1", 2]);
  });

  it("is connected once, however many want it at once", async () => {
    const { directory } = build([await account(1), roleAccount(2)]);
    const [first, second, again, , later] = await Promise.all([1, 2, 1, 3, 2].map((customerId) => directory.of(customerId)));
    expect([again === first, later === second]).toEqual([true, true]);
    expect([(await directory.of(1)) === first, (await directory.of(2)) === second]).toEqual([true, true]);
  });

  it("is never the operator's for lack of an answer", async () => {
    const { directory, world } = build([await account(1)]);
    world.down = true;
    expect(await saidBy(directory, 1)).toBe("the database did not say whose DNS account is to be used (for now)");
    world.down = false;
    expect([await saidBy(directory, 1), await saidBy(directory, 2)]).toEqual(["connected 1", "operator"]);
    world.down = true;
    world.nowMs = 30_000;
    expect([await saidBy(directory, 1), await saidBy(directory, 2)], "what was known stands").toEqual(["connected 1", "operator"]);
    expect(await saidBy(directory, 3), "of whom nothing is known").toContain("did not say");
  });

  it("cannot be used where it cannot be unsealed, which hinders nobody else", async () => {
    const stolen = await account(1);
    const { directory } = build([{ ...stolen, customerId: 2 }, stolen, await account(3, { region: "mars-1" })]);
    expect(await saidBy(directory, 1)).toBe("connected 1");
    expect(await saidBy(directory, 2)).toContain("cannot be unsealed");
    expect(await saidBy(directory, 3)).toContain("unknown region");
    const keyless = build([stolen], { secrets: null });
    expect(await saidBy(keyless.directory, 1)).toContain("SECRETS_KEY");
    expect(JSON.stringify(keyless.world)).not.toContain(secret);
  });
});
