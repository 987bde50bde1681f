CREATE TABLE "evidence_anchor_leaves" (
	"service_id" bigint NOT NULL,
	"anchor_id" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"hash" text NOT NULL,
	"place" integer NOT NULL,
	"path" text[] NOT NULL,
	CONSTRAINT "evidence_anchor_leaves_service_id_anchor_id_pk" PRIMARY KEY("service_id","anchor_id")
);
--> statement-breakpoint
CREATE TABLE "evidence_anchors" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "evidence_anchors_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"body" text NOT NULL,
	"hash" text NOT NULL,
	"key_id" text,
	"signature" text,
	"timestamp" text,
	"timestamp_error" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "storm_events" ADD COLUMN "proof" jsonb;--> statement-breakpoint
ALTER TABLE "evidence" ADD COLUMN "key_id" text;--> statement-breakpoint
ALTER TABLE "evidence" ADD COLUMN "signature" text;--> statement-breakpoint
ALTER TABLE "evidence" ADD COLUMN "follows_seq" bigint;--> statement-breakpoint
ALTER TABLE "evidence" ADD COLUMN "follows_hash" text;--> statement-breakpoint
ALTER TABLE "evidence_chains" ADD COLUMN "anchored_seq" bigint;--> statement-breakpoint
ALTER TABLE "routing_changes" ADD COLUMN "proof" jsonb;--> statement-breakpoint
ALTER TABLE "evidence_anchor_leaves" ADD CONSTRAINT "evidence_anchor_leaves_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "evidence_anchor_leaves" ADD CONSTRAINT "evidence_anchor_leaves_anchor_id_evidence_anchors_id_fk" FOREIGN KEY ("anchor_id") REFERENCES "public"."evidence_anchors"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "evidence_anchor_leaves_anchor_idx" ON "evidence_anchor_leaves" USING btree ("anchor_id");--> statement-breakpoint
ALTER TABLE "evidence" ADD CONSTRAINT "evidence_signed" CHECK (("evidence"."key_id" is null) = ("evidence"."signature" is null));--> statement-breakpoint
-- Evidence that is signed by who knows what is proven: signature and key are part of the record and of its hash.
CREATE FUNCTION evidence_text(e evidence) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  -- Canonical (RFC 8785), as evidence_record() is, which it calls for what is not signed. Without a hash: what is hashed.
  SELECT CASE WHEN e.key_id IS NULL THEN evidence_record(e.body, e.hash, e.kind, e.previous_hash, e.seq, e.service_id, e.storm_id)
    ELSE '{"body":' || e.body
      || ',"follows":' || CASE WHEN e.follows_seq IS NULL THEN 'null'
        ELSE '{"hash":' || coalesce(to_json(e.follows_hash)::text, 'null') || ',"seq":' || e.follows_seq || '}' END
      || CASE WHEN e.hash IS NULL THEN '' ELSE ',"hash":"' || e.hash || '"' END
      || ',"key_id":' || to_json(e.key_id)::text || ',"kind":"' || e.kind
      || '","previous_hash":' || coalesce('"' || e.previous_hash || '"', 'null')
      || ',"seq":' || e.seq || ',"service_id":' || e.service_id || ',"signature":' || to_json(e.signature)::text
      || ',"storm_id":' || e.storm_id || ',"v":2}' END
$$;
--> statement-breakpoint
-- As its owner: who may only add records must not be able to move the end of a chain.
CREATE OR REPLACE FUNCTION chain_evidence() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  last evidence_chains;
BEGIN
  -- One writer per chain at a time: the next one waits for this row until this transaction ends, and finds its hash there.
  INSERT INTO evidence_chains (service_id) VALUES (NEW.service_id) ON CONFLICT DO NOTHING;
  SELECT * INTO last FROM evidence_chains c WHERE c.service_id = NEW.service_id FOR UPDATE;
  NEW.seq := last.seq + 1;
  NEW.previous_hash := last.hash;
  NEW.hash := NULL;
  NEW.hash := encode(sha256(convert_to(evidence_text(NEW), 'UTF8')), 'hex');
  UPDATE evidence_chains SET seq = NEW.seq, hash = NEW.hash WHERE service_id = NEW.service_id;
  RETURN NEW;
END $$;
--> statement-breakpoint
ALTER FUNCTION count_storm() SECURITY DEFINER SET search_path = public, pg_temp;
--> statement-breakpoint
ALTER FUNCTION check_evidence_prune() SECURITY DEFINER SET search_path = public, pg_temp;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION seal_deleted_storm() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  shape constant text := 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';
BEGIN
  -- When it was decided is said by who signs it.
  INSERT INTO evidence (service_id, storm_id, kind, body, key_id, signature) VALUES (NEW.service_id, NEW.id, 'end',
    '{"decided_at":' || coalesce(to_json(NEW.proof ->> 'decided_at')::text,
      '"' || to_char(date_trunc('milliseconds', now()) AT TIME ZONE 'UTC', shape) || '"')
    || ',"decision":{"change":"end","ended_at":"' || to_char(NEW.ended_at AT TIME ZONE 'UTC', shape)
    || '","reason":' || to_json(NEW.ended_reason)::text || '}}', NEW.proof ->> 'key_id', NEW.proof ->> 'signature');
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION record_switch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  shape constant text := 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';
BEGIN
  INSERT INTO evidence (service_id, storm_id, kind, body, key_id, signature, follows_seq, follows_hash)
  VALUES (NEW.service_id, NEW.storm_id, 'switch',
    '{"accepted_at":' || coalesce('"' || to_char(NEW.accepted_at AT TIME ZONE 'UTC', shape) || '"', 'null')
    || ',"actor":' || to_json(NEW.actor)::text
    || ',"change_id":' || coalesce(to_json(NEW.change_id)::text, 'null')
    || ',"domain":' || (SELECT to_json(d.name)::text FROM service_domains d WHERE d.id = NEW.domain_id)
    || ',"epoch":' || NEW.epoch
    || ',"from":{"backup":' || NEW.from_backup || ',"primary":' || NEW.from_primary
    || '},"intended_at":"' || to_char(NEW.intended_at AT TIME ZONE 'UTC', shape)
    || '","reason":' || to_json(NEW.reason)::text
    || ',"to":{"backup":' || NEW.to_backup || ',"primary":' || NEW.to_primary || '}}',
    NEW.proof ->> 'key_id', NEW.proof ->> 'signature', (NEW.proof ->> 'follows_seq')::bigint, NEW.proof ->> 'follows_hash');
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION record_observation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  shape constant text := 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';
  seen constant jsonb := NEW.observed;
