import { noBreakers } from "../../support/breakers.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startCloudflareApi } from "../../../local/cdn/cloudflare-api.ts";
import type { CloudflareApi } from "../../../local/cdn/cloudflare-api.ts";
import { startFastlyApi } from "../../../local/cdn/fastly-api.ts";
import type { FastlyApi } from "../../../local/cdn/fastly-api.ts";
import { createCustomerSources } from "../../../src/adapters/cdn/customer-sources.ts";
import { createCdnAccountStore } from "../../../src/adapters/db/metering/cdn-accounts.ts";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import { systemRandom } from "../../../src/adapters/platform/random.ts";
import { createSecrets } from "../../../src/adapters/platform/secrets.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";

const noon = Date.UTC(2026, 10, 18, 12);
const hour = { startMs: noon - 3_600_000, endMs: noon };
const key = (fill: number): string => btoa(String.fromCharCode(...new Uint8Array(32).fill(fill)));
const secrets = createSecrets([key(1)], systemRandom);
const change = { actor: "test", requestId: "r", idempotency: null };

let database: TestDatabase;
let cloudflare: CloudflareApi;
let fastly: FastlyApi;

beforeEach(async () => {
  database = await freshDatabase();
  await database.sql("insert into customers (name) values ('one'), ('two')");
  const now = () => noon + 1_800_000;
  cloudflare = await startCloudflareApi({
    apiToken: "cloudflare-token",
    accountId: "acc",
    zones: [{ id: "z", name: "one.com" }],
    bytes: () => 11,
    now,
  });
  fastly = await startFastlyApi({ apiToken: "fastly-token", services: [{ id: "s", domains: ["two.com"] }], bytes: () => 22, now });
});
afterEach(async () => {
  await Promise.all([cloudflare.close(), fastly.close(), database.close()]);
});

const sources = (with_ = secrets as typeof secrets | null) =>
  createCustomerSources(database.db, with_, {
    fetch,
    breakers: noBreakers,
    sleep: async () => {},
    random: () => 0,
    now: () => noon + 1_800_000,
    cloudflareEndpoint: cloudflare.graphqlUrl,
    fastlyEndpoint: fastly.url,
  });

describe("customers' own accounts", () => {
  it("are read with their own tokens, unsealed for the reading", async () => {
    const store = createCdnAccountStore(database.db, secrets);
    await store.create(1, { cdn: "cloudflare", accountRef: "acc", apiToken: "cloudflare-token" }, change);
    await store.create(2, { cdn: "fastly", accountRef: null, apiToken: "fastly-token" }, change);
    const open = await sources().open();
    expect(open.map(({ customerId, cdn }) => [customerId, cdn])).toEqual([
      [1, "cloudflare"],
      [2, "fastly"],
    ]);
    const [one, two] = open;
    expect((await one?.source.read({ hosts: ["www.one.com"], windows: [hour] }))?.rows).toMatchObject([{ bytes: 11 }]);
    expect((await two?.source.read({ hosts: ["two.com"], windows: [hour] }))?.rows).toMatchObject([{ bytes: 22 }]);
  });

  it("share what they have learnt, and their quota, among the readings of one run", async () => {
    const store = createCdnAccountStore(database.db, secrets);
    await store.create(1, { cdn: "cloudflare", accountRef: "acc", apiToken: "cloudflare-token" }, change);
    await store.create(2, { cdn: "fastly", accountRef: null, apiToken: "fastly-token" }, change);
    const [one, two] = await sources().open();
    const earlier = { startMs: hour.startMs - 3_600_000, endMs: hour.startMs };
    for (const windows of [[hour], [earlier]]) {
      expect((await one?.source.read({ hosts: ["www.one.com"], windows }))?.rows).toMatchObject([{ bytes: 11 }]);
      expect((await two?.source.read({ hosts: ["two.com"], windows }))?.rows).toMatchObject([{ bytes: 22 }]);
    }
    expect(cloudflare.zoneLists).toHaveLength(1);
    expect(fastly.requests.filter((path) => path.startsWith("/service?"))).toHaveLength(1);
  });

  it("can not be read with a key that is gone, nor under another customer's name", async () => {
    const store = createCdnAccountStore(database.db, secrets);
    await store.create(1, { cdn: "fastly", accountRef: null, apiToken: "fastly-token" }, change);
    const read = async (of: ReturnType<typeof sources>) => await (await of.open())[0]?.source.read({ hosts: ["two.com"], windows: [hour] });
    await expect(read(sources(createSecrets([key(9)], systemRandom)))).rejects.toThrow("store it anew");
    await expect(read(sources(null))).rejects.toThrow("SECRETS_KEY is not set");
    await database.sql("update cdn_accounts set customer_id = 2");
    await expect(read(sources())).rejects.toThrow("store it anew");
    expect(fastly.requests).toEqual([]);
  });

  it("remember how the last reading went", async () => {
    const store = createCdnAccountStore(database.db, secrets);
    const { id } = await store.create(1, { cdn: "fastly", accountRef: null, apiToken: "fastly-token" }, change);
    const fence = await createLeaseStore(database.db).acquire("job:ingest-usage", "vercel", "vercel:run");
    if (fence === null) throw new Error("no lease");
    await sources().note(fence, [{ accountId: id, error: null }], noon);
    expect(await store.list(1, { limit: 10, afterId: null })).toMatchObject([{ lastReadAtMs: noon, lastError: null }]);
    await sources().note(fence, [{ accountId: id, error: "fastly auth: status 401" }], noon + 1);
    expect(await store.list(1, { limit: 10, afterId: null })).toMatchObject([{ lastReadAtMs: noon, lastError: "fastly auth: status 401" }]);
    await store.remove(1, id, change);
    expect(await sources().open()).toEqual([]);
  });
});
