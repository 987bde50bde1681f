import { sql } from "drizzle-orm";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createClientAddress } from "../../../src/adapters/platform/client-address.ts";
import { createRateLimits } from "../../../src/adapters/platform/rate-limit.ts";
import { createApp } from "../../../src/app.ts";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

const token = "wau-read-token-of-the-test";

const session = {
  protocol_version: "1.0.0",
  daemon_version: "2.14.0-beta.3+build.7",
  session_id: "f81d4fae-7dec-11d0_A",
  platform: "linux",
  node_version: "24.21.0",
  primary_framework: "astro",
};

let api: Api;

beforeAll(async () => {
  api = await startApi({ WAU_READ_TOKEN: token });
});

beforeEach(async () => {
  await api.settled();
  await api.db.rows(sql`delete from install_sessions`);
  api.time.nowMs = Date.parse("2026-11-21T12:30:00Z");
});

const tell = (body: unknown, headers: Record<string, string> = {}) => api.call("POST", "/v1/session", { token: null, body, headers });
const stored = (count: number) =>
  vi.waitFor(async () => {
    const rows = await api.db.rows<{ week: string; sessionId: string; firstSeenAtMs: number; platform: string }>(sql`
      select week, session_id as "sessionId", first_seen_at as "firstSeenAtMs", platform from install_sessions order by week, session_id`);
    expect(rows).toHaveLength(count);
    return rows;
  });
const read = (week: string, credential: string | null = token, query = "") =>
  api.call("GET", `/v1/wau/${week}${query}`, { token: credential });

describe("POST /v1/session", () => {
  it("answers 204 with nothing in it before anything is stored", async () => {
    const { status, text, headers } = await tell(session);
    expect([status, text, headers.get("content-type")]).toEqual([204, "", null]);
    expect(await stored(1)).toEqual([
      { week: "2026-W47", sessionId: session.session_id, firstSeenAtMs: api.time.nowMs, platform: "linux" },
    ]);
  });

  it("does not wait for the database", async () => {
    let release = () => undefined as void;
    const held = new Promise<void>((resolve) => (release = resolve));
    const work: Promise<unknown>[] = [];
    const telemetry = { ...api.deps.telemetry, record: () => held };
    const app = createApp({ ...api.deps, telemetry, background: (promise) => void work.push(promise) });
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(session) };
    expect((await app.request("/v1/session", init)).status).toBe(204);
    expect(work).toHaveLength(1);
    release();
    await Promise.all(work);
  });

  it("answers only when it is stored where too much is being stored, so that nothing is taken that can not be kept", async () => {
    const pending: (() => void)[] = [];
    const record = () => new Promise<void>((resolve) => void pending.push(resolve));
    let work: Promise<unknown>[] = [];
    const app = createApp({ ...api.deps, telemetry: { ...api.deps.telemetry, record }, background: (promise) => void work.push(promise) });
    let answered = 0;
    const send = async () => {
      const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(session) };
      expect((await app.request("/v1/session", init)).status).toBe(204);
      answered += 1;
    };
    for (let count = 0; count < 64; count += 1) await send();
    const late = [send(), send()];
    await vi.waitFor(() => expect(pending).toHaveLength(66));
    expect(answered, "the 65th waits").toBe(64);
    for (const resolve of pending) resolve();
    await Promise.all([...late, ...work]);
    expect(answered).toBe(66);

    work = [];
    await send();
    expect(answered, "there is room again").toBe(67);
    pending.at(-1)?.();
  });

  it("does not wait for ever for what was cut off", async () => {
    const app = createApp({
      ...api.deps,
      telemetry: { ...api.deps.telemetry, record: () => new Promise(() => undefined) },
      background: () => undefined,
    });
    const send = async () => {
      const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(session) };
      return (await app.request("/v1/session", init)).status;
    };
    for (let count = 0; count < 64; count += 1) await send();
    api.time.nowMs += 30_001;
    expect(await send()).toBe(204);
  });

  it("counts a session once a week, and keeps when it was seen first", async () => {
    await Promise.all(Array.from({ length: 20 }, () => tell(session)));
    const firstSeenAtMs = api.time.nowMs;
    await stored(1);
    api.time.nowMs += 60_000;
    await tell({ ...session, daemon_version: "3.0.0" });
    await tell({ ...session, session_id: "another-one" });
    expect(await stored(2)).toMatchObject([{ sessionId: "another-one" }, { sessionId: session.session_id, firstSeenAtMs }]);
    api.time.nowMs = Date.parse("2026-11-23T00:00:00Z");
    await tell(session);
    expect((await stored(3)).map(({ week }) => week)).toEqual(["2026-W47", "2026-W47", "2026-W48"]);
  });

  it.each([
    [{ ...session, hostname: "laptop" }, "/hostname"],
    [{ ...session, session_id: "short" }, "/session_id"],
    [{ ...session, session_id: "a".repeat(65) }, "/session_id"],
    [{ ...session, session_id: "has space" }, "/session_id"],
    [{ ...session, platform: "sunos" }, "/platform"],
    [{ ...session, primary_framework: "angular" }, "/primary_framework"],
    [{ ...session, node_version: "v24.21.0" }, "/node_version"],
    [{ ...session, daemon_version: "1.0" }, "/daemon_version"],
    [{ ...session, protocol_version: "01.0.0" }, "/protocol_version"],
    [{ ...session, platform: undefined }, "/platform"],
  ])("refuses %j", async (body, pointer) => {
    const answer = await tell(body);
    expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
  });

  it("takes a kibibyte at most, whether it says so or not", async () => {
    const padded = (length: number) => JSON.stringify(session).padEnd(length, " ");
    expect((await tell(padded(1_024))).status).toBe(204);
    const refused = await tell(padded(1_025), { "content-length": "1025" });
    expect([refused.status, refused.body["detail"]]).toEqual([413, "the body may have at most 1024 bytes"]);
    const stream = new Blob([padded(1_025)]).stream();
    const headers = { "content-type": "application/json" };
    expect((await api.app.request("/v1/session", { method: "POST", headers, body: stream })).status).toBe(413);
  });

  it("takes JSON only", async () => {
    expect((await tell(JSON.stringify(session), { "content-type": "text/plain" })).status).toBe(415);
  });

  it("is limited by address, which spares the rest of the API", async () => {
    const limits = { perAddress: 0, perCredential: 0, refusals: 0, sessions: 2 };
    const app = createApp({
      ...api.deps,
      rateLimits: createRateLimits(limits, {}, api.clock, api.log),
      clientAddress: createClientAddress("cloudflare"),
    });
    const send = (address: string) =>
      app.request("/v1/session", {
        method: "POST",
        headers: { "content-type": "application/json", "cf-connecting-ip": address },
        body: JSON.stringify(session),
      });
    const statuses = [];
    for (const address of ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"]) statuses.push((await send(address)).status);
    expect(statuses).toEqual([204, 204, 429, 204]);
    expect((await app.request("/healthz")).status).toBe(200);
  });

  it("leaves nothing of a body in the log", async () => {
    api.lines.splice(0);
    await tell(session);
    await tell({ ...session, platform: "secret-platform" });
    await stored(1);
    const text = JSON.stringify(api.lines.map(({ event, thrown, fields }) => [event, String(thrown), fields]));
    expect(text).toContain("/v1/session");
    for (const value of [session.session_id, session.daemon_version, "secret-platform", "astro"]) expect(text).not.toContain(value);
  });
});

