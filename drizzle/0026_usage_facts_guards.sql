-- Who served what, and when. Kept by the database itself: whoever changes a service or a domain leaves its history.

-- When a change of a row is said to have happened: its own `updated_at` where that moved with it, else now.
CREATE FUNCTION changed_at(was timestamptz, is_now timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN is_now IS DISTINCT FROM was THEN is_now ELSE now() END
$$;
--> statement-breakpoint
CREATE FUNCTION keep_service_cdns() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  moment timestamptz;
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO service_cdns (service_id, primary_cdn, backup_cdn, from_at, to_at)
    VALUES (NEW.id, NEW.primary_cdn, NEW.backup_cdn, NEW.created_at,
      CASE WHEN NEW.deleted_at IS NOT NULL THEN greatest(NEW.created_at, NEW.deleted_at) END);
    RETURN NULL;
  END IF;
  IF NEW.created_at < OLD.created_at THEN
    UPDATE service_cdns SET from_at = NEW.created_at WHERE service_id = NEW.id AND from_at = OLD.created_at;
  END IF;
  moment := changed_at(OLD.updated_at, NEW.updated_at);
  IF NEW.deleted_at IS NOT NULL THEN
    UPDATE service_cdns SET to_at = greatest(from_at, NEW.deleted_at) WHERE service_id = NEW.id AND to_at IS NULL;
  ELSIF OLD.deleted_at IS NOT NULL OR (OLD.primary_cdn, OLD.backup_cdn) <> (NEW.primary_cdn, NEW.backup_cdn) THEN
    -- A change that waited for another one began before it, and still comes after it.
    SELECT greatest(moment, max(greatest(from_at, to_at))) INTO moment FROM service_cdns WHERE service_id = NEW.id;
    UPDATE service_cdns SET to_at = moment WHERE service_id = NEW.id AND to_at IS NULL;
    INSERT INTO service_cdns (service_id, primary_cdn, backup_cdn, from_at)
    VALUES (NEW.id, NEW.primary_cdn, NEW.backup_cdn, moment);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER services_keep_cdns AFTER INSERT OR UPDATE OF primary_cdn, backup_cdn, created_at, deleted_at ON services
  FOR EACH ROW EXECUTE FUNCTION keep_service_cdns();
--> statement-breakpoint
-- A tenure begins once the domain is created and proven, and never before whoever held the name has let go of it.
CREATE FUNCTION keep_domain_tenures() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was boolean := false;
  held boolean := NEW.verified_at IS NOT NULL AND NEW.deleted_at IS NULL;
  moment timestamptz;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    was := OLD.verified_at IS NOT NULL AND OLD.deleted_at IS NULL;
    moment := changed_at(OLD.updated_at, NEW.updated_at);
  END IF;
  IF was AND (NOT held OR NEW.service_id <> OLD.service_id) THEN
    UPDATE domain_tenures SET to_at = greatest(from_at, coalesce(NEW.deleted_at, moment))
    WHERE domain_id = NEW.id AND to_at IS NULL;
  END IF;
  IF (held AND (NOT was OR NEW.service_id <> OLD.service_id)) OR (TG_OP = 'INSERT' AND NEW.verified_at < NEW.deleted_at) THEN
    INSERT INTO domain_tenures (domain_id, service_id, customer_id, name, from_at, to_at)
    SELECT NEW.id, NEW.service_id, NEW.customer_id, NEW.name, f.at, CASE WHEN NEW.deleted_at IS NOT NULL THEN greatest(f.at, NEW.deleted_at) END
    FROM (
      SELECT greatest(NEW.created_at, NEW.verified_at, CASE WHEN was THEN moment END,
        (SELECT max(t.to_at) FROM domain_tenures t WHERE t.name = NEW.name)) AS at
    ) f;
  ELSIF was AND held AND (NEW.created_at < OLD.created_at OR NEW.verified_at < OLD.verified_at) THEN
    UPDATE domain_tenures SET from_at = least(from_at, greatest(NEW.created_at, NEW.verified_at,
      (SELECT max(t.to_at) FROM domain_tenures t WHERE t.name = NEW.name)))
    WHERE domain_id = NEW.id AND to_at IS NULL;
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER service_domains_keep_tenures
  AFTER INSERT OR UPDATE OF service_id, verified_at, created_at, deleted_at ON service_domains
  FOR EACH ROW EXECUTE FUNCTION keep_domain_tenures();
--> statement-breakpoint
-- What was true before this migration, as far as it is known: from the rows themselves and from the audit log.
WITH changes AS (
  SELECT id, object_id AS service_id, at, before->>'primary_cdn' AS was_primary, before->>'backup_cdn' AS was_backup,
    after->>'primary_cdn' AS primary_cdn, after->>'backup_cdn' AS backup_cdn
  FROM audit_log
  WHERE object_type = 'service' AND action = 'update'
    AND (before->>'primary_cdn', before->>'backup_cdn') <> (after->>'primary_cdn', after->>'backup_cdn')
), points AS (
  SELECT s.id AS service_id, 0::bigint AS place, s.created_at AS from_at, coalesce(c.was_primary, s.primary_cdn) AS primary_cdn,
    coalesce(c.was_backup, s.backup_cdn) AS backup_cdn
  FROM services s
  LEFT JOIN LATERAL (SELECT * FROM changes c WHERE c.service_id = s.id ORDER BY c.id LIMIT 1) c ON true
  UNION ALL
  SELECT c.service_id, c.id, greatest(c.at, s.created_at), c.primary_cdn, c.backup_cdn
  FROM changes c
  JOIN services s ON s.id = c.service_id
), spans AS (
  SELECT p.*, lead(p.from_at) OVER (PARTITION BY p.service_id ORDER BY p.place) AS until FROM points p
)
INSERT INTO service_cdns (service_id, primary_cdn, backup_cdn, from_at, to_at)
SELECT x.service_id, x.primary_cdn, x.backup_cdn, x.from_at,
  CASE WHEN coalesce(x.until, s.deleted_at) IS NOT NULL THEN greatest(x.from_at, coalesce(x.until, s.deleted_at)) END
FROM spans x
JOIN services s ON s.id = x.service_id
ORDER BY x.service_id, x.place;
--> statement-breakpoint
WITH began AS (
  SELECT object_id AS domain_id, at FROM audit_log
  WHERE object_type = 'domain' AND ((action = 'verify' AND before->>'verified_at' IS NULL)
    OR (action = 'create' AND after->>'verified_at' IS NOT NULL))
  UNION
  SELECT d.id, greatest(d.created_at, d.verified_at) FROM service_domains d
  WHERE d.verified_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM audit_log a WHERE a.object_type = 'domain' AND a.object_id = d.id
      AND ((a.action = 'verify' AND a.before->>'verified_at' IS NULL) OR (a.action = 'create' AND a.after->>'verified_at' IS NOT NULL)))
), ended AS (
  SELECT object_id AS domain_id, at FROM audit_log WHERE object_type = 'domain' AND action = 'unverify'
  UNION ALL
  SELECT id, deleted_at FROM service_domains WHERE deleted_at IS NOT NULL
), spans AS (
  SELECT b.domain_id, b.at AS from_at, (SELECT min(e.at) FROM ended e WHERE e.domain_id = b.domain_id AND e.at >= b.at) AS to_at
  FROM began b
)
INSERT INTO domain_tenures (domain_id, service_id, customer_id, name, from_at, to_at)
SELECT d.id, d.service_id, d.customer_id, d.name, s.from_at, s.to_at
FROM spans s
JOIN service_domains d ON d.id = s.domain_id
WHERE s.to_at IS NOT NULL OR (d.verified_at IS NOT NULL AND d.deleted_at IS NULL)
ORDER BY s.from_at, d.id
ON CONFLICT DO NOTHING;
--> statement-breakpoint
-- What was carried before is metered as it was: only the windows of the ordinary look-back are read again.
INSERT INTO metering_marks (domain_id, cdn, settled_until)
SELECT DISTINCT t.domain_id, c.cdn, date_trunc('hour', now()) - interval '6 hours'
FROM domain_tenures t
JOIN service_cdns h ON h.service_id = t.service_id
CROSS JOIN LATERAL (VALUES (h.primary_cdn), (h.backup_cdn)) c (cdn);
--> statement-breakpoint
-- A reading from which a window was billed is kept beside the one that takes its place.
CREATE FUNCTION keep_billed_reading() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO usage_readings_past (domain_id, cdn, from_at, to_at, service_id, window_start, bytes, sampling, account_id, read_at, replaced_at)
  SELECT OLD.domain_id, OLD.cdn, OLD.from_at, OLD.to_at, OLD.service_id, OLD.window_start, OLD.bytes, OLD.sampling,
    OLD.account_id, OLD.read_at, NEW.read_at
  FROM usage_snapshots u
  WHERE u.service_id = OLD.service_id AND u.window_start = OLD.window_start AND u.invoice_id IS NOT NULL;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER usage_readings_keep_billed AFTER UPDATE ON usage_readings
  FOR EACH ROW EXECUTE FUNCTION keep_billed_reading();
