import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startCloudflareApi } from "../../../../local/cdn/cloudflare-api.ts";
import type { CloudflareApi } from "../../../../local/cdn/cloudflare-api.ts";
import { createAuditLogs } from "../../../../src/adapters/cdn/cloudflare/audit-log.ts";
import type { AuditLogOptions } from "../../../../src/adapters/cdn/cloudflare/audit-log.ts";
import { sealingContext } from "../../../../src/adapters/db/metering/cdn-accounts.ts";
import { systemClock } from "../../../../src/adapters/platform/clock.ts";
import { systemRandom } from "../../../../src/adapters/platform/random.ts";
import { createSecrets } from "../../../../src/adapters/platform/secrets.ts";
import type { AuditAccount, AuditAsk } from "../../../../src/adapters/ports/cost/audit-logs.ts";
import { auditEntry } from "../../../support/audit-logs.ts";
import { noBreakers } from "../../../support/breakers.ts";
import { freely } from "../../../support/budget.ts";

const noon = Date.parse("2026-11-28T12:00:00Z");
const secrets = createSecrets([btoa("k".repeat(32))], systemRandom);
const token = "the-secret-token";
const ask: AuditAsk = { sinceMs: noon - 3_600_000, beforeMs: noon, page: 1, perPage: 3 };

let entries: unknown[] | null;
let api: CloudflareApi;
let sealedToken: string;

beforeEach(async () => {
  entries = Array.from({ length: 7 }, (_, nth) => auditEntry(nth, noon - (nth + 1) * 60_000));
  api = await startCloudflareApi({
    apiToken: token,
    accountId: "acc",
    zones: [],
    bytes: () => 0,
    now: () => noon,
    auditLog: () => entries,
  });
  sealedToken = await secrets.seal(token, sealingContext(1, "cloudflare"));
});
afterEach(() => api.close());

const account = (more: Partial<AuditAccount> = {}): AuditAccount => ({
  id: 7,
  customerId: 1,
  accountRef: "acc",
  sealedToken,
  createdAtMs: noon,
  cursorMs: null,
  ...more,
});
const logs = (more: Partial<AuditLogOptions> = {}) =>
  createAuditLogs({
    secrets,
    fetch,
    breakers: noBreakers,
    clock: { ...systemClock, nowMs: () => noon },
    graphqlEndpoint: api.graphqlUrl,
    ...more,
  });
const idsOf = async (more: Partial<AuditAsk> = {}): Promise<unknown> => {
  const answer = await logs().page(account(), { ...ask, ...more }, freely);
  return answer.ok ? answer.entries.map((entry) => (entry as { id: string }).id) : answer.problem;
};
const problemOf = async (more: Partial<AuditLogOptions> = {}, who: Partial<AuditAccount> = {}) => {
  const answer = await logs(more).page(account(who), ask, freely);
  if (answer.ok) throw new Error("it was read");
  expect(answer.problem.words).not.toContain(token);
  return answer.problem;
};

describe("an audit log at Cloudflare", () => {
  it("is read page by page, the oldest first, between two times", async () => {
    expect(await idsOf()).toEqual(["entry-6", "entry-5", "entry-4"]);
    expect(await idsOf({ page: 3 })).toEqual(["entry-0"]);
    expect(await idsOf({ page: 4 })).toEqual([]);
    expect(await idsOf({ sinceMs: noon - 150_000, beforeMs: noon - 90_000 })).toEqual(["entry-1"]);
    expect(api.auditLogs[0]).toContain("/client/v4/accounts/acc/audit_logs?since=2026-11-28T11%3A00%3A00");
  });

  it("that the token may not read is refused, as is an account that is not its own, or a token that can not be unsealed", async () => {
    expect(await problemOf({}, { accountRef: "../acc" })).toMatchObject({ kind: "refused" });
    expect(await problemOf({}, { customerId: 2 })).toMatchObject({ kind: "refused", words: expect.stringContaining("unsealed") as string });
    expect(await problemOf({ secrets: null })).toMatchObject({ kind: "refused" });
    entries = null;
    expect(await problemOf()).toMatchObject({ kind: "refused", words: expect.stringContaining("Account Settings: Read") as string });
    const strange = await secrets.seal("another-token", sealingContext(1, "cloudflare"));
    expect(await problemOf({}, { sealedToken: strange })).toMatchObject({ kind: "refused" });
  });

  it("is asked for once, whatever the answer: a limit of requests, an error of the server, silence", async () => {
    for (const kind of ["rate_limited", "http_500_html", "errors_in_200"] as const) {
      api.setFault(kind);
      expect(await problemOf()).toMatchObject({ kind: "away" });
    }
    api.setFault("hang");
    expect(await problemOf({ timeoutMs: 100 })).toMatchObject({ kind: "away", words: expect.stringContaining("no answer") as string });
    expect(api.auditLogs).toHaveLength(4);
  });

  it("of garbage is not one, and a huge answer is not read to its end", async () => {
    const saying =
      (body: string): typeof fetch =>
      async () =>
        new Response(body);
    for (const body of ["", "<html>", "[]", '{"success":true}', '{"success":true,"result":{"id":1}}', '{"success":false,"result":[]}']) {
      expect((await problemOf({ fetch: saying(body) })).kind).toMatch(/away|refused/);
    }
    let parts = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        parts += 1;
        controller.enqueue(new Uint8Array(65_536).fill(32));
      },
    });
    expect(await problemOf({ fetch: async () => new Response(endless) })).toMatchObject({ kind: "too-large" });
    expect(parts).toBeLessThan(80);
    const empty = await logs({ fetch: saying('{"success":true,"result":null}') }).page(account(), ask, freely);
    expect(empty).toEqual({ ok: true, entries: [] });
  });

  it("is not asked for while the account's breaker is open", async () => {
    const line = { enter: async () => ({ refusal: "Cloudflare is paused", untilMs: noon }) };
    expect(await problemOf({ breakers: { line: () => line } })).toMatchObject({
      kind: "away",
      words: expect.stringContaining("Cloudflare is paused") as string,
    });
    expect(api.auditLogs).toEqual([]);
  });
});
