import { sql } from "drizzle-orm";
import { expect, it } from "vitest";
import { startApi } from "../../support/api.ts";

const open = async (over: Record<string, string>) => {
  const api = await startApi({ DOH_ENDPOINTS: "https://127.0.0.1:9/dns-query", ...over });
  const { editor, viewer } = await api.onboard("acme");
  const path = `/v1/services/${(await api.service(editor)).id}/domains`;
  const { id } = await api.created(
    path,
    { name: "app.example.com", primary_target: "x.cdn.cloudflare.net", backup_target: "b.example.net" },
    { token: editor },
  );
  const read = async () => {
    const answer = await api.call("GET", `${path}/${id}/probing`, { token: viewer });
    return (answer.body["paths"] as Record<string, unknown>[]).map((one) => [
      one["path"],
      one["probed"],
      one["every_rounds"],
      one["reason"],
      one["consent"],
    ]);
  };
  return { api, id, read };
};

const looked = async ({ api }: Awaited<ReturnType<typeof open>>, host: string, addresses: string, consent: string | null) =>
  void (await api.db
    .rows(sql`insert into probe_targets (host, addresses, consent, checked_at) values (${host}, ${addresses}, ${consent}, now())
    on conflict (host) do update set addresses = excluded.addresses, consent = excluded.consent`));

it("of a domain that nobody has proven tells what its targets have to say", async () => {
  const world = await open({ DOMAIN_VERIFICATION: "on", ALLOW_PRIVATE_TARGETS: "false" });
  expect(await world.read()).toEqual([
    ["primary", "held", null, "not_looked_at", "cdn"],
    ["backup", "held", null, "not_looked_at", null],
    ["direct", "held", null, "not_looked_at", null],
  ]);
  await looked(world, "x.cdn.cloudflare.net", "public", null);
  await looked(world, "b.example.net", "none", null);
  await looked(world, "app.example.com", "public", null);
  await world.api.db.rows(
    sql`insert into probe_claims (domain_id, path, host, phase, period) values (${world.id}, 'primary', 'x.cdn.cloudflare.net', 3, 40)`,
  );
  expect(await world.read()).toEqual([
    ["primary", "in_turn", 40, null, "cdn"],
    ["backup", "held", null, "no_address", null],
    ["direct", "held", null, "no_consent", null],
  ]);
  await world.api.db.rows(sql`update service_domains set verified_at = now()`);
  await looked(world, "b.example.net", "private", null);
  expect(await world.read()).toEqual([
    ["primary", "always", 1, null, "cdn"],
    ["backup", "held", null, "private_address", null],
    ["direct", "always", 1, null, null],
  ]);
});

it("where nobody has to prove anything is always", async () => {
  const world = await open({});
  expect((await world.read()).map(([, probed]) => probed)).toEqual(["always", "always", "always"]);
});
