-- Terms and the storms of a line are facts of an issued invoice: they do not change.
CREATE TRIGGER billing_terms_immutable BEFORE UPDATE OR DELETE ON billing_terms
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER billing_terms_no_truncate BEFORE TRUNCATE ON billing_terms
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER invoice_line_storms_immutable BEFORE UPDATE OR DELETE ON invoice_line_storms
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER invoice_line_storms_no_truncate BEFORE TRUNCATE ON invoice_line_storms
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- As in 0001, and an invoice is in one currency.
CREATE OR REPLACE FUNCTION check_invoice_sums() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  bad bigint;
BEGIN
  SELECT i.id INTO bad
  FROM invoices i
  JOIN (
    SELECT l.invoice_id, sum(l.amount_cents) AS amount, sum(l.discount_cents) AS discount,
      min(l.currency) AS lowest, max(l.currency) AS highest
    FROM invoice_line_items l
    WHERE l.invoice_id IN (SELECT DISTINCT invoice_id FROM new_lines)
    GROUP BY l.invoice_id
  ) s ON s.invoice_id = i.id
  WHERE s.amount <> i.subtotal_cents OR s.discount <> i.discount_cents
    OR s.lowest <> i.currency OR s.highest <> i.currency
  LIMIT 1;
  IF bad IS NOT NULL THEN
    RAISE EXCEPTION 'the lines of invoice % do not add up to its totals', bad USING ERRCODE = 'check_violation';
  END IF;
  SELECT i.id INTO bad FROM invoices i
  WHERE i.id IN (SELECT DISTINCT invoice_id FROM new_lines) AND i.xmin <> pg_current_xact_id()::xid
  LIMIT 1;
  IF bad IS NOT NULL THEN
    RAISE EXCEPTION 'invoice % was issued before: no line can be added', bad USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
-- Until when a storm counts (semantics 9): its end; while recovering, since when; while open, without end.
CREATE FUNCTION storm_counts_until(e storm_events) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE e.state WHEN 'ended' THEN e.ended_at WHEN 'recovering' THEN e.recovering_since
    ELSE 'infinity'::timestamptz END
$$;
--> statement-breakpoint
-- Whoever changes a storm leaves a note for billing, which recomputes the billed windows of the span.
CREATE FUNCTION note_storm_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was_until timestamptz;
  is_until timestamptz;
BEGIN
  IF TG_OP <> 'INSERT' THEN was_until := storm_counts_until(OLD); END IF;
  IF TG_OP <> 'DELETE' THEN is_until := storm_counts_until(NEW); END IF;
  IF TG_OP = 'UPDATE' THEN
    IF OLD.service_id = NEW.service_id AND OLD.started_at = NEW.started_at
        AND OLD.max_coverage_factor = NEW.max_coverage_factor THEN
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
CREATE TRIGGER storm_events_note_change AFTER INSERT OR UPDATE OR DELETE ON storm_events
  FOR EACH ROW EXECUTE FUNCTION note_storm_change();
