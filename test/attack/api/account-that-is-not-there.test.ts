import { sql } from "drizzle-orm";
import { expect, it } from "vitest";
import { startApi } from "../../support/api.ts";

/**
 * An account in trouble is left alone for a while (issue I, 1 and 2). Whoever deletes one that is not there, over and over, must not
 * have it and every refused switch tried in every round, with nothing of it in the audit log.
 */

it("gives nothing another try by deleting an account that is not there, or somebody else's", async () => {
  const api = await startApi({ DOMAIN_VERIFICATION: "off" });
  const [acme, other] = [await api.onboard("acme"), await api.onboard("other")];
  const service = await api.service(acme.editor);
  const domain = await api.created(`/v1/services/${service.id}/domains`, { name: "app.example.com" }, { token: acme.editor });
  const strange = await api.created("/v1/dns-accounts", { role_arn: "arn:aws:iam::123456789012:role/other" }, { token: other.editor });
  await api.db.rows(sql`
    insert into dns_standings (customer_id, last_error, paused_until, updated_at) values (${acme.id}, 'throttled', now() + interval '1 hour', now())`);
  await api.db.rows(sql`
    insert into domain_routing (domain_id, service_id, status, read_at) values (${domain.id}, ${service.id}, 'unprovisioned', now())`);
  const standing = async () =>
    (
      await api.db.rows(sql`select (select count(*) from dns_standings where customer_id = ${acme.id}) as paused,
    (select count(*) from domain_routing where read_at is not null) as read`)
    )[0];
  const before = await standing();
  expect(before).toEqual({ paused: 1, read: 1 });
  for (const id of [999_999, strange.id])
    expect((await api.call("DELETE", `/v1/dns-accounts/${id}`, { token: acme.editor })).status).toBe(404);
  expect(await standing()).toEqual(before);
  const own = await api.created("/v1/dns-accounts", { role_arn: "arn:aws:iam::123456789012:role/own" }, { token: acme.editor });
  expect(await standing(), "another account starts anew").toEqual({ paused: 0, read: 0 });
  expect((await api.call("DELETE", `/v1/dns-accounts/${own.id}`, { token: acme.editor })).status).toBe(204);
});
