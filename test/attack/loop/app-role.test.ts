import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openAppRole } from "../../../local/app-role.ts";
import { migrate } from "../../../local/migrate.ts";
import { startPostgres } from "../../../local/postgres.ts";
import type { TestDatabase } from "../../support/database.ts";
import { freshDatabase } from "../../support/database.ts";
import { testSigner } from "../../support/evidence-signer.ts";
import { bundleOf, playStorm } from "../../support/evidence.ts";
import { createWorld } from "../../support/round-world.ts";

/**
 * Hole 5 of issue J, from within: somebody has what the application has, its credential of the database. Before there was a
 * role for it that was the owner's, who switches triggers off, changes what he likes and switches them on again.
 */
let database: TestDatabase;
let intruder: pg.Client;

beforeAll(async () => {
  database = await freshDatabase();
  const world = await createWorld(database);
  // What a storm needs of the database is proven to be granted: its rounds have that same login.
  await playStorm(world, testSigner());
  if ((await bundleOf(world, 1, null)).length < 1_000) throw new Error("no storm was recorded");
  intruder = new pg.Client(database.appUrl);
  await intruder.connect();
});

afterAll(async () => {
  await intruder.end();
  await database.close();
});

const permission = "42501";

describe("with the application's credential", () => {
  it.each([
    "alter table evidence disable trigger evidence_append_only",
    "alter table evidence disable trigger all",
    "alter table evidence add column x int",
    "drop trigger evidence_chained on evidence",
    "drop table evidence_anchors",
    "set session_replication_role = replica",
    "create or replace function chain_evidence() returns trigger language plpgsql as $$ begin return new; end $$",
    "alter function refuse_change() rename to x",
    "create trigger x before insert on evidence for each row execute function refuse_change()",
    "truncate evidence",
    "truncate invoices cascade",
    "truncate evidence_anchors cascade",
    "update evidence set body = '{}'",
    "update evidence set created_at = 'epoch'",
    "update evidence_chains set hash = 'x'",
    "delete from evidence_chains",
    "insert into evidence_chains (service_id) values (1)",
    "update evidence_anchors set hash = 'x'",
    "delete from evidence_anchors",
    "delete from evidence_anchor_leaves",
    "update invoices set total_cents = 0",
    "delete from invoices",
    "update invoice_line_items set amount_cents = 0",
    "delete from invoice_line_items",
    "update invoice_documents set invoice_id = 1",
    "delete from storm_events",
    "update storm_policy_versions set threshold_avail = 1",
    "update audit_log set actor = 'x'",
    "update takeovers set hash = 'x'",
    "select grant_to_application()",
    "set role postgres",
  ])("%s is refused", async (statement) => {
    await intruder.query("begin");
    const failed = await intruder.query(statement).then(
      () => null,
      (error: unknown) => error as { code: string; message: string },
    );
    await intruder.query("rollback");
    // A role that there is not is not one that he may take.
    expect(failed?.code, failed?.message).toBe(statement === "set role postgres" ? "22023" : permission);
  });

  it("evidence is deleted by its age alone", async () => {
    await expect(intruder.query("delete from evidence")).rejects.toMatchObject({ code: "23001" });
    await expect(intruder.query("delete from audit_log where id = (select max(id) from audit_log)")).resolves.toBeDefined();
  });
});

describe("migrations of a user who may not make roles", () => {
  it("go on without the role, say so, and grant to it once somebody has made it", async () => {
    const postgres = await startPostgres();
    try {
      const superuser = new pg.Client(postgres.urlFor("postgres"));
      await superuser.connect();
      await superuser.query("create role keeper login password 'kept' nocreaterole");
      await superuser.query("create database kept owner keeper");
      const ownerUrl = Object.assign(new URL(postgres.urlFor("kept")), { username: "keeper", password: "kept" }).href;
      const warnings: string[] = [];
      await migrate(ownerUrl, (text) => warnings.push(text));
      expect(warnings).toEqual([expect.stringContaining("tranche_app was not made")]);
      await superuser.query("create role tranche_app nologin");
      const owner = new pg.Client(ownerUrl);
      await owner.connect();
      expect((await owner.query("select grant_to_application() as granted")).rows).toEqual([{ granted: true }]);
      await owner.end();
      const asApp = await openAppRole(postgres.urlFor("kept"));
      const app = new pg.Client(asApp(postgres.urlFor("kept")));
      await app.connect();
      expect((await app.query("select count(*)::int as n from customers")).rows).toEqual([{ n: 0 }]);
      await expect(app.query("update evidence set body = ''")).rejects.toMatchObject({ code: permission });
      await Promise.all([app.end(), superuser.end()]);
    } finally {
      await postgres.close();
    }
  });
});
