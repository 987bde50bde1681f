import { randomBytes } from "node:crypto";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseCall } from "../../cli/command.ts";
import { commands as tranche } from "../../cli/commands.ts";
import { faults, parseDrillOptions } from "../../local/drill/options.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { printedCommands, printedStatements, read, root, statementsIn } from "./documents.ts";
import type { Printed } from "./documents.ts";
import { inShell, shells } from "./shell.ts";

const { scripts, devDependencies } = JSON.parse(await read("package.json")) as Record<
  "scripts" | "devDependencies",
  Record<string, string>
>;
/** Followed from its first block to its last by a test of its own. */
const guide = "docs/getting-started.md";
const commands = (await printedCommands()).filter(({ file }) => file !== guide);

/** Run here as printed, on both Nodes, and what they then say. Words in capitals and `...` are filled in. */
const runHere: Readonly<Record<string, RegExp>> = {
  "npm run client:generate": /operations\.ts: unchanged/,
  "npm run islands:generate": /island-code\.ts: unchanged/,
  "npm run guides:generate": /guides\.ts: unchanged/,
  "npm run schedule:generate": /wrangler\.toml: unchanged\n.*vercel\.json: unchanged/,
  "npm run decisions:generate": /README\.md: unchanged/,
  "npm run build:fallback": /KiB gzipped/,
  "npm run db:migrate": /./,
  "npm run secrets:reseal": /: 0 resealed, 0 changed meanwhile, 0 not opened/,
  // There is no storm in that file, and it says so.
  "npm run evidence:verify -- --unsigned FILE...": /BROKEN: record 1/,
  "npm run backtest -- test/fixtures/outage-2025-11-18.csv --cdns cloudflare,fastly --objective 99.9": /downtime avoided +152\.3 min/,
  "npx tranche --help": /^Usage: tranche COMMAND/,
  "npx tranche backtest test/fixtures/outage-2025-11-18.csv": /bad minutes covered/,
  // Minutes each: one is asked for that does not exist, and the answer lists those that do.
  "npm run bench": /there is rounds, detect/,
};

/** Too long for a test, or not to be had without an account: where else each is run, or why it is not. */
const notHere: Readonly<Record<string, string>> = {
  ".ci/run": "it is what runs this",
  "npm ci": "a step of .ci/run",
  "npm test": "a step of .ci/run",
  "npm run check": "a step of .ci/run",
  "npm run drill": "a step of .ci/run; its options are read below",
  "npm run self-hosted": "a step of .ci/run",
  "npm run build:self-hosted": "npm run self-hosted begins with it",
  "npm start": "test/readme/readme.test.ts walks through what it starts",
  "npm pack": "test/client/packed.test.ts",
  "npm init --yes": "makes an empty folder one of npm's",
  "npm install ./tranche-*.tgz": "test/client/packed.test.ts does without the network what it does",
  "npm run client:build": "test/client/packed.test.ts, which packs",
  "npm run cli:build": "test/client/packed.test.ts, which packs",
  "npm run secrets:generate": "test/local/generate-secrets.test.ts",
  "npx tranche": "test/cli/commands.test.ts and test/cli/doctor.test.ts; what is printed of it is parsed below",
  "npm run db:generate": "npm run check does it on a copy (local/check-migrations.ts)",
  "npm run evidence:verify": "above, unsigned; the drill verifies a signed one, with its anchor",
  "npm run format": "it writes; its configuration is read by npm run format:check",
  "npm run screenshots": "four minutes; test/docs/screenshots.test.ts reads what it has made, test/console/ looks at the same pages",
  "npm run invoice:shots": "test/billing/printed.test.ts prints the same samples",
  "pip install openapi-python-client": "test/client/python-client.test.ts, where there is one",
  "openapi-python-client generate": "test/client/python-client.test.ts",
  "npx openapi-typescript": "it needs TypeScript 5, this project has a newer one",
  "npm run cost:backtest": "test/cli/cost-backtest.test.ts",
  "npm run load": "test/local/load.test.ts",
  "npm run notify:sink": "test/local/notify-sink.test.ts",
  "npm run mutants": "an hour; test/billing/mutants.test.ts",
  "npm run soak": "hours; npm test plays forty minutes of it",
  "npx wrangler deploy": "--dry-run is a step of .ci/run",
  "npx wrangler secret put": "asks for an account",
  "wrangler deploy": "test/readme/getting-started.test.ts, against a counterpart of Cloudflare's API",
  terraform: "init, plan and apply need the provider, and an account; test/deploy/terraform-module.test.ts runs what does not",
  openssl: "only makes a key, or reads a time-stamp as test/domain/evidence/timestamp.test.ts does",
  "docker run": "no container is run where this is written; test/cli/probe-agent.test.ts runs the command in it",
  jq: "takes a field out of an answer",
  "mkdir -p -m 700 .secrets": "test/readme/self-hosted.test.ts, with a stub of AWS's CLI",
  "aws iam": "test/readme/self-hosted.test.ts, with a stub of AWS's CLI",
  "(cd self-hosted && ./install.sh)": "test/readme/self-hosted.test.ts, with a stub of the installer",
  "./install.sh": "test/self-hosted/install.test.ts, upgrade.test.ts and restore.test.ts, with a stub of Docker",
  "git pull": "it is what is pulled that is tested",
  docker: "there is no daemon where the tests run",
  "npx vercel": "asks for an account, and for the network",
};