BEGIN
  INSERT INTO evidence (service_id, storm_id, kind, body, key_id, signature, follows_seq, follows_hash)
  VALUES (NEW.service_id, NEW.storm_id, 'observed',
    '{"change":' || NEW.id
    || ',"change_id":' || coalesce(to_json(NEW.change_id)::text, 'null')
    || ',"domain":' || (SELECT to_json(d.name)::text FROM service_domains d WHERE d.id = NEW.domain_id)
    || ',"expected":' || canonical_texts(seen -> 'expected')
    || ',"insync_at":' || coalesce('"' || to_char(NEW.insync_at AT TIME ZONE 'UTC', shape) || '"', 'null')
    || ',"observed_at":"' || to_char(to_timestamp((seen ->> 'atMs')::float8 / 1000) AT TIME ZONE 'UTC', shape)
    || '","record_type":' || to_json(seen ->> 'type')::text
    || ',"resolvers":[' || coalesce((
      SELECT string_agg('{"answers":' || canonical_texts(r.one -> 'answers') || ',"resolver":' || to_json(r.one ->> 'resolver')::text || '}',
        ',' ORDER BY r.place)
      FROM jsonb_array_elements(seen -> 'resolvers') WITH ORDINALITY r(one, place)), '')
    || '],"verdict":' || to_json(seen ->> 'verdict')::text || '}',
    NEW.proof ->> 'key_id', NEW.proof ->> 'signature', (NEW.proof ->> 'follows_seq')::bigint, NEW.proof ->> 'follows_hash');
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER evidence_anchors_append_only BEFORE UPDATE OR DELETE ON evidence_anchors
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER evidence_anchors_no_truncate BEFORE TRUNCATE ON evidence_anchors
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER evidence_anchor_leaves_append_only BEFORE UPDATE OR DELETE ON evidence_anchor_leaves
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER evidence_anchor_leaves_no_truncate BEFORE TRUNCATE ON evidence_anchor_leaves
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- A role for the application, which owns nothing: it can neither switch a trigger off nor change a table. Whoever logs in is
-- made a member of it (README). Where the migrating user may not make roles, everything goes on without it.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tranche_app') THEN
    BEGIN
      CREATE ROLE tranche_app NOLOGIN;
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN NULL;
      WHEN insufficient_privilege THEN
        RAISE WARNING 'the role tranche_app was not made: % may not create roles. Have it made, and run SELECT grant_to_application()', current_user;
    END;
  END IF;
END $$;
--> statement-breakpoint
CREATE FUNCTION grant_to_application() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  -- No row of these is ever changed; of the latter, none is ever deleted. What is pruned by its age is guarded by triggers.
  unchanged constant text[] := ARRAY['audit_log', 'evidence', 'evidence_anchors', 'evidence_anchor_leaves', 'takeovers', 'invoices', 'invoice_line_items',
    'invoice_line_storms', 'invoice_line_uncredited', 'invoice_documents', 'invoice_services', 'storm_policy_versions', 'usage_readings_past', 'usage_pushes_past'];
  undeleted constant text[] := ARRAY['evidence_anchors', 'evidence_anchor_leaves', 'evidence_chains', 'invoices', 'invoice_line_items',
    'invoice_line_storms', 'invoice_line_uncredited', 'invoice_documents', 'invoice_services', 'usage_correction_requests', 'storm_policy_versions', 'storm_events', 'usage_snapshots', 'customers', 'services'];
  one text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tranche_app') THEN RETURN false; END IF;
  GRANT USAGE ON SCHEMA public TO tranche_app;
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO tranche_app;
  GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO tranche_app;
  -- What later migrations of the same owner make.
  ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tranche_app;
  ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO tranche_app;
  FOREACH one IN ARRAY unchanged LOOP EXECUTE format('REVOKE UPDATE ON %I FROM tranche_app', one); END LOOP;
  FOREACH one IN ARRAY undeleted LOOP EXECUTE format('REVOKE DELETE ON %I FROM tranche_app', one); END LOOP;
  REVOKE INSERT, UPDATE ON evidence_chains FROM tranche_app;
  GRANT UPDATE (anchored_seq) ON evidence_chains TO tranche_app;
  -- By it the application tells whether the schema is the one that it was built for.
  IF to_regclass('drizzle.__drizzle_migrations') IS NOT NULL THEN
    GRANT USAGE ON SCHEMA drizzle TO tranche_app;
    GRANT SELECT ON drizzle.__drizzle_migrations TO tranche_app;
  END IF;
  RETURN true;
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION grant_to_application() FROM PUBLIC;
--> statement-breakpoint
SELECT grant_to_application();
