-- When what triggers a storm was last edited. Of rows from before it is when anything of them was.
UPDATE service_domains SET trigger_edited_at = updated_at;
--> statement-breakpoint
CREATE FUNCTION note_trigger_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.trigger_edited_at := now();
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER service_domains_trigger_edited BEFORE UPDATE OF primary_target, backup_target, probe_path, expect_status ON service_domains
  FOR EACH ROW WHEN ((OLD.primary_target, OLD.backup_target, OLD.probe_path, OLD.expect_status)
    IS DISTINCT FROM (NEW.primary_target, NEW.backup_target, NEW.probe_path, NEW.expect_status))
  EXECUTE FUNCTION note_trigger_edit();
--> statement-breakpoint
-- As in 0035; and a primary that is found to be another one is an edit, made in DNS.
CREATE OR REPLACE FUNCTION number_discoveries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT
    OLD.primary_found + coalesce(d.primary_target IS NULL AND OLD.discovered_primary_target <> coalesce(NEW.discovered_primary_target, ''), false)::int,
    OLD.backup_found + coalesce(d.backup_target IS NULL AND OLD.discovered_backup_target <> coalesce(NEW.discovered_backup_target, ''), false)::int
  INTO NEW.primary_found, NEW.backup_found
  FROM service_domains d WHERE d.id = NEW.domain_id;
  IF NEW.primary_found <> OLD.primary_found THEN NEW.primary_found_at := now(); END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
-- As in 0004; and a corroborated storm counts no longer than its CDN was seen failing.
CREATE OR REPLACE FUNCTION storm_counts_until(e storm_events) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT least(CASE e.state WHEN 'ended' THEN e.ended_at WHEN 'recovering' THEN e.recovering_since
    ELSE 'infinity'::timestamptz END, e.credited_until)
$$;
--> statement-breakpoint
-- What a line said of storms that had earned nothing is a fact of an issued invoice.
CREATE TRIGGER invoice_line_uncredited_immutable BEFORE UPDATE OR DELETE ON invoice_line_uncredited
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER invoice_line_uncredited_no_truncate BEFORE TRUNCATE ON invoice_line_uncredited
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- A correction is decided once.
CREATE TRIGGER usage_correction_requests_decided_once BEFORE UPDATE ON usage_correction_requests
  FOR EACH ROW WHEN (OLD.status <> 'pending') EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER usage_correction_requests_kept BEFORE DELETE ON usage_correction_requests
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER usage_correction_requests_no_truncate BEFORE TRUNCATE ON usage_correction_requests
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