const words = (command: string): readonly string[] =>
  command
    .replace(/^(?:[A-Z_]+=\S+ )+/, "")
    // The same program, where it is installed from the package.
    .replace(/^npx --no-install /, "npx ")
    .split(" ");
const beginsWith = (command: string, beginning: string): boolean => command === beginning || command.startsWith(`${beginning} `);
const stripped = ({ text }: Printed): string => words(text).join(" ");

/** `--scenario=a|b` is two commands. */
const alternatives = (args: readonly string[]): readonly (readonly string[])[] => {
  const [first, ...rest] = args;
  if (first === undefined) return [[]];
  const [, option = "", values = first] = /^(--\w+=)(.*)$/.exec(first) ?? [];
  return values.split("|").flatMap((value) => alternatives(rest).map((others) => [`${option}${value}`, ...others]));
};

const keys = { SECRETS_KEY: randomBytes(32).toString("base64"), SECRETS_KEY_PREVIOUS: randomBytes(32).toString("base64") };

let database: TestDatabase;
let scratch: string;
beforeAll(async () => {
  database = await freshDatabase();
  scratch = await mkdtemp(join(tmpdir(), "tranche-commands-"));
  await writeFile(join(scratch, "storm.json"), "{}");
});
afterAll(async () => {
  await database.close();
  await rm(scratch, { recursive: true, force: true });
});

