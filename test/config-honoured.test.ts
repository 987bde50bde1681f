import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { idleVariables, handedOn } from "../local/start/variables.ts";
import { variableNames } from "../src/config-environment.ts";
import { parseConfig, unknownVariables } from "../src/config.ts";
import { schedule } from "../src/cron/schedule.ts";
import { nearestName } from "../src/domain/platform/nearest-name.ts";
import { usageCronMs } from "../src/domain/metering/usage-window.ts";
import { build } from "../src/deployment.ts";

const root = new URL("..", import.meta.url);
const text = (name: string): string => readFileSync(new URL(name, root), "utf8");

/** Every optional variable is set, so that nothing of the configuration is null. */
const everything = {
  DATABASE_URL: "postgresql://user:pass@host.example/db",
  PROVIDER: "cloudflare",
  AWS_ACCESS_KEY_ID: "ASIA1",
  AWS_SECRET_ACCESS_KEY: "qW3eR5tY7uI9oP1aS2dF",
  AWS_SESSION_TOKEN: "zX4cV6bN8mK0jH2gF4dS",
  CLOUDFLARE_ACCOUNT_ID: "a",
  CLOUDFLARE_API_TOKEN: "lK5jH7gF9dS1aP3oI5uY",
  FASTLY_API_TOKEN: "mN2bV4cX6zQ8wE0rT2yU",
  SECRETS_KEY: btoa("sealing key of the tests, 32 byt"),
  SMTP_URL: "smtps://user:hG7fD9sA2pO4iU6yT8rE@mail.example.com",
  MAIL_API_URL: "https://api.example.com/emails",
  MAIL_API_TOKEN: "wQ2eR4tY6uI8oP0aS1dF",
  MAIL_FROM: "alerts@example.com",
  ARCHIVE_URL: "s3://acme-archive/tranche",
  ARCHIVE_ENDPOINT: "https://r2.example.com",
  ARCHIVE_ACCESS_KEY_ID: "AKIAARCHIVE",
  ARCHIVE_SECRET_ACCESS_KEY: "nB2vC4xZ6mL8kJ0hG1fD",
};

const leavesOf = (value: unknown, path: readonly string[] = []): readonly (readonly string[])[] =>
  typeof value !== "object" || value === null || Array.isArray(value)
    ? [path]
    : Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));

describe("the configuration", () => {
  it("is documented, each variable in the table of ARCHITECTURE.md, and the table names no other", () => {
    const table = text("ARCHITECTURE.md").split("\n## Configuration\n")[1]?.split("\n## ")[0] ?? "";
    const named = table
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .flatMap((line) => [...(line.split("|")[1] ?? "").matchAll(/`([A-Z0-9_]+)`/g)].map(([, name = ""]) => name));
    expect(variableNames.length).toBeGreaterThan(50);
    expect(variableNames.filter((name) => !named.includes(name))).toEqual([]);
    expect(named.filter((name) => !variableNames.some((known) => known === name))).toEqual([]);
  });

  it("is read, each field of it, by something else than what parses it", () => {
    const sources = readdirSync(new URL("src", root), { recursive: true, encoding: "utf8" }).filter(
      (name) => name.endsWith(".ts") && name !== "config.ts",
    );
    // Comments and types read nothing.
    const code = sources.map((name) => text(`src/${name}`).replaceAll(/\/\*.*?\*\/|\/\/[^\n]*|readonly \w+\??:/gs, "")).join("\n");
    const unread = leavesOf(parseConfig(everything)).filter((path) => !new RegExp(`\\b${path.at(-1)}\\b`).test(code));
    expect(unread.map((path) => path.join("."))).toEqual([]);
  });

  it("asks for usage no more often than its cron fires on every provider", () => {
    const [cron] = Object.entries(schedule).find(([, jobs]) => jobs.includes("ingest-usage")) ?? [];
    expect(cron).toBe(`*/${usageCronMs / 60_000} * * * *`);
    expect(parseConfig({ ...everything, USAGE_TICK: "15m" }).usage.tickMs).toBe(900_000);
    for (const wrong of ["1m", "7m", "65m"])
      expect(() => parseConfig({ ...everything, USAGE_TICK: wrong }), wrong).toThrow(/USAGE_TICK must be/);
    expect(() => parseConfig({ ...everything, USAGE_TICK: "7m" })).toThrow("the cron that reads usage fires every 5 minutes");
  });
});