--> statement-breakpoint
CREATE TRIGGER usage_readings_past_immutable BEFORE UPDATE ON usage_readings_past
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- A storm whose credit is decided otherwise changes what its windows cost, as one that gets another factor.
CREATE OR REPLACE FUNCTION note_storm_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was_until timestamptz;
  is_until timestamptz;
BEGIN
  IF TG_OP <> 'INSERT' THEN was_until := storm_counts_until(OLD); END IF;
  IF TG_OP <> 'DELETE' THEN is_until := storm_counts_until(NEW); END IF;
  IF TG_OP = 'UPDATE' THEN
    IF OLD.service_id = NEW.service_id AND OLD.started_at = NEW.started_at
        AND OLD.max_coverage_factor = NEW.max_coverage_factor AND OLD.credit = NEW.credit THEN
      IF was_until IS DISTINCT FROM is_until THEN
        INSERT INTO adjustment_causes (service_id, cause, from_at, to_at)
        SELECT NEW.service_id, 'storm', greatest(NEW.started_at, least(was_until, is_until)), greatest(was_until, is_until)
        WHERE greatest(was_until, is_until) > NEW.started_at;
      END IF;
      RETURN NULL;
    END IF;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO adjustment_causes (service_id, cause, from_at, to_at)
    SELECT OLD.service_id, 'storm', OLD.started_at, was_until WHERE was_until > OLD.started_at;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO adjustment_causes (service_id, cause, from_at, to_at)
    SELECT NEW.service_id, 'storm', NEW.started_at, is_until WHERE is_until > NEW.started_at;
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
-- Another set-up has to prove itself anew.
CREATE FUNCTION forget_seen_healthy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.seen_healthy_at := NULL;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER service_domains_set_up_changed BEFORE UPDATE OF primary_target, probe_path, expect_status ON service_domains
  FOR EACH ROW WHEN ((OLD.primary_target, OLD.probe_path, OLD.expect_status) IS DISTINCT FROM (NEW.primary_target, NEW.probe_path, NEW.expect_status))
  EXECUTE FUNCTION forget_seen_healthy();
