import { expect } from "vitest";
import { createApp } from "../../src/app.ts";
import type { Clock } from "../../src/adapters/ports/platform/clock.ts";
import { systemClock } from "../../src/adapters/platform/clock.ts";
import { createDnsRefusal } from "../../src/adapters/route53/dns-log.ts";
import type { Prober } from "../../src/adapters/ports/detection/probe.ts";
import type { LogFields } from "../../src/adapters/ports/platform/log.ts";
import { connect } from "../../src/adapters/db/platform/client.ts";
import { parseConfig } from "../../src/config.ts";
import { buildDeps } from "../../src/deps.ts";
import { checkAnswers } from "./openapi.ts";
import { freshEnv } from "./worker-env.ts";

export type Json = Record<string, unknown> & { id: number };

export type Answer = { status: number; headers: Headers; body: Json; list: Json[]; text: string };

export type CallOptions = {
  token?: string | null;
  /** Sent as X-Customer-ID. */
  customer?: number | string;
  headers?: Record<string, string>;
  /** Sent as JSON; a string is sent as it is. */
  body?: unknown;
};

/** A log that remembers, and a clock that stands until it is moved. */
export const testRuntime = (startMs = Date.parse("2026-11-21T12:30:00Z")) => {
  const lines: { event: string; thrown?: unknown; fields: LogFields }[] = [];
  const log = {
    info: (event: string, fields: LogFields = {}) => void lines.push({ event, fields }),
    warn: (event: string, fields: LogFields = {}) => void lines.push({ event, fields }),
    error: (event: string, thrown: unknown, fields: LogFields = {}) => void lines.push({ event, thrown, fields }),
  };
  const time = { nowMs: startMs };
  const clock: Clock = {
    nowMs: () => time.nowMs,
    sleep: systemClock.sleep,
  };
  return { lines, log, time, clock };
};

/**
 * The whole application on a database of its own, with a customer and helpers to call it as anybody. Every answer is
 * checked against the application's own OpenAPI document.
 */
export const startApi = async (overrides: Record<string, string> = {}) => {
  const env = await freshEnv(overrides);
  const runtime = testRuntime();
  // No test reaches out to the network: every target is out of reach, and no DNS has credentials.
  const dns = createDnsRefusal("no DNS credentials are configured", false);
  const prober: Prober = { probe: async () => ({ kind: "network", latencyMs: 0 }) };
  const background: Promise<unknown>[] = [];
  const waitUntil = (work: Promise<unknown>) => void background.push(work);
  const deps = {
    ...buildDeps(parseConfig(env), { clock: runtime.clock, log: runtime.log, waitUntil }),
    prober,
    dnsDirectory: { operator: dns, of: async () => dns, ofAll: async () => new Map() },
  };
  const app = createApp(deps);
  checkAnswers(app);
  const db = connect(overrides["DATABASE_URL"] ?? env.OWNER_DATABASE_URL, env.NEON_FETCH_ENDPOINT);

  const call = async (method: string, path: string, options: CallOptions = {}): Promise<Answer> => {
    const { token = env.ADMIN_TOKEN, customer, body } = options;
    const headers = new Headers(options.headers);
    if (token !== null && !headers.has("authorization")) headers.set("authorization", `Bearer ${token}`);
    if (customer !== undefined) headers.set("x-customer-id", String(customer));
    if (body !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json");
    const payload = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
    const response = await app.request(path, { method, headers, ...(payload !== undefined && { body: payload }) });
    const text = await response.text();
    const json: unknown = /json/.test(response.headers.get("content-type") ?? "") && text !== "" ? JSON.parse(text) : {};
    return { status: response.status, headers: response.headers, text, body: json as Json, list: json as Json[] };
  };

  const created = async (path: string, body: unknown, options: CallOptions = {}): Promise<Json> => {
    const answer = await call("POST", path, { ...options, body });
    expect(answer, answer.text).toMatchObject({ status: 201 });
    return answer.body;
  };

  /** A customer with a token of each role. */
  const onboard = async (name: string, cap = 1.5) => {
    const { id } = await created("/v1/customers", { name, max_coverage_cap: cap });
    const token = async (role: string) => String((await created(`/v1/customers/${id}/tokens`, { name: role, role }))["token"]);
    return { id, owner: await token("owner"), editor: await token("editor"), viewer: await token("viewer") };
  };

  const service = async (token: string, name = "web") =>
    await created("/v1/services", { name, primary_cdn: "cloudflare", backup_cdn: "fastly" }, { token });

  /** Resolves once everything that answers left to the background is done. */
  const settled = async (): Promise<void> => {
    while (background.length > 0) await Promise.all(background.splice(0));
  };

  return { env, ...runtime, deps, app, db, settled, call, created, onboard, service };
};

export type Api = Awaited<ReturnType<typeof startApi>>;

/** The pointers at which a problem points. */
export const pointers = (answer: Answer): unknown[] =>
  (answer.body["errors"] as { pointer: string }[] | undefined)?.map((error) => error.pointer) ?? [];