describe("a variable that is not known", () => {
  it.each([
    ["PROBE_INTERVALL", "PROBE_INTERVAL"],
    ["PROBE_INTREVAL", "PROBE_INTERVAL"],
    ["BILLING_CURENCY", "BILLING_CURRENCY"],
    ["CORS_ORIGIN", "CORS_ORIGINS"],
    ["AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID"],
    ["admin_token", "ADMIN_TOKEN"],
    ["TRANCHE_ADMIN_TOKEN", "ADMIN_TOKEN"],
    ["LEASE-TTL", "LEASE_TTL"],
  ])("%s is told with the name that was meant, %s", (name, meant) => {
    expect(nearestName(name, variableNames)).toBe(meant);
  });

  it("is told of in a Worker's own environment, and elsewhere only where it looks like one of ours; its value is never told", () => {
    const raw = { PROBE_INTERVALL: "hidden", SHELL: "hidden", HOME: "hidden", TERM: "hidden", LIMITER: { limit: 1 }, PROBE_INTERVAL: "1s" };
    expect(unknownVariables(raw)).toEqual(["PROBE_INTERVALL is not read: is PROBE_INTERVAL meant?"]);
    expect(unknownVariables({ ...raw, PROVIDER: "cloudflare" })).toEqual([
      "HOME is not read: there is no such variable",
      "PROBE_INTERVALL is not read: is PROBE_INTERVAL meant?",
      "SHELL is not read: there is no such variable",
      "TERM is not read: there is no such variable",
    ]);
  });

  it("is logged by a deployment that is built, which serves all the same", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    try {
      expect("deps" in build({ ...everything, LEASE_TLL: "45s" }, {})).toBe(true);
      expect(warn.mock.calls.map(([line]) => JSON.parse(String(line)) as unknown)).toEqual([
        { level: "warn", event: "config_unknown", message: "LEASE_TLL is not read: is LEASE_TTL meant?" },
      ]);
    } finally {
      warn.mockRestore();
    }
  });
});

describe("npm start", () => {
  // Of the schema as it is: whoever adds a variable changes neither this nor anything in local/.
  it.each(variableNames)("hands on %s, or says why it does nothing here", (name) => {
    const shell = { [name]: "x", PEER_URL: "x", HOME: "x", PORT: "1" };
    const isHandedOn = Object.hasOwn(handedOn(shell), name);
    expect(idleVariables(shell).map((sentence) => sentence.split(": ")[0])).toEqual(isHandedOn ? [] : [`${name} does nothing here`]);
  });

  it("decides itself what this machine alone can know, and hands on neither that, nor what is no variable of the Worker, nor what is empty", () => {
    const shell = Object.fromEntries([...variableNames, "HOME", "PORT"].map((name) => [name, "x"]));
    const given = handedOn(shell);
    expect(Object.keys(shell).filter((name) => !Object.hasOwn(given, name))).toEqual([
      "DATABASE_URL",
      "NEON_FETCH_ENDPOINT",
      "PROVIDER",
      "PREFERRED_PROVIDER",
      "VERCEL_REGION",
      "HOME",
      "PORT",
    ]);
    expect(handedOn({ ADMIN_TOKEN: "" })).toEqual({});
  });

  it("says which variables do nothing here", () => {
    expect(
      idleVariables({
        DATABASE_URL: "x",
        HANDBACK_AFTER: "1m",
        AWS_ACCESS_KEY_ID: "AKIA1",
        AWS_SESSION_TOKEN: "t",
        PORT: "1",
        PROBE_PAHT: "/",
        PROVIDER: "",
      }),
    ).toEqual([
      "DATABASE_URL does nothing here: npm start has a PostgreSQL of its own",
      "HANDBACK_AFTER does nothing without a PEER_URL",
      "AWS_SESSION_TOKEN does nothing beside a permanent key (AKIA...)",
      "PROBE_PAHT is not read: is PROBE_PATH meant?",
    ]);
    expect(idleVariables({ PROBE_INTERVAL: "1s", HANDBACK_AFTER: "1m", PEER_URL: "http://x" })).toEqual([]);
  });
});