--> statement-breakpoint
CREATE FUNCTION forget_service_seen_healthy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE service_domains SET seen_healthy_at = NULL WHERE service_id = NEW.id AND seen_healthy_at IS NOT NULL;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER services_primary_changed AFTER UPDATE OF primary_cdn ON services
  FOR EACH ROW WHEN (OLD.primary_cdn <> NEW.primary_cdn) EXECUTE FUNCTION forget_service_seen_healthy();
--> statement-breakpoint
UPDATE service_domains d SET seen_healthy_at = now()
WHERE d.deleted_at IS NULL AND (
  EXISTS (SELECT FROM probe_samples s WHERE s.domain_id = d.id AND s.path IN ('primary', 'direct') AND s.ok)
  OR EXISTS (SELECT FROM probe_rollups_hour r WHERE r.domain_id = d.id AND r.path IN ('primary', 'direct') AND r.ok > 0));
--> statement-breakpoint
-- Documents of invoices that were issued before there were any: what their page has printed until now.
INSERT INTO invoice_documents (invoice_id, customer_id, document_number, kind, cycle, exponent, tax_cents, payable_cents, due_at, customer_name, body)
SELECT i.id, i.customer_id, i.number::text, CASE WHEN i.total_cents < 0 THEN 'credit_note' ELSE 'invoice' END, 'run',
  CASE WHEN i.currency IN ('BIF','CLP','DJF','GNF','ISK','JPY','KMF','KRW','PYG','RWF','UGX','UYI','VND','VUV','XAF','XOF','XPF') THEN 0
    WHEN i.currency IN ('BHD','IQD','JOD','KWD','LYD','OMR','TND') THEN 3 WHEN i.currency IN ('CLF','UYW') THEN 4 ELSE 2 END,
  0, i.total_cents, NULL, c.name,
  '{"issuer":null,"customer":{"legal_name":null,"address":null,"tax_id":null},"po_number":null,"taxes":[],"reverse_charge":false}'
FROM invoices i
JOIN customers c ON c.id = i.customer_id;
--> statement-breakpoint
INSERT INTO invoice_services (invoice_id, service_id, name, primary_cdn, backup_cdn, lines, primary_bytes, backup_bytes, amount_cents, discount_cents)
SELECT l.invoice_id, l.service_id, s.name, s.primary_cdn, s.backup_cdn, count(*), sum(l.primary_bytes), sum(l.backup_bytes),
  sum(l.amount_cents), sum(l.discount_cents)
FROM invoice_line_items l
JOIN services s ON s.id = l.service_id
GROUP BY l.invoice_id, l.service_id, s.name, s.primary_cdn, s.backup_cdn;
--> statement-breakpoint
CREATE TRIGGER invoice_documents_immutable BEFORE UPDATE OR DELETE ON invoice_documents
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER invoice_documents_no_truncate BEFORE TRUNCATE ON invoice_documents
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER invoice_services_immutable BEFORE UPDATE OR DELETE ON invoice_services
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER invoice_services_no_truncate BEFORE TRUNCATE ON invoice_services
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
