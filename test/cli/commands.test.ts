import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commands } from "../../cli/commands.ts";
import type { ControlPlane } from "../../local/control-plane.ts";
import { startControlPlane } from "../../local/control-plane.ts";
import type { Printed } from "../support/command-line.ts";
import { trailRecords } from "../support/cloudtrail.ts";
import { commandLine, commandProcess } from "../support/command-line.ts";

const adminToken = "admin-token-for-the-command-line-0123456789";

let plane: ControlPlane;
let home: string;
let owner: string;
let viewer: string;
let customerId: number;

const call = async <T>(method: string, path: string, token: string, body?: unknown): Promise<T> => {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(`${plane.worker.url}${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  expect(response.ok, text).toBe(true);
  return JSON.parse(text) as T;
};

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "tranche-cli-"));
  plane = await startControlPlane({
    env: {
      ADMIN_TOKEN: adminToken,
      DOMAIN_VERIFICATION: "off",
      ALLOW_PRIVATE_TARGETS: "true",
      PROBE_INTERVAL: "1s",
      TICK_OVERTIME: "0s",
      SECRETS_KEY: randomBytes(32).toString("base64"),
      EVIDENCE_SIGNING_KEY: randomBytes(32).toString("base64"),
    },
  });
  customerId = (await call<{ id: number }>("POST", "/v1/customers", adminToken, { name: "acme" })).id;
  const token = async (role: string) =>
    (await call<{ token: string }>("POST", `/v1/customers/${customerId}/tokens`, adminToken, { name: role, role })).token;
  [owner, viewer] = [await token("owner"), await token("viewer")];
  await call("POST", "/v1/services", owner, { name: "web", primary_cdn: "cloudflare", backup_cdn: "fastly" });
  await call("POST", "/v1/services/1/domains", owner, {
    name: "app.example.com",
    primary_target: plane.worker.url,
    backup_target: plane.worker.url,
  });
  await call("POST", "/v1/services/1/objectives", owner, { name: "visitors are served", target: 99.9 });
});

afterAll(async () => {
  await plane.close();
  await rm(home, { recursive: true, force: true });
});

/** As somebody who has set both variables. */
const as = (token: string) => ({ env: { HOME: home, TRANCHE_URL: plane.worker.url, TRANCHE_TOKEN: token } });
const tranche = (token: string, ...args: string[]): Promise<Printed> => commandLine(args, as(token));
const json = async <T>(token: string, ...args: string[]): Promise<T> => {
  const { code, out, err } = await tranche(token, ...args, "--json");
  expect([code, err]).toEqual([0, ""]);
  return JSON.parse(out) as T;
};

describe("login", () => {
  const file = () => join(home, "own", "tranche", "credentials.json");
  const env = () => ({ HOME: home, XDG_CONFIG_HOME: join(home, "own") });
  const login = (input: string, ...more: string[]) => commandProcess(["login", "--url", plane.worker.url, ...more], { env: env(), input });

  it("tries the token, keeps it for its user alone, and never prints it", async () => {
    const { code, out, err } = await login(`${owner}\nmore`);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toBe(`signed in to ${plane.worker.url}; kept in ${file()}\n`);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect((await stat(join(home, "own", "tranche"))).mode & 0o777).toBe(0o700);
    expect(JSON.parse(await readFile(file(), "utf8"))).toEqual({ url: plane.worker.url, token: owner });
    const listed = await commandProcess(["services"], { env: env() });
    expect([listed.code, listed.err]).toEqual([0, ""]);
    expect(listed.out).toMatch(/^ID +SERVICE +TROUBLE.*\n1 +web +/);
  });

  it("keeps no token that is refused, and says so without it", async () => {
    const before = await readFile(file(), "utf8");
    const { code, out, err } = await login("trn_nonsense\n");
    expect([code, out]).toEqual([3, ""]);
    expect(err).toMatch(/^tranche: 401 Authentication required: .*\n/);
    expect(err).not.toContain("nonsense");
    expect(await readFile(file(), "utf8")).toBe(before);
  });

  it("warns of a file that others may read, and writes one that they may not", async () => {
    await chmod(file(), 0o644);
    expect((await commandProcess(["services"], { env: env() })).err).toContain(`chmod 600 ${file()}`);
    await login(`${owner}\n`);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
  });

  it("sends the token to nobody but whom it is of", async () => {
    const heard: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      heard.push(request.headers.authorization);
      response.end("[]");
    });
    await new Promise<void>((done) => void other.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const { code, err } = await commandProcess(["services"], { env: { ...env(), TRANCHE_URL: url } });
    const doctor = await commandProcess(["doctor", "--url", url], { env: env() });
    other.close();
    expect([code, doctor.code]).toEqual([3, 1]);
    expect(err).toContain(`the token that is kept is of ${plane.worker.url}, not of ${url}`);
    expect(heard.filter((header) => header?.includes(owner))).toEqual([]);
  });

  it("gives way to variables, and is forgotten by logout", async () => {
    const { code, err } = await commandLine(["services"], { env: { ...env(), TRANCHE_TOKEN: "trn_other" } });
    expect([code, err]).toEqual([3, expect.stringContaining("401")]);
    expect((await commandProcess(["logout"], { env: env() })).out).toBe("signed out\n");
    expect((await commandProcess(["logout"], { env: env() })).out).toBe("nobody was signed in\n");
    expect(await commandProcess(["services"], { env: env() })).toMatchObject({
      code: 3,
      err: expect.stringMatching(/^tranche: nobody is signed in/) as string,
    });
  });

  it.each([
    [["login"], "--url is required"],
    [["login", "--url", "tranche.example.com"], "--url must be a URL"],
    [["login", "--url", "http://tranche.example.com"], "--url must begin with https://"],
    [["login", "--url", "https://me:secret@tranche.example.com"], "--url must be a URL without user"],
    [["services", "--url", "ftp://tranche.example.com"], "--url must be a URL"],
  ])("%j is called wrongly: %s", async (args, says) => {
    expect(await commandLine(args, { env: { HOME: home }, input: "t" })).toMatchObject({
      code: 2,
      err: expect.stringContaining(says) as string,
    });
  });
});

describe("orders", () => {
  const reason = ["--reason", "backup is being moved"];

  it("freezes a service, says what it replaces, and releases it", async () => {
    const forced = await tranche(owner, "override", "set", "web", "--to", "backup", ...reason, "--until", "none");
    expect(forced).toMatchObject({ code: 0, out: "web is held on its backup until tranche override clear, from the next round on\n" });
    const kept = await tranche(owner, "unfreeze", "web");
    expect(kept).toMatchObject({
      code: 1,
      err: "tranche: web is not frozen but held on its backup (backup is being moved): tranche override clear\n",
    });
    const frozen = await json<{ override: { mode: string; until: string; reason: string } }>(
      owner,
      "freeze",
      "1",
      ...reason,
      "--until",
      "2h",
    );
    expect(frozen.override).toMatchObject({ mode: "frozen", reason: "backup is being moved" });
    expect(Math.abs(Date.parse(frozen.override.until) - Date.now() - 7_200_000)).toBeLessThan(60_000);
    const [one] = await json<{ override: { mode: string } }[]>(owner, "services", "--trouble");
    expect(one?.override.mode).toBe("frozen");
    expect((await tranche(owner, "unfreeze", "web")).out).toBe("web is steered again: was frozen (backup is being moved)\n");
  });

  it("does so for admins, who need not say whose service it is", async () => {
    expect(await tranche(adminToken, "override", "set", "web", "--to", "primary", ...reason, "--until", "2h")).toMatchObject({ code: 0 });
    expect(await tranche(adminToken, "override", "clear", "web")).toMatchObject({ code: 0 });
  });

  it("freezes everything, for admins", async () => {
    expect((await tranche(adminToken, "freeze", "--all", ...reason, "--until", "none")).out).toMatch(
      /^everything is frozen until tranche unfreeze --all/,
    );
    expect((await tranche(adminToken, "status")).out).toMatch(/frozen +since .* by admin: backup is being moved\n/);
    expect((await tranche(adminToken, "unfreeze", "--all")).code).toBe(0);
    expect(await tranche(owner, "freeze", "--all", ...reason, "--until", "none")).toMatchObject({
      code: 3,
      err: expect.stringContaining("403") as string,
    });
  });

  it.each([
    [["freeze", "web", "--until", "2h"], 2, "--reason is required"],
    [["freeze", "web", "--reason", "x"], 2, "--until is required"],
    [["freeze", "web", "--reason", "--until", "2h"], 2, "--reason needs a value"],
    [["freeze", "web", "--reason", "x", "--until", "tomorrow"], 2, "--until must be a time with its zone"],
    [["freeze", "web", "--reason", "x", "--until", "2020-01-01T00:00:00Z"], 2, "--until: must be in the future"],
    [["freeze", "web", "--reason", "x", "--until", "800h"], 2, "--until: must be at most 30 days ahead"],
    [["freeze", "--reason", "x", "--until", "2h"], 2, "name a SERVICE, or --all"],
    [["freeze", "web", "--all", "--reason", "x", "--until", "2h"], 2, "one of both"],
    [["freeze", "nothing", "--reason", "x", "--until", "2h"], 1, 'there is no service "nothing"'],
    [["override", "set", "web", "--to", "direct", "--reason", "x", "--until", "2h"], 2, "--to must be primary, backup, frozen"],
    [["override", "clear"], 2, "needs SERVICE"],
    [["override"], 2, "there is tranche override set, tranche override clear"],
    [["services", "--colour"], 2, "--colour is not a flag of tranche services"],
    [["services", "web"], 2, 'does not take "web"'],
    [["services", "--json=yes"], 2, "--json takes no value"],
    [["services", "--customer", "acme"], 2, "--customer must be a whole number"],
    [["storm", "show", "web"], 2, "ID must be the number of a storm"],
    [["storm", "show", "999"], 1, "404"],
    [["storms"], 2, '"storms" is not a command'],
  ])("%j ends with %d: %s", async (args, code, says) => {
    expect(await tranche(owner, ...args)).toMatchObject({ code, out: "", err: expect.stringContaining(says) as string });
  });

  it("are refused to a viewer, in the API's own words", async () => {
    const { code, err } = await tranche(viewer, "freeze", "web", ...reason, "--until", "2h");
    expect([code, err]).toEqual([3, expect.stringMatching(/^tranche: 403 Forbidden: .*\n {2}request \w+\n$/)]);
    const machine = await tranche(viewer, "freeze", "web", ...reason, "--until", "2h", "--json");
    expect(JSON.parse(machine.err)).toMatchObject({ exit: 3, error: { status: 403, title: "Forbidden" } });
  });

  it("name the flag of what the API refuses: admins have to say for whom", async () => {
    expect(await tranche(adminToken, "objectives")).toMatchObject({
      code: 2,
      err: expect.stringContaining("  --customer: is required for admins") as string,
    });
    expect(await tranche(adminToken, "objectives", "--customer", String(customerId))).toMatchObject({ code: 0 });
  });
});

describe("what is looked at", () => {
  /** As the owner of the tables: what a round would have written. */
  const statement = async (text: string, ...values: unknown[]): Promise<void> => {
    const client = new pg.Client(plane.databaseUrl);
    await client.connect();
    await client.query(text, values);
    await client.end();
  };

  beforeAll(async () => {
    const terms = { kind: "http_availability", threshold_avail: 0.9, window_seconds: 60, cooldown_seconds: 300, max_coverage_factor: 1.5 };
    const policy = await call<{ id: number }>("POST", "/v1/services/1/storm-policies", owner, terms);
    await statement(
      `insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
       select 1, $1, 1, 'http_availability', 'ended', now() - interval '2 hours', now() - interval '2 hours', now() - interval '1 hour', 'recovered', 1.5`,
      policy.id,
    );
  });

  it("storms, as a table and one by one", async () => {
    const { out } = await tranche(viewer, "storm", "list", "--service", "web");
    expect(out).toMatch(
      /^ID +SERVICE +STATE +KIND +SINCE +LASTED +DOWN +AVOIDED +CREDIT\n1 +web +ended +http_availability +\d{4}-.*Z +1 h 0 min /,
    );
    expect((await tranche(viewer, "storm", "list", "--active")).out).toBe("no storm is on\n");
    const shown = await tranche(viewer, "storm", "show", "1");
    expect(shown.out).toMatch(/^storm +1 of web \(service 1 of acme\)\nstate +ended\n/);
    expect(await json(adminToken, "storm", "list", "--limit", "1")).toHaveLength(1);
  });

  it("a service as Terraform configuration, in both syntaxes", async () => {
    const { code, out } = await tranche(viewer, "service", "terraform", "web");
    expect(code).toBe(0);
    expect(out).toContain('resource "aws_iam_policy" "tranche_1" {');
    expect(out).toMatch(/^# Domain 1, "app\.example\.com": /m);
    expect(Object.keys(await json<object>(viewer, "service", "terraform", "web", "--without-frame"))).toEqual(["//"]);
    expect(await tranche(viewer, "service", "terraform", "nothing")).toMatchObject({ code: 1 });
    expect(await tranche(viewer, "service", "terraform")).toMatchObject({ code: 2 });
  });

  it("objectives and their budget", async () => {
    expect((await tranche(viewer, "objectives", "--service", "web")).out).toMatch(/visitors are served +99\.9 % +30 d +insufficient_data/);
  });

  it("status, for customers without what is the operator's, and with an exit code on request", async () => {
    const { code, out } = await tranche(viewer, "status");
    expect([code, out]).toEqual([0, expect.stringMatching(/frozen +admins know\nservices +1, /)]);
    const troubled = (await json<unknown[]>(viewer, "services", "--trouble")).length > 0;
    expect((await tranche(viewer, "status", "--exit-code")).code).toBe(troubled ? 1 : 0);
  });

  it("a name that would command the terminal is printed, not obeyed", async () => {
    await statement("update services set name = E'evil\\u001b[2J\\u202e' where id = 1");
    const { out } = await tranche(viewer, "services");
    await statement("update services set name = 'web' where id = 1");
    expect(out).toContain("evil�[2J�");
    expect(out).not.toContain("\u001B");
  });

  it("doctor is content with a machine of its own once its cron has run", async () => {
    const before = await tranche(adminToken, "doctor", "--stored");
    expect([before.code, before.out]).toEqual([1, expect.stringContaining("no round has ever run")]);
    // The minute goes on with the plane: its first round is enough.
    void plane.worker.trigger("* * * * *").catch(() => undefined);
    const cron = async () => (await tranche(adminToken, "doctor", "--stored")).out;
    await expect.poll(cron, { timeout: 60_000, interval: 250 }).toMatch(/ok +cron of local +its latest round was/);
    const { code, out } = await commandProcess(["doctor"], as(adminToken));
    // Nothing is switched here: no AWS is named.
    expect(
      out
        .split("\n")
        .filter((line) => line.startsWith("FAILS"))
        .filter((line) => !line.includes("web: ")),
    ).toEqual([]);
    expect([0, 1]).toContain(code);
  });
});

describe("costs", () => {
  const ids: Record<"anomaly" | "zombie" | "backup", number> = { anomaly: 0, zombie: 0, backup: 0 };

  beforeAll(async () => {
    const client = new pg.Client(plane.databaseUrl);
    await client.connect();
    const one = async (text: string, ...values: unknown[]) => Number((await client.query<{ id: string }>(text, values)).rows[0]?.id);
    const series = await one(
      "insert into cost_series (customer_id, kind, resource_type, service_id, cdn, unit, memory, mean_hourly_cost, event_count) values ($1, 'egress', 'egress', 1, 'fastly', 'cents', '{}', 310, 1008) returning id",
      customerId,
    );
    await client.query(
      "insert into cost_hours (series_id, hour, value, usual_mean) select $1, date_trunc('hour', now(), 'UTC') - make_interval(hours => n), 400, 310 from generate_series(1, 30) n",
      [series],
    );
    ids.anomaly = await one(
      "insert into cost_anomalies (customer_id, series_id, severity, score, explanation, figures, value, usual, first_hour, last_hour, mode) values ($1, $2, 'high', 70, $3, '{}', 1240, 310, now(), now(), 'audit') returning id",
      customerId,
      series,
      "Odd \u001B[2J.",
    );
    const zombie = async (rule: string, severity: string, waste: number | null) =>
      await one(
        "insert into zombies (customer_id, rule, resource, account, severity, first_seen, last_seen, last_activity, estimated_monthly_waste, reason, remedy) values ($1, $2, $2, '123456789012', $3, now(), now(), now(), $4, 'Idle.', 'Remove it.') returning id",
        customerId,
        rule,
        severity,
        waste,
      );
    ids.zombie = await zombie("volume-unattached", "warning", 800);
    ids.backup = await zombie("backup-would-not-pay", "critical", null);
    await client.query(
      `insert into zombie_hunts (customer_id, hunted_at, unread) values ($1, now(), '[{"source": "ec2:DescribeVolumes", "problem": "access denied"}]')`,
      [customerId],
    );
    await client.end();
  });

  it("anomalies are listed, and nothing in them obeyed by a terminal", async () => {
    const { code, out } = await tranche(viewer, "cost", "anomalies", "--state", "open", "--service", "web");
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^ID +SERIES .*\n\d+ +web on fastly +high +open +\$12\.40 +\$3\.10 .* Odd �\[2J\.\n$/),
    ]);
    expect((await tranche(viewer, "cost", "anomalies", "--state", "resolved")).out).toBe("nothing is odd\n");
    expect(await json<{ id: number }[]>(viewer, "cost", "anomalies")).toMatchObject([{ id: ids.anomaly }]);
    expect((await tranche(viewer, "cost", "anomalies", "--state", "gone")).err).toContain("--state must be open, acknowledged");
  });

  it("an anomaly is acknowledged, snoozed and expected by who may", async () => {
    const id = String(ids.anomaly);
    expect((await tranche(owner, "cost", "ack", id, "--note", "looking")).out).toBe(`anomaly ${id} (web on fastly) is acknowledged\n`);
    expect((await tranche(owner, "cost", "snooze", id, "--hours", "24")).out).toMatch(/ is snoozed until \d{4}-/);
    expect(await json<object>(owner, "cost", "expected", id, "--note", "the launch")).toMatchObject({
      state: "expected",
      note: "the launch",
    });
    expect(await tranche(viewer, "cost", "ack", id)).toMatchObject({ code: 3 });
    expect(await tranche(owner, "cost", "ack", "999999")).toMatchObject({ code: 1 });
    expect((await tranche(owner, "cost", "snooze", id)).err).toContain("--hours is required");
    expect((await tranche(owner, "cost", "snooze", id, "--hours", "169")).err).toContain("--hours");
    expect((await tranche(owner, "cost", "ack", "one")).err).toContain('ID must be the number of an anomaly, not "one"');
  });

  it("what idles is listed with its waste and what was not read, dismissed and opened again", async () => {
    const { out } = await tranche(viewer, "cost", "zombies");
    expect(out).toMatch(/backup-would-not-pay .* \? /);
    expect(out).toContain("\n\n$8.00 a month, and 1 whose price is not known\n");
    expect(out).toMatch(/not read: ec2:DescribeVolumes: access denied\n$/);
    const id = String(ids.zombie);
    expect((await tranche(owner, "cost", "dismiss", id, "--note", "kept")).out).toBe("volume-unattached is dismissed\n");
    expect(await json<object>(viewer, "cost", "zombies", "--state", "dismissed")).toMatchObject({
      zombies: [{ id: ids.zombie, note: "kept" }],
    });
    expect((await tranche(owner, "cost", "dismiss", id, "--undo")).out).toBe("volume-unattached is open\n");
  });

  it("rates are said, listed and forgotten", async () => {
    expect((await tranche(viewer, "cost", "rates")).out).toContain("no rates");
    expect((await tranche(owner, "cost", "rates", "fastly", "--per-gb", "2.5", "--monthly", "20000")).out).toMatch(
      /\nfastly +2\.5000 +\$200\.00\n$/,
    );
    expect(await json<object[]>(viewer, "cost", "rates")).toMatchObject([{ cdn: "fastly", cents_per_gb: "2.5000" }]);
    expect((await tranche(owner, "cost", "rates", "fastly", "--per-gb", "2.50001")).err).toContain("4 decimals");
    expect((await tranche(owner, "cost", "rates", "fastly")).err).toContain("give --per-gb, --monthly or both");
    expect((await tranche(owner, "cost", "rates", "--per-gb", "1")).err).toContain("name the CDN");
    expect((await tranche(owner, "cost", "rates", "fastly", "--forget")).code).toBe(0);
    expect((await tranche(owner, "cost", "rates", "fastly", "--forget")).code).toBe(1);
  });

  it("the mode is shown with what stands before the next, and set by who may", async () => {
    expect((await tranche(viewer, "cost", "mode")).out).toMatch(/^mode +shadow\n[^]*\nnext +audit: audit needs 14 days/);
    expect((await tranche(owner, "cost", "mode", "audit")).err).toContain("audit needs 14 days in shadow");
    expect((await tranche(owner, "cost", "mode", "loud")).err).toContain('a mode is shadow, audit, enforce, not "loud"');
    expect(await json<object>(adminToken, "cost", "mode", "enforce", "--customer", String(customerId))).toMatchObject({ mode: "enforce" });
  });

  it("the summary and the baselines say what is usual", async () => {
    const { out } = await tranche(viewer, "cost", "summary");
    expect(out).toMatch(/^anomalies +0 critical, 0 high, 0 medium\nidle +2 \(1 critical\), \$8\.00 a month, 1 of unknown price\n/);
    expect(out).toMatch(/\nweb on fastly +\$96\.00 of \$74\.40 +\$120\.00 of \$93\.00\n$/);
    expect((await tranche(viewer, "cost", "baselines", "--kind", "egress")).out).toMatch(
      /\n\d+ +egress +web on fastly +\$3\.10 +\$0\.00 +1008 +-\n$/,
    );
    expect((await tranche(viewer, "cost", "baselines", "--kind", "priced")).out).toBe("nothing was scored yet\n");
  });
});

describe("events of cost", () => {
  it("are sent by files, and listed; what is no good is told with its place", async () => {
    const records = trailRecords(3, { fromMs: Date.now() - 3_600_000 });
    const [packed, bad] = [join(home, "trail.json.gz"), join(home, "bad.json")];
    await writeFile(packed, gzipSync(JSON.stringify({ Records: records })));
    await writeFile(bad, JSON.stringify([records[0], { ...records[1], eventID: "x" }]));
    expect(await tranche(owner, "cost", "push", packed)).toMatchObject({
      code: 0,
      out: "3 accepted, 0 known already, 0 of no interest, 0 rejected\n",
    });
    expect(await tranche(owner, "cost", "push", packed, bad)).toMatchObject({
      code: 1,
      out: `0 accepted, 4 known already, 0 of no interest, 1 rejected\n  ${bad}#/1/eventID is not a UUID\n`,
    });
    expect((await tranche(viewer, "cost", "push", packed)).code).toBe(3);
    expect(await json<unknown[]>(viewer, "cost", "events", "--type", "ec2:instance")).toMatchObject([{}, {}, {}]);
    expect((await tranche(viewer, "cost", "events", "--limit", "1")).out).toMatch(/^AT +ACCOUNT +TYPE.*\n.* 123456789012 /);
    expect(await tranche(owner, "cost", "push", join(home, "none.json"))).toMatchObject({ code: 2 });
  });
});

describe("every command", () => {
  it.each(commands.map(({ name }) => name))("%s has its help", async (name) => {
    const { code, out, err } = await commandLine([...name.split(" "), "--help"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(new RegExp(`^Usage: tranche ${name}.*\\n\\n.*\\n\\n( {2}--.*\\n)+`));
    expect(out).toContain("--json");
  });

  it("is listed; nothing at all is called wrongly", async () => {
    const { out } = await commandLine(["--help"]);
    for (const { name } of commands) expect(out).toContain(`  ${name} `);
    expect((await commandLine([])).code).toBe(2);
  });

  it("is not reached where nobody listens", async () => {
    const env = { HOME: home, TRANCHE_URL: "http://127.0.0.1:1", TRANCHE_TOKEN: "t" };
    expect(await commandProcess(["services"], { env })).toMatchObject({ code: 4, out: "" });
  });
});
