-- What is probed of a path is numbered by the database: whoever changes a target, the probe path or the expected codes makes
-- it a new one, of which nothing is known yet.
CREATE FUNCTION number_setups() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  every boolean := (OLD.probe_path, OLD.expect_status) IS DISTINCT FROM (NEW.probe_path, NEW.expect_status);
BEGIN
  NEW.primary_setup := OLD.primary_setup + (every OR OLD.primary_target IS DISTINCT FROM NEW.primary_target)::int;
  NEW.backup_setup := OLD.backup_setup + (every OR OLD.backup_target IS DISTINCT FROM NEW.backup_target)::int;
  NEW.direct_setup := OLD.direct_setup + every::int;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER service_domains_number_setups BEFORE UPDATE OF primary_target, backup_target, probe_path, expect_status ON service_domains
  FOR EACH ROW EXECUTE FUNCTION number_setups();
--> statement-breakpoint
-- A target that the live records name counts where none was given. Both numbers only rise, so their sum never comes again.
CREATE FUNCTION number_discoveries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT
    OLD.primary_found + coalesce(d.primary_target IS NULL AND OLD.discovered_primary_target <> coalesce(NEW.discovered_primary_target, ''), false)::int,
    OLD.backup_found + coalesce(d.backup_target IS NULL AND OLD.discovered_backup_target <> coalesce(NEW.discovered_backup_target, ''), false)::int
  INTO NEW.primary_found, NEW.backup_found
  FROM service_domains d WHERE d.id = NEW.domain_id;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER domain_routing_number_discoveries BEFORE UPDATE OF discovered_primary_target, discovered_backup_target ON domain_routing
  FOR EACH ROW
  WHEN (OLD.discovered_primary_target <> coalesce(NEW.discovered_primary_target, '')
    OR OLD.discovered_backup_target <> coalesce(NEW.discovered_backup_target, ''))
  EXECUTE FUNCTION number_discoveries();
--> statement-breakpoint
-- Its rows are written again every minute, and are never more than there are paths: room for the next version beside each.
ALTER TABLE probe_marks SET (fillfactor = 60);
--> statement-breakpoint
-- Storms that are on when this comes in: where their paths were last probed, once by way of the samples; rounds keep it from here
-- on. One of which an hour is silent would have ended by now.
INSERT INTO probe_marks (domain_id, path, vantage, setup, round_at)
SELECT p.domain_id, p.path, p.vantage, 0, max(p.round_at)
FROM (SELECT DISTINCT service_id FROM storm_events WHERE ended_at IS NULL) e
JOIN service_domains d ON d.service_id = e.service_id
JOIN probe_samples p ON p.domain_id = d.id AND p.round_at > now() - interval '1 hour'
GROUP BY 1, 2, 3;