describe("every command in every document", () => {
  it("is found", () => {
    expect(commands.length).toBeGreaterThan(80);
    for (const file of ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/runbook.md", "rollback-vercel/README.md"]) {
      expect(commands.map((command) => command.file)).toContain(file);
    }
  });

  it("is run somewhere: here, by another test, by CI, or it says why not", () => {
    const known = [...Object.keys(runHere).map((command) => command.replace(/ [A-Z]+\.\.\.$/, "")), ...Object.keys(notHere)];
    // Run by readme.test.ts, or below.
    const own = /^(?:curl|export|cd|git config) /;
    const unknown = commands.filter((command) => !own.test(stripped(command)) && !known.some((one) => beginsWith(stripped(command), one)));
    expect(unknown.map(({ file, text }) => `${file}: ${text}`)).toEqual([]);
  });

  it("runs on Node 20: what needs a newer one is a script of package.json", () => {
    const direct = commands.filter((command) => words(command.text)[0] === "node");
    expect(direct.map(({ file, text }) => `${file}: ${text}`)).toEqual([]);
    expect(devDependencies["node"]).toMatch(/^24\./);
  });

  it("names a script that there is, whose program is there", async () => {
    for (const { file, text } of commands) {
      const [npm, verb = "", name = ""] = words(text);
      if (npm !== "npm" || ["ci", "pack", "init", "install"].includes(verb)) continue;
      const script = scripts[verb === "run" ? name : verb];
      expect(script, `${file}: ${text}`).toBeDefined();
      const [program = "", argument = ""] = script?.replace(/^exec /, "").split(" ") ?? [];
      await access(join(root, program === "npm" ? "package.json" : program === "node" ? argument : `node_modules/.bin/${program}`));
    }
  });

  it("gives the drill options that it takes, in the rows that list them too", () => {
    const drills = commands.filter((command) => beginsWith(stripped(command), "npm run drill"));
    for (const { text, row } of drills) {
      const listed = text.endsWith("=NAME")
        ? [...row.matchAll(/`([a-z-]+)`/g)].map(([, name]) => text.replace("NAME", name ?? ""))
        : [text];
      const more = [...row.matchAll(/`-- (--[^`]+)`/g)].map(([, option = ""]) => `npm run drill -- ${option.replaceAll("\\|", "|")}`);
      for (const command of [...listed, ...more]) {
        for (const args of alternatives(words(command).slice(4))) expect(() => parseDrillOptions(args), command).not.toThrow();
      }
    }
    expect(drills.length).toBeGreaterThan(5);
    expect(drills.some(({ row }) => row.includes(faults.join("\\|")))).toBe(true);
  });

  it("gives the command line flags and operands that it takes", () => {
    const printed = commands.filter((one) => beginsWith(stripped(one), "npx tranche"));
    for (const { file, text } of printed) {
      // A description of it has alternatives, which nobody types.
      const [, , ...args] = words(text.replaceAll(/(["']).*?\1/g, "quoted").replace(/ > \S+$/, ""));
      if (args.length === 0 || args[0] === "--help") continue;
      const command = tranche.find(({ name }) => args.join(" ") === name || args.join(" ").startsWith(`${name} `));
      expect(command, `${file}: ${text}`).toBeDefined();
      if (command === undefined || command.own === true || args.includes("--help")) continue;
      expect(() => parseCall(command, args.slice(command.name.split(" ").length)), `${file}: ${text}`).not.toThrow();
    }
    const shown = printed.map(({ text }) => text).join("\n");
    for (const { name } of tranche) expect(shown).toContain(`npx tranche ${name}`);
  });

  it("names files that are there, where it names a test or a directory", async () => {
    const named = commands.flatMap(({ text }) => (/^npm test -- (test\/\S+)/.exec(text) ?? /^cd (\S+)/.exec(text) ?? []).slice(1));
    await expect(Promise.all(named.map((file) => access(join(root, file))))).resolves.toHaveLength(named.length);
    expect(named.length).toBeGreaterThan(1);
  });
});

describe.each(shells)("with $node", ({ path }) => {
  it.each(Object.entries(runHere))("%s", async (command, says) => {
    const filledIn = command === "npm run bench" ? `${command} nothing` : command.replace("FILE...", join(scratch, "storm.json"));
    const { code, output } = await inShell(filledIn, { path, variables: { DATABASE_URL: database.url, ...keys } });
    expect(output).toMatch(says);
    expect([0, 1, 2]).toContain(code);
    if (!/bench|evidence/.test(command)) expect(code, output).toBe(0);
    if (command !== "npm run bench") return;
    const benches = /there is (.*)/.exec(output)?.[1]?.split(", ") ?? [];
    for (const printed of commands.filter((one) => beginsWith(stripped(one), command))) {
      expect([...benches, undefined]).toContain(words(printed.text)[3]);
    }
  });

  it("git config, as CONTRIBUTING.md has it", async () => {
    const configs = commands.filter(({ text }) => text.startsWith("git config "));
    expect(configs.length).toBeGreaterThan(1);
    const { code, output } = await inShell(["git init -q .", ...configs.map(({ text }) => text)].join(" && "), { path, cwd: scratch });
    expect([code, output]).toEqual([0, ""]);
    for (const { text } of configs) await access(join(root, text.split(" ").at(-1) ?? ""));
  });
});

/** Statements that documents may print, and why. */
const explained: Readonly<Record<string, string>> = {
  "docs/decisions/0032-a-link-is-signed-and-looked-up.md: update invoice_links set revoked_at = now() where revoked_at is null":
    "a decision: what a row per link makes possible beside another key, which is how operators do it; of one link it is the API's",
};

describe("no document has an operator write SQL", async () => {
  it("in a block, a sentence, or the shell", async () => {
    const told = (await printedStatements()).filter(({ file, text }) => !(`${file}: ${text}` in explained));
    expect(told.map(({ file, text }) => `${file}: ${text}`)).toEqual([]);
    expect(commands.filter(({ text }) => /\bpsql\b/.test(text)).map(({ file, text }) => `${file}: ${text}`)).toEqual([]);
  });

  it("and what only explains is still true of the schema", async () => {
    const found = (await printedStatements()).filter(({ file, text }) => `${file}: ${text}` in explained);
    expect(found.map(({ file, text }) => `${file}: ${text}`).toSorted()).toEqual(Object.keys(explained).toSorted());
    for (const { text } of found) await expect(database.sql(text)).resolves.toBeInstanceOf(Array);
  });

  it("would be caught", () => {
    const says = [
      "do `update settings set shards = 2`",
      "`select * from leases`",
      "`delete from jobs`",
      "```sql\nselect now();\n```",
      "`alter role x nologin`",
    ];
    for (const text of says) expect(statementsIn("x.md", `${text}\n`), text).toHaveLength(1);
    expect(statementsIn("x.md", "`select`, `update settings`, `GET /v1/x`, ```sh\nls\n```")).toEqual([]);
  });
});