describe("GET /v1/wau/{week}", () => {
  it("counts the sessions of a week", async () => {
    for (const id of ["session-1", "session-2", "session-2", "session-3"]) await tell({ ...session, session_id: id });
    await stored(3);
    const answer = await read("2026-W47");
    expect([answer.status, answer.body]).toEqual([200, { week: "2026-W47", weekly_active_sessions: 3 }]);
    expect((await read("2026-W46")).body).toEqual({ week: "2026-W46", weekly_active_sessions: 0 });
    expect((await read("2026-W53", null, `?token=${token}`)).status).toBe(200);
  });

  it.each([
    [null, ""],
    ["wrong", ""],
    [token.toUpperCase(), ""],
    [null, "?token="],
    [null, "?token=wrong"],
    ["wrong", `?token=${token}`],
  ])("is closed to %j with %j", async (credential, query) => {
    for (const week of ["2026-W47", "nonsense"]) expect((await read(week, credential, query)).status).toBe(403);
  });

  it("does not take the admin token for its own", async () => {
    expect((await read("2026-W47", api.env.ADMIN_TOKEN)).status).toBe(403);
  });

  it.each(["2026-W54", "2027-W53", "2026-W00", "2026-47", "2026-W1", "W47", "2026-w47", "2026-W47%20"])(
    "knows no week %s",
    async (week) => {
      expect((await read(week)).status).toBe(400);
    },
  );

  it("is not there without a token configured", async () => {
    const silent = await startApi();
    for (const week of ["2026-W47", "nonsense"]) {
      const answer = await silent.call("GET", `/v1/wau/${week}`, { token });
      expect([answer.status, answer.body["detail"]]).toEqual([404, "there is nothing at this path"]);
    }
  });
});
