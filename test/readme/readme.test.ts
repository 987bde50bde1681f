import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ControlPlane } from "../../local/control-plane.ts";
import { startControlPlane } from "../../local/control-plane.ts";
import { argumentsOf, asRequest } from "./curl.ts";
import { printedCommands, read, shellLines } from "./documents.ts";

const readme = await read("README.md");
const adminToken = "admin-token-for-the-readme-0123456789";
const cronSecret = "cron-secret-for-the-readme-0123456789";

/** The commands of the first `sh` block under a heading. */
const commandsUnder = (heading: string): readonly string[] => {
  const section = readme.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const block = /```sh\n(.*?)```/s.exec(section)?.[1] ?? "";
  return shellLines(block);
};

const commands = commandsUnder("The API in one minute");

let plane: ControlPlane;
/** What has been exported so far. */
const exported: Record<string, string> = {};
/** The last answer, for what is to be copied out of it. */
let lastAnswer = "";

beforeAll(async () => {
  plane = await startControlPlane({
    env: {
      DOMAIN_VERIFICATION: "off",
      ALLOW_PRIVATE_TARGETS: "true",
      ADMIN_TOKEN: adminToken,
      CRON_SECRET: cronSecret,
      PROBE_INTERVAL: "1s",
      // Nobody listens there: what is paged is not PagerDuty's business.
      SECRETS_KEY: randomBytes(32).toString("base64"),
      PAGERDUTY_ENDPOINT: "http://127.0.0.1:9",
    },
  });
});

afterAll(() => plane.close());

/** What a reader puts in the place of `...`: what `npm start` has printed, or the secret of the answer before. */
const filledIn = (name: string, printed: string): string => {
  if (name === "URL") return plane.worker.url;
  if (name === "ADMIN_TOKEN") return adminToken;
  if (!printed.endsWith("...")) return printed;
  const { token } = JSON.parse(lastAnswer) as { token?: string };
  if (token?.startsWith(printed.slice(0, -3)) !== true) throw new Error(`nothing answered ${name}=${printed}`);
  return token;
};

const exportAll = (command: string): void => {
  for (const [, name = "", value = ""] of command.matchAll(/(\w+)=(\S+)/g)) exported[name] = filledIn(name, value);
};

it("is a walk from the admin token to the first storm policy and on to what is to be watched", () => {
  const walk = commands.join("\n");
  for (const step of [
    "/v1/customers ",
    "/tokens ",
    "/v1/services ",
    "/domains ",
    "/storm-policies ",
    "/v1/storms",
    "/routing",
    "/v1/invoices",
  ]) {
    expect(walk).toContain(step);
  }
});

// In the order of the page: each step needs those before it.
it("runs as printed, each command answered with 2xx", async () => {
  const refused: string[] = [];
  for (const command of commands) {
    if (command.startsWith("export ")) {
      exportAll(command);
      continue;
    }
    expect(command).toMatch(/^curl /);
    const { url, init } = asRequest(await argumentsOf(command, exported));
    expect(url.startsWith(plane.worker.url), command).toBe(true);
    const response = await fetch(url, init);
    lastAnswer = await response.text();
    if (!response.ok) refused.push(`${response.status} ${command}\n${lastAnswer}`);
  }
  expect(refused).toEqual([]);
  expect(commands.length).toBeGreaterThan(12);
});

const readmeCommands = new Set(commands);
// The evidence of a storm asks for a storm: the drill has one, and reads it so.
const needsStorm = /\/v1\/storms\/\d+\/evidence/;
const others = (await printedCommands()).filter(
  ({ file, text }) => text.startsWith("curl ") && !readmeCommands.has(text) && !needsStorm.test(text) && file !== "docs/getting-started.md",
);

it.each(others)("$file: $text", async ({ text }) => {
  const origin = "https://deployment.example";
  const variables = {
    URL: origin,
    TOKEN: exported["TOKEN"] ?? "",
    HOST: "deployment.example",
    FALLBACK: "deployment.example",
    CRON_SECRET: cronSecret,
    ADMIN_TOKEN: adminToken,
  };
  // What an example says of a day to come is still to come when the test is run.
  const inAMonth = new Date(Date.now() + 30 * 86_400_000).toISOString();
  const { url, init } = asRequest(await argumentsOf(text.replaceAll(/\d{4}-\d\d-\d\dT00:00:00Z/g, inAMonth), variables));
  expect(url.startsWith(`${origin}/`)).toBe(true);
  const response = await fetch(url.replace(origin, plane.worker.url), init);
  // A job's answer grows a line a round, for a minute: the first one tells.
  const first = await response.body?.getReader().read();
  const answer = new TextDecoder().decode(first?.value);
  expect([response.ok, answer], `${response.status} ${answer}`).toEqual([true, expect.stringMatching(/\S/)]);
});

it("begins no storm: what it sets up answers", async () => {
  // The rounds of this minute; they end with the control plane.
  void plane.worker.trigger("* * * * *").catch(() => undefined);
  const headers = { authorization: `Bearer ${exported["TOKEN"]}` };
  const ask = async (path: string): Promise<unknown> => (await fetch(`${plane.worker.url}${path}`, { headers })).json();
  const points = async () => ((await ask("/v1/services/1/availability?step=60")) as { points: { samples: number; ok: number }[] }).points;
  const sum = (of: readonly { samples: number; ok: number }[], key: "samples" | "ok") => of.reduce((total, point) => total + point[key], 0);
  // More than the policy asks for before it judges.
  await expect.poll(async () => sum(await points(), "samples"), { timeout: 60_000, interval: 200 }).toBeGreaterThan(8);
  const seen = await points();
  expect(sum(seen, "ok")).toBe(sum(seen, "samples"));
  expect(await ask("/v1/storms?service_id=1")).toEqual([]);
});
