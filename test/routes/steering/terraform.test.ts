import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;

beforeAll(async () => {
  api = await startApi({ DOMAIN_VERIFICATION: "on" });
  acme = await api.onboard("acme");
});

const targets = { primary_target: "app.a.cdn.net", backup_target: "app.b.cdn.net" };
const read = (id: number, query = "", headers: Record<string, string> = {}) =>
  api.call("GET", `/v1/services/${id}/terraform${query}`, { token: acme.viewer, headers });
const asJson = { accept: "application/json" };

const pair = JSON.stringify(
  ["primary", "backup"].map((side) => ({
    name: "app.example.com",
    type: "CNAME",
    setIdentifier: side,
    weight: 50,
    ttl: 60,
    values: [`\${${side}}.cdn.net`],
  })),
);

/** A service with a proven domain whose pair was read, a proven one without any, and one that is not proven. */
const service = async (name: string): Promise<number> => {
  const { id } = await api.service(acme.editor, name);
  const at = `/v1/services/${id}/domains`;
  const own = name === "web" ? "" : `${name}.`;
  const made = [];
  for (const domain of [`app.${own}example.com`, `new.${own}example.com`, `other.${own}example.com`])
    made.push((await api.created(at, { name: domain, ...targets }, { token: acme.editor })).id);
  await api.db.rows(sql`update service_domains set verified_at = now() where id in (${made[0]}, ${made[1]})`);
  await api.db.rows(sql`
    insert into domain_routing (domain_id, service_id, status, zone_id, records)
    values (${made[0]}, ${id}, 'found', 'Z0123', ${pair}::jsonb), (${made[1]}, ${id}, 'unprovisioned', 'Z0123', null)`);
  return id;
};

describe("GET /v1/services/{id}/terraform", () => {
  it("prints the pairs that are there with their imports, those to be created, and why others are missing", async () => {
    const id = await service("web");
    const { status, headers, text } = await read(id);
    expect([status, headers.get("content-type"), headers.get("vary")]).toEqual([
      200,
      expect.stringMatching(/^text\/plain; charset=utf-8$/i),
      expect.stringContaining("Accept"),
    ]);
    expect(text).toMatch(
      /^import \{\n {2}to = aws_route53_record\.domain_\d+_cname_primary\n {2}id = "Z0123_app\.example\.com_CNAME_primary"\n\}$/m,
    );
    expect(text.match(/^import /gm)).toHaveLength(2);
    expect(text).toContain('records        = ["$${primary}.cdn.net"]');
    expect(text).toContain('name           = "new.example.com"');
    expect(text).toMatch(/^# Domain \d+, "other\.example\.com": its ownership is not proven/m);
    expect(text).not.toContain('= "other.example.com"');

    const { body, headers: ofJson } = await read(id, "", asJson);
    expect(ofJson.get("content-type")).toContain("application/json");
    expect(Object.keys((body["resource"] as Record<string, object>)["aws_route53_record"] ?? {})).toHaveLength(4);
  });

  it("has the policies of the API, and a customer's own role with its external id", async () => {
    const { id } = await api.service(acme.editor, "role");
    expect((await read(id)).text).toContain("POST /v1/dns-accounts with a role_arn first");
    const account = await api.created("/v1/dns-accounts", { role_arn: "arn:aws:iam::123456789012:role/tranche" }, { token: acme.editor });
    const { text } = await read(id);
    expect(text).toContain(`"sts:ExternalId" = "${String(account["external_id"])}"`);
    const { body } = await api.call("GET", `/v1/services/${id}/iam-policy`, { token: acme.viewer });
    const { body: json } = await read(id, "", asJson);
    expect(JSON.stringify(json)).toContain("aws_iam_policy");
    for (const { Sid } of (body["policy"] as { Statement: { Sid: string }[] }).Statement)
      expect(text).toMatch(new RegExp(`"Sid" += "${Sid}"`));
    await api.call("DELETE", `/v1/dns-accounts/${account.id}`, { token: acme.editor });
  });

  it("leaves out on request what a folder has once, and says that there are no domains", async () => {
    const { id } = await api.service(acme.editor, "none");
    const { text } = await read(id, "?frame=false");
    expect(text).toContain("# The service has no domains yet");
    expect(text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))).toEqual([]);
    expect((await read(id, "?frame=maybe")).status).toBe(400);
  });

  it("has a next page where there are more domains than fit", async () => {
    const { id } = await api.service(acme.editor, "many");
    await api.db.rows(sql`
      insert into service_domains (customer_id, service_id, name, challenge_token)
      select ${acme.id}, ${id}, 'd' || n || '.many.example.net', 'token-' || n from generate_series(1, 201) n`);
    const first = await read(id);
    const next = /^<([^>]+)>; rel="next"$/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
    expect(first.text).toMatch(/\n# The service has more domains: [^\n]*\n$/);
    const second = await api.call("GET", next, { token: acme.viewer });
    expect([second.status, second.headers.get("link")]).toEqual([200, null]);
    const named = `${first.text}${second.text}`.match(/^# Domain \d+, "d\d+\.many\.example\.net"/gm) ?? [];
    expect([named.length, new Set(named).size]).toEqual([201, 201]);
    expect([first.text, second.text].map((page) => page.includes("required_providers"))).toEqual([true, false]);
  });

  it("is read by its tenant only", async () => {
    const { id } = await api.service(acme.editor, "mine");
    const globex = await api.onboard("globex");
    expect((await api.call("GET", `/v1/services/${id}/terraform`, { token: globex.owner })).status).toBe(404);
    expect((await read(999_999)).status).toBe(404);
  });
});
